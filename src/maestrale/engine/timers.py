"""Waking trees up in time: one sleeping task for all timers of a node."""

import asyncio
import heapq
from collections.abc import Callable
from datetime import datetime, timedelta

from maestrale.clock import Clock

AT_ONCE = 100
"""Timers fired before everything else gets its turn again."""

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

    def __len__(self) -> int:
        """How many are set."""
        return len(self._due)

    def __contains__(self, timer_id: object) -> bool:
        """Whether it is set."""
        return timer_id in self._due

    def set(self, root_id: str, timer_id: str, due_at: datetime) -> None:
        self._due[timer_id] = due_at
        heapq.heappush(self._heap, (due_at, root_id, timer_id))
        if len(self._heap) > 2 * len(self._due) + AT_ONCE:
            self._tidy()
        self._woken.set()

    def _tidy(self) -> None:
        """Drop what was cleared or set anew: most timeouts are cleared long before they are due."""
        self._heap = list({entry for entry in self._heap if self._due.get(entry[2]) == entry[0]})
        heapq.heapify(self._heap)

    def clear(self, timer_id: str) -> None:
        self._due.pop(timer_id, None)

    async def run(self) -> None:
        """Fire what is due, for ever."""
        while True:
            while self._fire_some():  # noqa: ASYNC110 - Nothing is waited for.
                await asyncio.sleep(0)
            self._woken.clear()
            try:
                async with asyncio.timeout(self._pause().total_seconds()):
                    await self._woken.wait()
            except TimeoutError:
                pass

    def fire_due(self) -> None:
        """Fire what is due by now."""
        while self._fire_some():
            pass

    def _fire_some(self) -> bool:
        """Fire at most `AT_ONCE` of what is due. True: there may be more."""
        now = self._clock.now()
        for _ in range(AT_ONCE):
            if not self._heap or self._heap[0][0] > now:
                return False
            due_at, root_id, timer_id = heapq.heappop(self._heap)
            if self._due.get(timer_id) == due_at:  # Otherwise it was cleared or set anew.
                del self._due[timer_id]
                self._fire(root_id, timer_id)
        return True

    def _pause(self) -> timedelta:
        if not self._heap:
            return LONGEST_SLEEP
        return min(max(self._heap[0][0] - self._clock.now(), timedelta(0)), LONGEST_SLEEP)
