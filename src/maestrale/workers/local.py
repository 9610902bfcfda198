"""The worker inside a node's own process."""

import asyncio
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from maestrale.actions import ActionContext, Registry
from maestrale.actions.declare import Action
from maestrale.actions.inputs import WrongInput
from maestrale.actions.results import from_exception, from_return, size_of, storable
from maestrale.core.catalogue import Limits, Result
from maestrale.engine.assignments import Assignment, Reports
from maestrale.errors import Error, Unavailable
from maestrale.workers.calls import call
from maestrale.workers.fair_queue import FairQueue
from maestrale.workers.large_results import LargeResults

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 15.0

CANCEL_SECONDS = 15.0
"""How long an action that is cancelled may take to clean up before nobody waits for it any more."""

SLOTS, THREADS = 200, 32
"""How many async actions and how many plain functions run at once where nobody says."""

T = TypeVar("T")


class LocalWorker:
    """Runs actions in this process: async functions on the loop, plain ones in threads.

    Args:
        slots: How many async actions run at once; see `fair_queue` for how they are shared.
        threads: How many plain functions run at once. One that was cancelled counts until it returns.
        limits: `field_bytes` bounds what an action may give back.
        pause: The first pause, in seconds, before a report is repeated; it doubles each time.
        place: Which node of a cluster this is, None while nobody can know: nothing is begun then, as it may
            have been given to another node.
    """

    def __init__(
        self,
        registry: Registry,
        reports: Reports,
        *,
        slots: int = SLOTS,
        threads: int = THREADS,
        limits: Limits | None = None,
        pause: float = FIRST_PAUSE_SECONDS,
        place: Callable[[], object | None] = lambda: "here",
    ) -> None:
        self._registry = registry
        self._reports = reports
        self._limits = limits or Limits()
        self._pause = pause
        self._place = place
        self._attempts: dict[tuple[str, int], _Attempt] = {}
        self._on_loop: FairQueue[_Attempt] = FairQueue(slots)
        self._in_threads: FairQueue[_Attempt] = FairQueue(threads)
        self._large_results = LargeResults()
        self._closed = False
        self._draining = False

    @property
    def is_closed(self) -> bool:
        """Whether everything was ended, and nothing is taken on any more."""
        return self._closed

    @property
    def running(self) -> int:
        """How many attempts are under way, those that wait to report included."""
        return len(self._attempts) - self.waiting

    @property
    def waiting(self) -> int:
        """How many attempts wait for a free place."""
        return len(self._on_loop) + len(self._in_threads)

    @property
    def waiting_by_project(self) -> dict[str, int]:
        """The same, of each project that has any."""
        return dict(
            Counter(self._on_loop.waiting_by_project()) + Counter(self._in_threads.waiting_by_project())
        )

    def submit(self, assignment: Assignment) -> None:
        """Take an attempt on. Never waits; an attempt that is known already is ignored.

        After `close` nothing is taken on: the attempt is as lost as those that ran.
        """
        key = (assignment.run_id, assignment.attempt)
        if self._closed or key in self._attempts:
            return
        action = self._find(assignment.action)
        in_thread = isinstance(action, Action) and not action.is_async
        queue = self._in_threads if in_thread else self._on_loop
        attempt = _Attempt(assignment, action, queue)
        self._attempts[key] = attempt
        queue.put(*attempt.owner, attempt)
        self._start_next(queue)

    def cancel(self, run_id: str, attempt: int) -> None:
        """End an attempt, whether it waits or runs; nothing is reported. Unknown ones are ignored."""
        known = self._attempts.get((run_id, attempt))
        if known is None:
            return
        known.cancelled = True
        known.stop.set()
        if known.work is None:
            del self._attempts[run_id, attempt]
            known.queue.discard(*known.owner, known)
        else:
            known.work.cancel()

    def cancel_kept(self) -> None:
        """As `cancel`, for all but those whose end nobody stores."""
        for key in [key for key, known in self._attempts.items() if known.assignment.is_kept]:
            self.cancel(*key)

    def holds(self, run_id: str, attempt: int) -> bool:
        """Whether this attempt waits or runs here, or still has its result to report."""
        return (run_id, attempt) in self._attempts

    def withdraw(self, run_id: str, attempt: int) -> bool:
        """Give up an attempt that waits for a place. False: it has begun, or is not known."""
        known = self._attempts.get((run_id, attempt))
        if known is None or known.work is not None:
            return False
        self.cancel(run_id, attempt)
        return True

    @property
    def actions(self) -> tuple[list[str], list[str]]:
        """The names of the actions that this worker has: those that run on the loop, and those in threads."""
        on_loop: list[str] = []
        in_threads: list[str] = []
        for name in self._registry.runnable_names():
            (on_loop if self._registry.get_action(name).is_async else in_threads).append(name)
        return on_loop, in_threads

    @property
    def room(self) -> tuple[int, int]:
        """How many places are free: on the loop, and in threads. What is in `crowded` may not have them."""
        if self._closed or self._draining:
            return 0, 0
        return self._on_loop.free, self._in_threads.free

    @property
    def crowded(self) -> set[str]:
        """The trees of which attempts wait for a place here, on the loop or in threads."""
        return self._on_loop.crowded | self._in_threads.crowded

    async def drain(self, seconds: float) -> None:
        """Begin nothing more, and wait until what runs has ended and is reported, at most so long.

        What is submitted from now on waits: it is begun by whoever takes the trees over.
        """
        self._draining = True
        works = [attempt.work for attempt in self._attempts.values() if attempt.work is not None]
        if works:
            await asyncio.wait(works, timeout=seconds)

    async def close(self, grace: float) -> None:
        """Stop: end everything, report nothing, and wait at most `grace` seconds for the ends."""
        self._closed = True
        works = [attempt.work for attempt in self._attempts.values() if attempt.work is not None]
        for run_id, number in list(self._attempts):
            self.cancel(run_id, number)
        if works:
            await asyncio.wait(works, timeout=grace)

    def _find(self, name: str) -> Action | Result:
        try:
            return self._registry.get_action(name)
        except Error as error:
            return Result(error=str(error))

    def _start_next(self, queue: "FairQueue[_Attempt]") -> None:
        while not (self._closed or self._draining) and (attempt := queue.take()) is not None:
            attempt.work = asyncio.get_running_loop().create_task(self._work(attempt))
            # Not at the end of `_work`: a task that is cancelled at once never enters it.
            attempt.work.add_done_callback(partial(self._on_work_end, attempt))

    def _leave(self, attempt: "_Attempt") -> None:
        """Give its place to the next once both its work and its thread have ended."""
        if not attempt.is_working and not attempt.has_thread:
            attempt.queue.give_back(*attempt.owner)
            self._start_next(attempt.queue)

    def _on_work_end(self, attempt: "_Attempt", _: "asyncio.Task[None]") -> None:
        del self._attempts[attempt.assignment.run_id, attempt.assignment.attempt]
        attempt.is_working = False
        self._leave(attempt)

    def _on_thread_end(self, attempt: "_Attempt") -> None:
        attempt.has_thread = False
        self._leave(attempt)

    async def _work(self, attempt: "_Attempt") -> None:
        run_id, number = attempt.assignment.run_id, attempt.assignment.attempt
        try:
            result = await self._begin_and_run(attempt)
            if result is not None and not attempt.cancelled:
                async with self._large_results.turn(size_of(result)):
                    await self._insist(partial(self._reports.completed, run_id, number, result))
        except Error:
            pass  # The engine knows this attempt no more, and said so: nobody waits for it.

    async def _begin_and_run(self, attempt: "_Attempt") -> Result | None:
        """The result to report; None: there is nothing to report."""
        assignment = attempt.assignment
        if isinstance(attempt.action, Result):
            return attempt.action
        if not await self._may_begin(assignment):
            return None
        result = await self._run(attempt, attempt.action)
        result = storable(result, action=assignment.action, limit=self._limits.field_bytes)
        goes_on = assignment.asynchronous and not result.is_error and not result.cancelled
        return None if goes_on else result

    async def _may_begin(self, assignment: Assignment) -> bool:
        """Get leave, where the attempt needs it, and begin only as long as that counts: see `place`."""
        begin = partial(self._reports.started, assignment.run_id, assignment.attempt)
        while True:
            place = self._place()
            if place is not None and not assignment.safe_rerun and not await self._insist(begin):
                return False
            if place is not None and place == self._place():
                return True
            await asyncio.sleep(self._pause)

    async def _run(self, attempt: "_Attempt", action: Action) -> Result:
        """Run the function in a task of its own, so that one that ignores its end cannot hold us."""
        task = asyncio.get_running_loop().create_task(self._call(attempt, action))
        seconds = attempt.assignment.timeout_seconds or None
        try:
            await asyncio.wait([task], timeout=seconds)
            if not task.done():
                attempt.stop.set()
                await _end(task)
                return Result(error=f"Timeout after {seconds} seconds")
        except asyncio.CancelledError:
            await _end(task)
            raise
        if task.cancelled():
            error = RuntimeError("the action cancelled itself")
            return from_exception(error, action=action.name, run_id=attempt.assignment.run_id)
        return task.result()

    async def _call(self, attempt: "_Attempt", action: Action) -> Result:
        assignment = attempt.assignment
        try:
            arguments = action.arguments(assignment.input, _context_of(attempt), self._registry.settings)
            attempt.has_thread = not action.is_async
            value = await call(action, arguments, on_thread_end=partial(self._on_thread_end, attempt))
        except WrongInput as error:
            return Result(error=str(error))
        except Exception as error:
            return from_exception(error, action=assignment.action, run_id=assignment.run_id)
        return from_return(value)

    async def _insist(self, report: Callable[[], Awaitable[T]]) -> T:
        """Report until it is durable: the database may be away for a while."""
        pause = self._pause
        while True:
            try:
                return await report()
            except Unavailable:
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


async def _end(task: "asyncio.Task[Result]") -> None:
    task.cancel()
    await asyncio.wait([task], timeout=CANCEL_SECONDS)


def _context_of(attempt: "_Attempt") -> ActionContext:
    assignment = attempt.assignment
    return ActionContext(
        workflow_execution_id=assignment.execution_id,
        task_execution_id=assignment.task_id,
        action_execution_id=assignment.run_id,
        workflow_name=assignment.workflow_name,
        task_name=assignment.task_name,
        item_index=assignment.item_index,
        project_id=assignment.project_id,
        attempt=assignment.attempt,
        cancelled=attempt.stop.is_set,
    )


class _Attempt:
    """An attempt this worker has taken on.

    `action` is a result where there is no such action. `stop` tells a plain function that its time is
    over; `cancelled` says that nobody wants to hear of this attempt any more. `owner` is for whom it takes a
    place: its project, and its tree.
    """

    def __init__(self, assignment: Assignment, action: Action | Result, queue: "FairQueue[_Attempt]") -> None:
        self.assignment = assignment
        self.action = action
        self.queue = queue
        self.owner = (assignment.project_id, assignment.root_id)
        self.work: asyncio.Task[None] | None = None
        self.is_working = True
        self.has_thread = False
        self.cancelled = False
        self.stop = threading.Event()
