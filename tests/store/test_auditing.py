"""What only an audit asks of a database, and what it puts right there."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from maestrale.core import Changes, State, Tree, state_of
from maestrale.core.status import ExecutionState
from maestrale.errors import Conflict
from maestrale.store import Store, TreeCommit
from maestrale.store.auditing import Auditing, LiveTree

from .rows import NOON, a_new_tree, a_run, a_task, a_timer, an_execution, the_next

LARGE = "x" * 10_000


def ended(root_id: str) -> TreeCommit:
    row = an_execution(root_id, state=ExecutionState.SUCCESS, output={}, finished_at=NOON)
    return a_new_tree(root_id, row)


def state_in(store: Store, root_id: str) -> State:
    rows = store.load_tree(root_id)
    assert rows is not None
    return rows.state()


def run(store: Store, sql: str, *parameters: Any) -> None:
    """Do something to the database behind the back of the store."""
    with store._database.writing():
        store._database.run(sql, parameters)


def all_live(auditing: Auditing, *, limit: int) -> list[str]:
    found: list[str] = []
    last: LiveTree | None = None
    while page := auditing.list_live_trees(after=last, limit=limit):
        last = page[-1]
        found += [tree.root_id for tree in page]
    return found


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_live_trees_are_listed_page_by_page_each_once_for_each_live_execution(
    store: Store, limit: int
) -> None:
    child = an_execution("b", id="b-child", number=3, parent_task_id="b-task-1")
    paused = an_execution("c", state=ExecutionState.PAUSED)
    alone = TreeCommit(
        "d",
        Changes(),
        Changes(tree=Tree(id="d", sequence=1), runs={"d": a_run("d", id="d", task_id="", execution_id="")}),
    )
    store.commit([a_new_tree("a"), a_new_tree("b", child, an_execution("b")), a_new_tree("c", paused)])
    store.commit([ended("e"), alone])

    assert sorted(all_live(store.auditing, limit=limit)) == ["a", "b", "b", "c", "d"]


def test_a_tree_is_read_with_all_that_belongs_to_it(store: Store) -> None:
    commit = a_new_tree("root", a_task(), a_run(result=LARGE))
    store.commit([commit, a_new_tree("other")])
    store.commit([the_next(commit)])

    tree = store.auditing.read_tree("root")

    assert tree is not None
    assert tree.rows == store.load_tree("root")
    assert (tree.entries, tree.first, tree.last) == (2, 1, 2)
    assert (tree.blobs_missing, tree.blobs_unregistered, tree.damage) == ((), (), None)
    assert store.auditing.read_tree("nothing") is None


def test_large_values_are_missed_where_they_are_gone_or_not_registered(store: Store) -> None:
    store.commit([a_new_tree("root", a_task(), a_run(result=LARGE))])

    run(store, "DELETE FROM blob_refs")
    tree = store.auditing.read_tree("root")
    assert tree is not None
    (blob,) = tree.blobs_unregistered
    assert store.auditing.list_unused_blobs(limit=10) == [blob]

    store.mending.register_blobs("root", [blob])
    store.mending.delete_unused_blobs([blob])  # It is used now.
    assert store.auditing.list_unused_blobs(limit=10) == []

    run(store, "DELETE FROM blobs")
    tree = store.auditing.read_tree("root")
    assert tree is not None
    assert (tree.blobs_missing, tree.blobs_unregistered, tree.rows) == ((blob,), (), None)


def test_rows_of_no_tree_are_found_and_deleted_and_those_of_a_tree_stay(store: Store) -> None:
    store.commit([a_new_tree("root", a_task(), a_timer()), a_new_tree("lost", a_task("lost"))])
    run(store, "DELETE FROM trees WHERE id = 'lost'")

    assert store.auditing.list_stray_trees(limit=10) == {"lost": {"executions": 1, "tasks": 1, "history": 1}}
    assert [(it.root_id, it.is_there) for it in store.auditing.list_live_trees(limit=10)] == [
        ("lost", False),
        ("root", True),
    ]

    store.mending.delete_stray_rows("lost")
    store.mending.delete_stray_rows("root")
    assert store.auditing.list_stray_trees(limit=10) == {}
    assert len(state_in(store, "root").timers) == 1


def test_what_nodes_are_to_do_is_listed_without_any(store: Store) -> None:
    store.commit([a_new_tree("root")])
    auditing = store.auditing

    assert auditing.list_old_messages(before=NOON) == []
    assert auditing.list_notice_owners() == []
    assert auditing.list_stale_assignments(limit=10) == []
    assert auditing.list_records_without_text() == []
    assert auditing.now() > NOON - timedelta(days=1)


def test_a_tree_is_rewritten_as_it_should_be_once_nobody_runs_it(store: Store, other: Store) -> None:
    store.commit([a_new_tree("root", a_task(), a_run(result=LARGE), a_timer())])
    was = state_in(store, "root")
    wanted = state_of(
        replace(was.tree, counter=9) if was.tree else Tree(id="root"),
        [replace(was.root, description="mended", live=1)],
        was.tasks.values(),
        [a_run(result=LARGE), a_run(number=5, result=LARGE + "y")],
        [],
    )

    with pytest.raises(Conflict) as caught:
        other.mending.rewrite_tree(wanted, sequence=1)
    assert caught.value.code == "being-run"
    store.close()
    run(other, "UPDATE nodes SET leased_until = 0 WHERE leased_until IS NOT NULL")
    with pytest.raises(Conflict) as caught:
        other.mending.rewrite_tree(wanted, sequence=7)
    assert caught.value.code == "rows-out-of-step"
    other.mending.rewrite_tree(wanted, sequence=1)

    after = state_in(other, "root")
    assert (after.tree, after.executions, after.runs, after.timers) == (
        wanted.tree,
        wanted.executions,
        wanted.runs,
        {},
    )
    found = other.auditing.read_tree("root")
    assert found is not None
    assert (found.blobs_missing, found.blobs_unregistered) == ((), ())
