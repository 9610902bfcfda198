"""A node: what it takes to run executions."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Self

from maestrale.actions import Registry
from maestrale.clock import Clock, SystemClock
from maestrale.cluster.cluster import Cluster
from maestrale.core import Changes, Limits, Notice, Publisher
from maestrale.engine import Engine, Request, Step
from maestrale.errors import Error, Unavailable
from maestrale.expressions import Json
from maestrale.ids import shard_of
from maestrale.store import Store, open_store
from maestrale.workers import LocalWorker, SharedWork
from maestrale.workers.local import SLOTS, THREADS

GRACE_SECONDS = 10.0
"""How long actions that are cut off may take to clean up."""


class Node:
    """One process's store, engine and worker. Use it as an asynchronous context manager.

    Leaving it ends in the order in which nothing is lost: first the actions under way, which report
    nothing; then the engine, once what it has decided is committed; last the store, after which
    another process can claim the trees.

    Args:
        database: The URL of the database.
        create: Make the database where there is none.
        registry: None: the standard actions and those of the installed plugins.
        slots, threads: See `LocalWorker`.
        drain_seconds: How long actions under way may go on at the end, before they are cut off.
        runs_actions: Whether actions run here, where other nodes could run them.
        name: What this node is called; tasks may have it as their `target`.
        observer, on_trouble, on_commit, on_steps, on_notices, publishers: See `Engine`.

    Raises (on entering):
        InvalidInput, NotFound, Unavailable: See `open_store`.
    """

    def __init__(
        self,
        database: str,
        *,
        create: bool = True,
        registry: Registry | None = None,
        limits: Limits | None = None,
        clock: Clock | None = None,
        slots: int = SLOTS,
        threads: int = THREADS,
        drain_seconds: float = 0.0,
        runs_actions: bool = True,
        name: str = "",
        observer: Callable[[str, Changes], None] = lambda root_id, changes: None,
        on_trouble: Callable[[Error], None] = lambda error: None,
        on_commit: Callable[[float, int], None] = lambda seconds, steps: None,
        on_steps: Callable[[str, Sequence[Step]], None] = lambda root_id, steps: None,
        on_notices: Callable[[Sequence[Notice]], None] = lambda notices: None,
        publishers: tuple[Publisher, ...] = (),
    ) -> None:
        self._database = database
        self._create = create
        self.registry = registry or Registry.standard()
        self._limits = limits or Limits()
        self._clock = clock or SystemClock()
        self._observer = observer
        self._on_trouble = on_trouble
        self._on_commit = on_commit
        self._on_steps = on_steps
        self._on_notices = on_notices
        self._publishers = publishers
        self._slots = slots
        self._threads = threads
        self._drain_seconds = drain_seconds
        self._runs_actions = runs_actions
        self._name = name
        self._parts = AsyncExitStack()
        self.store: Store
        self.engine: Engine
        self.worker: LocalWorker
        self.work: SharedWork | None = None
        """What there is to do with other nodes; None on a file."""
        self.cluster: Cluster | None = None
        """The other nodes, once this one takes part."""

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as parts:
            self.store = open_store(self._database, create=self._create, clock=self._clock)
            parts.callback(self.store.close)
            self.engine = self._make_engine()
            if self.store.shards is None:
                await self._work_alone(parts)
            else:
                await self._share_work(parts)
            self._parts = parts.pop_all()
        return self

    async def _work_alone(self, parts: AsyncExitStack) -> None:
        self.worker = LocalWorker(
            self.registry, self.engine, slots=self._slots, threads=self._threads, limits=self._limits
        )
        self.engine.connect(self.worker)
        await parts.enter_async_context(self.engine)
        parts.push_async_callback(self.worker.close, GRACE_SECONDS)
        parts.push_async_callback(self.worker.drain, self._drain_seconds)

    async def _share_work(self, parts: AsyncExitStack) -> None:
        """Where many nodes share the database, they run each other's actions."""
        count = self.store.shard_count
        self.work = SharedWork(
            self.engine,
            self.registry,
            runs_actions=self._runs_actions,
            name=self._name,
            node_id=lambda: None if self.cluster is None else self.cluster.leased_id,
            shard_of=lambda root_id: shard_of(root_id, count),
            clock=self._clock,
            hint=self._hint,
            route_home=self._route_home,
            slots=self._slots,
            threads=self._threads,
            limits=self._limits,
            drain_seconds=self._drain_seconds,
            grace_seconds=GRACE_SECONDS,
        )
        self.worker = self.work.local
        self.engine.connect(self.work)
        await parts.enter_async_context(self.engine)
        await parts.enter_async_context(self.work)

    def _hint(self, what: str, to: int | None) -> None:
        if self.cluster is not None:
            self.cluster.hint(what, to)

    async def _route_home(self, node_id: int, request: Request) -> Json:
        if self.cluster is None:
            raise Unavailable("this node has not joined its cluster yet", code="no-lease")
        return await self.cluster.send_home(node_id, request)

    def _observe(self, root_id: str, changes: Changes) -> None:
        if self.work is not None:
            self.work.observe(root_id, changes)
        self._observer(root_id, changes)

    def _make_engine(self) -> Engine:
        return Engine(
            self.store,
            self.registry,
            clock=self._clock,
            limits=self._limits,
            observer=self._observe,
            on_trouble=self._on_trouble,
            on_commit=self._on_commit,
            on_steps=self._on_steps,
            on_notices=self._on_notices,
            publishers=self._publishers,
            providers=self.registry.providers.stored_providers,
        )

    async def __aexit__(self, *error: object) -> None:
        await self._parts.aclose()
