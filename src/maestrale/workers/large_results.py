"""Large results are reported a few at a time.

What is reported at once is committed at once, and everybody's next step waits for that commit: some megabytes
take a disk a tenth of a second. Small results never wait here.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

LARGE_BYTES = 64 * 1024
"""A result of at least so many bytes is a large one."""

AT_ONCE_BYTES = 1024 * 1024
"""How many bytes of large results are being reported at once; or one result, if it is larger."""


class LargeResults:
    """Who may report a large result: in the order in which they have ended."""

    def __init__(self) -> None:
        self._bytes = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def turn(self, size: int) -> AsyncIterator[None]:
        """Wait until a result of so many bytes may be reported, which happens inside."""
        if size < LARGE_BYTES:
            yield
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        self._go_on()
        try:
            await turn
            yield
        finally:
            if turn.done() and not turn.cancelled():
                self._bytes -= size
            else:
                self._waiting.remove((size, turn))
            self._go_on()

    def _go_on(self) -> None:
        while self._waiting:
            size, turn = self._waiting[0]
            if self._bytes and self._bytes + size > AT_ONCE_BYTES:
                return
            if turn.cancelled():
                return  # Whoever waited is about to take it away.
            self._waiting.popleft()
            self._bytes += size
            turn.set_result(None)
