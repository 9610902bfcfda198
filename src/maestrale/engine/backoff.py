"""How long to wait before a database that did not answer is asked again."""

import asyncio

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
"""Seconds."""


class Backoff:
    """A pause that grows with every failure, and is short again after the first success."""

    def __init__(self) -> None:
        self._seconds = FIRST_PAUSE

    async def wait(self) -> None:
        await asyncio.sleep(self._seconds)

    def failed(self) -> None:
        self._seconds = min(self._seconds * 2, LONGEST_PAUSE)

    def succeeded(self) -> None:
        self._seconds = FIRST_PAUSE
