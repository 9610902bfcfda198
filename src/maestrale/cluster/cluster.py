"""A node's part in its cluster: requests are routed, shards come and go, messages are read."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Self

from maestrale.clock import Clock, monotonic
from maestrale.cluster.balance import lives, open_shards, plan, takes_shards
from maestrale.cluster.figures import Figures, NoFigures
from maestrale.cluster.heart import EVERYBODY, Heart
from maestrale.cluster.holdings import Holdings
from maestrale.cluster.letters import Letter
from maestrale.cluster.readiness import why_not_ready
from maestrale.cluster.roster import missing_roles
from maestrale.cluster.sending import Sender
from maestrale.cluster.serving import Receiver
from maestrale.cluster.settings import ENGINE, SCHEDULER, WITHOUT
from maestrale.cluster.telling import Telling
from maestrale.cluster.work import Work
from maestrale.engine import Engine, Request, Submission
from maestrale.errors import Error, Unavailable
from maestrale.expressions import Json
from maestrale.ids import new_root_id, shard_of
from maestrale.store.inbox import Message
from maestrale.store.membership import NodeRow, View
from maestrale.store.ownership import ShardOwnership

HAND_OVER_SECONDS = 10.0
"""How long a node that stops waits for others to take what it has."""

LOOK_SECONDS = 0.02
"""Between two looks at whether everything has been given away."""


class Cluster:
    """See the package. Use it as an asynchronous context manager around nothing but what takes requests; the
    heart beats before and after it. It implements `Router` and `Listener`.

    Leaving it gives all shards to the other nodes, if there are any.

    Args:
        ownership: That of the engine's store.
        load: What the others are told of how busy this node is.
        why_overloaded: Why no work of a project is begun here just now; None: it is.
        on_settings: Called when shared settings or triggers may have changed.
        on_view: Called with each view of the cluster.
    """

    def __init__(
        self,
        heart: Heart,
        engine: Engine,
        ownership: ShardOwnership,
        work: Work,
        *,
        clock: Clock,
        load: Callable[[], Mapping[str, Json]],
        figures: Figures | None = None,
        why_overloaded: Callable[[str], str | None] = lambda project_id: None,
        on_settings: Callable[[], None] = lambda: None,
        on_view: Callable[[View], None] = lambda view: None,
    ) -> None:
        self._heart = heart
        self._clock = clock
        self._work = work
        self._load = load
        self._figures = figures or NoFigures()
        self._on_settings = on_settings
        self._on_view = on_view
        self._count = ownership.shard_count
        self._node_id: int | None = None
        self._telling: Telling | None = None
        self._revision: int | None = None
        self._has_view = asyncio.Event()
        self._parts = AsyncExitStack()
        self._open_shards: frozenset[int] = frozenset()
        self.view: View | None = None
        """The last one."""
        self._sender = Sender(
            engine,
            clock=clock,
            shard_of=self._shard_of,
            node_id=lambda: self._node_id,
            on_sent=self._hint_readers,
        )
        self._receiver = Receiver(
            engine,
            clock=clock,
            node_id=lambda: self._node_id,
            shards=lambda: self._holdings.shards,
            on_reply=self._sender.receive,
            on_errand=self._on_errand,
            on_answered=lambda nodes: self._hint("inbox", nodes),
            why_overloaded=why_overloaded,
        )
        self._holdings = Holdings(
            engine,
            ownership,
            work,
            figures=self._figures,
            on_gained=self._receiver.look,
            on_given=lambda nodes: self._hint("shards", nodes),
        )

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as parts:
            parts.push_async_callback(self._holdings.close)
            parts.push_async_callback(self._sender.close)
            await parts.enter_async_context(self._receiver)
            self._heart.start(asyncio.get_running_loop(), self)
            await self._has_view.wait()
            parts.push_async_callback(self._hand_over)
            self._parts = parts.pop_all()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._parts.aclose()

    # Routing.

    def owns(self, root_id: str) -> bool:
        """Implements `Router`."""
        return self._holdings.owns(root_id)

    @property
    def is_current(self) -> bool:
        """Implements `Router`: as long as this node's lease holds, by its own clock."""
        return self.leased_id is not None

    def new_id(self) -> str:
        """Implements `Router`: an id of a shard of this node, so that what it names begins here; where it has
        none, of one whose node is not overloaded."""
        shards = self._holdings.shards or self._open_shards
        id = new_root_id(self._clock.now())
        while shards and self._shard_of(id) not in shards:
            id = new_root_id(self._clock.now())
        return id

    async def send(self, root_id: str, request: Request) -> Json:
        """Implements `Router`."""
        if self.view is not None and ENGINE in missing_roles(self.view):
            raise Unavailable(
                f"no node of the cluster has the role `{ENGINE}`: {WITHOUT[ENGINE]}; nothing was done",
                code="no-engine",
                hint=f"start a node with `--roles {ENGINE}`, then send the request again",
            )
        return await self._send(root_id, request, None)

    async def send_home(self, node_id: int, request: Request) -> Json:
        """Have a node do what concerns a run that nobody keeps, and it waits for. Raises: see `Router`."""
        return await self._send("", request, node_id)

    async def _send(self, root_id: str, request: Request, to: int | None) -> Json:
        began, outcome = monotonic(), "done"
        try:
            return await self._sender.send(root_id, request, to=to)
        except Unavailable:
            outcome = "unanswered"
            raise
        except Error:
            outcome = "refused"
            raise
        finally:
            self._figures.on_forwarded(outcome, monotonic() - began)

    # What others may ask.

    @property
    def node_id(self) -> int | None:
        """The number of this node."""
        return self._node_id

    @property
    def leased_id(self) -> int | None:
        """The number of this node, as long as nobody else can have been given what it has."""
        # The heart may have joined anew, and what this node had be dropped a moment later.
        is_current = self._heart.lease.is_held and self._heart.node_id == self._node_id
        return self._node_id if is_current else None

    @property
    def inbox(self) -> int:
        """Messages that are being decided here."""
        return self._receiver.underway

    @property
    def is_scheduler(self) -> bool:
        """Whether this node fires triggers: of all that live and may, it is the one that joined first."""
        return self._node_id is not None and self._node_id == min(self._schedulers(), default=None)

    def _schedulers(self) -> Sequence[int]:
        view = self.view
        if view is None:
            return ()
        return [node.id for node in view.nodes if lives(node, view) and _schedules(node)]

    @property
    def why_not_ready(self) -> str | None:
        """Why nobody should be sent here. None: there is no reason."""
        lease = self._heart.lease
        return why_not_ready(
            has_joined=lease.has_begun,
            has_lease=lease.is_held,
            silent_seconds=lease.age,
            is_stopping=self._heart.is_stopping,
        )

    def settings_changed(self) -> None:
        """Tell all nodes to read the shared settings and triggers again."""
        self._heart.hint("settings", EVERYBODY)

    def hint(self, what: str, to: int | None) -> None:
        """Tell a node that something waits for it; None: all nodes."""
        self._heart.hint(what, EVERYBODY if to is None else to)

    # What the heart tells.

    def on_view(self, view: View, node_id: int) -> None:
        """Implements `Listener`."""
        self._heart.seen()
        self._heart.load = self._load()
        if node_id != self._node_id:
            self._begin_anew(node_id)
        self.view = view
        self._holdings.apply(view, node_id, plan(view, node_id).give)
        if self._telling is not None:
            self._telling.look(view)
        if view.waiting:
            self._receiver.look()
        if self._revision is not None and self._revision != view.revision:
            self._on_settings()
        self._revision = view.revision
        self._open_shards = open_shards(view)
        self._work.on_view(view)
        self._on_view(view)
        self._has_view.set()

    def _begin_anew(self, node_id: int) -> None:
        is_reborn = self._node_id is not None
        self._node_id = node_id
        self._work.begin_anew(node_id)
        self._telling = Telling(node_id)
        if is_reborn:
            self._sender.fail_all(
                Unavailable(
                    "this node was taken for dead, and the answer with it; the request may have been done",
                    code="no-answer",
                    hint="look at what became of it, or send the request again",
                )
            )

    def on_hint(self, what: str) -> None:
        """Implements `Listener`."""
        match what:
            case "inbox":
                self._receiver.look()
            case "settings":
                self._on_settings()
            case _:
                self._work.on_hint(what)

    # Telling others.

    def _shard_of(self, root_id: str) -> int:
        return shard_of(root_id, self._count)

    def _hint_readers(self, messages: Sequence[Message]) -> None:
        """Tell the nodes that these are for, as far as this one knows them."""
        owners = {shard.id: shard.node_id for shard in self.view.shards} if self.view else {}
        readers = {it.node_id if it.shard is None else owners.get(it.shard) for it in messages}
        self._hint("inbox", {reader for reader in readers if reader is not None})

    async def _on_errand(self, letter: Letter) -> Json:
        assert isinstance(letter.request, Submission), "nothing else is asked of what is in no tree"
        return await self._work.on_report(letter.request.event)

    def _hint(self, what: str, nodes: set[int]) -> None:
        for node_id in nodes:
            if node_id != self._node_id:
                self._heart.hint(what, node_id)
            elif what == "inbox":
                self._receiver.look()

    # Leaving.

    async def _hand_over(self) -> None:
        """Give everything to others, where there is anybody who takes it."""
        self._heart.stop_taking()
        deadline = monotonic() + HAND_OVER_SECONDS
        while self._has_takers() and (self._holdings.shards or self._holdings.is_busy):
            if monotonic() > deadline or not self._heart.lease.is_held:
                return  # The others take it when this node is gone.
            await asyncio.sleep(LOOK_SECONDS)

    def _has_takers(self) -> bool:
        view = self.view
        return view is not None and any(
            node.id != self._node_id and lives(node, view) and takes_shards(node) for node in view.nodes
        )


def _schedules(node: NodeRow) -> bool:
    return SCHEDULER in node.roles and not node.is_stopping
