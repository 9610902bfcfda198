"""Notices still to be sent: stored with the commit that caused them, and there until they are deleted."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from maestrale.core import Notice
from maestrale.store import Lane, LeaseLost, Store, TreeCommit, Unstorable

from .databases import on_sqlite
from .members import OVER, opened
from .rows import NOON, FixedClock, a_new_tree, a_task, load, the_next
from .test_plans import PlanSpy, spy  # noqa: F401 - A fixture.

HOOK = '{"type": "webhook", "url": "https://hook.example/"}'


def a_notice(sequence: int = 1, position: int = 0, root_id: str = "root", **fields: Any) -> Notice:
    given: dict[str, Any] = {
        "id": f"{root_id}-{sequence}-{position}",
        "root_id": root_id,
        "target": "hook",
        "sequence": sequence,
        "position": position,
        "address": HOOK,
        "event": "TASK_FAILED",
        "body": '{"state_info": "caf\\u00e9"}',
        "created_at": NOON,
    }
    return Notice(**(given | fields))


def telling(commit: TreeCommit, *notices: Notice) -> TreeCommit:
    return replace(commit, notices=notices)


def waiting(store: Store, root_id: str = "root", target: str = "hook") -> list[Notice]:
    return store.list_notices(store.node_id, root_id, target, limit=1000)


def test_notices_are_read_as_they_were_committed_in_the_order_of_what_happened(store: Store) -> None:
    first = telling(a_new_tree(), a_notice(2, 10), a_notice(2, 9), a_notice(2, 9, target="other"))
    store.commit([first])
    second = telling(the_next(first), a_notice(10, 0, event=None), a_notice(3, 1))
    store.commit([second])

    assert waiting(store) == [a_notice(2, 9), a_notice(2, 10), a_notice(3, 1), a_notice(10, 0, event=None)]
    assert waiting(store, target="other") == [a_notice(2, 9, target="other")]
    assert store.list_notices(store.node_id, "root", "hook", limit=2) == [a_notice(2, 9), a_notice(2, 10)]
    assert store.count_notices() == 5


def test_a_commit_that_fails_leaves_no_notice(store: Store) -> None:
    first = telling(a_new_tree(), a_notice(1))
    store.commit([first])
    store.commit([the_next(first)])

    with pytest.raises(LeaseLost):
        store.commit([telling(the_next(first), a_notice(2))])

    assert waiting(store) == [a_notice(1)]


def test_a_notice_that_no_database_can_keep_is_told_with_its_tree(store: Store) -> None:
    good, bad = a_new_tree("good"), telling(a_new_tree("bad"), a_notice(root_id="bad", body="\ud800"))

    with pytest.raises(Unstorable) as caught:
        store.commit([good, bad])

    assert caught.value.root_ids == ("bad",)
    assert store.count_notices() == 0


def test_what_was_sent_is_deleted_and_deleting_it_again_is_no_fault(store: Store) -> None:
    store.commit([telling(a_new_tree(), a_notice(1), a_notice(2), a_notice(3))])

    store.delete_notices([a_notice(1), a_notice(3)])
    store.delete_notices([a_notice(3)])

    assert waiting(store) == [a_notice(2)]


def test_what_is_old_is_deleted_in_the_lanes_that_are_named(store: Store) -> None:
    old, young = NOON - timedelta(hours=1), NOON + timedelta(hours=1)
    notices = [a_notice(1, created_at=old), a_notice(2), a_notice(3, created_at=young)]
    store.commit([telling(a_new_tree(), *notices, a_notice(1, target="other", created_at=old))])

    assert store.delete_old_notices([("root", "hook"), ("none", "hook")], until=NOON) == 2

    assert waiting(store) == [a_notice(3, created_at=young)]
    assert len(waiting(store, target="other")) == 1


def test_the_deletion_of_a_tree_leaves_what_is_still_to_be_told_of_it(store: Store) -> None:
    store.commit([telling(a_new_tree("root", a_task()), a_notice())])

    store.delete_tree("root")

    assert waiting(store) == [a_notice()]


def test_a_tree_with_the_id_of_one_that_was_deleted_tells_its_own(store: Store) -> None:
    store.commit([telling(a_new_tree(), a_notice())])
    store.delete_tree("root")

    store.commit([telling(a_new_tree(), a_notice(id="another"))])

    assert {notice.id for notice in waiting(store)} == {"root-1-0", "another"}
    assert load(store).tree.id == "root"


def left_behind(url: str, *notices: Notice) -> None:
    """By a process that is gone."""
    with opened(url, clock=FixedClock(), lease=OVER) as gone:
        gone.commit([telling(a_new_tree(gone_root(gone)), *notices)])


def gone_root(gone: Store) -> str:
    return f"tree of node {gone.node_id}"


def test_the_notices_of_processes_that_are_gone_are_taken_over_once_some_at_a_time(url: str) -> None:
    later = NOON + timedelta(seconds=1)
    b = [a_notice(1, root_id="b"), a_notice(2, root_id="b", created_at=later)]
    left_behind(url, a_notice(1, root_id="a", created_at=later), *b)
    left_behind(url, a_notice(1, root_id="c", target="other"))

    with opened(url, clock=FixedClock()) as store, opened(url, clock=FixedClock()) as late:
        taken = [store.claim_notices(limit=2) for _ in range(4)]

        assert taken == [2, 1, 1, 0]
        assert late.claim_notices(limit=2) == 0
        lanes = [Lane("a", "hook", HOOK, later), Lane("b", "hook", HOOK, NOON)]
        lanes.append(Lane("c", "other", HOOK, NOON))
        assert store.list_lanes(store.node_id, limit=10) == lanes
        assert store.list_lanes(store.node_id, limit=1) == lanes[:1]
        assert store.list_lanes(store.node_id, after=("a", "hook"), limit=10) == lanes[1:]
        assert waiting(store, "b") == b


def test_one_lane_is_taken_over_by_itself(url: str) -> None:
    left_behind(url, a_notice(1, root_id="a"), a_notice(1, root_id="b"))
    left_behind(url, a_notice(2, root_id="a"))

    with opened(url, clock=FixedClock()) as store:
        store.claim_lane("a", "hook")

        assert waiting(store, "a") == [a_notice(1, root_id="a"), a_notice(2, root_id="a")]
        assert waiting(store, "b") == []


def test_the_notices_of_a_process_that_lives_stay_its_own(store: Store, other: Store) -> None:
    store.commit([telling(a_new_tree(), a_notice())])

    other.claim_lane("root", "hook")
    assert (other.claim_notices(limit=5), store.claim_notices(limit=5)) == (0, 0)
    other.delete_notices([a_notice()])
    assert other.delete_old_notices([("root", "hook")], until=NOON) == 0
    assert waiting(store) == [a_notice()]


def test_a_store_without_anything_to_take_over_does_not_become_a_node(store: Store) -> None:
    store.claim_lane("root", "hook")
    assert store.claim_notices(limit=5) == 0

    assert store.node_id == 1


@on_sqlite
def test_what_others_have_to_send_is_not_looked_at(store: Store, spy: PlanSpy) -> None:  # noqa: F811
    store.claim_notices(limit=5)
    store.list_lanes(7, after=("root", "hook"), limit=5)
    store.list_notices(7, "root", "hook", limit=5)

    assert all(plan[0].startswith("SEARCH notices USING") for plan in spy.plans), spy.plans
    assert all(len(plan) == 1 for plan in spy.plans), spy.plans
