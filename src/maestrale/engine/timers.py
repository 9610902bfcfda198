"""Waking trees up in time: one sleeping task for all timers of a node."""

import asyncio
import heapq
from collections.abc import Callable
from datetime import datetime, timedelta

from maestrale.clock import Clock

LONGEST_SLEEP = timedelta(seconds=30)
"""The clock is looked at this often at least, so that one that was set anew is noticed."""


class Timers:
    """Calls `fire(root_id, timer_id)` when a timer is due. Each is fired once unless it is set again."""

    def __init__(self, clock: Clock, fire: Callable[[str, str], None]) -> None:
        self._clock = clock
        self._fire = fire
        self._heap: list[tuple[datetime, str, str]] = []
        self._due: dict[str, datetime] = {}
        self._woken = asyncio.Event()

    def set(self, root_id: str, timer_id: str, due_at: datetime) -> None:
        self._due[timer_id] = due_at
        heapq.heappush(self._heap, (due_at, root_id, timer_id))
        self._woken.set()

    def clear(self, timer_id: str) -> None:
        self._due.pop(timer_id, None)

    async def run(self) -> None:
        """Fire what is due, for ever."""
        while True:
            self.fire_due()
            self._woken.clear()
            try:
                async with asyncio.timeout(self._pause().total_seconds()):
                    await self._woken.wait()
            except TimeoutError:
                pass

    def fire_due(self) -> None:
        """Fire what is due by now."""
        now = self._clock.now()
        while self._heap and self._heap[0][0] <= now:
            due_at, root_id, timer_id = heapq.heappop(self._heap)
            if self._due.get(timer_id) == due_at:  # Otherwise it was cleared or set anew.
                del self._due[timer_id]
                self._fire(root_id, timer_id)

    def _pause(self) -> timedelta:
        if not self._heap:
            return LONGEST_SLEEP
        return min(max(self._heap[0][0] - self._clock.now(), timedelta(0)), LONGEST_SLEEP)
