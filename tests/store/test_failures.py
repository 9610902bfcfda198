"""Whatever is wrong with the file or the disk, the caller meets an error with a stable code."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from shutil import copy, rmtree

import pytest

from maestrale.errors import Error, InvalidInput, NotFound, Unavailable
from maestrale.store import Store, open_store
from maestrale.store.node_locks import PrivateLocks
from maestrale.store.ownership import FileOwnership
from maestrale.store.schema import SERVES, VERSION
from maestrale.store.sqlite import APPLICATION_ID, open_database

from .databases import change, on_sqlite
from .rows import FixedClock, a_new_tree, a_run, a_task, load, rows_of, the_next

NOBODY = 65534


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def refusal(path: Path, *, create: bool = True) -> Error:
    """The error that opening the file gives."""
    with pytest.raises(Error) as caught:
        open_store(url_of(path), create=create, lock_seconds=0)
    return caught.value


def a_full_store(path: Path) -> None:
    with open_store(url_of(path)) as store:
        store.commit([a_new_tree("root", *(a_task(number=number) for number in range(1, 1500)))])


@contextmanager
def an_ordinary_user() -> Iterator[Path]:
    """A directory of root's, seen by a user whom rights apply to (they do not to root)."""
    directory = Path(tempfile.mkdtemp())
    try:
        yield directory
    finally:
        if os.getuid() == 0:
            os.seteuid(0)
        for path in (directory, *directory.rglob("*")):
            path.chmod(0o755)
        rmtree(directory)


def take_rights(path: Path) -> None:
    for each in (*path.iterdir(), path):
        each.chmod(0o555 if each.is_dir() else 0o444)
    if os.getuid() == 0:
        os.seteuid(NOBODY)


# Files that are none of ours


def test_a_file_of_garbage_is_damaged_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "trees.db"
    path.write_bytes(b"not a database at all" * 500)

    error = refusal(path)

    assert (type(error), error.code) == (Unavailable, "database-damaged")
    assert path.read_bytes() == b"not a database at all" * 500
    assert [file.name for file in tmp_path.iterdir()] == ["trees.db"]


def test_a_truncated_database_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "trees.db"
    a_full_store(path)
    os.truncate(path, path.stat().st_size // 2)

    error = refusal(path)

    assert (type(error), error.code) == (Unavailable, "database-damaged")
    assert error.hint is not None
    assert ".recover" in error.hint


def test_a_database_with_overwritten_pages_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "trees.db"
    a_full_store(path)
    half = path.stat().st_size // 2
    with path.open("r+b") as file:
        file.seek(half)
        file.write(b"\xa5" * half)

    with open_store(url_of(path)) as store, pytest.raises(Unavailable) as caught:
        store.load_tree("root")

    assert caught.value.code == "database-damaged"


def test_a_row_with_something_else_in_it_is_damage(store: Store, url: str) -> None:
    store.commit([a_new_tree("root", a_task())])
    change(url, "UPDATE tasks SET state = 'NONSENSE'")

    with pytest.raises(Unavailable) as caught:
        store.load_tree("root")

    assert caught.value.code == "database-damaged"


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_the_database_of_another_application_is_never_touched(tmp_path: Path, journal: str) -> None:
    """Not even to finish what that application, here cut off in its work, left to be done."""
    path = tmp_path / "copy" / "other.db"
    path.parent.mkdir()
    with closing(sqlite3.connect(tmp_path / "other.db", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE songs (title)")
        connection.execute(f"PRAGMA journal_mode = {journal}")
        connection.execute("INSERT INTO songs VALUES ('Largo')")
        for file in tmp_path.glob("other.db*"):
            copy(file, path.parent)
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}

    error = refusal(path)

    assert (type(error), error.code) == (InvalidInput, "database-not-ours")
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before


def test_a_database_marked_by_another_application_is_not_ours_even_if_empty_of_rows(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA application_id = 77")
        connection.execute("CREATE TABLE executions (id)")
        connection.commit()

    assert refusal(path).code == "database-not-ours"


def test_a_database_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trees.db"
    a_full_store(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")

    error = refusal(path)

    assert (type(error), error.code) == (InvalidInput, "database-newer")
    assert "schema 99" in error.message


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    path = tmp_path / "trees.db"
    path.touch()

    with open_store(url_of(path)) as store:
        store.commit([a_new_tree()])

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("SELECT * FROM meta ORDER BY 1").fetchall() == [
            ("last_node", "1"),
            ("product", "maestrale"),
            ("schema", str(VERSION)),
            ("schema_serves", str(SERVES)),
        ]


def test_a_commit_waits_for_the_disk(tmp_path: Path) -> None:
    database = open_database(str(tmp_path / "trees.db"), create=True, lock_seconds=0)
    full = 2

    with closing(database):
        assert database.rows("PRAGMA synchronous") == [(full,)]


# Paths


@pytest.mark.parametrize("is_empty_file", [False, True])
def test_a_database_that_is_missing_is_not_made_where_it_must_exist(
    tmp_path: Path, is_empty_file: bool
) -> None:
    path = tmp_path / "trees.db"
    if is_empty_file:
        path.touch()

    error = refusal(path, create=False)

    assert (type(error), error.code) == (NotFound, "database-missing")
    assert path.exists() == is_empty_file


def test_the_directories_of_a_new_database_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "trees.db"

    open_store(url_of(path)).close()

    assert path.exists()


def test_odd_characters_in_a_path_are_only_characters(tmp_path: Path) -> None:
    path = tmp_path / "50%25 #1 é & more" / "trees.db"

    open_store(url_of(path)).close()

    assert path.exists()


def test_a_directory_is_no_database(tmp_path: Path) -> None:
    error = refusal(tmp_path)

    assert (type(error), error.code, error.message) == (
        InvalidInput,
        "database-url",
        f"the database `{tmp_path}` is a directory",
    )


def test_a_pipe_is_no_database_and_nothing_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert refusal(tmp_path / "pipe").code == "database-url"


def test_a_path_through_a_file_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    error = refusal(tmp_path / "file" / "trees.db")

    assert (type(error), error.code) == (InvalidInput, "database-url")


# Others who use the file, and the disk


@on_sqlite
def test_a_database_locked_by_another_program_is_an_error_and_works_again_later(
    tmp_path: Path, url: str
) -> None:
    commit = a_new_tree("root", a_task())
    with open_store(url, lock_seconds=0) as store:
        with closing(sqlite3.connect(tmp_path / "trees.db", isolation_level=None)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            with pytest.raises(Unavailable) as caught:
                store.commit([commit])
        store.commit([commit])

        assert caught.value.code == "database-locked"
        assert load(store) == rows_of(commit.after)


def test_a_database_that_is_locked_while_it_is_made_cannot_be_opened(tmp_path: Path) -> None:
    path = tmp_path / "trees.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")

        assert refusal(path).code == "database-locked"


def test_a_full_disk_loses_nothing_and_more_space_is_enough_to_go_on(tmp_path: Path) -> None:
    path = str(tmp_path / "trees.db")
    database = open_database(path, create=True, lock_seconds=0)
    small, large = a_new_tree("small"), a_new_tree("large", a_run("large", result="x" * 10_000_000))
    ownership = FileOwnership(database, PrivateLocks(), name="", clock=FixedClock())
    with closing(Store(database, ownership, clock=FixedClock())) as store:
        store.commit([small])
        database.rows("PRAGMA max_page_count = 100")

        with pytest.raises(Unavailable) as caught:
            store.commit([large, the_next(small)])
        assert caught.value.code == "database-full"
        assert (store.load_tree("small"), store.load_tree("large")) == (rows_of(small.after), None)

        database.rows("PRAGMA max_page_count = 1000000")
        store.commit([large, the_next(small)])
        assert load(store, "large") == rows_of(large.after)


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_a_file_without_the_right_to_write_is_an_error(journal: str) -> None:
    with an_ordinary_user() as directory:
        path = directory / "trees.db"
        with open_store(url_of(path)) as store:
            store.commit([a_new_tree()])
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA journal_mode = {journal}")
        take_rights(directory)

        error = refusal(path)

        assert (type(error), error.code) == (Unavailable, "database-readonly")


def test_losing_the_right_to_write_stops_commits_but_not_reading() -> None:
    with an_ordinary_user() as directory:
        path = directory / "trees.db"
        commit = a_new_tree()
        with open_store(url_of(path)) as store:
            store.commit([commit])
        directory.chmod(0o777)
        path.chmod(0o444)
        if os.getuid() == 0:
            os.seteuid(NOBODY)

        with open_store(url_of(path)) as store:
            with pytest.raises(Unavailable) as caught:
                store.commit([the_next(commit)])

            assert caught.value.code == "database-readonly"
            assert load(store) == rows_of(commit.after)


def test_a_directory_without_the_right_to_write_takes_no_database() -> None:
    with an_ordinary_user() as directory:
        take_rights(directory)

        assert refusal(directory / "trees.db").code == "database-readonly"
        assert refusal(directory / "deeper" / "trees.db").code == "database-readonly"


def test_a_directory_that_must_not_be_entered_is_an_error() -> None:
    with an_ordinary_user() as directory:
        (directory / "closed").mkdir()
        (directory / "closed").chmod(0)
        directory.chmod(0o755)
        if os.getuid() == 0:
            os.seteuid(NOBODY)

        assert refusal(directory / "closed" / "trees.db").code == "database-readonly"


# A file that is taken away


def test_nothing_is_stored_while_the_file_is_not_where_it_was(tmp_path: Path) -> None:
    path, away = tmp_path / "trees.db", tmp_path / "away.db"
    with open_store(url_of(path)) as store:
        store.commit([a_new_tree("first")])
        path.rename(away)
        with pytest.raises(Unavailable) as gone:
            store.commit([a_new_tree("second")])
        copy(away, path)
        with pytest.raises(Unavailable) as replaced:
            store.swap_setting("a", None, "b")
        away.replace(path)
        store.commit([a_new_tree("second")])

    assert (gone.value.code, replaced.value.code) == ("database-replaced", "database-replaced")
    assert "gone from its place" in gone.value.message
    assert "another file" in replaced.value.message
    with open_store(url_of(path)) as store:
        assert [load(store, id).tree.id for id in ("first", "second")] == ["first", "second"]


def test_a_file_named_by_a_relative_path_is_found_from_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with open_store("sqlite:///trees.db") as store:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        store.commit([a_new_tree("first")])

        assert load(store, "first").tree.id == "first"
