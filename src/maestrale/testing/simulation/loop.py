"""An event loop for many simulated processes, with a clock of its own and no thread.

Each process has its own queue: what it has to do happens in the order in which it asked for it, as on a real
loop. Whose turn it is, and when time passes, the simulator decides. A process can stand still, and end at any
moment with all that it had under way.
"""

import asyncio
import heapq
from asyncio import AbstractEventLoop, Future, Handle, Task, TimerHandle
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context, ContextVar, copy_context
from typing import Any, TypeVar

T = TypeVar("T")

MOST_CLEANINGS = 50
"""How many rounds it may take until all tasks of a process have cleaned up."""

_process: ContextVar["Process | None"] = ContextVar("process", default=None)


class Process:
    """What a simulated process has to do. `is_frozen`: it stands still; `has_ended`: it does nothing more.

    Args:
        rate: How fast its monotonic clock runs.
    """

    def __init__(self, name: str, *, rate: float = 1.0) -> None:
        self.name = name
        self.rate = rate
        self.is_frozen = False
        self.has_ended = False
        self.ready: deque[Handle] = deque()
        self.tasks: set[Task[Any]] = set()

        self._context = copy_context()
        self._context.run(_process.set, self)

    def run(self, work: Callable[[], T]) -> T:
        """Do something as this process."""
        return self._context.run(work)

    def copy_context(self) -> Context:
        """Where work of this process runs."""
        return self._context.copy()


def current_process() -> Process | None:
    """The one that does what is being done."""
    return _process.get()


class SimulatedLoop(AbstractEventLoop):
    """See the module. Time is in seconds since the loop was made."""

    def __init__(self) -> None:
        self.now = 0.0
        self.errors: list[dict[str, Any]] = []
        """What tasks and callbacks have raised that nobody caught: bugs."""
        self._timers: list[tuple[float, int, TimerHandle]] = []
        self._count = 0
        self._ended: list[Process] = []

    # What the simulator asks for.

    def spawn(self, process: Process, work: Coroutine[Any, Any, T]) -> "Task[T]":
        """Begin work in a process."""
        return self.create_task(work, context=process.copy_context())

    def call_in(self, process: Process, callback: Callable[..., object], *args: Any) -> None:
        """Have a process call something when its turn comes."""
        self.call_soon(callback, *args, context=process.copy_context())

    def turn(self, process: Process) -> None:
        """Let a process do all that was ready to be done when its turn came."""
        asyncio._set_running_loop(self)
        try:
            for _ in range(len(process.ready)):
                if process.has_ended:
                    return
                handle = process.ready.popleft()
                if not handle.cancelled():
                    handle._run()
        finally:
            asyncio._set_running_loop(None)

    def next_timer(self) -> float | None:
        """When the next timer is due."""
        while self._timers and self._is_dead(self._timers[0][2]):
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def pass_time(self, seconds: float) -> None:
        """Let time pass for everybody; what becomes due is ready then."""
        self.now += seconds
        while self._timers and self._timers[0][0] <= self.now:
            handle = heapq.heappop(self._timers)[2]
            if not self._is_dead(handle):
                self._add(handle)

    def end(self, process: Process) -> None:
        """A process ends at once: nothing of it happens any more, no cleaning up either."""
        process.has_ended = True
        self._ended.append(process)

    def close(self) -> None:
        """Dismantle what ended processes had under way. What they do to clean up must reach nothing."""
        for process in self._ended:
            process.has_ended = False
        for _ in range(MOST_CLEANINGS):
            for process in self._ended:
                for task in list(process.tasks):
                    process.run(task.cancel)  # Again and again: some wait once more.
                self.turn(process)
            if not any(process.tasks for process in self._ended):
                return
            self.pass_time(60)
        raise AssertionError("a task cannot be cancelled")

    # What asyncio asks for.

    def _is_dead(self, handle: Handle) -> bool:
        process = _process_of(handle._context)  # type: ignore[attr-defined]
        return handle.cancelled() or process is None or process.has_ended

    def _add(self, handle: Handle) -> None:
        process = _process_of(handle._context)  # type: ignore[attr-defined]
        assert process is not None, "what happens on the loop happens in a process"
        process.ready.append(handle)

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Handle:
        handle = Handle(callback, args, self, context)
        self._add(handle)
        return handle

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Handle:
        return self.call_soon(callback, *args, context=context)

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> TimerHandle:
        return self.call_at(self.now + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> TimerHandle:
        handle = TimerHandle(when, callback, args, self, context)
        self._count += 1
        heapq.heappush(self._timers, (when, self._count, handle))
        return handle

    def _timer_handle_cancelled(self, handle: TimerHandle) -> None:
        """It is passed over when its time comes."""

    def time(self) -> float:
        return self.now

    def create_future(self) -> "Future[Any]":
        return Future(loop=self)

    def create_task(
        self,
        coro: Coroutine[Any, Any, T] | Generator[Any, None, T],
        *,
        name: str | None = None,
        context: Context | None = None,
    ) -> "Task[T]":
        process = _process_of(context)
        task: Task[T] = Task(coro, loop=self, name=name, context=context)
        if process is not None:
            process.tasks.add(task)
            task.add_done_callback(process.tasks.discard, context=context)
        return task

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.errors.append(context)


def _process_of(context: Context | None) -> Process | None:
    if context is None:
        return _process.get()
    return context.get(_process)
