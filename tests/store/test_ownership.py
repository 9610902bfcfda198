"""A tree of a file belongs to one living process: fencing, claims, and what the death of a process leaves."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from maestrale.core.state import Tree
from maestrale.core.status import ExecutionState, RunState
from maestrale.errors import Conflict, NotFound, Unavailable
from maestrale.store import LeaseLost, Store, open_store

from .databases import on_sqlite
from .rows import NOON, FixedClock, a_lone_run, a_new_tree, a_task, an_execution, load, the_next

pytestmark = on_sqlite


@contextmanager
def a_process(url: str, task: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that does `task` (see `another_process.py`) and says when it has begun."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"{__package__}.another_process", url, task],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()


def line_from(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


# Fencing


def test_a_tree_that_another_node_took_cannot_be_written(store: Store, other: Store) -> None:
    first = a_new_tree("root", a_task())
    mine = a_new_tree("mine")
    store.commit([first, mine])
    store.release(["root"])
    other.claim_tree("root")

    with pytest.raises(LeaseLost) as caught:
        store.commit([the_next(mine), the_next(first, a_task(attempt=1)), a_new_tree("new")])

    assert (caught.value.code, caught.value.root_ids) == ("lease-lost", ("root",))
    assert load(store).tasks == [a_task()]
    assert load(store, "mine").tree == Tree(id="mine", sequence=1)
    assert store.load_tree("new") is None


def test_a_decision_on_an_old_state_cannot_be_written(store: Store) -> None:
    first = a_new_tree()
    store.commit([first])
    store.commit([the_next(first)])

    with pytest.raises(LeaseLost) as caught:
        store.commit([the_next(first)])

    assert caught.value.root_ids == ("root",)


def test_a_deleted_tree_cannot_be_written(store: Store) -> None:
    first = a_new_tree()
    store.commit([first])
    store.delete_tree("root")

    with pytest.raises(LeaseLost):
        store.commit([the_next(first)])

    assert store.load_tree("root") is None


# Claims


def test_trees_of_a_closed_store_can_be_claimed(url: str, store: Store) -> None:
    ended = an_execution("ended", state=ExecutionState.SUCCESS)
    paused = an_execution("paused", state=ExecutionState.PAUSED)
    with open_store(url) as closed:
        closed.commit([a_new_tree("running"), a_new_tree("ended", ended), a_new_tree("paused", paused)])

    assert sorted(store.claim()) == ["paused", "running"]


def test_a_tree_is_unfinished_while_any_of_its_executions_is(url: str, store: Store) -> None:
    root = an_execution("root", state=ExecutionState.SUCCESS)
    child = an_execution("root", id="child", number=2, parent_task_id="root-task-1")
    with open_store(url) as closed:
        closed.commit([a_new_tree("root", root, child)])

    assert store.claim() == ["root"]


@pytest.mark.parametrize(
    ("state", "claimed"),
    [("RUNNING", ["lone"]), ("PAUSED", ["lone"]), ("SUCCESS", []), ("ERROR", []), ("CANCELLED", [])],
)
def test_a_tree_of_one_action_run_is_unfinished_while_that_is(
    url: str, store: Store, state: str, claimed: list[str]
) -> None:
    with open_store(url) as closed:
        closed.commit([a_lone_run("lone", state=RunState(state))])

    assert store.claim() == claimed
    assert store.claim(["lone"]) == claimed


def test_unfinished_trees_of_both_kinds_are_claimed_oldest_first(url: str, store: Store) -> None:
    def at(hours: int) -> datetime:
        return NOON + timedelta(hours=hours)

    with open_store(url) as closed:
        closed.commit([a_lone_run("second", created_at=at(1)), a_lone_run("fourth", created_at=at(3))])
        closed.commit([a_new_tree("third", an_execution("third", created_at=at(2)))])
        closed.commit([a_new_tree("first", an_execution("first", created_at=at(0)))])

    assert store.claim() == ["first", "second", "third", "fourth"]


def test_an_action_run_of_another_living_process_is_not_deleted_before_it_ends(
    store: Store, other: Store
) -> None:
    store.commit([a_lone_run("running"), a_lone_run("ended", state=RunState.SUCCESS)])

    with pytest.raises(Conflict) as caught:
        other.delete_tree("running")
    other.delete_tree("ended")

    assert caught.value.code == "being-run"
    assert store.load_tree("ended") is None
    assert load(store, "running").runs[0].id == "running"


def test_trees_of_a_living_store_cannot_be_claimed(store: Store, other: Store) -> None:
    store.commit([a_new_tree()])

    assert other.claim() == []
    with pytest.raises(Conflict) as caught:
        other.claim_tree("root")
    assert caught.value.code == "being-run"
    assert f"process {os.getpid()} on `" in caught.value.message


def test_trees_of_ones_own_are_claimed_again(store: Store) -> None:
    store.commit([a_new_tree()])

    assert store.claim() == ["root"]
    store.claim_tree("root")


def test_only_the_trees_that_are_asked_for_are_claimed(url: str, store: Store) -> None:
    with open_store(url) as closed:
        closed.commit([a_new_tree("a"), a_new_tree("b")])

    assert store.claim(["b", "nobody"]) == ["b"]
    assert [(root.id, root.is_alive) for root in store.list_roots()] == [("b", True), ("a", False)]


def test_a_claimed_tree_can_be_written(url: str, store: Store) -> None:
    first = a_new_tree()
    with open_store(url) as closed:
        closed.commit([first])

    store.claim(["root"])
    store.commit([the_next(first)])

    assert load(store).tree == Tree(id="root", sequence=2)


def test_a_finished_tree_can_be_claimed_by_its_name(url: str, store: Store) -> None:
    first = a_new_tree("root", an_execution(state=ExecutionState.ERROR))
    with open_store(url) as closed:
        closed.commit([first])

    store.claim_tree("root")
    store.commit([the_next(first)])

    assert store.list_roots()[0].node_id == store.node_id


def test_a_released_tree_belongs_to_nobody(store: Store, other: Store) -> None:
    store.commit([a_new_tree("a"), a_new_tree("b")])

    store.release(["a"])

    assert other.claim() == ["a"]


def test_nobody_releases_the_trees_of_others(store: Store, other: Store) -> None:
    store.commit([a_new_tree("a")])
    other.commit([a_new_tree("b")])

    other.release(["a"])

    assert other.claim() == ["b"]


def test_a_tree_that_does_not_exist_cannot_be_claimed(store: Store) -> None:
    with pytest.raises(NotFound) as caught:
        store.claim_tree("nobody")

    assert caught.value.code == "execution-unknown"


def test_an_unfinished_tree_of_another_living_process_is_not_deleted(store: Store, other: Store) -> None:
    store.commit([a_new_tree("running"), a_new_tree("ended", an_execution("ended", state="SUCCESS"))])

    with pytest.raises(Conflict) as caught:
        other.delete_tree("running")
    other.delete_tree("ended")

    assert caught.value.code == "being-run"
    assert [root.id for root in store.list_roots()] == ["running"]


# Nodes


def test_a_store_is_a_node_from_its_first_write_to_its_end(url: str) -> None:
    with open_store(url) as observer, open_store(url) as store:
        store.commit([a_new_tree()])
        node_id = store.node_id
        assert observer.is_alive(node_id)

        store.close()
        assert not observer.is_alive(node_id)


def test_closing_one_store_of_a_process_leaves_the_others_alive(url: str, store: Store) -> None:
    store.commit([a_new_tree()])
    with open_store(url) as short_lived:
        short_lived.commit([a_new_tree("brief")])

    with a_process(url, "claim") as process:
        assert line_from(process) == "claimed brief"
    assert store.is_alive(store.node_id)


def test_the_number_of_a_node_is_never_given_out_again(url: str) -> None:
    numbers = []
    for _ in range(3):
        with open_store(url) as store:
            numbers.append(store.node_id)

    assert numbers == [1, 2, 3]


def test_dead_nodes_are_forgotten(url: str, tmp_path: Path) -> None:
    for _ in range(3):
        with open_store(url, name="worker", clock=FixedClock()) as store:
            store.claim()

    connection = sqlite3.connect(tmp_path / "trees.db")
    rows = connection.execute("SELECT id, name, pid, started_at FROM nodes").fetchall()
    connection.close()
    assert rows == [(3, "worker", os.getpid(), int(NOON.timestamp()) * 1_000_000 + NOON.microsecond)]


def test_a_new_database_does_not_mistake_a_process_that_has_the_deleted_one_open(
    url: str, store: Store, tmp_path: Path
) -> None:
    assert store.node_id == 1
    for path in tmp_path.glob("trees.db*"):
        if path.suffix != ".lock":
            path.unlink()

    with open_store(url) as fresh:
        assert fresh.node_id == 2


def test_reading_makes_nobody_a_node(url: str, tmp_path: Path) -> None:
    with open_store(url) as store:
        store.list_roots()
        store.put_document("greet.yaml", "version: '2.0'")

    assert not (tmp_path / "trees.db.lock").exists()


def test_a_lock_file_that_cannot_be_made_is_an_error(url: str, store: Store, tmp_path: Path) -> None:
    (tmp_path / "trees.db.lock").mkdir()

    with pytest.raises(Unavailable) as caught:
        store.commit([a_new_tree()])

    assert caught.value.code == "database-io"


# Other processes


def test_a_tree_of_another_process_can_be_claimed_once_it_was_killed(url: str, store: Store) -> None:
    with a_process(url, "own") as process:
        assert line_from(process) == "owns root"
        with pytest.raises(Conflict) as caught:
            store.claim_tree("root")
        assert f"process {process.pid} on `" in caught.value.message
        assert store.claim() == []

        process.send_signal(signal.SIGKILL)
        process.wait()

        assert store.claim() == ["root"]


def test_a_process_that_is_stopped_keeps_its_trees(url: str, store: Store) -> None:
    with a_process(url, "own") as process:
        assert line_from(process) == "owns root"
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)

        assert store.claim() == []
        assert [root.is_alive for root in store.list_roots()] == [True]

        process.send_signal(signal.SIGCONT)


def test_a_process_killed_in_the_midst_of_commits_leaves_a_consistent_tree(url: str, store: Store) -> None:
    with a_process(url, "commit for ever") as process:
        confirmed = [int(line_from(process)) for _ in range(20)][-1]
        process.send_signal(signal.SIGKILL)
        process.wait()

    rows = load(store)
    sequence = rows.tree.sequence
    assert sequence >= confirmed
    assert [number for number, _ in store.read_history("root")] == list(range(1, sequence + 1))
    assert [task.attempt for task in rows.tasks] == list(range(1, sequence + 1))
    assert rows.executions[0].live == sequence
    assert store.claim() == ["root"]


def test_processes_that_make_the_database_at_the_same_time_share_it(url: str) -> None:
    with a_process(url, "own some") as one, a_process(url, "own some") as two:
        owned = {line_from(one), line_from(two)}

        with open_store(url) as store:
            assert {f"owns {root.id}" for root in store.list_roots()} == owned
            assert [root.is_alive for root in store.list_roots()] == [True, True]
