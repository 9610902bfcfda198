"""Time and chance in a simulation: what the program reads of both follows from the seed.

The wall clock of each process may be wrong. The one by which it measures its own lease goes on evenly, a
little too fast or too slow; that of the database is right.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
from random import Random

from maestrale import clock, ids
from maestrale.engine import library
from maestrale.engine.stopwatch import Stopwatch
from maestrale.testing.clocks import NOON
from maestrale.testing.simulation.loop import SimulatedLoop, current_process
from maestrale.testing.simulation.made_once import parsed


class LoopClock:
    """Implements `Clock` by the time of a loop. It may be wrong: see `set`."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop
        self._ahead = self._drift = 0.0

    def set(self, *, ahead: float, drift: float) -> None:
        """Let it be so many seconds ahead, and go on so much too fast."""
        self._ahead, self._drift = ahead - drift * self._loop.now, drift

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self._loop.now * (1 + self._drift) + self._ahead)


class _Time:
    """In the place of the module `time`."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop

    def monotonic(self) -> float:
        process = current_process()
        return self._loop.now if process is None else self._loop.now * process.rate


class _System:
    """In the place of the module `os`, as far as chance comes from it."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance

    def urandom(self, count: int) -> bytes:
        return self._chance.randbytes(count)

    def __getattr__(self, name: str) -> object:
        return getattr(os, name)


def _unmeasured(stopwatch: Stopwatch) -> AbstractContextManager[None]:
    return nullcontext()


@contextmanager
def second_nature(loop: SimulatedLoop, chance: Random) -> Iterator[None]:
    """While the block lasts, the program takes the loop's time for its own, and its chance from this one.

    What it reads of documents is read once for all simulations, and expressions take no time.
    """
    real_time, real_system, real_parse = clock.time, ids.os, library.parse  # type: ignore[attr-defined]
    real_guard = Stopwatch.guard
    clock.time, ids.os = _Time(loop), _System(chance)  # type: ignore[assignment, attr-defined]
    library.parse, Stopwatch.guard = parsed, _unmeasured  # type: ignore[assignment, attr-defined, method-assign]
    ids._POOL.clear()
    try:
        yield
    finally:
        clock.time, ids.os, library.parse = real_time, real_system, real_parse  # type: ignore[attr-defined]
        Stopwatch.guard = real_guard  # type: ignore[method-assign]
        ids._POOL.clear()
