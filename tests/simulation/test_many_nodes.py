"""Several servers on one database while everything fails. See `maestrale.testing.simulation`, and `seeds`."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import pytest

from maestrale.cluster.heart import Heart
from maestrale.cluster.holdings import Holdings
from maestrale.core import Task
from maestrale.core.turn import Turn
from maestrale.engine import custody
from maestrale.engine.attempts import Attempts
from maestrale.engine.committer import Committer
from maestrale.engine.custody import Custody
from maestrale.engine.ledger import Batch, Ledger
from maestrale.ids import new_id
from maestrale.scheduler import cron_rules
from maestrale.store import inbox, membership
from maestrale.store.database import Database
from maestrale.store.ownership import ShardOwnership
from maestrale.testing.laws import LawBroken
from maestrale.testing.simulation.session import SimulatedDialect
from maestrale.workers.local import LocalWorker

from .plays import on_a_bad_day, on_many_nodes
from .seeds import seeds

SEEDS = seeds(150)

WATCHED = (
    "commits",
    "accepted",
    "attempts",
    "crash",
    "freeze",
    "thaw",
    "stop",
    "start",
    "standstill",
    "cut",
    "outcomes",
    "told",
)


def test_the_laws_hold_whatever_fails() -> None:
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        play = on_a_bad_day if seed % 3 == 0 else on_many_nodes
        seen.update(play(seed).run().seen)

    if len(SEEDS) >= 100:  # Otherwise the simulator would have watched nothing.
        scarce = {what: seen[what] for what in WATCHED if seen[what] < len(SEEDS) // 4}
        assert scarce == {}


def test_a_seed_gives_one_course_of_events() -> None:
    one, other = on_many_nodes(5).run(), on_many_nodes(5).run()

    assert (one.log, one.seen, one.began) == (other.log, other.seen, other.began)


# Without its guards the program would break the laws, and the simulator notices.


def no_fence(patch: pytest.MonkeyPatch) -> None:
    """A node may write what is not its own any more."""
    patch.setattr(ShardOwnership, "fence", lambda self, root_ids, *, tenure=None: None)


def no_lock(patch: pytest.MonkeyPatch) -> None:
    """A commit does not keep others from taking its shards while it is under way."""
    patch.setattr(SimulatedDialect, "locking", lambda self, clause: "")


def messages_are_done_again(patch: pytest.MonkeyPatch) -> None:
    """A message is not deleted with what it leads to."""
    patch.setattr(inbox, "delete_done", lambda database, ids: None)


def the_living_are_buried(patch: pytest.MonkeyPatch) -> None:
    """Whoever is believed to be dead is, whatever its lease says."""
    original = membership.bury

    def careless(database: Database, node_ids: Iterable[int]) -> list[int]:
        ids = list(node_ids)
        database.run_many("UPDATE nodes SET leased_until = 0 WHERE id = ?", [(id,) for id in ids])
        return original(database, ids)

    patch.setattr(membership, "bury", careless)
    act = Heart._act

    def hasty(self: Heart, store: Any, view: Any, node_id: int) -> float:
        store.bury([node.id for node in view.nodes if node.id != node_id][:1])
        return act(self, store, view, node_id)

    patch.setattr(Heart, "_act", hasty)


def lost_trees_are_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Custody, "drop", lambda self, leaves: 0)


def nothing_is_recovered(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(custody, "effects_due", lambda state, holds: iter(()))


def attempts_are_not_given_up(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(custody, "attempts_lost", lambda state, holds: [])


def released_before_the_commit(patch: pytest.MonkeyPatch) -> None:
    original = Committer._commit

    async def hasty(self: Committer, batch: Batch) -> None:
        self._on_committed(batch)
        for pending in batch.pending.values():
            pending.effects.clear()
            pending.waiters.clear()
        await original(self, batch)

    patch.setattr(Committer, "_commit", hasty)


def a_lease_is_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    """A worker begins what others may have been given meanwhile."""
    original = LocalWorker.__init__

    def careless(self: LocalWorker, *args: Any, **options: Any) -> None:
        original(self, *args, **options | {"place": lambda: "here"})

    patch.setattr(LocalWorker, "__init__", careless)


def what_runs_elsewhere_is_not_known(patch: pytest.MonkeyPatch) -> None:
    """Whoever takes a shard does not ask what runs for it."""

    async def nothing(self: Holdings, wanted: Collection[int]) -> None: ...

    patch.setattr(Holdings, "_learn", nothing)


def what_runs_on_is_not_told(patch: pytest.MonkeyPatch) -> None:
    """Whoever gives a shard away does not say what goes on for it."""
    patch.setattr(Attempts, "hand_over", lambda self, state: iter(()))


def refused_commits_are_kept(patch: pytest.MonkeyPatch) -> None:
    """What was decided stays in memory although it could not be stored."""
    patch.setattr(Ledger, "fail", lambda self: (self.confirm(), []))


def joins_forget_to_count(patch: pytest.MonkeyPatch) -> None:
    """The second branch that comes is not counted."""
    original = Turn.update_task

    def careless(self: Turn, task: Task, **fields: Any) -> Task:
        if fields.get("arrived") == 2:
            fields["arrived"] = 1
        return original(self, task, **fields)

    patch.setattr(Turn, "update_task", careless)


def nobody_gets_time_to_beat(patch: pytest.MonkeyPatch) -> None:
    """Who can beat again after a standstill takes the others for dead at once."""
    original = Heart._on_success

    def hasty(self: Heart, sent_at: float) -> None:
        original(self, sent_at)
        self._lives_since = float("-inf")

    patch.setattr(Heart, "_on_success", hasty)


def what_a_trigger_starts_has_any_id(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cron_rules, "execution_id", lambda trigger, *, secret: new_id())


MUTATIONS: Mapping[Callable[[pytest.MonkeyPatch], None], str] = {
    no_fence: "who writes a tree has its shard",
    no_lock: "who writes a tree has its shard",
    messages_are_done_again: "nothing is left in inbox|comes to its end",
    the_living_are_buried: "everything ends",
    lost_trees_are_kept: "what is lost is forgotten",
    nothing_is_recovered: "everything ends",
    attempts_are_not_given_up: "everything ends",
    released_before_the_commit: "what was accepted is stored",
    a_lease_is_not_looked_at: "what was given up does not begin",
    what_runs_elsewhere_is_not_known: "nothing is left in assignments|begins once",
    what_runs_on_is_not_told: "an attempt begins once",
    refused_commits_are_kept: "what was accepted is stored|everything ends",
    joins_forget_to_count: "nothing hangs|everything ends|the rows fit together",
    nobody_gets_time_to_beat: "the living are not buried",
    what_a_trigger_starts_has_any_id: "a trigger fires once for each of its times",
}
"""What is taken away, and the law that is broken then."""

MOST_SEEDS = 200
"""Among so many seeds there is one that notices."""

FIRST_SEEDS: Mapping[Callable[[pytest.MonkeyPatch], None], int] = {
    no_lock: 19,
    a_lease_is_not_looked_at: 50,
    what_runs_on_is_not_told: 54,
}
"""Where it takes long to come to such a seed, the search begins here."""


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_the_simulator_notices_when_a_guard_is_taken_away(
    mutation: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    mutation(monkeypatch)

    with pytest.raises(LawBroken, match=MUTATIONS[mutation]):
        _play_until_it_breaks(MUTATIONS[mutation], FIRST_SEEDS.get(mutation, 0))


def _play_until_it_breaks(law: str, first: int) -> None:
    for seed in range(first, first + MOST_SEEDS):
        try:
            on_a_bad_day(seed).run()
        except LawBroken as broken:
            if re.search(law, str(broken).splitlines()[0]):
                raise
