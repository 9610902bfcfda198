"""Group commit: one transaction after the other, each with all that was decided during the one before."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from maestrale.clock import monotonic
from maestrale.engine.ledger import Batch, Ledger, Pending
from maestrale.engine.store_thread import StoreThread
from maestrale.errors import Error
from maestrale.store import Store

MOST_ROWS = 2_000
"""Rows of several trees in one transaction: whoever comes next waits for it. What is decided of one tree is
not divided; `Turns` keeps that small."""


class Committer:
    """Commits what gathers in a ledger.

    Args:
        on_committed: Called with each batch that is durable.
        on_failed: Awaited with the error, the batch that is not known to be durable, and what had been
            decided on top of it, before the next batch is taken.
        on_timing: Called after each commit with the seconds it took and the steps it held.
    """

    def __init__(
        self,
        ledger: Ledger,
        store: Store,
        thread: StoreThread,
        *,
        on_committed: Callable[[Batch], None],
        on_failed: Callable[[Error, Batch, list[Pending]], Coroutine[Any, Any, None]],
        on_timing: Callable[[float, int], None],
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._thread = thread
        self._on_committed = on_committed
        self._on_failed = on_failed
        self._on_timing = on_timing
        self._dirty = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def wake(self) -> None:
        """There is something to commit."""
        self._dirty.set()
        self._idle.clear()

    async def wait_idle(self) -> None:
        """Wait until everything decided so far is committed."""
        await self._idle.wait()

    async def run(self) -> None:
        """Commit, for ever."""
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            await asyncio.sleep(0)  # What is ready to be decided at this moment comes along.
            batch = self._ledger.take(MOST_ROWS)
            if self._ledger.has_open:
                self._dirty.set()
            if batch is not None:
                try:
                    await self._commit(batch)
                except Error as error:
                    await self._on_failed(error, *self._ledger.fail())
                else:
                    self._on_committed(self._ledger.confirm())
            if not self._dirty.is_set():
                self._idle.set()

    async def _commit(self, batch: Batch) -> None:
        began = monotonic()
        # Taken at the same moment as the batch: what is decided on lost trees is dropped before it changes.
        done, answers, tenure = batch.done(), batch.answers(), self._store.tenure
        await self._thread.run(
            lambda: self._store.commit(batch.commits(), done=done, answers=answers, tenure=tenure)
        )
        self._on_timing(monotonic() - began, sum(len(pending.steps) for pending in batch.pending.values()))
