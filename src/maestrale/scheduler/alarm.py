"""Waiting for an instant, or for whoever knows of an earlier one."""

import asyncio

LONGEST_SECONDS = 30.0
"""The clock is looked at this often at least, so that one that was set anew is noticed."""


class Alarm:
    """Wakes whoever waits.

    Used as `clear`, then a look at what there is to do, then `wait`: what is set off in between is not lost.
    """

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set_off(self) -> None:
        self._event.set()

    def clear(self) -> None:
        self._event.clear()

    async def wait(self, seconds: float) -> None:
        """Until it is set off, or so many seconds have passed: never longer than `LONGEST_SECONDS`."""
        try:
            async with asyncio.timeout(max(0.0, min(seconds, LONGEST_SECONDS))):
                await self._event.wait()
        except TimeoutError:
            pass
