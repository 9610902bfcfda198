"""Where many nodes share the database, a tree is written by whoever has its shard, and by nobody else."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from maestrale.core.state import Tree
from maestrale.core.status import ExecutionState
from maestrale.errors import Conflict, NotFound, Unavailable
from maestrale.store import LeaseLost, NotOwned, Store, open_store
from maestrale.store.assignments import AssignmentRow, assignments_of
from maestrale.store.inbox import MessageGone
from maestrale.store.schema import SHARDS

from .members import LONG, OVER, Member, a_member, a_message, roots_in, shard_for
from .rows import NOON, FixedClock, a_lone_run, a_new_tree, a_task, an_execution, load, the_next

HALF = SHARDS // 2
MINE, YOURS = roots_in(range(HALF), 5), roots_in(range(HALF, SHARDS), 5)


@pytest.fixture
def here(shared_url: str) -> Iterator[Member]:
    """A node with the first half of the shards."""
    with a_member(shared_url, limit=HALF) as member:
        yield member


@pytest.fixture
def there(shared_url: str, here: Member) -> Iterator[Member]:
    """A node with the other half."""
    with a_member(shared_url) as member:
        yield member


def an_assignment(root_id: str, *, worker: int | None = None) -> AssignmentRow:
    return AssignmentRow(
        run_id=f"run of {root_id}",
        attempt=1,
        root_id=root_id,
        shard=shard_for(root_id),
        action="std.http",
        worker=worker,
        body="",
        ready_at=NOON,
    )


# Commits


def test_trees_of_ones_shards_are_made_and_written(here: Member) -> None:
    first = a_new_tree(MINE[0], a_task(MINE[0]))
    here.store.commit([first, a_new_tree(MINE[1])])
    here.store.commit([the_next(first)])

    assert load(here.store, MINE[0]).tree == Tree(id=MINE[0], sequence=2)
    assert here.store.unfinished_trees([shard_for(MINE[0])]) == [MINE[0]]


@pytest.mark.parametrize("is_new", [True, False])
def test_a_tree_of_another_nodes_shard_is_not_written(here: Member, there: Member, is_new: bool) -> None:
    theirs = a_new_tree(YOURS[0])
    if not is_new:
        there.store.commit([theirs])

    with pytest.raises(LeaseLost) as caught:
        here.store.commit([a_new_tree(MINE[0]), theirs if is_new else the_next(theirs)])

    assert caught.value.root_ids == (YOURS[0],)
    assert here.store.load_tree(MINE[0]) is None


def test_who_wrongly_believes_to_have_a_shard_writes_nothing(here: Member, there: Member) -> None:
    here.shards.hold(here.id, {**here.shards.epochs, **there.shards.epochs})

    with pytest.raises(LeaseLost) as caught:
        here.store.commit([a_new_tree(MINE[0]), a_new_tree(YOURS[0])])

    assert caught.value.root_ids == (YOURS[0],)
    assert here.store.load_trees([MINE[0], YOURS[0]]) == []


def test_a_node_that_was_buried_writes_nothing_though_it_has_not_heard_of_it(
    shared_url: str, here: Member
) -> None:
    with a_member(shared_url, lease=OVER) as late:
        first = a_new_tree(YOURS[0])
        late.store.commit([first])
        here.membership.bury([late.id])

        with pytest.raises(LeaseLost) as caught:
            late.store.commit([the_next(first)])

    assert caught.value.root_ids == (YOURS[0],)


def test_a_decision_made_before_a_shard_was_lost_is_not_written_after_it_came_back(
    here: Member, there: Member
) -> None:
    [root_id] = roots_in([0], 1)
    before = here.store.tenure
    here.store.give_shards({0: here.shards.epochs[0]}, to=there.id)
    there.shards.hold(there.id, {**there.shards.epochs, 0: 2})
    there.store.give_shards({0: 2}, to=here.id)
    here.shards.hold(here.id, {**here.shards.epochs, 0: 3})

    with pytest.raises(LeaseLost):
        here.store.commit([a_new_tree(root_id)], tenure=before)
    here.store.commit([a_new_tree(root_id)])

    assert load(here.store, root_id).tree.sequence == 1


def test_a_decision_on_an_old_state_cannot_be_written_by_the_owner_either(here: Member) -> None:
    first = a_new_tree(MINE[0])
    here.store.commit([first])
    here.store.commit([the_next(first)])

    with pytest.raises(LeaseLost) as caught:
        here.store.commit([the_next(first)])

    assert caught.value.root_ids == (MINE[0],)


def test_who_is_no_node_writes_nothing(shared_url: str) -> None:
    with open_store(shared_url, clock=FixedClock()) as store:
        with pytest.raises(LeaseLost) as caught:
            store.commit([a_new_tree()])
        with pytest.raises(Unavailable) as not_joined:
            _ = store.node_id

    assert (caught.value.root_ids, not_joined.value.code) == (("root",), "not-joined")


# Messages that are done with a commit


def test_a_commit_takes_the_messages_that_are_done_and_leaves_the_answers(
    here: Member, there: Member
) -> None:
    asked = a_message("asked", shard=shard_for(MINE[0]), sender=there.id)
    there.store.send([asked, a_message("another", shard=asked.shard)])
    assert here.store.receive(here.id, here.shards.epochs, 10) == [
        asked,
        a_message("another", shard=asked.shard),
    ]

    answer = a_message("answer", node_id=there.id)
    here.store.commit([a_new_tree(MINE[0])], done=["asked"], answers=[answer])

    assert here.store.receive(here.id, here.shards.epochs, 10) == [a_message("another", shard=asked.shard)]
    assert there.store.take_answers(there.id, 10) == [answer]
    assert there.store.take_answers(there.id, 10) == []


def test_what_somebody_else_has_done_is_not_done_again(here: Member, there: Member) -> None:
    there.store.send([a_message("asked", shard=0), a_message("other", shard=0)])
    here.store.settle(["asked"], [])

    with pytest.raises(MessageGone) as caught:
        here.store.commit(
            [a_new_tree(MINE[0])], done=["other", "asked"], answers=[a_message("answer", node_id=there.id)]
        )

    assert (caught.value.code, caught.value.ids) == ("message-gone", ("asked",))
    assert here.store.load_tree(MINE[0]) is None
    assert there.store.take_answers(there.id, 10) == []
    assert [message.id for message in here.store.receive(None, [0], 10)] == ["other"]


def test_a_commit_that_is_refused_leaves_the_message(here: Member, there: Member) -> None:
    there.store.send([a_message("asked", shard=0)])

    with pytest.raises(LeaseLost):
        here.store.commit([a_new_tree(YOURS[0])], done=["asked"])

    assert here.store.receive(None, [0], 10) == [a_message("asked", shard=0)]


def test_a_deletion_takes_its_message_too(here: Member, there: Member) -> None:
    here.store.commit([a_new_tree(MINE[0])])
    there.store.send([a_message("asked", shard=0)])

    here.store.delete_tree(MINE[0], done=["asked"], answers=[a_message("answer", node_id=there.id)])

    assert here.store.load_tree(MINE[0]) is None
    assert here.store.receive(None, [0], 10) == []
    assert there.store.take_answers(there.id, 1) == [a_message("answer", node_id=there.id)]


# Claims and deletions


def test_a_node_claims_the_unfinished_trees_of_its_shards_oldest_first(here: Member, there: Member) -> None:
    def older(root_id: str, hours: int, **fields: object) -> object:
        return an_execution(root_id, created_at=NOON - timedelta(hours=hours), **fields)

    here.store.commit(
        [
            a_new_tree(MINE[0], older(MINE[0], 1)),  # type: ignore[arg-type]
            a_new_tree(MINE[1], older(MINE[1], 3)),  # type: ignore[arg-type]
            a_new_tree(MINE[2], older(MINE[2], 5, state=ExecutionState.SUCCESS)),  # type: ignore[arg-type]
            a_lone_run(MINE[3], created_at=NOON - timedelta(hours=2)),
        ]
    )
    there.store.commit([a_new_tree(YOURS[0])])

    assert here.store.claim() == [MINE[1], MINE[3], MINE[0]]
    assert here.store.claim([MINE[0], MINE[2], YOURS[0], "nobody"]) == [MINE[0]]
    assert there.store.claim() == [YOURS[0]]
    assert here.store.unfinished_trees(range(SHARDS)) == [MINE[1], MINE[3], MINE[0], YOURS[0]]
    assert here.store.unfinished_trees([]) == []


def test_a_tree_of_another_node_is_not_claimed(here: Member, there: Member) -> None:
    there.store.commit([a_new_tree(YOURS[0])])
    here.store.commit([a_new_tree(MINE[0])])

    here.store.claim_tree(MINE[0])
    with pytest.raises(NotOwned) as caught:
        here.store.claim_tree(YOURS[0])
    with pytest.raises(NotFound):
        here.store.claim_tree(YOURS[1])

    assert (caught.value.code, caught.value.node_id) == ("not-owned", there.id)


def test_a_tree_of_a_free_shard_is_nobodys(shared_url: str, here: Member) -> None:
    with a_member(shared_url) as gone:
        gone.store.commit([a_new_tree(YOURS[0])])
        gone.membership.leave(gone.id)

    with pytest.raises(NotOwned) as caught:
        here.store.claim_tree(YOURS[0])

    assert caught.value.node_id is None


@pytest.mark.parametrize("state", [ExecutionState.RUNNING, ExecutionState.SUCCESS])
def test_a_tree_is_deleted_by_its_owner_only(here: Member, there: Member, state: ExecutionState) -> None:
    there.store.commit([a_new_tree(YOURS[0], an_execution(YOURS[0], state=state))])

    with pytest.raises(NotOwned):
        here.store.delete_tree(YOURS[0])
    there.store.delete_tree(YOURS[0])

    assert here.store.load_tree(YOURS[0]) is None


def test_a_tree_is_not_deleted_by_who_has_lost_it(shared_url: str, here: Member) -> None:
    with a_member(shared_url, lease=OVER) as late:
        late.store.commit([a_new_tree(YOURS[0])])
        here.membership.bury([late.id])

        with pytest.raises(Conflict) as caught:
            late.store.delete_tree(YOURS[0])

    assert caught.value.code == "lease-lost"
    assert load(here.store, YOURS[0]).tree.sequence == 1


def test_who_has_the_shard_of_a_tree_is_shown_as_running_it(here: Member, there: Member) -> None:
    here.store.commit([a_new_tree(MINE[0])])
    there.store.commit([a_new_tree(YOURS[0])])
    there.membership.leave(there.id)

    shown = {root.id: (root.node_id, root.is_alive) for root in here.store.list_roots()}

    assert shown == {MINE[0]: (here.id, True), YOURS[0]: (None, False)}


# Giving


def test_shards_that_are_given_are_the_others_with_their_trees_and_what_runs_for_them(
    here: Member, there: Member
) -> None:
    [kept], [moved] = roots_in([0], 1), roots_in([1], 1)
    first = a_new_tree(moved)
    here.store.commit([first, a_new_tree(kept)])
    running = [an_assignment(kept, worker=here.id), an_assignment(moved, worker=here.id)]

    given = here.store.give_shards({1: 1, 2: 1}, to=there.id, attempts=running)
    there.shards.hold(there.id, {**there.shards.epochs, 1: 2, 2: 2})
    there.store.commit([the_next(first)])

    assert given == [1, 2]
    with pytest.raises(LeaseLost):
        here.store.commit([the_next(first)])
    assert there.store.claim() == [moved]
    found = assignments_of(here.store._database, range(SHARDS))
    assert [(row.root_id, row.worker) for row in found] == [(moved, here.id)]


def test_only_what_is_ours_under_that_epoch_is_given(here: Member, there: Member) -> None:
    assert here.store.give_shards({0: 7, 1: 1, HALF: 1}, to=there.id) == [1]

    [first, second] = there.membership.look().shards[:2]
    assert (first.node_id, first.epoch, second.node_id, second.epoch) == (here.id, 1, there.id, 2)


@pytest.mark.parametrize("is_named", [True, False])
def test_what_is_given_to_nobody_is_free(here: Member, there: Member, is_named: bool) -> None:
    there.membership.leave(there.id)

    assert here.store.give_shards({0: 1}, to=there.id if is_named else None) == [0]

    shard = here.membership.look().shards[0]
    assert (shard.node_id, shard.epoch) == (None, 2)


# Many trees at once


def test_many_trees_are_loaded_as_each_alone_is(here: Member) -> None:
    large = "x" * 10_000
    batch = [
        a_new_tree(root_id, an_execution(root_id, input={"text": large, "of": root_id}), a_task(root_id))
        for root_id in roots_in(range(HALF), 600)
    ]
    here.store.commit(batch)
    ids = [commit.root_id for commit in batch]

    loaded = here.store.load_trees([*reversed(ids), "nobody"])

    assert loaded == [here.store.load_tree(root_id) for root_id in reversed(ids)]
    assert here.store.load_trees([]) == []


def test_trees_are_given_as_they_are_numbered(here: Member) -> None:
    root_id = MINE[0]
    tasks = [a_task(root_id, number) for number in (5, 3, 11, 1)]
    here.store.commit([a_new_tree(root_id, *tasks), a_new_tree(MINE[1], a_task(MINE[1], 2))])

    [tree, other] = here.store.load_trees([root_id, MINE[1]])

    assert [task.number for task in tree.tasks] == [1, 3, 5, 11]
    assert [task.number for task in other.tasks] == [2]


def test_a_file_has_no_shards(store: Store) -> None:
    is_file = not store.is_shared

    assert (store.shards is None, store.shard_count == 0, store.tenure is None) == (is_file,) * 3


def test_a_lease_is_of_no_matter_where_nobody_has_looked(shared_url: str) -> None:
    with a_member(shared_url, lease=OVER) as late:
        late.store.commit([a_new_tree()])
        assert late.membership.beat(late.id, lease=LONG, load={}) is not None

        assert late.store.claim() == ["root"]
