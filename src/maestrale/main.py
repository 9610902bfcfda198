"""A node, built out of its parts: the only module that knows them all."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Self

from maestrale.actions import Registry
from maestrale.clock import Clock, SystemClock
from maestrale.core import Changes, Limits
from maestrale.engine import Engine
from maestrale.errors import Error
from maestrale.store import Store, open_store
from maestrale.workers import LocalWorker

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
        observer, on_trouble: See `Engine`.

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
        observer: Callable[[str, Changes], None] = lambda root_id, changes: None,
        on_trouble: Callable[[Error], None] = lambda error: None,
    ) -> None:
        self._database = database
        self._create = create
        self._registry = registry or Registry.standard()
        self._limits = limits or Limits()
        self._clock = clock or SystemClock()
        self._observer = observer
        self._on_trouble = on_trouble
        self._parts = AsyncExitStack()
        self.store: Store
        self.engine: Engine
        self.worker: LocalWorker

    async def __aenter__(self) -> Self:
        self.store = open_store(self._database, create=self._create, clock=self._clock)
        self._parts.callback(self.store.close)
        self.engine = Engine(
            self.store,
            self._registry,
            clock=self._clock,
            limits=self._limits,
            observer=self._observer,
            on_trouble=self._on_trouble,
        )
        self.worker = LocalWorker(self._registry, self.engine, limits=self._limits)
        self.engine.connect(self.worker)
        await self._parts.enter_async_context(self.engine)
        self._parts.push_async_callback(self.worker.close, GRACE_SECONDS)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._parts.aclose()
