"""The engine's ledger on a real store while everything fails; see `maestrale.testing.simulation`, `seeds`."""

from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module

import pytest
from msgspec.structs import replace

from maestrale.core import State, Task
from maestrale.core import runs as core_runs
from maestrale.core.effects import Effect
from maestrale.core.events import ActionCompleted, ActionLost, Event
from maestrale.core.runs import get_run
from maestrale.core.turn import Turn
from maestrale.engine import Feed, Story, recovery
from maestrale.engine.doubts import Doubts
from maestrale.engine.ledger import Pending
from maestrale.errors import Error
from maestrale.store import Store, fencing
from maestrale.store.notices import NoticeWrites
from maestrale.testing.laws import LawBroken
from maestrale.testing.simulation import Answered, Node, Simulation

from .plays import on_a_file
from .seeds import seeds

DECIDE = import_module("maestrale.core.decide")  # The package has a function of that name.
SEEDS = seeds(200)


def simulated(seed: int, node_class: type[Node] = Node) -> Simulation:
    return on_a_file(seed, node_class).run()


def test_the_laws_hold_whatever_fails() -> None:
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        seen.update(simulated(seed).seen)

    if len(SEEDS) >= 100:  # Otherwise the simulator would have watched nothing.
        scarce = {what: seen[what] for what in WATCHED if seen[what] < len(SEEDS) // 10}
        assert scarce == {}


WATCHED = (
    *("commits", "crashes", "freezes", "cut off", "outcomes", "told", "deleted", "timeouts"),
    *("notices", "told again"),
    *("ActionPauseRequested", "ActionResumeRequested", "ActionRequested"),
    *("ExecutionUpdateRequested", "StopRequested"),
)


def test_a_seed_gives_one_course_of_events() -> None:
    one, other = simulated(5), simulated(5)

    assert (one.log, one.seen, one.began) == (other.log, other.seen, other.began)


# Without its guards the program would break the laws, and the simulator notices.


def no_attempt_check(patch: pytest.MonkeyPatch) -> type[Node]:
    """An answer counts, whichever attempt gave it."""
    original = core_runs.on_action_completed

    def careless(turn: Turn, event: ActionCompleted) -> None:
        original(turn, ActionCompleted(event.run_id, get_run(turn, event.run_id).attempt, event.result))

    patch.setattr(DECIDE, "on_action_completed", careless)
    return Node


def no_fence(patch: pytest.MonkeyPatch) -> type[Node]:
    """A node may write what is not its own any more, on top of what it has not read."""
    patch.setattr(fencing, "_AS_READ", "? IS NOT NULL")
    patch.setattr(fencing, "_OF_NODE", "? IS NOT NULL")
    return Node


def no_owner_check(patch: pytest.MonkeyPatch) -> type[Node]:
    """A node may go on with what is not its own any more, as long as nobody else has gone on with it."""
    patch.setattr(fencing, "_OF_NODE", "? IS NOT NULL")
    return Node


def every_step_is_told_again(patch: pytest.MonkeyPatch) -> type[Node]:
    """A story does not remember how far it has come."""
    patch.setattr(Story, "_sequence", property(lambda self: 0, lambda self, value: None), raising=False)
    return Node


def a_commit_that_seemed_to_fail_is_not_told(patch: pytest.MonkeyPatch) -> type[Node]:
    """Neither once it is known, nor because it is looked for."""
    patch.setattr(Doubts, "is_stored", lambda self, store, root_id: False)
    patch.setattr(Feed, "doubt", lambda self, root_ids: None)
    return Node


def a_commit_that_failed_is_told(patch: pytest.MonkeyPatch) -> type[Node]:
    patch.setattr(Doubts, "is_stored", lambda self, store, root_id: root_id in self._pending)
    return Node


def told_before_the_commit(patch: pytest.MonkeyPatch) -> type[Node]:
    class Hasty(Node):
        def begin_commit(self) -> bool:
            is_new = self.batch is None
            if super().begin_commit() and self.batch is not None and is_new:
                for pending in self.batch.pending.values():
                    self.feed.publish(pending.root_id, pending.steps)
            return self.batch is not None

    return Hasty


def notices_are_told_before_the_commit(patch: pytest.MonkeyPatch) -> type[Node]:
    class Hasty(Node):
        def begin_commit(self) -> bool:
            is_new = self.batch is None
            if super().begin_commit() and self.batch is not None and is_new:
                for pending in self.batch.pending.values():
                    self.teller.hand_over(pending.notices)
            return self.batch is not None

    return Hasty


def notices_are_not_committed(patch: pytest.MonkeyPatch) -> type[Node]:
    """They are only told, by whoever decided them."""
    patch.setattr(NoticeWrites, "statements", lambda self, *, node_id: [])
    return Node


def notices_are_forgotten_before_they_are_told(patch: pytest.MonkeyPatch) -> type[Node]:
    class Careless(Node):
        def release(self, pending: Pending) -> None:
            super().release(pending)
            self.store.store.delete_notices(pending.notices)

    return Careless


def notices_of_nodes_that_are_gone_stay_theirs(patch: pytest.MonkeyPatch) -> type[Node]:
    patch.setattr(Store, "claim_notices", lambda self, *, limit: 0)
    return Node


def a_deleted_tree_goes_on(patch: pytest.MonkeyPatch) -> type[Node]:
    class Careless(Node):
        def _let_go(self, root_id: str, error: Error) -> None:
            self.doubts.forget(root_id)

    return Careless


def a_deleted_tree_stays_in_memory(patch: pytest.MonkeyPatch) -> type[Node]:
    class Careless(Node):
        def end_delete(self, root_id: str) -> None:
            state = self.ledger.state(root_id) if root_id in self.ledger else None
            super().end_delete(root_id)
            if state is not None and root_id not in self.reloading:
                self.ledger._trees[root_id] = state

    return Careless


def a_tree_that_could_not_be_deleted_is_forgotten(patch: pytest.MonkeyPatch) -> type[Node]:
    class Careless(Node):
        def end_delete(self, root_id: str) -> None:
            super().end_delete(root_id)
            self.reloading.discard(root_id)

    return Careless


def released_before_the_commit(patch: pytest.MonkeyPatch) -> type[Node]:
    class Hasty(Node):
        def begin_commit(self) -> bool:
            if super().begin_commit() and self.batch is not None:
                for pending in self.batch.pending.values():
                    self.release(pending)
                    pending.effects.clear()
                    pending.waiters.clear()
            return self.batch is not None

    return Hasty


def started_is_ignored(patch: pytest.MonkeyPatch) -> type[Node]:
    """After a crash everything is simply done again."""

    def careless(turn: Turn, event: ActionLost) -> None:
        run = get_run(turn, event.run_id)
        turn.update_run(run, safe_rerun=True)
        core_runs.on_action_lost(turn, event)
        if (again := turn.changes.runs.get(run.id)) is not None:
            turn.update_run(again, safe_rerun=run.safe_rerun)

    patch.setattr(DECIDE, "on_action_lost", careless)
    return Node


def nothing_is_recovered(patch: pytest.MonkeyPatch) -> type[Node]:
    def nothing(state: State, holds: Callable[[str, int], bool]) -> Iterator[Effect]:
        return iter(())

    patch.setattr(recovery, "effects_due", nothing)
    return Node


def no_leave_to_begin(patch: pytest.MonkeyPatch) -> type[Node]:
    """A worker begins without waiting until that is noted."""

    class Hasty(Node):
        def submit(self, root_id: str, event: Event, on_answer: Answered) -> None:
            super().submit(root_id, event, lambda durable: None)
            on_answer(True)

    return Hasty


def a_failed_commit_is_kept_in_memory(patch: pytest.MonkeyPatch) -> type[Node]:
    class Trusting(Node):
        def _on_failed(self, error: Exception) -> None:
            for pending in self.ledger.confirm().pending.values():
                for on_answer in pending.waiters:
                    on_answer(False)

    return Trusting


def tasks_forget_to_count(patch: pytest.MonkeyPatch) -> type[Node]:
    """A late change of the counters, as a rule that goes around `Turn.update_task` would make it."""
    original = Turn.update_task

    def careless(self: Turn, task: Task, **fields: object) -> Task:
        if fields.get("processed"):
            self.changes.tasks[task.id] = replace(task, updated_at=self.now, **fields)
            return self.changes.tasks[task.id]
        return original(self, task, **fields)

    patch.setattr(Turn, "update_task", careless)
    return Node


def _simulate_until_a_law_breaks(node_class: type[Node]) -> None:
    for seed in range(150):
        simulated(seed, node_class)


@pytest.mark.parametrize(
    "mutation",
    [
        no_attempt_check,
        no_fence,
        no_owner_check,
        every_step_is_told_again,
        a_commit_that_seemed_to_fail_is_not_told,
        a_commit_that_failed_is_told,
        told_before_the_commit,
        notices_are_told_before_the_commit,
        notices_are_not_committed,
        notices_are_forgotten_before_they_are_told,
        notices_of_nodes_that_are_gone_stay_theirs,
        a_deleted_tree_goes_on,
        a_deleted_tree_stays_in_memory,
        a_tree_that_could_not_be_deleted_is_forgotten,
        released_before_the_commit,
        started_is_ignored,
        nothing_is_recovered,
        no_leave_to_begin,
        a_failed_commit_is_kept_in_memory,
        tasks_forget_to_count,
    ],
    ids=lambda mutation: mutation.__name__,
)
def test_the_simulator_notices_when_a_guard_is_taken_away(
    mutation: Callable[[pytest.MonkeyPatch], type[Node]], monkeypatch: pytest.MonkeyPatch
) -> None:
    node_class = mutation(monkeypatch)

    with pytest.raises(LawBroken, match=r"^seed \d+: "):
        _simulate_until_a_law_breaks(node_class)
