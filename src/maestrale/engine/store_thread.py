"""The one thread on which a node speaks to its database."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from maestrale.errors import Unavailable

T = TypeVar("T")


class StoreThread:
    """Runs one call after the other. A plain synchronous driver on a thread of its own costs less than an
    await for each statement."""

    def __init__(self) -> None:
        self._ident = 0
        self._is_closed = False
        self._pool = ThreadPoolExecutor(
            1, thread_name_prefix="maestrale-store", initializer=self._remember_ident
        )

    def _remember_ident(self) -> None:
        self._ident = threading.get_ident()

    async def run(self, work: Callable[[], T]) -> T:
        """Have it done, without holding up the event loop. Raises: Unavailable: The thread has ended."""
        self._check_open()
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def run_now(self, work: Callable[[], T]) -> T:
        """Have it done in the middle of a decision, which has to wait for it."""
        if threading.get_ident() == self._ident:
            return work()
        self._check_open()
        return self._pool.submit(work).result()

    def _check_open(self) -> None:
        if self._is_closed:
            raise engine_closed()

    def close(self) -> None:
        """Wait for what is under way."""
        self._is_closed = True
        self._pool.shutdown()


def engine_closed() -> Unavailable:
    """What whoever asks an engine for something meets once it ends."""
    return Unavailable(
        "this process is ending; it decides nothing any more",
        code="engine-closed",
        hint="send the request to another process, or to this one when it runs again",
    )
