"""A second connection that reads, and settings and figures of the whole service."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from maestrale.core.status import ExecutionState
from maestrale.errors import InvalidInput, NotFound, Unavailable
from maestrale.store import Access, Query, Store, open_reader
from maestrale.store.listing_tables import EXECUTIONS
from maestrale.store.opening import open_to_read
from maestrale.store.records import EnvironmentRecord
from maestrale.store.urls import parse_url

from .databases import on_sqlite
from .rows import NOON, a_lone_run, a_new_tree, an_environment, an_execution

HOUR = timedelta(hours=1)


def test_a_reader_sees_what_is_committed_and_nothing_else(url: str, store: Store) -> None:
    with open_reader(url) as reader:
        with store.writing():
            store.insert_record(an_environment())
            assert reader.list_records(EnvironmentRecord) == []

        assert reader.list_records(EnvironmentRecord) == [an_environment()]


def test_readers_in_other_threads_read_while_the_store_writes(url: str, store: Store) -> None:
    store.commit([a_new_tree("a"), a_new_tree("b")])
    found: list[list[str]] = []

    def read() -> None:
        with open_reader(url) as reader:
            page = reader.list_page(EXECUTIONS, Access(), Query(attributes=("id",)))
            found.append([row["id"] for row in page])

    with store.writing():
        store.insert_record(an_environment())
        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert found == [["a", "b"]] * 4


def test_the_connection_of_a_reader_refuses_to_write(store: Store, url: str) -> None:
    database = open_to_read(parse_url(url))
    try:
        with pytest.raises(Unavailable) as caught:
            database.run("DELETE FROM trees")
    finally:
        database.close()

    assert caught.value.code == "database-readonly"


@on_sqlite
def test_a_reader_is_no_node(url: str, store: Store, tmp_path: Path) -> None:
    with open_reader(url) as reader:
        assert reader.list_roots() == []

    assert not (tmp_path / "trees.db.lock").exists()


def test_a_database_in_memory_has_no_second_reader() -> None:
    with pytest.raises(InvalidInput) as caught:
        open_reader("sqlite://")

    assert caught.value.code == "memory-not-shared"


def test_a_reader_makes_no_file(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()

    for name in ("missing.db", "empty.db"):
        with pytest.raises(NotFound) as caught:
            open_reader(f"sqlite:///{tmp_path}/{name}")
        assert caught.value.code == "database-missing"
    assert not (tmp_path / "missing.db").exists()


# Settings


def test_a_setting_is_swapped_only_by_who_knows_what_it_is(url: str, store: Store) -> None:
    assert store.get_setting("maintenance") is None

    swaps = [(None, "PAUSED"), (None, "late"), ("else", "late"), ("PAUSED", "RUNNING")]
    done = [store.swap_setting("maintenance", before, after) for before, after in swaps]

    assert done == [True, False, False, True]
    with open_reader(url) as reader:
        assert reader.get_setting("maintenance") == "RUNNING"


@pytest.mark.parametrize("key", ["product", "schema", "last_node"])
def test_a_setting_is_never_one_of_the_databases_own_entries(store: Store, key: str) -> None:
    assert store.get_setting(key) is None
    store.swap_setting(key, None, "mine")

    assert store.node_id == 1


# Figures


def test_executions_are_counted_by_their_state(store: Store) -> None:
    states = {"a": "RUNNING", "b": "ERROR", "c": "ERROR"}
    store.commit([a_new_tree(id, an_execution(id, state=state)) for id, state in states.items()])
    store.commit([a_lone_run()])

    assert store.count_states() == {"RUNNING": 1, "PAUSED": 0, "SUCCESS": 0, "ERROR": 2, "CANCELLED": 0}


def test_the_oldest_unfinished_execution_is_running_or_paused(store: Store) -> None:
    assert store.oldest_unfinished_at() is None

    made = {"RUNNING": NOON + 2 * HOUR, "PAUSED": NOON + HOUR, "SUCCESS": NOON, "ERROR": NOON}
    for state, at in made.items():
        store.commit([a_new_tree(state, an_execution(state, state=ExecutionState(state), created_at=at))])

    assert store.oldest_unfinished_at() == NOON + HOUR
