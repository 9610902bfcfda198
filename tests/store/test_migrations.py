"""A file that an older version made is brought up to date, wholly or not at all."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from maestrale.core.state import Pin, Tree
from maestrale.errors import InvalidInput, Unavailable
from maestrale.ids import DEFAULT_PROJECT
from maestrale.store import TreeRows, open_reader, open_store
from maestrale.store.sqlite import APPLICATION_ID

from .rows import NOON, a_run, a_task, a_timer, an_environment, an_execution, load

SCHEMA_1 = """
CREATE TABLE trees ("id" TEXT NOT NULL, "counter" BIGINT NOT NULL, "sequence" BIGINT NOT NULL,
    "pins" TEXT NOT NULL, "node_id" BIGINT, PRIMARY KEY ("id"));
CREATE TABLE executions ("id" TEXT NOT NULL, "root_id" TEXT NOT NULL, "number" BIGINT NOT NULL,
    "parent_task_id" TEXT, "index" BIGINT, "depth" BIGINT NOT NULL, "workflow" TEXT NOT NULL,
    "namespace" TEXT NOT NULL, "document" TEXT NOT NULL, "state" TEXT NOT NULL, "state_info" TEXT,
    "description" TEXT NOT NULL, "tags" TEXT NOT NULL, "input" TEXT NOT NULL, "params" TEXT NOT NULL,
    "context" TEXT NOT NULL, "output" TEXT, "accepted" SMALLINT NOT NULL, "live" BIGINT NOT NULL,
    "cancelled" BIGINT NOT NULL, "unhandled" BIGINT NOT NULL, "backlog" TEXT NOT NULL,
    "created_at" BIGINT NOT NULL, "updated_at" BIGINT NOT NULL, "finished_at" BIGINT,
    PRIMARY KEY ("root_id", "id"));
CREATE TABLE tasks ("id" TEXT NOT NULL, "execution_id" TEXT NOT NULL, "root_id" TEXT NOT NULL,
    "number" BIGINT NOT NULL, "name" TEXT NOT NULL, "type" TEXT NOT NULL, "state" TEXT NOT NULL,
    "state_info" TEXT, "tags" TEXT NOT NULL, "turn" BIGINT, "triggered_by" TEXT NOT NULL,
    "sources" TEXT NOT NULL, "published" TEXT, "published_global" TEXT, "next_tasks" TEXT NOT NULL,
    "pending" TEXT NOT NULL, "has_next_tasks" SMALLINT NOT NULL, "error_handled" SMALLINT NOT NULL,
    "processed" SMALLINT NOT NULL, "attempt" BIGINT NOT NULL, "retried" SMALLINT NOT NULL,
    "held" SMALLINT NOT NULL, "waited_before" SMALLINT NOT NULL,
    "waited_after" SMALLINT NOT NULL, "waiting_outcome" TEXT, "concurrency" BIGINT NOT NULL,
    "arrived" BIGINT NOT NULL, "late" TEXT NOT NULL, "items" TEXT, "item_values" TEXT,
    "created_at" BIGINT NOT NULL, "updated_at" BIGINT NOT NULL, "started_at" BIGINT, "finished_at" BIGINT,
    PRIMARY KEY ("root_id", "id"));
CREATE TABLE action_runs ("id" TEXT NOT NULL, "task_id" TEXT NOT NULL, "execution_id" TEXT NOT NULL,
    "root_id" TEXT NOT NULL, "number" BIGINT NOT NULL, "name" TEXT NOT NULL, "action" TEXT NOT NULL,
    "wrappers" TEXT NOT NULL, "index" BIGINT, "attempt" BIGINT NOT NULL, "state" TEXT NOT NULL,
    "input" TEXT NOT NULL, "arguments" TEXT, "result" TEXT, "accepted" SMALLINT NOT NULL,
    "abandoned" SMALLINT NOT NULL, "asynchronous" SMALLINT NOT NULL, "safe_rerun" SMALLINT NOT NULL,
    "started" SMALLINT NOT NULL, "target" TEXT, "created_at" BIGINT NOT NULL, "updated_at" BIGINT NOT NULL,
    "finished_at" BIGINT, PRIMARY KEY ("root_id", "id"));
CREATE TABLE timers ("id" TEXT NOT NULL, "root_id" TEXT NOT NULL, "task_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL, "seconds" BIGINT NOT NULL, "due_at" BIGINT NOT NULL,
    PRIMARY KEY ("root_id", "id"));
CREATE TABLE history (root_id TEXT NOT NULL, sequence BIGINT NOT NULL, at BIGINT NOT NULL,
    entry TEXT NOT NULL, PRIMARY KEY (root_id, sequence));
CREATE TABLE documents (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, text TEXT NOT NULL,
    created_at BIGINT NOT NULL);
CREATE TABLE blobs (id TEXT NOT NULL PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE blob_refs (root_id TEXT NOT NULL, blob_id TEXT NOT NULL, PRIMARY KEY (root_id, blob_id));
CREATE TABLE nodes (id BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, pid BIGINT NOT NULL,
    host TEXT NOT NULL, started_at BIGINT NOT NULL);
CREATE TABLE meta ("key" TEXT NOT NULL PRIMARY KEY, "value" TEXT NOT NULL);
CREATE UNIQUE INDEX executions_by_id ON executions (id);
CREATE INDEX executions_by_age ON executions (created_at);
CREATE INDEX executions_by_state ON executions (state, created_at);
CREATE INDEX executions_by_parent ON executions (parent_task_id) WHERE parent_task_id IS NOT NULL;
CREATE INDEX tasks_by_execution ON tasks (execution_id);
CREATE INDEX action_runs_by_task ON action_runs (task_id);
CREATE INDEX action_runs_by_execution ON action_runs (execution_id);
CREATE INDEX blob_refs_by_blob ON blob_refs (blob_id);
INSERT INTO meta VALUES ('product', 'maestrale'), ('schema', '1'), ('last_node', '0');
"""

AT = int(NOON.timestamp()) * 1_000_000 + NOON.microsecond
ROWS_1 = f"""
INSERT INTO trees VALUES ('root', 4, 1,
    '[{{"kind":"workflow","namespace":"","name":"greet","document":"d0c"}}]', NULL);
INSERT INTO executions VALUES ('root', 'root', 0, NULL, NULL, 0, 'greet', '', 'd0c', 'RUNNING', NULL, '',
    '[]', '{{}}', '{{}}', '{{}}', NULL, 1, 0, 0, 0, '[]', {AT}, {AT}, NULL);
INSERT INTO tasks VALUES ('root-task-1', 'root', 'root', 1, 'hello', 'ACTION', 'RUNNING', NULL, '[]', NULL,
    '[]', '[]', '{{}}', NULL, '[]', '[]', 0, 0, 0, 0, 0, 0, 0, 0, NULL, 0, 0, '[]', NULL, NULL,
    {AT}, {AT}, NULL, NULL);
INSERT INTO action_runs VALUES ('root-run-2', 'root-task-1', 'root', 'root', 2, 'std.echo', 'std.echo', '[]',
    NULL, 1, 'RUNNING', '{{"output":"hi"}}', NULL, NULL, 0, 0, 0, 0, 0, NULL, {AT}, {AT}, NULL);
INSERT INTO timers VALUES ('root-timer', 'root', 'root-task-1', 'retry', 5, {AT});
"""

TREE = TreeRows(
    Tree(id="root", counter=4, sequence=1, pins=(Pin("workflow", "", "greet", "d0c"),)),
    [an_execution()],
    [a_task()],
    [a_run()],
    [a_timer()],
)


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    """A file of version 1 with one tree in it."""
    path = tmp_path / "trees.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA_1 + ROWS_1)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
    return path


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
            "indexes": connection.execute(indexes).fetchall(),
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


def test_an_older_file_is_written_on_once_it_is_up_to_date(old_file: Path) -> None:
    with open_store(f"sqlite:///{old_file}") as store:
        assert store.claim() == ["root"]
        store.insert_record(an_environment())

    with open_store(f"sqlite:///{old_file}") as store:
        assert store.list_records(type(an_environment())) == [an_environment()]


def test_a_file_that_cannot_be_brought_up_to_date_stays_as_it_was(old_file: Path) -> None:
    with closing(sqlite3.connect(old_file)) as connection:
        connection.execute("CREATE TABLE members (another)")
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
