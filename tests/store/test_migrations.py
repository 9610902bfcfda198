"""A file that an older version made is brought up to date, wholly or not at all."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from maestrale.core.state import Pin, Tree
from maestrale.errors import InvalidInput, Unavailable
from maestrale.ids import DEFAULT_PROJECT
from maestrale.store import TreeRows, open_reader, open_store
from maestrale.store.administration import upgrade_script
from maestrale.store.migrations.file import upgrade_file
from maestrale.store.records import CronTriggerRecord
from maestrale.store.schema import VERSION

from .migrating import KILLED, later
from .old_files import OLD_FILES, make_old_file
from .rows import a_cron_trigger, a_run, a_task, a_timer, an_entry, an_environment, an_execution, load

TREE = TreeRows(
    Tree(id="root", counter=4, sequence=1, pins=(Pin("workflow", "", "greet", "d0c"),)),
    [an_execution()],
    [a_task()],
    [a_run()],
    [a_timer()],
)


@pytest.fixture(params=OLD_FILES)
def old_file(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A file of an older version with one tree in it."""
    return make_old_file(tmp_path / "trees.db", request.param)


@pytest.fixture
def file_2(tmp_path: Path) -> Path:
    return make_old_file(tmp_path / "trees.db", 2)


def shape(path: Path) -> dict[str, object]:
    """Columns and indexes of a file, whatever the order they were made in."""
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        tables = [name for (name,) in names]
        indexes = "SELECT name, sql FROM sqlite_master WHERE type = 'index' ORDER BY name"
        columns = 'SELECT name, type, "notnull", pk FROM pragma_table_info(?) ORDER BY name'
        return {
            "version": connection.execute("PRAGMA user_version").fetchone(),
            "meta": connection.execute("SELECT * FROM meta ORDER BY 1").fetchall(),
            "indexes": [(name, sql and sql.split()) for name, sql in connection.execute(indexes)],
        } | {table: connection.execute(columns, (table,)).fetchall() for table in tables}


def test_an_older_file_gets_the_schema_of_a_new_one(old_file: Path, tmp_path: Path) -> None:
    open_store(f"sqlite:///{old_file}").close()
    open_store(f"sqlite:///{tmp_path}/new.db").close()

    assert shape(old_file) == shape(tmp_path / "new.db")


def test_what_was_in_an_older_file_is_read_as_it_was_and_belongs_to_the_default_project(
    old_file: Path,
) -> None:
    with open_store(f"sqlite:///{old_file}") as store:
        rows = load(store)

    assert rows == TREE
    everything: list[Any] = [rows.tree, *rows.executions, *rows.tasks, *rows.runs]
    assert [row.project_id for row in everything] == [DEFAULT_PROJECT] * 4


def test_history_and_records_of_the_last_version_are_there(file_2: Path) -> None:
    with open_store(f"sqlite:///{file_2}") as store:
        assert list(store.read_history("root")) == [(1, an_entry())]
        assert store.list_records(CronTriggerRecord) == [a_cron_trigger()]


def test_there_is_an_older_file_of_every_version() -> None:
    assert list(OLD_FILES) == list(range(1, VERSION))


def test_an_older_file_is_written_on_once_it_is_up_to_date(old_file: Path) -> None:
    with open_store(f"sqlite:///{old_file}") as store:
        assert store.claim() == ["root"]
        store.insert_record(an_environment())

    with open_store(f"sqlite:///{old_file}") as store:
        assert store.list_records(type(an_environment())) == [an_environment()]


def test_a_file_that_cannot_be_brought_up_to_date_stays_as_it_was(old_file: Path) -> None:
    with closing(sqlite3.connect(old_file)) as connection:
        connection.execute("CREATE TABLE inbox (another)")
    before = shape(old_file)

    with pytest.raises(Unavailable) as caught:
        open_store(f"sqlite:///{old_file}")

    assert caught.value.code == "database-error"
    assert shape(old_file) == before


def test_a_reader_does_not_bring_an_older_file_up_to_date(old_file: Path) -> None:
    before = shape(old_file)

    with pytest.raises(InvalidInput) as caught:
        open_reader(f"sqlite:///{old_file}")

    assert caught.value.code == "database-older"
    assert shape(old_file) == before


def test_a_file_whose_upgrade_is_killed_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "trees.db"
    open_store(f"sqlite:///{path}").close()
    before = shape(path)
    program = (
        "import sqlite3; from maestrale.store.migrations.file import upgrade_file;"
        " from maestrale.store.migrations.revisions import Revisions;"
        f" upgrade_file(lambda: sqlite3.connect({str(path)!r}, isolation_level=None), to={VERSION + 1},"
        f" revisions=Revisions([{KILLED!r}]))"
    )

    ended = subprocess.run([sys.executable, "-c", program], check=False, timeout=60)

    assert ended.returncode == -signal.SIGKILL
    assert shape(path) == before


def test_a_later_file_is_used_as_long_as_it_serves_this_version(tmp_path: Path) -> None:
    path, url = tmp_path / "trees.db", f"sqlite:///{tmp_path}/trees.db"
    open_store(url).close()
    upgrade_file(lambda: sqlite3.connect(path, isolation_level=None), to=VERSION + 2, revisions=later())

    with open_store(url) as store, open_reader(url) as reader:
        assert store.claim() == []
        assert reader.list_records(CronTriggerRecord) == []
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'schema_serves'", (str(VERSION + 1),))

    with pytest.raises(InvalidInput) as caught:
        open_store(url)
    assert caught.value.code == "database-newer"


def test_the_statements_of_an_upgrade_do_what_it_does(old_file: Path, tmp_path: Path) -> None:
    by_hand = make_old_file(tmp_path / "by-hand.db", shape(old_file)["version"][0])  # type: ignore[index]

    with closing(sqlite3.connect(by_hand)) as connection:
        connection.executescript(upgrade_script(f"sqlite:///{by_hand}"))
    open_store(f"sqlite:///{old_file}").close()

    assert shape(by_hand) == shape(old_file)
    assert upgrade_script(f"sqlite:///{by_hand}") == ""
