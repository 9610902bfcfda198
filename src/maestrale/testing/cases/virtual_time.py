"""An event loop whose clock jumps ahead instead of waiting."""

import asyncio
import selectors
from typing import Any


class _Jumping(selectors.DefaultSelector):
    """Where the loop would wait for its next timer, time passes at once."""

    def __init__(self) -> None:
        super().__init__()
        self.jumped = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:  # No timer: what comes, comes from a thread.
            return super().select(None)
        ready = super().select(0)
        if not ready:
            self.jumped += max(timeout, 0.0)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Runs what only computes and waits. Its clock begins at 0."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.jumped
