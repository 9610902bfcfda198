"""A node of the simulation: the real ledger on the real store, with a worker, and no event loop.

It does what `engine.trees` and `engine.custody` do, step by step, so that the simulator can put anything
in between. Failures come from `FlakyStore`, crashes from the simulator.
"""

from collections.abc import Callable, Sequence
from random import Random

from msgspec import Struct

from maestrale.clock import Clock
from maestrale.core import ActionRun, Event, Notice, Result, State, World
from maestrale.core.effects import CancelAction, ClearTimer, ContinueTurn, Effect, RunAction, SetTimer
from maestrale.core.events import ActionCompleted, ActionStarted, TimerFired, TurnContinued
from maestrale.core.status import ENDED_RUN
from maestrale.engine import recovery
from maestrale.engine.doubts import Doubts
from maestrale.engine.feed import Feed
from maestrale.engine.ledger import Batch, Ledger, Pending
from maestrale.errors import Conflict, Error, NotFound, Unavailable
from maestrale.store import LeaseLost, Store, TreeCommit, TreeRows
from maestrale.testing.simulated_notifier import Teller

Answered = Callable[[bool], None]
"""Told whether what was asked is durable. False: nobody knows; ask again."""


class FlakyStore:
    """A store that does not answer at times: before or after it has done what it was asked.

    Args:
        failures: How many commits in a hundred fail.
    """

    def __init__(self, store: Store, chance: Random, failures: int) -> None:
        self.store = store
        self.failures = failures
        self._chance = chance

    def commit(self, batch: Sequence[TreeCommit]) -> None:
        self._fail_at_times("before")
        self.store.commit(batch)
        self._fail_at_times("after")

    def load_tree(self, root_id: str) -> TreeRows | None:
        """Take a tree over, unless another living node has it, and read it."""
        self._fail_at_times("before")
        try:
            self.store.claim_tree(root_id)
        except NotFound:
            return None
        return self.store.load_tree(root_id)

    def delete_tree(self, root_id: str) -> None:
        self._fail_at_times("before")
        self.store.delete_tree(root_id)
        self._fail_at_times("after")

    def write(self, work: Callable[[], object]) -> None:
        """Have something written that is no tree."""
        self._fail_at_times("before")
        work()
        self._fail_at_times("after")

    def _fail_at_times(self, when: str) -> None:
        if self._chance.randrange(200) < self.failures:
            raise Unavailable(f"the database was gone {when} it did it", code="simulated")


class SimulatedLocks:
    """Which nodes live. `living` is the same object for all nodes of a database."""

    def __init__(self, living: set[int]) -> None:
        self._living = living
        self._own: set[int] = set()

    def hold(self, node_id: int) -> bool:
        self._own.add(node_id)
        self._living.add(node_id)
        return True

    def is_held(self, node_id: int) -> bool:
        return node_id in self._living

    def close(self) -> None:
        """The process has ended, or everybody thinks so."""
        self._living -= self._own


class Watcher:
    """What the simulator is told, to check it. Nothing here asks for an answer."""

    def on_stored(self, root_id: str) -> None:
        """The database may have something new about a tree, or nothing any more."""

    def on_committed(self, root_id: str, node: "Node") -> None:
        """A node has written a tree."""

    def on_released(self, pending: Pending) -> None:
        """What belongs to these decisions is about to leave the node."""

    def on_begun(self, run: ActionRun, attempt: int, node: "Node") -> None:
        """A worker begins an attempt."""

    def on_told(self, notice: Notice) -> None:
        """A notice leaves a node."""


class Attempt(Struct):
    """An attempt that a worker has taken on. `phase`: queued, asking, granted, begun, reporting."""

    root_id: str
    run: ActionRun
    number: int
    result: Result
    phase: str = "queued"


class Worker:
    """Runs nothing, and reports as `workers.local` does."""

    def __init__(self, node: "Node") -> None:
        self._node = node
        self.attempts: dict[tuple[str, int], Attempt] = {}

    def submit(self, attempt: Attempt) -> None:
        self.attempts.setdefault((attempt.run.id, attempt.number), attempt)

    def cancel(self, run_id: str, number: int) -> None:
        self.attempts.pop((run_id, number), None)

    def holds(self, run_id: str, number: int) -> bool:
        return (run_id, number) in self.attempts

    def step(self, attempt: Attempt) -> None:
        """Let an attempt come one phase further."""
        match attempt.phase:
            case "queued" if attempt.run.safe_rerun:
                self._begin(attempt)
            case "queued":
                self._ask(attempt)
            case "granted":
                self._begin(attempt)
            case "begun" if attempt.run.asynchronous:
                self._drop(attempt)  # Whoever was told ends it.
            case "begun":
                self._report(attempt)

    def _ask(self, attempt: Attempt) -> None:
        """Say that an attempt begins that must not be repeated blindly; it waits for leave."""
        attempt.phase = "asking"

        def on_answer(durable: bool) -> None:
            if not durable:
                attempt.phase = "queued"
            elif self._node.may_begin(attempt):
                attempt.phase = "granted"
            else:
                self._drop(attempt)

        self._send(attempt, ActionStarted(attempt.run.id, attempt.number), on_answer)

    def _begin(self, attempt: Attempt) -> None:
        attempt.phase = "begun"
        self._node.watcher.on_begun(attempt.run, attempt.number, self._node)

    def _report(self, attempt: Attempt) -> None:
        attempt.phase = "reporting"

        def on_answer(durable: bool) -> None:
            if durable:
                self._drop(attempt)
            else:
                attempt.phase = "begun"

        self._send(attempt, ActionCompleted(attempt.run.id, attempt.number, attempt.result), on_answer)

    def _send(self, attempt: Attempt, event: Event, on_answer: Answered) -> None:
        try:
            self._node.submit(attempt.root_id, event, on_answer)
        except Unavailable:
            on_answer(False)
        except (NotFound, Conflict):
            self._drop(attempt)

    def _drop(self, attempt: Attempt) -> None:
        self.attempts.pop((attempt.run.id, attempt.number), None)


class Node:
    """A server process that owns trees.

    Args:
        answer_of: How a run will end.
        is_frozen: It stands still, and does not know that others have taken over.
    """

    def __init__(
        self,
        world: World,
        store: FlakyStore,
        *,
        clock: Clock,
        seed: Callable[[], str],
        answer_of: Callable[[State, ActionRun], Result],
        watcher: Watcher,
    ) -> None:
        self.store = store
        self.watcher = watcher
        self.is_frozen = False
        self.ledger = Ledger(world, answer=lambda question: None, seed=seed)
        self.worker = Worker(self)
        self.timers: dict[str, str] = {}
        self.continuing: set[str] = set()
        self.reloading: set[str] = set()
        self.batch: Batch | None = None
        self.feed = Feed()
        self.deleting: dict[str, tuple[Answered, list[Event]]] = {}
        """Trees to be deleted: who wants that, and what has happened to them meanwhile."""
        self.doubts = Doubts()
        self.teller = Teller(store.store, write=store.write, on_told=watcher.on_told)
        self._clock = clock
        self._answer_of = answer_of

    # Events.

    def plant(self, root_id: str, event: Event, on_answer: Answered) -> None:
        """Begin a tree. The same id begins it once."""
        if root_id in self.deleting:
            raise Unavailable("the tree is being deleted", code="simulated")
        if self._load(root_id):
            if self.ledger.is_clean(root_id):
                on_answer(True)
            else:
                self.ledger.attach(root_id, on_answer)
            return
        self.ledger.plant(root_id)
        try:
            self._handle(root_id, event, on_answer)
        except Error:
            self.ledger.forget(root_id)
            raise

    def submit(self, root_id: str, event: Event, on_answer: Answered) -> None:
        """Decide an event; `on_answer` is told once that is durable.

        Raises:
            NotFound, Conflict: It was refused.
            Unavailable: The tree cannot be read now.
        """
        if root_id in self.reloading or root_id in self.deleting:
            raise Unavailable("the tree is being loaded, or deleted", code="simulated")
        if not self._load(root_id):
            raise NotFound(f"there is no tree {root_id}")
        self._handle(root_id, event, on_answer)

    def post(self, root_id: str, event: Event) -> None:
        """Decide an event that nobody waits for."""
        if root_id in self.deleting:
            self.deleting[root_id][1].append(event)
        elif root_id in self.ledger:
            self._handle(root_id, event, None)

    def holds(self, root_id: str) -> bool:
        """Whether all that becomes of the tree is seen here."""
        return root_id in self.ledger or root_id in self.reloading or root_id in self.deleting

    def _handle(self, root_id: str, event: Event, on_answer: Answered | None) -> None:
        decision = self.ledger.handle(root_id, event, now=self._clock.now(), waiter=on_answer)
        if self.ledger.is_clean(root_id):
            if on_answer is not None:
                on_answer(True)
        elif any(isinstance(effect, ContinueTurn) for effect in decision.effects):
            self.continuing.add(root_id)

    def continue_turn(self, root_id: str) -> None:
        self.continuing.discard(root_id)
        self.post(root_id, TurnContinued())

    def fire_timer(self, timer_id: str) -> None:
        self.post(self.timers.pop(timer_id), TimerFired(timer_id))

    def due_timers(self) -> list[str]:
        """The timers of this node that are due; those that were cleared or set anew are let go."""
        due = []
        for timer_id, root_id in list(self.timers.items()):
            known = root_id in self.ledger and self.ledger.state(root_id).timers.get(timer_id)
            if not known:
                del self.timers[timer_id]
            elif known.due_at <= self._clock.now():
                due.append(timer_id)
        return due

    def may_begin(self, attempt: Attempt) -> bool:
        """Whether an attempt whose beginning is durable may begin. As `Engine.started`."""
        if attempt.root_id not in self.ledger:
            return False
        run = self.ledger.state(attempt.root_id).runs.get(attempt.run.id)
        return (
            run is not None and run.attempt == attempt.number and run.started and run.state not in ENDED_RUN
        )

    # Commits.

    def begin_commit(self) -> bool:
        """Take what is decided, to be committed. What is decided meanwhile goes into the next batch."""
        if self.batch is None:
            self.batch = self.ledger.take()
        return self.batch is not None

    def end_commit(self) -> None:
        """Commit what was taken, and see to what follows."""
        batch, self.batch = self.batch, None
        assert batch is not None
        try:
            try:
                self.store.commit(batch.commits())
                for root_id in batch.pending:
                    self.watcher.on_committed(root_id, self)
            finally:
                for root_id in batch.pending:
                    self.watcher.on_stored(root_id)
        except Error as error:
            self._on_failed(error)
        else:
            for pending in self.ledger.confirm().pending.values():
                self.release(pending)

    def release(self, pending: Pending) -> None:
        """Let out what waited for the commit."""
        self.watcher.on_released(pending)
        for effect in pending.effects:
            self._carry_out(pending.root_id, effect)
        self.feed.publish(pending.root_id, pending.steps)
        self.teller.hand_over(pending.notices)
        for on_answer in pending.waiters:
            on_answer(True)

    def _on_failed(self, error: Error) -> None:
        batch, on_top = self.ledger.fail()
        self.doubts.note(batch)
        lost = set(error.root_ids) if isinstance(error, LeaseLost) else set()
        self.reloading |= batch.pending.keys() - lost
        for root_id in lost:
            self._let_go(root_id, error)
        for pending in (*batch.pending.values(), *on_top):
            for on_answer in pending.waiters:
                on_answer(False)

    def load(self, root_id: str) -> None:
        """Read a tree again that has to be."""
        try:
            if not self._load(root_id):
                self._let_go(root_id, NotFound("it did not begin, or is deleted"))
        except Unavailable:
            return
        except Conflict as error:  # Another node has it.
            self._let_go(root_id, error)
        self.reloading.discard(root_id)

    def _let_go(self, root_id: str, error: Error) -> None:
        """The tree is not ours: end what is under way for it here."""
        self.doubts.forget(root_id)
        self.feed.close(root_id, error)
        for attempt in list(self.worker.attempts.values()):
            if attempt.root_id == root_id:
                self.worker.cancel(attempt.run.id, attempt.number)

    def _load(self, root_id: str) -> bool:
        if root_id in self.ledger:
            return True
        rows = self.store.load_tree(root_id)
        is_stored = self.doubts.is_stored(self.store.store, root_id)
        pending = self.doubts.resolve(root_id)
        if pending is not None and is_stored:
            self.feed.publish(root_id, pending.steps)
            self.teller.hand_over(pending.notices)
        if rows is None:
            return False
        state = self.ledger.load(rows)
        lost = recovery.attempts_lost(state, self.worker.holds)
        for effect in list(recovery.effects_due(state, self.worker.holds)):
            self._carry_out(root_id, effect)
        for event in lost:
            self.post(root_id, event)
        return True

    # Deletions.

    def delete(self, root_id: str, on_answer: Answered) -> None:
        """Have a tree deleted once nothing about it is uncommitted. Raises: as for `submit`."""
        if root_id in self.reloading or root_id in self.deleting:
            raise Unavailable("the tree is being loaded, or deleted", code="simulated")
        if not self._load(root_id):
            raise NotFound(f"there is no tree {root_id}")
        self.deleting[root_id] = (on_answer, [])

    def deletions_due(self) -> list[str]:
        """The trees that can be deleted now."""
        return [id for id in self.deleting if id not in self.ledger or self.ledger.is_clean(id)]

    def end_delete(self, root_id: str) -> None:
        """Delete a tree. Whether that was done may stay unknown; then it is read again."""
        on_answer, _ = self.deleting.pop(root_id)
        if root_id not in self.ledger:  # A commit failed meanwhile.
            on_answer(False)
            return
        self.ledger.forget(root_id)
        self.reloading.add(root_id)
        try:
            self.store.delete_tree(root_id)
        except Unavailable:
            on_answer(False)
        except (NotFound, Conflict) as error:
            self.reloading.discard(root_id)
            self._let_go(root_id, error)
            on_answer(True)
        else:
            self.reloading.discard(root_id)
            self._let_go(root_id, NotFound("it is deleted"))
            on_answer(True)
        finally:
            self.watcher.on_stored(root_id)

    def _carry_out(self, root_id: str, effect: Effect) -> None:
        match effect:
            case RunAction(run_id, number):
                self._dispatch(root_id, run_id, number)
            case CancelAction(run_id, number):
                self.worker.cancel(run_id, number)
            case SetTimer(timer_id):
                self.timers[timer_id] = root_id
            case ClearTimer(timer_id):
                self.timers.pop(timer_id, None)
            case ContinueTurn():
                self.continuing.add(root_id)

    def _dispatch(self, root_id: str, run_id: str, number: int) -> None:
        if root_id not in self.ledger:
            return
        state = self.ledger.state(root_id)
        run = state.runs[run_id]
        if run.attempt == number and run.state not in ENDED_RUN:
            self.worker.submit(Attempt(root_id, run, number, self._answer_of(state, run)))
