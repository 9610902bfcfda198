"""Reading beside the commits: a few threads, each with a connection of its own."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeVar

from maestrale.engine.fair_threads import FairThreads
from maestrale.errors import Unavailable
from maestrale.store import StoreReader

T = TypeVar("T")


class Read(Protocol):
    """Reads with a store, away from the event loop: `Readers.run`, for whoever needs no more of it."""

    async def __call__(self, work: Callable[[StoreReader], T], /) -> T: ...


THREADS, THREADS_OF_ONE = 3, 2
"""How many reads go on at once, and how many of them may be one project's."""

MOST_WAITING = 1000
"""Reads of one project that may wait for a thread."""


class Readers:
    """Reads that take a while, away from the event loop and from the thread that commits.

    Args:
        open_reader: Opens a store that only reads; called once in each thread.
        threads: How many reads go on at once.
        of_one: How many of them may be one project's, for `of`.
    """

    def __init__(
        self,
        open_reader: Callable[[], StoreReader],
        *,
        threads: int = THREADS,
        of_one: int = THREADS_OF_ONE,
    ) -> None:
        self._open_reader = open_reader
        self._local = threading.local()
        self._stores: list[StoreReader] = []
        self._is_closed = False
        self._threads = FairThreads(
            threads, of_one=of_one, most_waiting=MOST_WAITING, name="maestrale-reader"
        )

    async def run(self, work: Callable[[StoreReader], T]) -> T:
        """What `work` reads.

        Raises:
            Unavailable: The node is ending, or as the store does.
        """
        return await self._run(None, work)

    def of(self, project_id: str) -> Read:
        """Reads for a project, which takes turns with the others."""
        return partial(self._run, project_id)

    async def _run(self, project_id: str | None, work: Callable[[StoreReader], T]) -> T:
        if self._is_closed:
            raise Unavailable("this process is ending; it reads nothing any more", code="engine-closed")
        return await self._threads.run(partial(self._work, work), project_id)

    def _work(self, work: Callable[[StoreReader], T]) -> T:
        store: StoreReader | None = getattr(self._local, "store", None)
        if store is None:
            store = self._local.store = self._open_reader()
            self._stores.append(store)
        return work(store)

    def close(self) -> None:
        """Wait for what is under way, and close the connections."""
        self._is_closed = True
        self._threads.close()
        for store in self._stores:
            store.close()
