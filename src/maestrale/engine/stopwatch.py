"""A bound on the time and memory that the expressions of one decision may take.

A decision runs in one thread with nothing in between, so an expression that never ends would stop the
whole node. While a decision runs, the kernel signals the process after each slice of CPU time it has
used; the handler stops an evaluation that still runs once it has had its share. What counts is the CPU time
of this thread and not the wall clock, so that a machine that sleeps or is busy fails nothing.

Signals reach only the main thread of a process: an engine in another thread has no bound.
"""

import os
import resource
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from maestrale.expressions import budget

SLICE = 0.02
"""Seconds of CPU time between two looks. So much later than it should an evaluation is stopped."""

TOGETHER = 5
"""How many times the share of one evaluation all those of a decision may have."""


_installed: "Stopwatch | None" = None
"""Whose handler has the signal. Asking the signal module each time costs more than all else here."""


class Stopwatch:
    """Bounds the expressions of decisions; use `guard` around each decision.

    Args:
        seconds: CPU time for one evaluation, give or take a slice.
        memory: Bytes by which the process may grow during one evaluation.
    """

    def __init__(self, *, seconds: float = 1.0, memory: int = 512 * 1024 * 1024) -> None:
        self._seconds = seconds
        self._memory = memory
        self._evaluation = 0
        self._looked_at = 0.0
        self._used = 0.0
        self._used_together = 0.0
        self._size = 0
        self._guards = False

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Bound what runs inside: `OverBudget` comes out of an expression that goes over."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        if _installed is not self:
            self._install()
        self._looked_at, self._used_together, self._guards = time.thread_time(), 0.0, True
        # This timer counts the kernel's work for the process, too: making large texts is mostly that.
        signal.setitimer(signal.ITIMER_PROF, SLICE, SLICE)
        try:
            yield
        finally:
            self._guards = False  # First of all: nothing in here may be stopped.
            signal.setitimer(signal.ITIMER_PROF, 0)
            budget.forget()

    def _install(self) -> None:
        """Receive the signal from now on: one that comes late would otherwise end the process."""
        global _installed
        signal.signal(signal.SIGPROF, self._look)
        _installed = self

    def _look(self, number: int, frame: FrameType | None) -> None:
        now = time.thread_time()
        passed, self._looked_at = now - self._looked_at, now
        if not self._guards or not budget.is_under_way():
            return
        self._used_together += passed
        if self._evaluation != budget.number():
            self._evaluation, self._used, self._size = budget.number(), 0.0, resident_bytes()
            passed = min(passed, SLICE)
        self._used += passed
        self._judge()

    def _judge(self) -> None:
        if resident_bytes() - self._size > self._memory:
            budget.interrupt(f"it took more than {self._memory // 1024 // 1024} MiB of memory")
        if self._used >= self._seconds:
            budget.interrupt(f"it took more than {self._seconds:g} s")
        most = TOGETHER * self._seconds
        if self._used_together >= most:
            budget.interrupt(f"with those before it in the same step it took more than {most:g} s")


def resident_bytes() -> int:
    """How much memory this process has."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # Not Linux: the largest size so far is the next best.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
