"""Large values are stored once, and go with the last tree that refers to them."""

import pytest
from msgspec.structs import replace

from maestrale.errors import NotFound, Unavailable
from maestrale.store import Store
from maestrale.store.blobs import BLOB_BYTES

from .databases import change, count
from .rows import a_new_tree, a_run, a_task, an_execution, load, the_next

LARGE = {"text": "x" * BLOB_BYTES}


def test_a_large_value_in_many_rows_is_stored_once(store: Store, url: str) -> None:
    runs = [a_run(number=number, input=LARGE) for number in range(2, 50)]
    commits = [a_new_tree("root", *runs), a_new_tree("other", an_execution("other", input=LARGE))]

    store.commit(commits)

    assert count(url, "blobs") == 1
    assert load(store).runs == runs
    assert load(store, "other").executions[0].input == LARGE


def test_rows_that_share_a_large_value_share_it_in_memory(store: Store) -> None:
    store.commit([a_new_tree("root", *(a_run(number=number, input=LARGE) for number in (2, 3)))])

    first, second = load(store).runs

    assert first.input is second.input


@pytest.mark.parametrize(("length", "blobs"), [(BLOB_BYTES - 8, 0), (BLOB_BYTES - 7, 1)])
def test_a_value_is_large_from_one_byte_above_the_limit(
    store: Store, url: str, length: int, blobs: int
) -> None:
    value = {"t": "x" * length}  # With the key, the quotes and the braces: 8 bytes more.

    store.commit([a_new_tree("root", a_task(published=value))])

    assert count(url, "blobs") == blobs
    assert load(store).tasks[0].published == value


def test_data_that_looks_like_a_reference_is_not_one(store: Store) -> None:
    store.commit([a_new_tree("root", a_run(number=2, input=LARGE), a_run(number=3, result="@x"))])

    assert load(store).runs[1].result == "@x"


def test_a_large_value_that_does_not_change_is_not_encoded_again(store: Store) -> None:
    run = a_run(input=LARGE)
    first = a_new_tree("root", run)
    store.commit([first])
    poisoned = replace(run, input=object())  # Would be refused, if anybody tried to encode it.
    second = the_next(first, replace(poisoned, attempt=2))
    second.before.runs[run.id] = poisoned

    store.commit([second])

    assert load(store).runs == [replace(run, attempt=2)]


def test_a_large_value_goes_with_the_last_tree_that_refers_to_it(store: Store, url: str) -> None:
    store.commit([a_new_tree(name, an_execution(name, input=LARGE)) for name in ("one", "two")])
    store.commit([a_new_tree("three", an_execution("three", input={"own": "y" * BLOB_BYTES}))])

    store.delete_tree("three")
    store.delete_tree("one")
    assert load(store, "two").executions[0].input == LARGE
    assert (count(url, "blobs"), count(url, "blob_refs")) == (1, 1)

    store.delete_tree("two")
    assert (count(url, "blobs"), count(url, "blob_refs")) == (0, 0)


def test_a_deleted_tree_is_gone_with_its_history(store: Store, url: str) -> None:
    store.commit([a_new_tree("root", a_task(), a_run())])

    store.delete_tree("root")

    assert store.load_tree("root") is None
    assert list(store.read_history("root")) == []
    assert [count(url, name) for name in ("executions", "tasks", "action_runs", "history")] == [0] * 4


def test_a_tree_that_does_not_exist_cannot_be_deleted(store: Store) -> None:
    with pytest.raises(NotFound) as caught:
        store.delete_tree("nobody")

    assert caught.value.code == "execution-unknown"


def test_a_blob_that_is_missing_is_damage(store: Store, url: str) -> None:
    store.commit([a_new_tree("root", a_task(published=LARGE))])
    change(url, "DELETE FROM blobs")

    with pytest.raises(Unavailable) as caught:
        store.load_tree("root")

    assert caught.value.code == "database-damaged"
