"""A node of the simulation: the real ledger on the real store, with a worker, and no event loop.

It does what `engine.trees` and `engine.custody` do, step by step, so that the simulator can put anything
in between. Failures come from `FlakyStore`, crashes from the simulator.
"""

from collections.abc import Callable

from maestrale.clock import Clock
from maestrale.core import ActionRun, Event, Result, State, World
from maestrale.core.effects import CancelAction, ClearTimer, ContinueTurn, Effect, RunAction, SetTimer
from maestrale.core.events import TimerFired, TurnContinued
from maestrale.core.status import ENDED_RUN
from maestrale.engine import recovery
from maestrale.engine.doubts import Doubts
from maestrale.engine.feed import Feed
from maestrale.engine.ledger import Batch, Ledger, Pending
from maestrale.errors import Conflict, Error, NotFound, Unavailable
from maestrale.store import LeaseLost
from maestrale.testing.simulation.faults import FlakyStore
from maestrale.testing.simulation.teller import Teller
from maestrale.testing.simulation.watcher import Watcher
from maestrale.testing.simulation.worker import Answered, Attempt, Worker


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
        self.feed = Feed(self.holds)
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

    def on_begun(self, attempt: Attempt) -> None:
        """The worker begins an attempt."""
        self.watcher.on_begun(attempt.run, attempt.number, self.store.store.node_id)

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
                    self.watcher.on_committed(root_id, self.store.store.node_id)
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
        self.feed.doubt(batch.pending)
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
