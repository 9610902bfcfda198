"""What becomes of an execution, told step by step: its past from the history, then what is committed live."""

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import islice

from maestrale.core import Entry, State, World, decide
from maestrale.engine.feed import Subscription
from maestrale.engine.ledger import Step
from maestrale.engine.readers import Read
from maestrale.errors import NotFound
from maestrale.store import StoreReader

PAGE = 200
"""Entries read at once."""

AT_ONCE = 20
"""Entries folded before everything else of the process gets its turn."""


class Replay:
    """Decides the stored history of a tree again, from the first step or from where it is known.

    By the law of the core, that gives exactly what was committed, as long as the same actions and limits are
    installed as then.

    Args:
        sequence, state: The tree as of some step; it is changed. None: as it was before the first.
    """

    def __init__(
        self,
        world: World,
        read: Read,
        root_id: str,
        *,
        sequence: int | None = None,
        state: State | None = None,
    ) -> None:
        self._world = world
        self._read = read
        self._root_id = root_id
        self.sequence = -1 if sequence is None else sequence
        self.state = State() if state is None else state

    async def steps(self) -> AsyncIterator[Step]:
        """The steps that are committed by now, oldest first; none if there is no such tree.

        Raises:
            Unavailable: The database did not answer.
        """
        is_last = False
        while not is_last:
            page = await self._read(_page(self._root_id, self.sequence))
            is_last = len(page) < PAGE
            for position, (sequence, entry) in enumerate(page, start=1):
                decision = decide(self._world, self.state, entry)
                self.state.apply(decision.changes)
                self.sequence = sequence
                yield Step(sequence, entry, decision.changes)
                if position % AT_ONCE == 0:
                    await asyncio.sleep(0)


def _page(root_id: str, after: int) -> Callable[[StoreReader], list[tuple[int, Entry]]]:
    return lambda store: list(islice(store.read_history(root_id, after=after), PAGE))


class Story:
    """The steps of a tree, each once and in order, from the first to those that are still to come.

    Args:
        live: Subscribed before the story begins, so that nothing falls between past and present.
        pause: Seconds without a live step after which None is given.
    """

    def __init__(self, world: World, read: Read, root_id: str, live: Subscription, *, pause: float) -> None:
        self._replay: Replay | None = Replay(world, read, root_id)
        self._root_id = root_id
        self._live = live
        self._pause = pause
        self._sequence = 0

    async def steps(self) -> AsyncIterator[Step | None]:
        """The steps. None: nothing happened for a while. It ends where nothing more can be seen here.

        Raises:
            Error: The tree was deleted, or the database did not answer.
        """
        async for past in self._past():
            yield past
        yield None
        while True:
            try:
                async with asyncio.timeout(self._pause):
                    step = await self._live.next()
            except TimeoutError:
                yield None
                continue
            if step is None:
                return
            if step.sequence > self._sequence:
                self._sequence = step.sequence
                yield step

    async def _past(self) -> AsyncIterator[Step]:
        """What the history has, up to where the subscription goes on."""
        replay, self._replay = self._replay, None
        assert replay is not None, "a story is told once"
        while True:
            before = self._sequence
            async for step in replay.steps():
                self._sequence = step.sequence
                yield step
            if self._live.goes_on_from(self._sequence, replay.state):
                return
            if self._sequence == before:  # What has been committed is not stored any more.
                raise NotFound(f"`{self._root_id}` was deleted", code="unknown-execution")
