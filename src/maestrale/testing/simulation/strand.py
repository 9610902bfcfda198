"""Work that can stop in its middle and go on later, while others do something."""

import threading
from collections.abc import Callable
from typing import Any


class Strand:
    """A thread of which only one step runs at a time, and only when somebody lets it: nothing is parallel.

    `resume` runs the work until it ends or calls `pause`. What will not stop is done by `run` instead, which
    needs no thread.
    """

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._goes = threading.Lock()
        self._stands = threading.Lock()
        self._goes.acquire()
        self._stands.acquire()
        self._work: Callable[[], Any] | None = None
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
        return threading.current_thread() is self._thread

    def run(self, work: Callable[[], Any]) -> None:
        """Do some work from its beginning to its end."""
        self._is_running = True
        self._do(work)
        self._is_running = False

    def start(self, work: Callable[[], Any]) -> bool:
        """Begin some work; see `resume`."""
        assert self._work is None, "one thing after the other"
        self._work = work
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        return self.resume()

    def resume(self, on_wake: Callable[[], None] | None = None) -> bool:
        """Let the work go on; whether it has come to its end.

        Args:
            on_wake: Called first, in the middle of the work: it may raise.
        """
        self._on_wake = on_wake
        self._goes.release()
        self._stands.acquire()
        return not self.is_paused

    def pause(self) -> None:
        """In the work: stop here, until somebody lets it go on."""
        self.is_paused = True
        self._stands.release()
        self._goes.acquire()
        self.is_paused = False
        if self._on_wake is not None:
            self._on_wake()

    def result(self) -> Any:
        """What the work gave. Raises: what it raised."""
        error, self._error = self._error, None
        if error is not None:
            raise error
        return self._result

    def close(self) -> None:
        """End the thread."""
        if self._thread is not None:
            self._work = None
            self._goes.release()
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while True:
            self._goes.acquire()
            if self._work is None:
                return
            self._do(self._work)
            self._work = None
            self._stands.release()

    def _do(self, work: Callable[[], Any]) -> None:
        try:
            self._result = work()
        except BaseException as error:  # Whoever asks for the result gets it.
            self._error = error
