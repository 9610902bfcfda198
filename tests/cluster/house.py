"""Several nodes in one process on a real PostgreSQL, each with its heart, engine and worker."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Self

from maestrale.actions import Registry, action
from maestrale.clock import SystemClock, monotonic
from maestrale.cluster import ClusterSettings
from maestrale.cluster.cluster import Cluster
from maestrale.cluster.heart import Heart
from maestrale.cluster.settings import WORKER
from maestrale.core.state import Pin
from maestrale.engine import Engine, StartRequest
from maestrale.expressions import Json
from maestrale.ids import shard_of
from maestrale.lang import parse_or_raise
from maestrale.store import open_membership, open_store
from maestrale.workers import SharedWork

QUICK = ClusterSettings(beat_seconds=0.1, lease_seconds=0.5)

FLOW = """
version: '2.0'
chain:
  output: {said: <% task(second).result %>}
  tasks:
    first: {action: std.echo output=1, on-success: second}
    second: {action: std.echo output=2}
waits:
  tasks:
    outside: {action: std.async_noop, on-success: after}
    after: {action: std.echo output=3}
sleeps:
  tasks:
    nap: {action: std.noop, wait-before: 1, on-success: after}
    after: {action: std.noop}
works:
  tasks:
    slow: {action: test.slow, on-success: after}
    after: {action: std.noop}
"""


class Gate:
    """An action that goes on when a test says so, and notes who began it."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.begun: list[str] = []


class ANode:
    """A node of its own. Leaving it is a proper stop; `kill` is not."""

    def __init__(
        self,
        url: str,
        *,
        settings: ClusterSettings = QUICK,
        gate: Gate | None = None,
        name: str = "a node",
        drain_seconds: float = 0.0,
    ) -> None:
        self._url = url
        self._settings = settings
        self._gate = gate
        self._name = name
        self._drain_seconds = drain_seconds
        self._parts = AsyncExitStack()

    def _registry(self) -> Registry:
        gate = self._gate

        @action("test.slow")
        async def slow() -> Json:
            """Waits for the test."""
            assert gate is not None
            gate.begun.append(self._name)
            await gate.open.wait()
            return self._name

        registry = Registry.standard()
        if gate is not None:
            registry.add(slow)
        return registry

    async def __aenter__(self) -> Self:
        clock = SystemClock()
        self.heart = Heart(
            lambda: open_membership(self._url), self._settings, name=self._name, version="test"
        )
        await asyncio.to_thread(self.heart.open)
        self._parts.push_async_callback(asyncio.to_thread, self.heart.close)
        self.store = open_store(self._url)
        self._parts.callback(self.store.close)
        ownership = self.store.shards
        assert ownership is not None
        registry = self._registry()
        self.engine = Engine(
            self.store, registry, clock=clock, observer=lambda root_id, rows: self.work.observe(root_id, rows)
        )
        self.work = SharedWork(
            self.engine,
            registry,
            runs_actions=self._settings.has(WORKER),
            name=self._name,
            node_id=lambda: self.cluster.leased_id,
            shard_of=lambda root_id: shard_of(root_id, ownership.shard_count),
            clock=clock,
            hint=lambda what, to: self.cluster.hint(what, to),
            route_home=lambda node_id, request: self.cluster.send_home(node_id, request),
            drain_seconds=self._drain_seconds,
            grace_seconds=1.0,
        )
        self.engine.connect(self.work)
        self.cluster = Cluster(self.heart, self.engine, ownership, self.work, clock=clock, load=dict)
        self.engine.connect_router(self.cluster)
        await self._parts.enter_async_context(self.engine)
        await self._parts.enter_async_context(self.work)
        await self._parts.enter_async_context(self.cluster)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._parts.aclose()

    async def start(self, workflow: str, *, id: str | None = None) -> str:
        definitions = parse_or_raise(FLOW)
        pins: tuple[Pin, ...] = await self.engine.deploy("flow.yaml", FLOW, definitions)
        return await self.engine.start(StartRequest(workflow=workflow, pins=pins, id=id))

    @property
    def shards(self) -> int:
        assert self.store.shards is not None
        return len(self.store.shards.epochs)


async def until(holds: Callable[[], bool | Awaitable[bool]], seconds: float = 10.0) -> None:
    """Wait for what has to come true."""
    deadline = monotonic() + seconds
    while True:
        found = holds()
        if found if isinstance(found, bool) else await found:
            return
        assert monotonic() < deadline, "it did not come true"
        await asyncio.sleep(0.01)
