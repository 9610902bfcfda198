"""The thread on which a simulated process speaks to its database: one call after the other, in steps."""

import asyncio
from asyncio import Future
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any, TypeVar

from maestrale.engine.store_thread import StoreThread, engine_closed
from maestrale.errors import Error, Unavailable
from maestrale.testing.simulation.loop import Process, SimulatedLoop
from maestrale.testing.simulation.session import Session
from maestrale.testing.simulation.strand import Strand

T = TypeVar("T")

MAY_STAND = 0.4
"""How many of the calls may stand open in their middle, if they are such that write."""


class SimulatedThread(StoreThread):
    """Implements what the engine uses. The simulator lets it do its steps.

    Args:
        failures: How many calls in a hundred fail, before or after they are done.
        on_done: Called after each call.
    """

    def __init__(
        self,
        loop: SimulatedLoop,
        process: Process,
        session: Session,
        chance: Random,
        *,
        failures: Callable[[], int],
        on_done: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._process = process
        self._chance = chance
        self._failures = failures
        self._on_done = on_done
        self._strand = Strand()
        self._jobs: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._is_closed = self._is_hasty = False
        session.stand = self._stand

    async def run(self, work: Callable[[], T]) -> T:
        self._check_open()
        future: Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.append((work, future))
        return await future

    def run_now(self, work: Callable[[], T]) -> T:
        """Everything that was asked for before comes first, as there is one thread."""
        if self._strand.is_current:
            return work()
        self._check_open()
        self._finish()
        return work()

    def close(self) -> None:
        self._finish()
        self._is_closed = True

    def _finish(self) -> None:
        self._is_hasty = True
        while self._jobs:
            self.step()
        self._is_hasty = False

    def _check_open(self) -> None:
        if self._is_closed:
            raise engine_closed()

    @property
    def is_busy(self) -> bool:
        return bool(self._jobs) and not self._process.is_frozen

    @property
    def is_open(self) -> bool:
        """Whether a transaction has begun and not ended."""
        return self._strand.is_paused

    def step(self) -> None:
        """Begin the next call, if there is one, or let it go on."""
        if not self._jobs:
            return
        if self._strand.is_paused:
            is_over = self._strand.resume()
        elif self._is_hasty or self._chance.random() > MAY_STAND:
            self._strand.run(self._guarded(self._jobs[0][0]))
            is_over = True
        else:
            is_over = self._strand.start(self._guarded(self._jobs[0][0]))
        if is_over:
            self._end()

    def _guarded(self, work: Callable[[], T]) -> Callable[[], T]:
        def guarded() -> T:
            self._fail_at_times("before")
            result = work()
            self._fail_at_times("after")
            return result

        return guarded

    def _fail_at_times(self, when: str) -> None:
        if self._chance.randrange(200) < self._failures():
            raise Unavailable(f"the database was gone {when} it did it", code="simulated")

    def _stand(self) -> None:
        if self._strand.can_pause and not self._is_hasty:
            self._strand.pause()

    def _end(self) -> None:
        _, future = self._jobs.popleft()
        try:
            result = self._strand.result()
        except Error as error:
            self._loop.call_in(self._process, _set_exception, future, error)
        else:
            self._loop.call_in(self._process, _set_result, future, result)
        self._on_done()

    def cut(self) -> None:
        """The connection is lost: the database rolls back what is open."""
        if self._strand.is_paused:
            self._strand.resume(_lose_connection)
            self._end()

    def kill(self, *, is_done: bool) -> None:
        """The process ends. What is open is done all the same, or never."""
        if self._strand.is_paused:
            self._strand.resume(None if is_done else _lose_connection)
            self._on_done()
        self._jobs.clear()
        self._is_closed = True


def _lose_connection() -> None:
    raise Unavailable("the connection was lost", code="simulated")


def _set_result(future: "Future[Any]", result: object) -> None:
    if not future.done():
        future.set_result(result)


def _set_exception(future: "Future[Any]", error: Error) -> None:
    if not future.done():
        future.set_exception(error)
