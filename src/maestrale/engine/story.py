"""What becomes of an execution, told step by step: its past from the history, then what is committed live."""

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import islice

from maestrale.core import Entry, State, World, decide
from maestrale.engine.feed import Subscription
from maestrale.engine.ledger import Step
from maestrale.engine.readers import Read
from maestrale.store import StoreReader

PAGE = 200
"""Entries read at once."""

AT_ONCE = 20
"""Entries folded before everything else of the process gets its turn."""


async def replay(world: World, read: Read, root_id: str) -> AsyncIterator[Step]:
    """Every step of a tree that is committed by now, oldest first; none if there is no such tree.

    By the law of the core, folding the history gives exactly what was committed, as long as the same
    actions and limits are installed as then.

    Raises:
        Unavailable: The database did not answer.
    """
    state = State()
    after = -1
    while page := await read(_page(root_id, after)):
        for position, (sequence, entry) in enumerate(page, start=1):
            decision = decide(world, state, entry)
            state.apply(decision.changes)
            after = sequence
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
        is_here: Whether this process runs the tree. Where it does not, another one on the same database
            may, and the history is looked at again after each pause.
    """

    def __init__(
        self,
        world: World,
        read: Read,
        root_id: str,
        live: Subscription,
        *,
        pause: float,
        is_here: Callable[[], bool],
    ) -> None:
        self._world = world
        self._read = read
        self._root_id = root_id
        self._live = live
        self._pause = pause
        self._is_here = is_here
        self._sequence = 0

    async def steps(self) -> AsyncIterator[Step | None]:
        """The steps. None: nothing happened for a while. It ends where this node lets go of the tree.

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
                if not self._is_here():
                    async for missed in self._past():
                        yield missed
                yield None
                continue
            if step is None:
                return
            if step.sequence > self._sequence + 1:
                async for missed in self._past():
                    yield missed
            if step.sequence > self._sequence:
                self._sequence = step.sequence
                yield step

    async def _past(self) -> AsyncIterator[Step]:
        """What the history has beyond what was told."""
        if self._sequence and not await self._read(_page(self._root_id, self._sequence)):
            return
        async for step in replay(self._world, self._read, self._root_id):
            if step.sequence > self._sequence:
                self._sequence = step.sequence
                yield step
