"""Somebody in the simulation who looks on at a tree, wherever it runs, as a client of the events does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from typing import Protocol, TypeVar

from maestrale.core import World
from maestrale.engine.feed import Feed
from maestrale.engine.following import Following
from maestrale.engine.ledger import Step
from maestrale.engine.story import Story
from maestrale.errors import Error
from maestrale.store import StoreReader
from maestrale.testing.laws import demand

T = TypeVar("T")


class Place(Protocol):
    """A node, as far as those who look on see it."""

    @property
    def feed(self) -> Feed: ...

    @property
    def is_frozen(self) -> bool: ...

    def holds(self, root_id: str) -> bool: ...


class Follower:
    """Reads the real story of a tree at one node after the other. `told` is all that it knows.

    It reads only when it is told to, and then until nothing happens: between, steps gather.
    """

    def __init__(self, world: World, reader: StoreReader, root_id: str) -> None:
        self.root_id = root_id
        self.node: Place | None = None
        """Where it looks on; None: nowhere, since its stream broke."""
        self.told: list[Step] = []
        self._world = world
        self._reader = reader
        self._loop = asyncio.new_event_loop()
        self._feed = ExitStack()
        self._following: Following | None = None
        self._steps: AsyncIterator[Step | None] | None = None
        self._position = 0

    def attach(self, node: Place) -> None:
        """Look on at a node, from the beginning: what was told before has to come again."""
        self.leave()
        live = self._feed.enter_context(node.feed.subscribe(self.root_id))

        async def read(work: Callable[[StoreReader], T], /) -> T:
            return work(self._reader)

        story = Story(
            self._world,
            read,
            self.root_id,
            live,
            pause=0,  # Nobody waits in the simulation: if nothing is there, nothing happens.
        )
        self._following = Following(node.feed, self._world, read)
        self.node, self._steps, self._position = node, story.steps(), 0

    def leave(self) -> None:
        """The connection breaks."""
        self.node = self._steps = None
        self._feed.close()

    def close(self) -> None:
        self.leave()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def read_on(self) -> None:
        """Read what there is."""
        if self._steps is not None:
            self._loop.run_until_complete(self._read_on(self._steps))

    async def _read_on(self, steps: AsyncIterator[Step | None]) -> None:
        began = self._position > 0
        assert self._following is not None
        await self._following.look()
        await self._following.settle()
        try:
            while (step := await anext(steps)) is not None:
                self._take(step)
            if not began:  # That was the past; the present may have come meanwhile.
                while (step := await anext(steps)) is not None:
                    self._take(step)
        except (StopAsyncIteration, Error):  # The tree has gone to another node, or is deleted.
            self.leave()

    def _take(self, step: Step) -> None:
        self._position += 1
        demand(step.sequence == self._position, "who looks on is told each step once", step, self._position)
        if self._position > len(self.told):
            self.told.append(step)
        before = self.told[self._position - 1]
        same = (before.entry.seed, before.changes) == (step.entry.seed, step.changes)
        demand(same, "who looks on again is told the same", before, step)
