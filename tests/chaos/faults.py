"""What goes wrong: one thing after the other, or several at once, as chance will have it."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from random import Random

import psycopg

from .nodes import Node
from .postgresql import Database
from .proxy import Proxy

FROZEN = (0.5, 7.0)
"""Seconds a node stands still: sometimes shorter than its lease, sometimes longer."""


class _NobodyLeft(Exception):
    """There are too few nodes that work to break one more."""


class Faults:
    """Breaks something every now and then. `seen` counts what."""

    def __init__(self, nodes: list[Node], proxy: Proxy, database: Database, chance: Random) -> None:
        self._nodes = nodes
        self._proxy = proxy
        self._database = database
        self._chance = chance
        self.seen: Counter[str] = Counter()
        self.problems: list[str] = []
        self._restarting = asyncio.Lock()
        self._ill: list[Node] = []
        """Nodes to which something is being done."""
        self._kinds: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (5, self.kill_node),
            (4, self.freeze_node),
            (4, self.stop_node),
            (1, self.crash_database),
            (1, self.restart_database),
            (3, self.terminate_backends),
            (3, self.cut_connections),
            (2, self.delay),
            (2, self.silence),
            (2, self.halve),
        ]

    async def run(self, seconds: float) -> None:
        """Break things for so long."""
        async with asyncio.TaskGroup() as group:
            deadline = asyncio.get_running_loop().time() + seconds
            while asyncio.get_running_loop().time() < deadline:
                weights = [weight for weight, _ in self._kinds]
                [(_, fault)] = self._chance.choices(self._kinds, weights)
                group.create_task(self._do(fault))
                await asyncio.sleep(self._chance.uniform(0.2, 3.0))

    async def _do(self, fault: Callable[[], Awaitable[None]]) -> None:
        with suppress(_NobodyLeft):
            await fault()
            self.seen[fault.__name__] += 1

    def _healthy(self) -> list[Node]:
        return [node for node in self._nodes if node.is_up and node.is_serving and node not in self._ill]

    def _victim(self) -> Node | None:
        """One that others survive."""
        healthy = self._healthy()
        return self._chance.choice(healthy) if len(healthy) > 1 else None

    async def kill_node(self) -> None:
        with self._attacked() as node:
            await node.kill()
            await asyncio.sleep(self._chance.uniform(0, 4))
            await self.start(node)

    async def stop_node(self) -> None:
        with self._attacked() as node:
            code = await node.stop()
            if code:
                self.problems.append(f"{node.name} ended with {code} when it was asked to stop")
            await self.start(node)

    async def freeze_node(self) -> None:
        with self._attacked() as node:
            node.freeze()
            await asyncio.sleep(self._chance.uniform(*FROZEN))
            node.thaw()

    @contextmanager
    def _attacked(self) -> Iterator[Node]:
        """A node to which nothing else is done meanwhile; nothing happens where no other would survive."""
        node = self._victim()
        if node is None:
            raise _NobodyLeft
        self._ill.append(node)
        try:
            yield node
        finally:
            self._ill.remove(node)

    async def start(self, node: Node) -> None:
        """Start it, again if the database is away just then."""
        while not node.is_up:
            await node.start()

    async def crash_database(self) -> None:
        await self._restart(at_once=True)

    async def restart_database(self) -> None:
        await self._restart(at_once=False)

    async def _restart(self, *, at_once: bool) -> None:
        if not self._restarting.locked():
            async with self._restarting:
                await self._database.restart(at_once=at_once)

    async def terminate_backends(self) -> None:
        with suppress(psycopg.OperationalError):  # It is away already.
            await asyncio.to_thread(self._database.terminate_backends, self._chance.choice((0.3, 1.0)))

    async def cut_connections(self) -> None:
        self._proxy.cut_all()

    async def delay(self) -> None:
        self._proxy.delay = self._chance.choice((0.02, 0.3))
        await asyncio.sleep(self._chance.uniform(0.5, 3))
        self._proxy.delay = 0.0

    async def silence(self) -> None:
        self._proxy.is_silent = True
        await asyncio.sleep(self._chance.uniform(0.5, 5))
        self._proxy.is_silent = False

    async def halve(self) -> None:
        self._proxy.halving = 0.05
        await asyncio.sleep(self._chance.uniform(0.5, 2))
        self._proxy.halving = 0.0

    async def mend(self) -> None:
        """Everything works again."""
        self._proxy.delay, self._proxy.is_silent, self._proxy.halving = 0.0, False, 0.0
        for node in self._nodes:
            node.thaw()
            await self.start(node)
