"""The trees that a node has in memory: decide, commit, carry out.

Everything but the commit itself happens on the event loop's thread. What leaves (an assignment to a
worker, an answer to a caller, a note to the observer) leaves after its commit. How trees come into memory
and go out of it is `custody`'s subject.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import ParamSpec

from msgspec import Struct

from maestrale.clock import Clock
from maestrale.core import Changes, Event, Execution, Notice, State
from maestrale.core.effects import CancelAction, ClearTimer, ContinueTurn, Effect, RunAction, SetTimer
from maestrale.core.events import ActionStarted, TimerFired, TurnContinued
from maestrale.core.status import ENDED_EXECUTION, ENDED_RUN
from maestrale.engine.assignments import Assignment
from maestrale.engine.attempts import Attempts
from maestrale.engine.backoff import LONGEST_PAUSE, Backoff
from maestrale.engine.bugs import report
from maestrale.engine.committer import Committer
from maestrale.engine.custody import Custody, unknown
from maestrale.engine.feed import Feed
from maestrale.engine.inspection import Inspection, inspect
from maestrale.engine.ledger import Batch, Ledger, Pending, Step
from maestrale.engine.refusals import refuse, refuse_batch
from maestrale.engine.routing import Receipt
from maestrale.engine.store_thread import StoreThread, engine_closed
from maestrale.engine.timers import Timers
from maestrale.engine.turns import Turns
from maestrale.errors import Conflict, Error, Forbidden, NotFound, Unavailable
from maestrale.expressions import Json
from maestrale.store import LeaseLost, Store, Unstorable
from maestrale.store.ownership import NotOwned

P = ParamSpec("P")

LOST_SECONDS = 0.5
"""Before a tree is read again that another process has taken."""


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
    """See the module.

    Args:
        observer, on_trouble, on_commit, on_steps, on_notices: See `Engine`.
        owns, is_current: Whether this node may decide about a tree, and answer for it without a commit; see
            `Router`.
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
        on_notices: Callable[[Sequence[Notice]], None],
        owns: Callable[[str], bool],
        is_current: Callable[[], bool],
    ) -> None:
        self._store = store
        self._thread = thread
        self._ledger = ledger
        self._clock = clock
        self._observer = observer
        self._on_trouble = on_trouble
        self._on_steps = on_steps
        self._on_notices = on_notices
        self._owns = owns
        self._is_current = is_current
        self._committer = Committer(
            ledger,
            store,
            thread,
            on_committed=self._on_committed,
            on_failed=self._on_failed,
            on_timing=on_commit,
        )
        self._timers = Timers(clock, self._on_timer)
        self.attempts = Attempts(ledger)
        self._backoff = Backoff()
        self._custody = Custody(
            store,
            thread,
            ledger,
            self.attempts,
            self._timers,
            backoff=self._backoff,
            owns=owns,
            why_closed=lambda: self._closed,
            on_taken=self._go_on,
            on_stored=self._observe,
            on_trouble=self._tell_trouble,
        )
        self._loops: list[asyncio.Task[None]] = []
        self._turns = Turns(self._continue, ahead=ledger.ahead)
        self._closed: Unavailable | None = None
        """Why nothing is decided any more."""

    @property
    def feed(self) -> Feed:
        """Where to see what is committed."""
        return self._custody.feed

    @property
    def load(self) -> Load:
        return Load(
            trees=len(self._ledger),
            steps=sum(len(pending.steps) for pending in self._ledger.pending()),
            runs=len(self.attempts),
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
            tasks = [idle, *self._loops, *self._custody.reloading]
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
            report(bug, "the engine was ended by a bug")

    def _dismiss(self, error: Error) -> None:
        for pending in self._ledger.pending():
            refuse(pending, error)
        self._custody.ends.fail_all(error)

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
        while self._turns or self._custody.reloading:
            await asyncio.sleep(0)
            await asyncio.gather(*self._custody.reloading)
            await self._committer.wait_idle()

    # Events.

    async def plant(self, root_id: str, event: Event, receipt: Receipt | None = None) -> None:
        """Begin a tree with its first event. Raises: see `submit`; then nothing is kept."""
        self._custody.check_open()
        if root_id not in self._ledger:
            self._ledger.plant(root_id)
        try:
            await self._submit_here(root_id, event, receipt)
        except BaseException:
            if root_id in self._ledger and self._ledger.state(root_id).tree is None:
                self._ledger.forget(root_id)
            raise

    async def submit(self, root_id: str, event: Event, receipt: Receipt | None = None) -> Json:
        """Decide an event and return what came out once its consequences are durable.

        Raises:
            InvalidInput, NotFound, Conflict: The event was refused.
            Unavailable: Not known to be durable; send it again.
        """
        if not await self._custody.take(root_id):
            raise unknown(root_id)
        try:
            return await self._submit_here(root_id, event, receipt)
        finally:
            self._custody.see_end(root_id)  # It may have been loaded for this event alone.

    async def _submit_here(self, root_id: str, event: Event, receipt: Receipt | None) -> Json:
        if not self._owns(root_id):
            raise NotOwned(root_id, None)  # It is to go to another node since the event came.
        self._turns.make_room(root_id)
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            self._handle(root_id, event, waiter)
        except Error:
            self._check_current(root_id)
            raise
        outcome = _outcome(self._ledger.state(root_id), event)
        if receipt is not None:
            receipt.went_along = self._ledger.enclose(root_id, receipt.done, receipt.answer(outcome))
        if self._ledger.is_clean(root_id):
            self._check_current(root_id)
        else:
            await waiter
        return outcome

    def _check_current(self, root_id: str) -> None:
        """Make sure that what is in memory is what the answer may rest on, where no commit tells: a node that
        was frozen may have lost the tree, and not know it yet.

        Raises:
            NotOwned: It may be another node's.
        """
        if not self._is_current():
            raise NotOwned(root_id, None)

    async def adopt(self, root_id: str) -> bool:
        """Take a tree from the database and let it go on; see `Custody.adopt`."""
        return await self._custody.adopt(root_id)

    async def delete(self, root_id: str, *, force: bool, receipt: Receipt | None = None) -> None:
        """Delete a tree with all that it has; see `Engine.delete`."""
        try:
            await self._custody.delete(root_id, force=force, receipt=receipt)
        except Forbidden:
            self._check_current(root_id)
            raise

    async def adopt_many(self, root_ids: Sequence[str]) -> None:
        """As `adopt`, for many trees that are this node's; see `Custody.adopt_many`."""
        await self._custody.adopt_many(root_ids)

    def drop(self, leaves: Callable[[str], bool]) -> int:
        """Forget trees that have become another node's; see `Custody.drop`."""
        return self._custody.drop(leaves)

    async def hand_over(self, leaves: Callable[[str], bool]) -> list[tuple[str, Assignment]]:
        """Let go of trees for another node to go on with; see `Custody.hand_over`."""
        return await self._custody.hand_over(leaves)

    def list_trees(self) -> list[str]:
        """What is in memory."""
        return list(self._ledger)

    def inspect(self, root_id: str) -> Inspection | None:
        """How a tree stands. None: it is not here, or something decided about it is not committed."""
        if root_id not in self._ledger or not self._ledger.is_clean(root_id):
            return None
        state = self._ledger.state(root_id)
        if state.tree is None:
            return None
        going_on = root_id in self._turns
        return inspect(state, holds=self.attempts.holds, timers_set=self._timers, will_go_on=going_on)

    async def read_again(self, root_id: str) -> bool:
        """Forget a tree, and go on with it as it is stored; see `Custody.read_again`."""
        return await self._custody.read_again(root_id)

    def holds(self, root_id: str) -> bool:
        """Whether all that becomes of the tree is seen here."""
        return self._custody.holds(root_id)

    async def has(self, root_id: str) -> bool:
        """Whether there is such a tree, and durably so. It goes on here unless it does elsewhere."""
        try:
            found = await self.adopt(root_id)
        except NotOwned:
            raise
        except Conflict:
            return True  # Another process runs it.
        if found and not self._ledger.is_clean(root_id):
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._ledger.attach(root_id, waiter)
            await waiter
        elif found:
            self._check_current(root_id)
        return found

    def _post(self, root_id: str, event: Event) -> None:
        """Decide an event that nobody waits for. A tree that is not here any more has no use for it."""
        if root_id not in self._ledger or self._closed is not None or not self._owns(root_id):
            return
        if self._custody.postpones(root_id, event):
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
            self._turns.ask(root_id)

    def make_room(self) -> None:
        """Somebody asks this node for something; see `Turns`."""
        self._turns.make_room()

    def _continue(self, root_id: str, steps: int | None) -> None:
        self._post(root_id, TurnContinued(steps))

    def _on_timer(self, root_id: str, timer_id: str) -> None:
        self._post(root_id, TimerFired(timer_id))

    # Ends.

    async def wait_ended(self, root_id: str) -> Execution:
        """The root execution once it has ended, and that is durable.

        Raises:
            NotFound: This node does not run it, and it has not ended.
            Conflict: Another node has taken it over meanwhile.
        """
        self._custody.check_open()
        if not self.holds(root_id):
            execution = await self._thread.run(lambda: self._store.find_execution(root_id))
            if execution is not None and execution.id == root_id and execution.state in ENDED_EXECUTION:
                return execution  # It had nothing more to do here and was let go.
            if not self.holds(root_id):  # Otherwise it has come meanwhile.
                raise NotFound(f"execution `{root_id}` does not run here", code="not-running-here")
        future = self.expect_end(root_id)
        try:
            self._custody.see_end(root_id)
            return await future
        finally:
            self.forget_expected(root_id, future)

    def expect_end(self, root_id: str) -> asyncio.Future[Execution]:
        """What will be the ended root execution of a tree that is to come; see `forget_expected`."""
        return self._custody.ends.expect(root_id)

    def forget_expected(self, root_id: str, ended: "asyncio.Future[Execution]") -> None:
        """Nobody waits for this end any more."""
        self._custody.ends.forget(root_id, ended)

    # After a commit.

    def _on_committed(self, batch: Batch) -> None:
        self._backoff.succeeded()
        for pending in batch.pending.values():
            for effect in pending.effects:
                self._carry_out(pending.root_id, effect)
            self._observe(pending)
            self.attempts.forget_over(pending.after.runs.values())
            for waiter in pending.waiters:
                if not waiter.done():
                    waiter.set_result(None)
            self._custody.see_end(pending.root_id)

    def _observe(self, pending: Pending) -> None:
        """Tell who looks on of steps that are durable."""
        self.feed.publish(pending.root_id, pending.steps)
        self._tell(self._observer, pending.root_id, pending.after)
        self._tell(self._on_steps, pending.root_id, pending.steps)
        if pending.notices:
            self._tell(self._on_notices, pending.notices)

    def _tell(self, observer: Callable[P, None], *args: P.args, **options: P.kwargs) -> None:
        """Whoever looks on must not stop what he looks at, nor the others who do."""
        try:
            observer(*args, **options)
        except Exception as bug:
            report(bug, "an observer of the engine failed")

    def _carry_out(self, root_id: str, effect: Effect) -> None:
        match effect:
            case RunAction(run_id, attempt):
                self.attempts.give(root_id, run_id, attempt)
            case CancelAction(run_id, attempt):
                self.attempts.cancel(run_id, attempt)
            case SetTimer(timer_id) if root_id in self._ledger:
                timer = self._ledger.state(root_id).timers.get(timer_id)
                if timer is not None:
                    self._timers.set(root_id, timer_id, timer.due_at)
            case ClearTimer(timer_id):
                self._timers.clear(timer_id)
            case ContinueTurn():
                self._turns.ask(root_id)

    def _go_on(self, root_id: str, effects: Iterable[Effect], events: Iterable[Event]) -> None:
        """Do what the rows of a tree ask for that has come into memory."""
        for effect in effects:
            self._carry_out(root_id, effect)
        for event in events:
            self._post(root_id, event)

    # When the database does not take a commit.

    async def _on_failed(self, error: Error, batch: Batch, on_top: list[Pending]) -> None:
        """Drop what was decided, tell whoever waits, and load again what is still this node's."""
        culprits = set(error.root_ids) if isinstance(error, Unstorable) else set()
        lost = set(error.root_ids) if isinstance(error, LeaseLost) else set()
        hopeless = [id for id in batch.pending if id in culprits and not batch.pending[id].waiters]
        refuse_batch(error, batch, on_top)
        self._custody.distrust(batch)
        for root_id in batch.pending:
            if root_id in hopeless:
                self._custody.give_up(root_id, error)
            else:
                # This node may not know yet that it has lost them, and would try again and again.
                self._custody.reload(root_id, pause=LOST_SECONDS if root_id in lost else 0.0)
        if hopeless or not culprits:  # Otherwise the callers have been told, and nothing else is wrong.
            self._tell_trouble(error)
        if isinstance(error, Unavailable):
            await self._backoff.wait()
            self._backoff.failed()

    def _tell_trouble(self, error: Error) -> None:
        try:
            self._on_trouble(error)
        except Exception as bug:
            report(bug, "whoever is told of trouble failed")


def _outcome(state: State, event: Event) -> Json:
    """What whoever sent the event wants to know besides that it is decided."""
    if not isinstance(event, ActionStarted):
        return None
    run = state.runs.get(event.run_id)
    return run is not None and run.state not in ENDED_RUN and run.attempt == event.attempt and run.started
