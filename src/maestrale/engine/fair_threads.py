"""A few threads that projects share: each has a part of them at most, and they take turns.

A thread that has done something takes up the next by itself. To ask the event loop first, which is busy with
other things, would leave it idle for longer than most work takes.
"""

import asyncio
import threading
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from maestrale.engine.shares import LONGEST_WAIT_SECONDS, too_many_wait, waited_too_long
from maestrale.errors import Unavailable

T = TypeVar("T")


class _Job:
    __slots__ = ("_future", "_loop", "project_id", "work")

    def __init__(
        self, work: Callable[[], Any], future: "asyncio.Future[Any]", project_id: str | None
    ) -> None:
        self.work = work
        self.project_id = project_id
        self._future = future
        self._loop = future.get_loop()

    @property
    def is_over(self) -> bool:
        """Whether nobody waits for it any more."""
        return self._future.done()

    def do(self) -> None:
        """In a thread: do the work, and tell who waits for it."""
        result, error = None, None
        try:
            result = self.work()
        except BaseException as raised:
            error = raised
        with suppress(RuntimeError):  # The loop has ended, and with it who waited.
            self._loop.call_soon_threadsafe(self._end, result, error)

    def refuse(self, error: Exception) -> None:
        self._end(None, error)

    def _end(self, result: Any, error: BaseException | None) -> None:
        if self._future.done():
            return
        if error is None:
            self._future.set_result(result)
        else:
            self._future.set_exception(error)


class FairThreads:
    """See the module.

    Args:
        threads: How many there are. They begin when they are needed.
        of_one: How many of them may work for one project.
        most_waiting: How much of one project may wait for a thread.
        wait_seconds: How long each may wait for one.
    """

    def __init__(
        self,
        threads: int,
        *,
        of_one: int,
        most_waiting: int,
        name: str,
        wait_seconds: float = LONGEST_WAIT_SECONDS,
    ) -> None:
        self._most = threads
        self._of_one = of_one
        self._most_waiting = most_waiting
        self._wait_seconds = wait_seconds
        self._name = name
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._ready = threading.Condition(self._lock)
        self._idle = 0
        """Threads that wait for work and have not been called for any."""
        self._waiting: dict[str | None, deque[_Job]] = {}
        """By project; whose turn it is comes first."""
        self._running: Counter[str | None] = Counter()
        self._is_closed = False

    async def run(self, work: Callable[[], T], project_id: str | None = None) -> T:
        """What `work` gives, done in one of the threads.

        Args:
            project_id: Whose work it is; None: the node's own, which may have all threads and waits for them.

        Raises:
            TooManyRequests: Too much of the project waits already, or this has waited too long.
            Unavailable: The threads have ended.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        job = _Job(work, future, project_id)
        if self._submit(job) or project_id is None:
            return await future
        timer = loop.call_later(self._wait_seconds, self._expire, job)
        try:
            return await future
        finally:
            timer.cancel()

    def _submit(self, job: _Job) -> bool:
        """Queue it. Whether a thread takes it up at once."""
        project_id = job.project_id
        with self._lock:
            if self._is_closed:
                raise Unavailable("this process is ending", code="engine-closed")
            queue = self._waiting.setdefault(project_id, deque())
            if project_id is not None and len(queue) >= self._most_waiting:
                raise too_many_wait(project_id, len(queue))
            at_once = not queue and self._may_run(project_id)
            queue.append(job)
            if self._idle:
                self._idle -= 1
                self._ready.notify()
                return at_once
            if len(self._threads) < self._most:
                name = f"{self._name}_{len(self._threads)}"
                self._threads.append(threading.Thread(target=self._work, name=name, daemon=True))
                self._threads[-1].start()
                return at_once
            return False

    def _expire(self, job: _Job) -> None:
        assert job.project_id is not None, "the node's own waits"
        with self._lock:
            queue = self._waiting.get(job.project_id, ())
            if job not in queue:
                return  # It is being done.
            assert isinstance(queue, deque)
            queue.remove(job)
        job.refuse(waited_too_long(job.project_id, self._wait_seconds))

    def close(self) -> None:
        """Let everything be done that waits, and end the threads."""
        with self._lock:
            self._is_closed = True
            self._idle = 0
            self._ready.notify_all()
        for thread in self._threads:
            thread.join()

    # In the threads.

    def _work(self) -> None:
        with self._lock:
            while True:
                job = self._next()
                if job is not None:
                    self._do(job)
                elif self._is_closed:
                    return  # Who is at work for the projects that have their part goes on with what is left.
                else:
                    self._idle += 1
                    self._ready.wait()

    def _do(self, job: _Job) -> None:
        """Do it without the lock."""
        self._running[job.project_id] += 1
        self._lock.release()
        try:
            job.do()
        finally:
            self._lock.acquire()
            self._running[job.project_id] -= 1
            if not self._running[job.project_id]:
                del self._running[job.project_id]

    def _next(self) -> _Job | None:
        """What is to be done next; its project has its next turn after the others."""
        for project_id in list(self._waiting):
            if not self._may_run(project_id):
                continue
            queue = self._waiting.pop(project_id)
            job = None
            while queue and (job is None or job.is_over):
                job = queue.popleft()
            if queue:
                self._waiting[project_id] = queue
            if job is not None and not job.is_over:
                return job
        return None

    def _may_run(self, project_id: str | None) -> bool:
        return project_id is None or self._running[project_id] < self._of_one
