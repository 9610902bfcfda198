"""Requests to other nodes: put into the inbox of the tree's shard, and waited for."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from maestrale.clock import Clock
from maestrale.cluster.letters import Letter, Reply, write
from maestrale.engine import Engine, Request
from maestrale.errors import Error, Unavailable
from maestrale.expressions import Json
from maestrale.ids import new_id
from maestrale.store.inbox import Message

ANSWER_SECONDS = 15.0
"""How long a request waits for its answer: longer than it takes until a dead node's shards are another's."""


class Sender:
    """Sends what other nodes are to do, many requests in one transaction.

    Args:
        node_id: The number of this node, to which the answers go; None: it has none at the moment.
        on_sent: Called with messages that can be read now.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        clock: Clock,
        shard_of: Callable[[str], int],
        node_id: Callable[[], int | None],
        on_sent: Callable[[list[Message]], None],
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._shard_of = shard_of
        self._node_id = node_id
        self._on_sent = on_sent
        self._waiting: dict[str, asyncio.Future[Reply]] = {}
        self._unsent: list[Message] = []
        self._sending: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many requests wait for an answer."""
        return len(self._waiting)

    async def send(self, root_id: str, request: Request, *, to: int | None = None) -> Json:
        """See `Router.send`. `to`: that node, for what is in no shard; None: whoever has the tree."""
        message = self._message(root_id, request, to)
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[message.id] = reply
        try:
            self._unsent.append(message)
            if self._sending is None:
                self._sending = asyncio.create_task(self._send_all())
            async with asyncio.timeout(ANSWER_SECONDS):
                return (await reply).result()
        except TimeoutError:
            raise _no_answer(root_id) from None
        finally:
            del self._waiting[message.id]

    def _message(self, root_id: str, request: Request, to: int | None) -> Message:
        node_id = self._node_id()
        if node_id is None:
            raise Unavailable(
                "this node has no place in the cluster at the moment",
                code="no-lease",
                hint="send the request again in a few seconds, or to another node",
            )
        return Message(
            id=new_id(),
            shard=self._shard_of(root_id) if to is None else None,
            node_id=to,
            sender=node_id,
            body=write(Letter(root_id, request)),
            sent_at=self._clock.now(),
        )

    async def _send_all(self) -> None:
        await asyncio.sleep(0)  # What is asked for at this moment goes along.
        try:
            while self._unsent:
                messages, self._unsent = self._unsent, []
                await self._send(messages)
        finally:
            self._sending = None

    async def _send(self, messages: list[Message]) -> None:
        try:
            await self._engine.write(lambda store: store.send(messages))
        except Error as error:
            # Some may have got there; whoever asks again asks under another id, and for the same.
            for message in messages:
                self._fail(message.id, error)
        else:
            self._on_sent(messages)

    def receive(self, reply: Reply) -> None:
        """An answer has come, for which perhaps nobody waits any more."""
        waiting = self._waiting.get(reply.to)
        if waiting is not None and not waiting.done():
            waiting.set_result(reply)

    def fail_all(self, error: Error) -> None:
        """No answer will come to this node any more."""
        for id in list(self._waiting):
            self._fail(id, error)

    def _fail(self, id: str, error: Error) -> None:
        waiting = self._waiting.get(id)
        if waiting is not None and not waiting.done():
            waiting.set_exception(error)

    async def close(self) -> None:
        """Nothing more is sent."""
        if self._sending is not None:
            self._sending.cancel()
            with suppress(asyncio.CancelledError):
                await self._sending


def _no_answer(root_id: str) -> Unavailable:
    return Unavailable(
        f"the node that decides `{root_id}` has not answered; it may still do what was asked",
        code="no-answer",
        hint="look at what became of it, or send the request again",
    )
