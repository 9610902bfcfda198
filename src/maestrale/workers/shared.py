"""A node's part in the attempts of a cluster: those it gives out, and those it takes on."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AsyncExitStack
from typing import Self

from maestrale.actions import Registry
from maestrale.clock import Clock
from maestrale.core import Changes, Event, Limits
from maestrale.engine import Assignment, Engine
from maestrale.expressions import Json
from maestrale.store.assignments import AssignmentRow
from maestrale.store.membership import View
from maestrale.workers.claiming import QueueWorker
from maestrale.workers.local import SLOTS, THREADS, LocalWorker
from maestrale.workers.queue import CANCEL, WORK, WorkQueue, row_of
from maestrale.workers.reports import RoutedReports, RouteHome

VIEWS_BETWEEN_LOOKS = 10
"""How many views pass before attempts whose worker is gone are looked for without a reason."""


class SharedWork:
    """Implements `Dispatcher` for the engine, and `Work` for the cluster. Use it as an asynchronous context
    manager inside the engine's; leaving it first lets what runs go on for a while, then ends it.

    The engine's observer has to be, or to call, `observe`; the node's inbox has to hand `on_report` what
    workers say of runs that nobody keeps.

    Args:
        runs_actions: Whether this node has the role of a worker. Without it everything goes to others.
        name: What the node is called: tasks with this `target` run here only.
        node_id: The number of this node. None: it has none now, or its lease has ended.
        shard_of: The shard of a tree.
        hint: Tells a node, or with None all of them, that something waits: `Cluster.hint`.
        route_home: How a node is reached that waits for a run which nobody keeps.
        slots, threads, limits: See `LocalWorker`.
        drain_seconds, grace_seconds: How long actions may go on at the end, and how long their end may take.
    """

    def __init__(
        self,
        engine: Engine,
        registry: Registry,
        *,
        runs_actions: bool,
        name: str,
        node_id: Callable[[], int | None],
        shard_of: Callable[[str], int],
        clock: Clock,
        hint: Callable[[str, int | None], None],
        route_home: RouteHome,
        slots: int = SLOTS,
        threads: int = THREADS,
        limits: Limits | None = None,
        drain_seconds: float = 0.0,
        grace_seconds: float = 10.0,
    ) -> None:
        self._engine = engine
        self._node_id = node_id
        self._clock = clock
        self._runs_actions = runs_actions
        self._drain_seconds = drain_seconds
        self._grace_seconds = grace_seconds
        reports = RoutedReports(engine, route=engine.route, route_home=route_home)
        self.local = LocalWorker(
            registry, reports, slots=slots, threads=threads, limits=limits, place=node_id
        )
        self.queue = WorkQueue(
            engine.write,
            node_id=node_id,
            shard_of=shard_of,
            on_lost=engine.lost,
            clock=clock,
            hint=hint,
            local=self.local if runs_actions else None,
            names=(name,),
        )
        self.worker = QueueWorker(self.local, reports, engine.write, node_id=node_id, names=(name,))
        self._last_id: int | None = None
        self._others: frozenset[int] = frozenset()
        self._views = 0
        self._parts = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as parts:
            await parts.enter_async_context(self.queue)
            if self._runs_actions:
                await parts.enter_async_context(self.worker)
            parts.push_async_callback(self.local.close, self._grace_seconds)
            parts.push_async_callback(self.local.drain, self._drain_seconds)
            self._parts = parts.pop_all()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._parts.aclose()

    # For the engine.

    def submit(self, assignment: Assignment) -> None:
        """Implements `Dispatcher`."""
        self.queue.submit(assignment)

    def cancel(self, run_id: str, attempt: int) -> None:
        """Implements `Dispatcher`."""
        self.queue.cancel(run_id, attempt)

    def holds(self, run_id: str, attempt: int) -> bool:
        """Implements `Dispatcher`."""
        return self.queue.holds(run_id, attempt)

    def withdraw(self, run_id: str, attempt: int) -> bool:
        """Implements `Dispatcher`."""
        return self.queue.withdraw(run_id, attempt)

    def observe(self, root_id: str, changes: Changes) -> None:
        """What a commit has changed."""
        self.queue.observe(root_id, changes)

    # For the cluster.

    async def learn(self, shards: Collection[int]) -> None:
        """Implements `Work`. Raises: Unavailable."""
        await self.queue.adopt(shards)

    def forget(self, shards: Collection[int]) -> None:
        """Implements `Work`."""
        self.queue.forget(shards)

    def row_of(self, root_id: str, shard: int, assignment: Assignment) -> AssignmentRow:
        """Implements `Work`. With this node's number whether its lease holds or not: nobody may claim it."""
        return row_of(assignment, shard=shard, worker=self._last_id, clock=self._clock)

    def keep(self, rows: Sequence[AssignmentRow]) -> None:
        """Implements `Work`."""
        self.worker.keep(rows)

    def begin_anew(self, node_id: int) -> None:
        """Implements `Work`."""
        if self._last_id is not None:
            self.worker.drop()
            self.queue.begin_anew()
            self.local.cancel_kept()
        self._last_id = node_id

    def on_view(self, view: View) -> None:
        """Implements `Work`."""
        self._views += 1
        nodes = frozenset(node.id for node in view.nodes)
        # One may have come and gone between two views.
        if self._others - nodes or (len(self.queue) and not self._views % VIEWS_BETWEEN_LOOKS):
            self.queue.look_for_lost()
        self._others = nodes
        self.worker.look(view.queued)

    def on_hint(self, what: str) -> None:
        """Implements `Work`."""
        if what in (WORK, CANCEL):
            self.worker.look(1 if what == WORK else None)

    async def on_report(self, event: Event) -> Json:
        """What a worker says of a run that nobody keeps and that this node waits for."""
        return await self.queue.on_report(event, self._engine)
