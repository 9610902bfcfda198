"""The trees that a node has in memory: decide, commit, carry out; and load again what went wrong.

Everything but the commit itself happens on the event loop's thread. What leaves (an assignment to a
worker, an answer to a caller, a note to the observer) leaves after its commit.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from maestrale.clock import Clock
from maestrale.core import Changes, Event, Execution
from maestrale.core.effects import CancelAction, ClearTimer, ContinueTurn, Effect, RunAction, SetTimer
from maestrale.core.events import TimerFired, TurnContinued
from maestrale.core.state import ActionRun
from maestrale.core.status import ENDED_EXECUTION, ENDED_RUN
from maestrale.engine.assignments import Assignment
from maestrale.engine.committer import Committer
from maestrale.engine.ledger import Batch, Ledger, Pending
from maestrale.engine.recovery import attempts_lost, effects_due
from maestrale.engine.store_thread import StoreThread
from maestrale.engine.timers import Timers
from maestrale.errors import Error, NotFound, Unavailable
from maestrale.store import LeaseLost, Store, Unstorable

AHEAD = 8
"""Turns that a tree may be ahead of its last commit when it continues by itself."""

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
"""Seconds between attempts to reach a database that does not take commits."""


class Dispatcher(Protocol):
    """Whoever has actions executed. It reports to the engine; nothing here waits."""

    def submit(self, assignment: Assignment) -> None: ...

    def cancel(self, run_id: str, attempt: int) -> None: ...

    def holds(self, run_id: str, attempt: int) -> bool:
        """Whether this attempt is queued or under way here."""
        ...


class Trees:
    """See the module. `dispatcher` is set before the first tree comes.

    Args:
        observer, on_trouble: See `Engine`.
    """

    def __init__(
        self,
        store: Store,
        thread: StoreThread,
        ledger: Ledger,
        *,
        clock: Clock,
        observer: Callable[[str, Changes], None],
        on_trouble: Callable[[Error], None],
    ) -> None:
        self.dispatcher: Dispatcher | None = None
        self._store = store
        self._thread = thread
        self._ledger = ledger
        self._clock = clock
        self._observer = observer
        self._on_trouble = on_trouble
        self._committer = Committer(
            ledger, store, thread, on_committed=self._on_committed, on_failed=self._on_failed
        )
        self._timers = Timers(clock, self._on_timer)
        self._loops: list[asyncio.Task[None]] = []
        self._roots_of_runs: dict[str, str] = {}
        self._waiting: dict[str, list[asyncio.Future[Execution]]] = {}
        self._reloading: dict[str, asyncio.Task[None]] = {}
        self._continuing: set[str] = set()
        self._pause = FIRST_PAUSE

    def open(self) -> None:
        """Begin to commit and to fire timers."""
        self._loops = [asyncio.create_task(self._committer.run()), asyncio.create_task(self._timers.run())]

    async def close(self) -> None:
        """Stop: what is decided is committed, then nothing happens any more."""
        if not self._reloading:
            idle = asyncio.create_task(self._committer.wait_idle())
            await asyncio.wait([idle, *self._loops], return_when=asyncio.FIRST_COMPLETED)
            idle.cancel()
        tasks = [*self._loops, *self._reloading.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def watch(self) -> None:
        """Wait for as long as the engine works, and raise what ends it: that is a bug."""
        done, _ = await asyncio.wait(self._loops, return_when=asyncio.FIRST_COMPLETED)
        for loop in done:
            loop.result()

    async def settle(self) -> None:
        """Fire the timers that are due, and wait until everything that follows is durable.

        For whoever moves the clock by hand; with a clock that runs, the engine does so by itself.
        """
        self._timers.fire_due()
        await self._committer.wait_idle()
        while self._continuing:
            await asyncio.sleep(0)
            await self._committer.wait_idle()

    # Events.

    async def plant(self, root_id: str, event: Event) -> None:
        """Begin a tree with its first event. Raises: see `submit`; then nothing is kept."""
        if root_id not in self._ledger:
            self._ledger.plant(root_id)
        try:
            await self._submit_here(root_id, event)
        except (Error, asyncio.CancelledError):
            if root_id in self._ledger and self._ledger.state(root_id).tree is None:
                self._ledger.forget(root_id)
            raise

    async def submit(self, root_id: str, event: Event) -> None:
        """Decide an event and return once its consequences are durable.

        Raises:
            InvalidInput, NotFound, Conflict: The event was refused.
            Unavailable: Not known to be durable; send it again.
        """
        while (reloading := self._reloading.get(root_id)) is not None:
            await asyncio.wait([reloading])
        if not await self._load(root_id):
            raise NotFound(f"there is no execution `{root_id}`", code="unknown-execution")
        try:
            await self._submit_here(root_id, event)
        finally:
            self._see_end(root_id)  # It may have been loaded for this event alone.

    async def _submit_here(self, root_id: str, event: Event) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._handle(root_id, event, waiter)
        if not self._ledger.is_clean(root_id):
            await waiter

    def _post(self, root_id: str, event: Event) -> None:
        """Decide an event that nobody waits for. A tree that is not here any more has no use for it."""
        if root_id not in self._ledger:
            return
        try:
            self._handle(root_id, event)
        except Unavailable as error:  # The decision needed something from the database.
            self._on_trouble(error)
            asyncio.get_running_loop().call_later(LONGEST_PAUSE, self._post, root_id, event)

    def _handle(self, root_id: str, event: Event, waiter: asyncio.Future[None] | None = None) -> None:
        decision = self._ledger.handle(root_id, event, now=self._clock.now(), waiter=waiter)
        if self._ledger.is_clean(root_id):
            return
        self._committer.wake()
        if any(isinstance(effect, ContinueTurn) for effect in decision.effects):
            self._continue_soon(root_id)

    def _continue_soon(self, root_id: str) -> None:
        """Give the tree its next turn, unless it is far enough ahead of its last commit."""
        if root_id not in self._continuing and self._ledger.ahead(root_id) < AHEAD:
            self._continuing.add(root_id)
            asyncio.get_running_loop().call_soon(self._continue, root_id)

    def _continue(self, root_id: str) -> None:
        self._continuing.discard(root_id)
        self._post(root_id, TurnContinued())

    def _on_timer(self, root_id: str, timer_id: str) -> None:
        self._post(root_id, TimerFired(timer_id))

    # Ends.

    async def wait_ended(self, root_id: str) -> Execution:
        """The root execution once it has ended, and that is durable.

        Raises:
            NotFound: This node does not run it, and it has not ended.
            Conflict: Another node has taken it over meanwhile.
        """
        if root_id not in self._ledger and root_id not in self._reloading:
            execution = await self._thread.run(lambda: self._store.find_execution(root_id))
            if execution is not None and execution.state in ENDED_EXECUTION:
                return execution  # It had nothing more to do here and was let go.
            raise NotFound(f"execution `{root_id}` does not run here", code="not-running-here")
        future = self.expect_end(root_id)
        self._see_end(root_id)
        return await future

    def expect_end(self, root_id: str) -> asyncio.Future[Execution]:
        """What will be the ended root execution of a tree that is to come; see `forget_expected`."""
        future: asyncio.Future[Execution] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(root_id, []).append(future)
        return future

    def forget_expected(self, root_id: str, ended: "asyncio.Future[Execution]") -> None:
        """Nobody waits for this end any more."""
        if ended in self._waiting.get(root_id, ()):
            self._waiting[root_id].remove(ended)

    def root_of(self, run_id: str) -> str | None:
        """The tree of a run that was given to the dispatcher and has not ended."""
        return self._roots_of_runs.get(run_id)

    def find_open_run(self, run_id: str) -> ActionRun | None:
        """A run of a tree in memory that has not ended."""
        root_id = self._roots_of_runs.get(run_id)
        if root_id is None or root_id not in self._ledger:
            return None
        run = self._ledger.state(root_id).runs.get(run_id)
        return None if run is None or run.state in ENDED_RUN else run

    def forget_run(self, run_id: str) -> None:
        """The run has ended; the dispatcher has no more to say about it."""
        self._roots_of_runs.pop(run_id, None)

    # After a commit.

    def _on_committed(self, batch: Batch) -> None:
        self._pause = FIRST_PAUSE
        for pending in batch.pending.values():
            for effect in pending.effects:
                self._carry_out(pending.root_id, effect)
            self._observer(pending.root_id, pending.after)
            for waiter in pending.waiters:
                if not waiter.done():
                    waiter.set_result(None)
            self._see_end(pending.root_id)

    def _carry_out(self, root_id: str, effect: Effect) -> None:
        match effect:
            case RunAction(run_id, attempt):
                self._dispatch(root_id, run_id, attempt)
            case CancelAction(run_id, attempt) if self.dispatcher is not None:
                self.dispatcher.cancel(run_id, attempt)
            case SetTimer(timer_id) if root_id in self._ledger:
                timer = self._ledger.state(root_id).timers.get(timer_id)
                if timer is not None:
                    self._timers.set(root_id, timer_id, timer.due_at)
            case ClearTimer(timer_id):
                self._timers.clear(timer_id)
            case ContinueTurn():
                self._continue_soon(root_id)

    def _dispatch(self, root_id: str, run_id: str, attempt: int) -> None:
        if root_id not in self._ledger or self.dispatcher is None:
            return
        state = self._ledger.state(root_id)
        run = state.runs[run_id]
        if run.attempt != attempt or run.state in ENDED_RUN:
            return  # It was given up or ended from outside before it began.
        self._roots_of_runs[run_id] = root_id
        self.dispatcher.submit(
            Assignment(
                run_id=run_id,
                attempt=attempt,
                action=run.action,
                input=run.input if run.arguments is None else run.arguments,
                execution_id=run.execution_id,
                task_id=run.task_id,
                task_name=state.tasks[run.task_id].name,
                workflow_name=state.executions[run.execution_id].workflow,
                safe_rerun=run.safe_rerun,
                asynchronous=run.asynchronous,
            )
        )

    def _see_end(self, root_id: str) -> None:
        """Tell who waits for a tree that has ended, and let go of it once nothing of it runs."""
        if root_id not in self._ledger or not self._ledger.is_clean(root_id):
            return
        state = self._ledger.state(root_id)
        if state.tree is None or state.root.state not in ENDED_EXECUTION or state.has_work:
            return
        for future in self._waiting.pop(root_id, []):
            if not future.done():
                future.set_result(state.root)
        # Sub-workflows outlive a root that was stopped; what only somebody outside ends is loaded then.
        # A run that was given up may never answer: its worker was told to end it and to say nothing.
        if not state.timers and all(
            run.state in ENDED_RUN or run.asynchronous or run.abandoned for run in state.runs.values()
        ):
            self._ledger.forget(root_id)

    # When the database does not take a commit.

    async def _on_failed(self, error: Error, batch: Batch, on_top: list[Pending]) -> None:
        """Drop what was decided, tell whoever waits, and load again what is still this node's."""
        lost = set(error.root_ids) if isinstance(error, LeaseLost | Unstorable) else set()
        unknown = (
            error
            if isinstance(error, Unavailable)
            else Unavailable("the decision was not kept; send the request again", code="commit-failed")
        )
        for pending in (*batch.pending.values(), *on_top):
            for waiter in pending.waiters:
                if not waiter.done():
                    waiter.set_exception(error if pending.root_id in lost else unknown)
        for root_id in batch.pending:
            if root_id in lost:
                self._fail_waiting(root_id, error)
            else:
                self._reload(root_id)
        self._on_trouble(error)
        if isinstance(error, Unavailable):
            await asyncio.sleep(self._pause)
            self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def _fail_waiting(self, root_id: str, error: Error) -> None:
        for future in self._waiting.pop(root_id, []):
            if not future.done():
                future.set_exception(error)

    def _reload(self, root_id: str) -> None:
        if root_id not in self._reloading:
            task = asyncio.create_task(self._load_until_done(root_id))
            self._reloading[root_id] = task
            task.add_done_callback(lambda task: self._reloading.pop(root_id, None))

    async def _load_until_done(self, root_id: str) -> None:
        while True:
            await asyncio.sleep(self._pause)
            try:
                await self._load(root_id)
            except Unavailable as error:
                self._on_trouble(error)
            else:
                self._see_end(root_id)
                return

    async def adopt(self, root_id: str) -> bool:
        """Take a tree from the database and let it go on. False: it is not there."""
        found = await self._load(root_id)
        self._see_end(root_id)
        return found

    async def _load(self, root_id: str) -> bool:
        """Take a tree from the database and see to what its rows ask for. False: it is not there."""
        if root_id in self._ledger:
            return True
        rows = await self._thread.run(lambda: self._store.load_tree(root_id))
        if rows is None:
            return False
        if root_id in self._ledger:
            return True  # Somebody else was quicker.
        state = self._ledger.load(rows)
        holds = self.dispatcher.holds if self.dispatcher is not None else lambda run_id, attempt: False
        lost = attempts_lost(state, holds)
        for effect in list(effects_due(state, holds)):
            self._carry_out(root_id, effect)
        for event in lost:
            self._post(root_id, event)
        return True
