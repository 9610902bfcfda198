"""What a commit stores, and what becomes of one that fails."""

from typing import Any

import pytest
from msgspec.structs import replace

from maestrale.core.state import Changes, Pin, Tree
from maestrale.core.status import ExecutionState, TaskState
from maestrale.errors import Conflict
from maestrale.store import Store, TreeCommit, Unstorable, open_store

from .members import opened
from .rows import NOON, a_new_tree, a_run, a_task, a_timer, an_entry, an_execution, load, rows_of, the_next


def test_a_new_tree_is_read_as_it_was_written(store: Store) -> None:
    commit = a_new_tree("root", a_task(), a_run(), a_timer())

    store.commit([commit])

    assert store.load_tree("root") == rows_of(commit.after)
    assert list(store.read_history("root")) == [(1, an_entry())]


def test_an_update_changes_the_fields_that_changed_and_no_others(store: Store) -> None:
    task = a_task(published={"a": 1}, tags=("x",))
    first = a_new_tree("root", task)
    store.commit([first])

    ended = replace(task, state=TaskState.SUCCESS, finished_at=NOON, published={"a": 2})
    store.commit([the_next(first, ended)])

    assert load(store).tasks == [ended]


def test_rows_that_change_in_different_fields_can_be_in_one_commit(store: Store) -> None:
    tasks = [a_task(number=number) for number in (1, 2, 3)]
    first = a_new_tree("root", *tasks)
    store.commit([first])

    changed = [
        replace(tasks[0], state=TaskState.ERROR),
        replace(tasks[1], state_info="why", attempt=7),
        replace(tasks[2], state=TaskState.DELAYED),
    ]
    store.commit([the_next(first, *changed)])

    assert load(store).tasks == changed


def test_a_timer_that_went_is_deleted(store: Store) -> None:
    first = a_new_tree("root", a_timer(id="gone"), a_timer(id="stays"))
    store.commit([first])

    second = the_next(first)
    second.after.timers["gone"] = None
    store.commit([second])

    assert load(store).timers == [a_timer(id="stays")]


def test_a_timer_that_came_and_went_between_two_commits_leaves_no_trace(store: Store) -> None:
    commit = a_new_tree()
    commit.after.timers["brief"] = None

    store.commit([commit])

    assert load(store).timers == []


def test_the_pins_of_a_tree_grow(store: Store) -> None:
    first = a_new_tree()
    store.commit([first])

    second = the_next(first)
    assert second.after.tree is not None
    pinned = replace(second.after.tree, pins=(Pin("workflow", "", "greet", "d0c"),), counter=3)
    second.after.tree = pinned
    store.commit([second])

    assert load(store).tree == pinned


def test_one_commit_stores_many_trees(store: Store) -> None:
    commits = [a_new_tree(f"root-{number}", a_task(f"root-{number}")) for number in range(50)]

    store.commit(commits)

    assert [store.load_tree(commit.root_id) for commit in commits] == [
        rows_of(commit.after) for commit in commits
    ]


def test_nothing_to_commit_is_no_commit(store: Store) -> None:
    store.commit([])

    assert store.list_roots() == []


def test_what_a_commit_stored_is_there_for_the_next_process(url: str) -> None:
    commit = a_new_tree("root", a_task())
    with opened(url) as store:
        store.commit([commit])

    with open_store(url, create=False) as later:
        assert later.load_tree("root") == rows_of(commit.after)


def test_an_execution_that_exists_is_not_made_again(store: Store) -> None:
    store.commit([a_new_tree("root", a_task())])

    with pytest.raises(Conflict) as caught:
        store.commit([a_new_tree("other"), a_new_tree("root", an_execution(workflow="another"))])

    assert (caught.value.code, caught.value.message) == (
        "execution-exists",
        "there is an execution `root` already",
    )
    assert load(store).executions == [an_execution()]
    assert store.load_tree("other") is None


def test_a_row_that_is_not_as_it_was_last_stored_undoes_the_whole_commit(store: Store) -> None:
    first = a_new_tree("root", a_task())
    store.commit([first])
    second = the_next(first, replace(a_task(), state=TaskState.ERROR))
    second.before.tasks["ghost"] = a_task(id="ghost")
    second.after.tasks["ghost"] = a_task(id="ghost", state=TaskState.ERROR)

    with pytest.raises(Conflict) as caught:
        store.commit([a_new_tree("other"), second])

    assert caught.value.code == "rows-out-of-step"
    assert load(store).tasks == [a_task()]
    assert list(store.read_history("root")) == [(1, an_entry())]
    assert store.load_tree("other") is None


def test_an_entry_of_a_number_that_is_taken_undoes_the_whole_commit(store: Store) -> None:
    first = a_new_tree()
    store.commit([first])
    tree = Tree(id="root", sequence=2)

    with pytest.raises(Conflict) as caught:
        store.commit([TreeCommit("root", first.after, Changes(tree=tree), [(1, an_entry())])])

    assert caught.value.code == "rows-out-of-step"
    assert load(store).tree == Tree(id="root", sequence=1)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"published": {"x": object()}}, "a value of type `object` is not plain data"),
        ({"concurrency": 2**63}, "a number does not fit into 64 bits"),
        ({"state_info": "half a pair: \ud800"}, "surrogates not allowed"),
    ],
)
def test_a_value_that_cannot_be_stored_names_its_tree(
    store: Store, fields: dict[str, Any], reason: str
) -> None:
    commits = [a_new_tree("good", a_task("good")), a_new_tree("bad", a_task("bad", **fields))]

    with pytest.raises(Unstorable) as caught:
        store.commit(commits)

    assert (caught.value.code, caught.value.root_ids) == ("not-storable", ("bad",))
    assert caught.value.message.startswith("a value of `bad` cannot be stored: ")
    assert reason in caught.value.message
    assert store.list_roots() == []


def test_data_nested_too_deeply_cannot_be_stored(store: Store) -> None:
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]

    with pytest.raises(Unstorable):
        store.commit([a_new_tree("root", a_task(published={"deep": nested}))])


def test_a_store_goes_on_after_a_commit_that_failed(store: Store) -> None:
    with pytest.raises(Unstorable):
        store.commit([a_new_tree("root", a_task(concurrency=2**63))])

    store.commit([a_new_tree("root", an_execution(state=ExecutionState.PAUSED))])

    assert load(store).executions == [an_execution(state=ExecutionState.PAUSED)]


def test_a_history_of_many_pages_is_read_in_order(store: Store) -> None:
    entries = [(number, an_entry()) for number in range(1, 1202)]
    commit = a_new_tree()

    store.commit([TreeCommit("root", commit.before, commit.after, entries)])

    assert list(store.read_history("root")) == entries


def test_the_history_can_be_read_while_commits_go_on(store: Store) -> None:
    first = a_new_tree()
    store.commit([first])
    lines = store.read_history("root")

    assert next(lines) == (1, an_entry())
    store.commit([the_next(first)])

    assert store.load_tree("root") is not None
