"""Hints from node to node that something waits, so that nobody has to wait for his next beat.

They may be lost: the beat tells the same a little later.
"""

from collections.abc import Sequence
from threading import Event
from typing import Protocol


class Signals(Protocol):
    """Used by one thread, but for `wake`."""

    def hint(self, payloads: Sequence[str]) -> None:
        """Tell all nodes, this one too."""
        ...

    def listen(self, seconds: float) -> list[str]:
        """What has been told since the last time; waits until there is something, woken up, or so long."""
        ...

    def wake(self) -> None:
        """End the wait, or the next one. From any thread, and at any time."""
        ...

    def close(self) -> None: ...


class NoSignals:
    """For a file, on which no other process has to be told anything. One can be woken up all the same."""

    def __init__(self) -> None:
        self._woken = Event()

    def hint(self, payloads: Sequence[str]) -> None:
        pass

    def listen(self, seconds: float) -> list[str]:
        self._woken.wait(seconds)
        self._woken.clear()
        return []

    def wake(self) -> None:
        self._woken.set()

    def close(self) -> None:
        self._woken.set()
