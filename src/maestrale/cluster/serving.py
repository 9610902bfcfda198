"""What other nodes ask for trees of this one: read from the inbox, decided once, answered."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine
from functools import partial
from typing import Any

import structlog

from maestrale.clock import Clock
from maestrale.cluster.letters import Letter, Reply, read, refusal_of, write
from maestrale.core.events import ActionRequested, ExecutionRequested
from maestrale.engine import Engine, Planting, Receipt, Request
from maestrale.engine.background import Background
from maestrale.errors import Conflict, Error, Unavailable
from maestrale.expressions import Json
from maestrale.ids import new_id
from maestrale.store import LeaseLost, Store
from maestrale.store.inbox import Message
from maestrale.store.ownership import NotOwned

AT_ONCE = 200
"""Messages that are read in one go."""

MOST_UNDERWAY = 2_000
"""Messages that are being decided; the rest stays in the database."""

RETRY_SECONDS = 0.5
"""Before what could not be decided is looked at again."""

log = structlog.get_logger("maestrale.cluster")


class Receiver(Background):
    """Reads this node's inbox whenever it is told that there may be something.

    Args:
        node_id: The number of this node; None: it has none at the moment.
        shards: Those whose trees this node decides.
        on_reply: Called with what others have answered to this node.
        on_errand: Has something done that is in no tree, and returns what came out.
        on_answered: Called with the nodes that have an answer to read.
        why_overloaded: Why no work of a project is begun here just now, for people; None: it is.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        clock: Clock,
        node_id: Callable[[], int | None],
        shards: Callable[[], Collection[int]],
        on_reply: Callable[[Reply], None],
        on_errand: Callable[[Letter], Awaitable[Json]],
        on_answered: Callable[[set[int]], None],
        why_overloaded: Callable[[str], str | None] = lambda project_id: None,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._node_id = node_id
        self._shards = shards
        self._on_reply = on_reply
        self._on_errand = on_errand
        self._on_answered = on_answered
        self._why_overloaded = why_overloaded
        self._due = asyncio.Event()
        self._underway: dict[str, asyncio.Task[None]] = {}
        self.served = 0
        """Requests of other nodes that were decided or refused here."""

    @property
    def underway(self) -> int:
        return len(self._underway)

    def look(self) -> None:
        """There may be something to read."""
        self._due.set()

    async def __aexit__(self, *error: object) -> None:
        await super().__aexit__(*error)
        for task in list(self._underway.values()):
            task.cancel()
        await asyncio.gather(*self._underway.values(), return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            try:
                while await self._read_some():
                    pass
            except Error as error:
                log.warning("the inbox cannot be read", error=str(error))
                self._look_later()
            except Exception:
                log.exception("reading the inbox failed")
                self._look_later()

    def _look_later(self) -> None:
        asyncio.get_running_loop().call_later(RETRY_SECONDS, self.look)

    async def _read_some(self) -> bool:
        """True: there may be more."""
        node_id = self._node_id()
        room = min(AT_ONCE, MOST_UNDERWAY - len(self._underway))
        if node_id is None or room <= 0:
            return False
        shards, limit = list(self._shards()), len(self._underway) + room

        def fetch(store: Store) -> tuple[list[Message], list[Message]]:
            messages = store.receive(None, shards, limit) if shards else []
            return messages, store.take_answers(node_id, AT_ONCE)

        messages, ours = await self._engine.write(fetch)
        for message in ours:
            self._begin(message, self._take(message))
        new = [message for message in messages if message.id not in self._underway]
        for message in new:
            self._begin(message, self._serve(message))
        return len(new) >= room or len(ours) == AT_ONCE

    def _begin(self, message: Message, work: Coroutine[Any, Any, None]) -> None:
        self._underway[message.id] = task = asyncio.create_task(work)
        task.add_done_callback(partial(self._forget, message.id))

    async def _take(self, message: Message) -> None:
        """Something for this very node: an answer, or a request of what is in no tree. It comes once."""
        try:
            letter = read(message.body)
            if isinstance(letter, Reply):
                self._on_reply(letter)
                return
            answer = Reply(message.id, await self._on_errand(letter))
        except Error as error:
            answer = Reply(message.id, refusal=refusal_of(error))
        except Exception:
            log.exception("a request of another node failed", message_id=message.id)
            answer = Reply(message.id, refusal=refusal_of(_bug()))
        reply = self._reply(message, answer)
        if reply.node_id is not None:
            try:
                await self._engine.write(lambda store: store.send([reply]))
                self._on_answered({reply.node_id})
            except Error as error:  # Whoever waits asks again.
                log.warning("a request of another node was not answered", error=str(error))

    def _forget(self, id: str, _: "asyncio.Task[None]") -> None:
        self._underway.pop(id, None)

    async def _serve(self, message: Message) -> None:
        receipt = Receipt(done=message.id, answer=lambda outcome: self._answer(message, outcome))
        try:
            letter = read(message.body)
            assert isinstance(letter, Letter), "replies are for nodes"
            self._check_load(letter.request)
            outcome = await self._engine.serve(letter.root_id, letter.request, receipt)
        except (LeaseLost, NotOwned):
            return  # Whoever has the tree reads the message, too.
        except Overloaded as error:
            await self._settle(message, self._reply(message, Reply(message.id, refusal=refusal_of(error))))
        except Unavailable:
            self._look_later()  # Not known to be durable: if it is, the message is gone.
            return
        except Error as error:
            await self._settle(message, self._reply(message, Reply(message.id, refusal=refusal_of(error))))
        except Exception:  # It would come again and again, and would fail again and again.
            log.exception("a request of another node failed", message_id=message.id)
            await self._settle(message, self._reply(message, Reply(message.id, refusal=refusal_of(_bug()))))
        else:
            if not receipt.went_along:
                await self._settle(message, self._answer(message, outcome))
        self.served += 1
        if message.sender is not None:
            self._on_answered({message.sender})

    def _check_load(self, request: Request) -> None:
        """Raises: Overloaded: Something is to be begun, and this node begins nothing just now."""
        match request:
            case Planting(ExecutionRequested() | ActionRequested() as event):
                reason = self._why_overloaded(event.project_id)
                if reason is not None:
                    raise Overloaded(
                        f"the node that would decide it is overloaded: {reason}; nothing was started",
                        hint="send the request again in a few seconds",
                    )

    async def _settle(self, message: Message, answer: Message) -> None:
        """Answer what changed nothing."""
        answers = [answer] if answer.node_id is not None else []
        try:
            await self._engine.write(lambda store: store.settle([message.id], answers))
        except Unavailable:
            self._look_later()
        except Conflict:
            pass  # It was answered before.

    def _answer(self, message: Message, outcome: Json) -> Message:
        return self._reply(message, Reply(message.id, outcome))

    def _reply(self, message: Message, reply: Reply) -> Message:
        return Message(
            id=new_id(),
            shard=None,
            node_id=message.sender,
            sender=None,
            body=write(reply),
            sent_at=self._clock.now(),
        )


class Overloaded(Unavailable):
    """This node begins nothing for others just now; nothing has happened."""

    code = "overloaded"


def _bug() -> Unavailable:
    return Unavailable("the node that has the tree met a bug; its log tells more", code="node-failed")
