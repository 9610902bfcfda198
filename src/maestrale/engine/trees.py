"""The trees that a node has in memory: decide, commit, carry out; and load again what went wrong.

Everything but the commit itself happens on the event loop's thread. What leaves (an assignment to a
worker, an answer to a caller, a note to the observer) leaves after its commit.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from msgspec import Struct

from maestrale.clock import Clock
from maestrale.core import Changes, Event, Execution
from maestrale.core.effects import CancelAction, ClearTimer, ContinueTurn, Effect, RunAction, SetTimer
from maestrale.core.events import TimerFired, TurnContinued
from maestrale.core.state import ActionRun
from maestrale.core.status import ENDED_EXECUTION, ENDED_RUN
from maestrale.engine.assignments import Dispatcher, assignment_for
from maestrale.engine.committer import Committer
from maestrale.engine.ends import Ends
from maestrale.engine.feed import Feed
from maestrale.engine.ledger import Batch, Ledger, Pending, Step
from maestrale.engine.recovery import attempts_lost, effects_due
from maestrale.engine.store_thread import StoreThread, engine_closed
from maestrale.engine.timers import Timers
from maestrale.errors import Conflict, Error, Forbidden, NotFound, Unavailable
from maestrale.store import LeaseLost, Store, TreeRows, Unstorable

AHEAD = 8
"""Turns that a tree may be ahead of its last commit when it continues by itself."""

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
"""Seconds between attempts to reach a database that does not take commits."""


class Load(Struct, frozen=True):
    """How busy an engine is.

    `trees` are in memory; `steps` are decided and not committed; `runs` were given to the dispatcher;
    `timers` are set; `watchers` look on.
    """

    trees: int
    steps: int
    runs: int
    timers: int
    watchers: int


class Trees:
    """See the module. `dispatcher` is set before the first tree comes.

    Args:
        observer, on_trouble, on_commit, on_steps: See `Engine`.
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
        on_commit: Callable[[float, int], None],
        on_steps: Callable[[str, Sequence[Step]], None],
    ) -> None:
        self.dispatcher: Dispatcher | None = None
        self._store = store
        self._thread = thread
        self._ledger = ledger
        self._clock = clock
        self._observer = observer
        self._on_trouble = on_trouble
        self._on_steps = on_steps
        self.feed = Feed()
        self._committer = Committer(
            ledger,
            store,
            thread,
            on_committed=self._on_committed,
            on_failed=self._on_failed,
            on_timing=on_commit,
        )
        self._timers = Timers(clock, self._on_timer)
        self._loops: list[asyncio.Task[None]] = []
        self._dispatched: dict[str, tuple[str, int]] = {}
        """The root and the attempt of each run that the dispatcher was given and may report of."""
        self._ends = Ends()
        self._reloading: dict[str, asyncio.Task[None]] = {}
        self._continuing: set[str] = set()
        self._deleting: set[str] = set()
        self._pause = FIRST_PAUSE
        self._closed: Unavailable | None = None
        """Why nothing is decided any more."""

    @property
    def load(self) -> Load:
        return Load(
            trees=len(self._ledger),
            steps=sum(len(pending.steps) for pending in self._ledger.pending()),
            runs=len(self._dispatched),
            timers=len(self._timers),
            watchers=len(self.feed),
        )

    def open(self) -> None:
        """Begin to commit and to fire timers."""
        self._loops = [asyncio.create_task(self._committer.run()), asyncio.create_task(self._timers.run())]
        for loop in self._loops:
            loop.add_done_callback(self._on_loop_end)

    async def close(self) -> None:
        """Stop: what is decided is committed, or lost where the database takes nothing; then nothing
        happens any more. Whoever still waits is told so."""
        self._closed = self._closed or engine_closed()
        idle = asyncio.create_task(self._committer.wait_idle())
        try:
            await asyncio.wait([idle, *self._loops], return_when=asyncio.FIRST_COMPLETED)
        finally:
            tasks = [idle, *self._loops, *self._reloading.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._dismiss(self._closed)
            self.feed.close_all()

    def _on_loop_end(self, loop: "asyncio.Task[None]") -> None:
        """A bug has ended one of the loops: nobody may wait for what will not come."""
        if not loop.cancelled() and (bug := loop.exception()) is not None:
            self._closed = Unavailable(
                f"the engine was ended by a bug: {type(bug).__name__}: {bug}", code="engine-stopped"
            )
            self._dismiss(self._closed)
            _report(bug, "the engine was ended by a bug")

    def _dismiss(self, error: Error) -> None:
        for pending in self._ledger.pending():
            _refuse(pending, error)
        self._ends.fail_all(error)

    def _check_open(self) -> None:
        if self._closed is not None:
            raise self._closed

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
        while self._continuing or self._reloading:
            await asyncio.sleep(0)
            await asyncio.gather(*self._reloading.values())
            await self._committer.wait_idle()

    # Events.

    async def plant(self, root_id: str, event: Event) -> None:
        """Begin a tree with its first event. Raises: see `submit`; then nothing is kept."""
        self._check_open()
        if root_id not in self._ledger:
            self._ledger.plant(root_id)
        try:
            await self._submit_here(root_id, event)
        except BaseException:
            if root_id in self._ledger and self._ledger.state(root_id).tree is None:
                self._ledger.forget(root_id)
            raise

    async def submit(self, root_id: str, event: Event) -> None:
        """Decide an event and return once its consequences are durable.

        Raises:
            InvalidInput, NotFound, Conflict: The event was refused.
            Unavailable: Not known to be durable; send it again.
        """
        if not await self._load(root_id):
            raise _unknown(root_id)
        try:
            await self._submit_here(root_id, event)
        finally:
            self._see_end(root_id)  # It may have been loaded for this event alone.

    async def _submit_here(self, root_id: str, event: Event) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._handle(root_id, event, waiter)
        if not self._ledger.is_clean(root_id):
            await waiter

    def holds(self, root_id: str) -> bool:
        """Whether the tree is in memory, or will be again as soon as the database answers."""
        return root_id in self._ledger or root_id in self._reloading

    async def has(self, root_id: str) -> bool:
        """Whether there is such a tree, and durably so. It goes on here unless it does elsewhere."""
        try:
            found = await self.adopt(root_id)
        except Conflict:
            return True  # Another process runs it.
        if found and not self._ledger.is_clean(root_id):
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._ledger.attach(root_id, waiter)
            await waiter
        return found

    def _post(self, root_id: str, event: Event) -> None:
        """Decide an event that nobody waits for. A tree that is not here any more has no use for it."""
        if root_id not in self._ledger or root_id in self._deleting or self._closed is not None:
            return
        try:
            self._handle(root_id, event)
        except Unavailable as error:  # The decision needed something from the database.
            self._tell_trouble(error)
            asyncio.get_running_loop().call_later(LONGEST_PAUSE, self._post, root_id, event)
        except Error as error:  # Such as a definition that is gone: this tree is stuck, the others are not.
            self._tell_trouble(error)

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
        self._check_open()
        if root_id not in self._ledger and root_id not in self._reloading:
            execution = await self._thread.run(lambda: self._store.find_execution(root_id))
            if execution is not None and execution.id == root_id and execution.state in ENDED_EXECUTION:
                return execution  # It had nothing more to do here and was let go.
            if root_id not in self._ledger:  # Otherwise it has come meanwhile.
                raise NotFound(f"execution `{root_id}` does not run here", code="not-running-here")
        future = self.expect_end(root_id)
        try:
            self._see_end(root_id)
            return await future
        finally:
            self.forget_expected(root_id, future)

    def expect_end(self, root_id: str) -> asyncio.Future[Execution]:
        """What will be the ended root execution of a tree that is to come; see `forget_expected`."""
        return self._ends.expect(root_id)

    def forget_expected(self, root_id: str, ended: "asyncio.Future[Execution]") -> None:
        """Nobody waits for this end any more."""
        self._ends.forget(root_id, ended)

    def root_of(self, run_id: str) -> str | None:
        """The tree of a run that was given to the dispatcher and has not ended."""
        root_id, _ = self._dispatched.get(run_id, (None, 0))
        return root_id

    def find_open_run(self, run_id: str) -> ActionRun | None:
        """A run of a tree in memory that has not ended."""
        root_id = self.root_of(run_id)
        if root_id is None or root_id not in self._ledger:
            return None
        run = self._ledger.state(root_id).runs.get(run_id)
        return None if run is None or run.state in ENDED_RUN else run

    def forget_run(self, run_id: str) -> None:
        """The run has ended; the dispatcher has no more to say about it."""
        self._dispatched.pop(run_id, None)

    # After a commit.

    def _on_committed(self, batch: Batch) -> None:
        self._pause = FIRST_PAUSE
        for pending in batch.pending.values():
            for effect in pending.effects:
                self._carry_out(pending.root_id, effect)
            self._observe(pending)
            for waiter in pending.waiters:
                if not waiter.done():
                    waiter.set_result(None)
            self._see_end(pending.root_id)

    def _observe(self, pending: Pending) -> None:
        self.feed.publish(pending.root_id, pending.steps)
        try:
            self._observer(pending.root_id, pending.after)
            self._on_steps(pending.root_id, pending.steps)
        except Exception as bug:  # Whoever looks on must not stop what he looks at.
            _report(bug, "an observer of the engine failed")

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
        self._dispatched[run_id] = (root_id, attempt)
        self.dispatcher.submit(assignment_for(state, run))

    def _see_end(self, root_id: str) -> None:
        """Tell who waits for a tree that has ended, and let go of it once nothing of it runs."""
        if root_id not in self._ledger or not self._ledger.is_clean(root_id):
            return
        state = self._ledger.state(root_id)
        if state.tree is None or not state.has_ended or state.has_work:
            return
        if state.executions:
            self._ends.resolve(state.root)
        # Sub-workflows outlive a root that was stopped; what only somebody outside ends is loaded then.
        # A run that was given up may never answer: its worker was told to end it and to say nothing.
        if not state.timers and all(
            run.state in ENDED_RUN or run.asynchronous or run.abandoned for run in state.runs.values()
        ):
            self._ledger.forget(root_id)
            for run in state.runs.values():
                if run.state in ENDED_RUN or not self._holds(run.id, run.attempt):
                    self._dispatched.pop(run.id, None)

    def _holds(self, run_id: str, attempt: int) -> bool:
        return self.dispatcher is not None and self.dispatcher.holds(run_id, attempt)

    # When the database does not take a commit.

    async def _on_failed(self, error: Error, batch: Batch, on_top: list[Pending]) -> None:
        """Drop what was decided, tell whoever waits, and load again what is still this node's."""
        culprits = set(error.root_ids) if isinstance(error, Unstorable) else set()
        hopeless = [id for id in batch.pending if id in culprits and not batch.pending[id].waiters]
        for pending in batch.pending.values():
            _refuse(pending, _answer_for(pending, error))
        for pending in on_top:
            _refuse(pending, error if isinstance(error, Unavailable | LeaseLost) else _not_kept())
        for root_id in batch.pending:
            if root_id in hopeless:
                self._ends.fail(root_id, error)  # Decided again it would come to the same.
            else:
                self._reload(root_id)
        if hopeless or not culprits:  # Otherwise the callers have been told, and nothing else is wrong.
            self._tell_trouble(error)
        if isinstance(error, Unavailable):
            await asyncio.sleep(self._pause)
            self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def _tell_trouble(self, error: Error) -> None:
        try:
            self._on_trouble(error)
        except Exception as bug:
            _report(bug, "whoever is told of trouble failed")

    def _reload(self, root_id: str) -> None:
        if root_id not in self._reloading:
            task = asyncio.create_task(self._load_until_done(root_id))
            self._reloading[root_id] = task
            task.add_done_callback(lambda task: self._reloading.pop(root_id, None))

    async def _load_until_done(self, root_id: str) -> None:
        while self._closed is None:
            await asyncio.sleep(self._pause)
            try:
                if await self._load(root_id):
                    self._see_end(root_id)
                else:
                    self._let_go(root_id, NotFound(f"`{root_id}` did not begin", code="unknown-execution"))
                return
            except Unavailable as error:
                self._tell_trouble(error)
            except Error as error:  # Such as that another node runs it.
                self._tell_trouble(error)
                self._let_go(root_id, error)
                return

    def _let_go(self, root_id: str, error: Error) -> None:
        """The tree is not ours: end what is under way for it here, and tell who waits for its end."""
        self._ends.fail(root_id, error)
        self.feed.close(root_id, error)
        for run_id, (root, attempt) in list(self._dispatched.items()):
            if root == root_id:
                del self._dispatched[run_id]
                if self.dispatcher is not None:
                    self.dispatcher.cancel(run_id, attempt)

    async def adopt(self, root_id: str) -> bool:
        """Take a tree from the database and let it go on. False: it is not there.

        Raises:
            Conflict: Another living process runs it.
            Unavailable: The database did not answer.
        """
        found = await self._load(root_id)
        self._see_end(root_id)
        return found

    async def _load(self, root_id: str) -> bool:
        """Take a tree from the database and see to what its rows ask for. See `adopt`."""
        self._check_open()
        if root_id in self._deleting:
            return False
        if root_id in self._ledger:
            return True
        rows = await self._thread.run(lambda: self._claim(root_id))
        self._check_open()
        if rows is None:
            return False
        if root_id in self._ledger:
            return True  # Somebody else was quicker.
        state = self._ledger.load(rows)
        lost = attempts_lost(state, self._holds)
        for effect in list(effects_due(state, self._holds)):
            self._carry_out(root_id, effect)
        for event in lost:
            self._post(root_id, event)
        return True

    async def delete(self, root_id: str, *, force: bool) -> None:
        """Delete a tree with all that it has; see `Engine.delete`."""
        if not await self._load(root_id):
            raise _unknown(root_id)
        if not force and not self._ledger.state(root_id).has_ended:
            raise Forbidden(
                f"`{root_id}` has not ended",
                code="not-ended",
                hint="stop it first, or delete it with `force`",
            )
        self._deleting.add(root_id)
        try:
            await self._wait_clean(root_id)
            timers = list(self._ledger.state(root_id).timers) if root_id in self._ledger else []
            self._ledger.forget(root_id)
            for timer_id in timers:
                self._timers.clear(timer_id)
            self._let_go(root_id, _unknown(root_id))
            await self._thread.run(lambda: self._store.delete_tree(root_id))
        finally:
            self._deleting.discard(root_id)

    async def _wait_clean(self, root_id: str) -> None:
        """Wait until nothing decided about the tree is uncommitted. It may be gone then."""
        while root_id in self._ledger and not self._ledger.is_clean(root_id):
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._ledger.attach(root_id, waiter)
            with suppress(Error):
                await waiter

    def _claim(self, root_id: str) -> TreeRows | None:
        """The rows of a tree that is ours from now on: what others run must not be carried out here too."""
        try:
            self._store.claim_tree(root_id)
        except NotFound:
            return None
        return self._store.load_tree(root_id)


def _answer_for(pending: Pending, error: Error) -> Error:
    """What those are told who wait for something that was not committed."""
    if isinstance(error, Unavailable):
        return error
    if isinstance(error, LeaseLost) and pending.root_id in error.root_ids:
        return error
    # Of several events nobody knows which cannot be stored: each has to come again by itself.
    if isinstance(error, Unstorable) and pending.root_id in error.root_ids and len(pending.entries) == 1:
        return error
    return _not_kept()


def _unknown(root_id: str) -> NotFound:
    return NotFound(f"there is no execution `{root_id}`", code="unknown-execution")


def _not_kept() -> Unavailable:
    return Unavailable("the decision was not kept; send the request again", code="commit-failed")


def _refuse(pending: Pending, error: Error) -> None:
    for waiter in pending.waiters:
        if not waiter.done():
            waiter.set_exception(error)


def _report(bug: BaseException, message: str) -> None:
    """Hand what must not happen to whoever looks after the event loop."""
    asyncio.get_running_loop().call_exception_handler({"message": message, "exception": bug})
