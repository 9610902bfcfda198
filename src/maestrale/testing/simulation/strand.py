"""Work that can stop in its middle and go on later, while others do something."""

from collections.abc import Callable
from typing import Any

from greenlet import getcurrent, greenlet


class Strand:
    """What a thread would do, one step at a time, and only when somebody lets it: nothing is parallel.

    `resume` runs the work until it ends or calls `pause`. It has a stack of its own, and no thread: to hand
    over between threads costs more. What will not stop is done by `run` instead, which needs neither.
    """

    def __init__(self) -> None:
        self._stack: greenlet | None = None
        self._error: BaseException | None = None
        self._result: Any = None
        self._on_wake: Callable[[], None] | None = None
        self.is_paused = False
        self._is_running = False

    @property
    def is_current(self) -> bool:
        """Whether it is the work that asks."""
        return self._is_running or self.can_pause

    @property
    def can_pause(self) -> bool:
        """Whether it is work that asks and may stop."""
        return self._stack is not None and getcurrent() is self._stack

    def run(self, work: Callable[[], Any]) -> None:
        """Do some work from its beginning to its end."""
        self._is_running = True
        self._do(work)
        self._is_running = False

    def start(self, work: Callable[[], Any]) -> bool:
        """Begin some work; see `resume`."""
        assert not self.is_paused, "one thing after the other"
        self._stack = greenlet(lambda: self._do(work))
        return self.resume()

    def resume(self, on_wake: Callable[[], None] | None = None) -> bool:
        """Let the work go on; whether it has come to its end.

        Args:
            on_wake: Called first, in the middle of the work: it may raise.
        """
        assert self._stack is not None, "something has been started"
        self._on_wake = on_wake
        self.is_paused = False
        self._stack.parent = getcurrent()
        self._stack.switch()
        return not self.is_paused

    def pause(self) -> None:
        """In the work: stop here, until somebody lets it go on."""
        assert self._stack is not None
        assert self._stack.parent is not None
        self.is_paused = True
        self._stack.parent.switch()
        if self._on_wake is not None:
            self._on_wake()

    def result(self) -> Any:
        """What the work gave. Raises: what it raised."""
        error, self._error = self._error, None
        if error is not None:
            raise error
        return self._result

    def _do(self, work: Callable[[], Any]) -> None:
        try:
            self._result = work()
        except BaseException as error:  # Whoever asks for the result gets it.
            self._error = error
