"""The only module that reads the wall clock. Everything else is told what time it is."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A source of the present instant."""

    def now(self) -> datetime:
        """The present instant, aware and in UTC."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SteadyClock:
    """The clock of this machine as it was when this one was made, and how long that is ago.

    It goes neither back nor ahead when somebody sets the other one: for pauses that do not outlive a process.
    """

    def __init__(self) -> None:
        self._began_at = datetime.now(UTC) - timedelta(seconds=monotonic())

    def now(self) -> datetime:
        return self._began_at + timedelta(seconds=monotonic())


def monotonic() -> float:
    """Seconds on a clock that never jumps, for measuring how long something took."""
    return time.monotonic()
