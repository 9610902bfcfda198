"""A bound on the time and memory that the expressions of one decision may take.

A decision runs in one thread with nothing in between, so an expression that never ends would stop the
whole node. While a decision runs, the kernel signals the process after each slice of CPU time it has
used; the handler stops an evaluation that still runs once it has had its share. CPU time and not the
wall clock counts, so that a machine that sleeps fails nothing.

Signals reach only the main thread of a process: an engine in another thread has no bound.
"""

import os
import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from maestrale.expressions import budget

SLICE = 0.1
"""Seconds of CPU time between two looks."""


class Stopwatch:
    """Bounds the expressions of decisions; use `guard` around each decision.

    Args:
        seconds: CPU time for one evaluation, give or take a slice.
        memory: Bytes by which the process may grow meanwhile.
    """

    def __init__(self, *, seconds: float = 2.0, memory: int = 512 * 1024 * 1024) -> None:
        self._seconds = seconds
        self._memory = memory
        self._evaluation = 0
        self._used = 0.0
        self._size = 0

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Bound what runs inside: `OverBudget` comes out of an expression that goes over."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        # It stays: a signal that comes late would otherwise meet the default handler, which ends the process.
        if signal.getsignal(signal.SIGVTALRM) != self._look:
            signal.signal(signal.SIGVTALRM, self._look)
        signal.setitimer(signal.ITIMER_VIRTUAL, SLICE, SLICE)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    def _look(self, number: int, frame: FrameType | None) -> None:
        if self._evaluation != budget.number():
            self._evaluation, self._used, self._size = budget.number(), 0.0, _resident_bytes()
        self._used += SLICE
        if _resident_bytes() - self._size > self._memory:
            budget.interrupt(f"it took more than {self._memory // 1024 // 1024} MiB of memory")
        if self._used >= self._seconds:
            budget.interrupt(f"it took more than {self._seconds:g} s")


def _resident_bytes() -> int:
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # Not Linux: the largest size so far is the next best.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
