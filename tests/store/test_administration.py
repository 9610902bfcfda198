"""What is told of a database is so, and what is wrong with it is found."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from maestrale.core.status import ExecutionState
from maestrale.errors import InvalidInput, NotFound
from maestrale.store import Store
from maestrale.store.administration import (
    Level,
    Plan,
    Step,
    Verdict,
    check,
    look_at,
    plan_upgrade,
    read_info,
    upgrade,
    upgrade_script,
)
from maestrale.store.administration.info import ShardInfo, Unfinished
from maestrale.store.administration.server_checks import check as check_server
from maestrale.store.schema import SHARDS, VERSION

from .databases import on_postgresql, on_sqlite
from .migrating import make_old_server, run, shape_of
from .old_files import make_old_file
from .rows import NOON, FixedClock, a_new_tree, an_execution


def problems(url: str) -> list[Verdict]:
    with look_at(url) as subject:
        return [verdict for verdict in check(subject) if verdict.level is not Level.OK]


def change(url: str, *statements: str) -> None:
    """Do something to a database that nobody should."""
    if url.startswith("postgresql"):
        run(url, *statements)
        return
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def messages(url: str) -> list[tuple[str, str, str]]:
    return [(verdict.level.value, verdict.code, verdict.message) for verdict in problems(url)]


# What is in it


def test_what_is_in_a_database_is_told(url: str, store: Store) -> None:
    ended = an_execution("ended", state=ExecutionState.SUCCESS, created_at=datetime(2020, 1, 1, tzinfo=UTC))
    store.commit([a_new_tree("root"), a_new_tree("ended", ended)])

    with look_at(url) as subject:
        info = read_info(subject)

    assert (info.schema, info.serves, info.program_schema) == (VERSION, VERSION, VERSION)
    assert info.oldest_unfinished == Unfinished(id="root", state="RUNNING", created_at=NOON)
    assert {
        table.name: table.rows for table in info.tables if table.name in ("trees", "history", "tasks")
    } == {
        "trees": 2,
        "history": 2,
        "tasks": 0,
    }
    assert (info.nodes, info.bytes > 0) == (1, True)
    assert info.shards == (ShardInfo(count=SHARDS, free=0) if store.is_shared else None)


@on_postgresql
def test_no_password_is_told(url: str) -> None:
    secret = url.replace("postgres:@", "postgres:hunter2@")
    assert secret != url

    with look_at(secret) as subject:
        assert "hunter2" not in read_info(subject).database
    assert "hunter2" not in plan_upgrade(secret).database


def test_a_database_in_memory_cannot_be_looked_at() -> None:
    with pytest.raises(InvalidInput) as caught, look_at("sqlite://"):
        pass
    assert caught.value.code == "memory-not-shared"


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        upgrade(f"sqlite:///{tmp_path}/none.db")

    assert caught.value.code == "database-missing"
    assert list(tmp_path.iterdir()) == []


# What is wrong with it


def test_nothing_is_wrong_with_a_new_database_on_a_safe_server(url: str, store: Store) -> None:
    # The server of the tests keeps nothing safe, and this is all that is said of it.
    unsafe = [verdict.code for verdict in problems(url)]

    assert set(unsafe) <= ({"durability"} if store.is_shared else set())


def test_each_difference_to_the_tables_of_this_version_is_told(url: str, store: Store) -> None:
    change(
        url,
        "DROP TABLE timers",
        "DROP INDEX tasks_by_age",
        "DROP INDEX tasks_by_project",
        "CREATE INDEX tasks_by_project ON tasks (number)",
        "ALTER TABLE trees DROP COLUMN pins",
        "ALTER TABLE trees ADD COLUMN note TEXT",
    )

    found = [(level, message) for level, code, message in messages(url) if code == "tables"]

    on = "tasks USING btree " if store.is_shared else "tasks "
    assert found == [
        ("error", "the table `timers` is missing"),
        ("error", "the column `trees.pins` is missing"),
        ("error", "the index `tasks_by_age` is missing"),
        (
            "error",
            f"the index `tasks_by_project` is `CREATE INDEX tasks_by_project ON {on}(number)`, and should be"
            f" `CREATE INDEX tasks_by_project ON {on}(project_id, created_at, number, id)`",
        ),
        *([("error", "the index `timers_pkey` is missing")] if store.is_shared else []),
        ("warning", "the column `trees.note` is not one of this version"),
    ]


@on_postgresql
def test_a_column_of_another_type_and_a_half_made_index_are_told(url: str, store: Store) -> None:
    change(
        url,
        "ALTER TABLE trees ALTER COLUMN counter TYPE integer",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'tasks_by_age'::regclass",
    )

    assert [message for _, code, message in messages(url) if code == "tables"] == [
        "the column `trees.counter` is `integer not null`, and should be `bigint not null`",
        "the index `tasks_by_age` is not used: its making was cut off",
    ]


def test_a_stamp_that_was_changed_by_hand_is_told(url: str, store: Store) -> None:
    change(url, "UPDATE alembic_version SET version_num = '0002'")

    assert ("error", "schema-stamp", f"`alembic_version` has 0002, and `meta` schema {VERSION}") in messages(
        url
    )


@on_sqlite
def test_a_damaged_file_is_told(url: str, store: Store, tmp_path: Path) -> None:
    store.commit([a_new_tree(f"root-{number}") for number in range(200)])
    store.close()
    path = tmp_path / "trees.db"
    change(url, "PRAGMA wal_checkpoint(TRUNCATE)")
    with closing(sqlite3.connect(path)) as connection:
        page = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'executions_by_age'"
        ).fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\0" * size)

    assert "integrity" in {code for level, code, _ in messages(url) if level == "error"}


@on_postgresql
def test_settings_that_break_a_promise_are_told(url: str) -> None:
    change(url, f"ALTER DATABASE {url.split('/')[3].split('?')[0]} SET synchronous_commit = off")

    durability = [message for _, code, message in messages(url) if code == "durability"]

    assert any("`synchronous_commit` is off" in message for message in durability)
    assert any("`fsync` is off" in message for message in durability)  # So is it in these tests.


@on_postgresql
def test_a_clock_that_differs_is_told(url: str) -> None:
    with look_at(url) as subject:
        found = [verdict.level for verdict in check_server(subject, FixedClock()) if verdict.code == "clock"]

    assert found == [Level.WARNING]


@on_postgresql
def test_a_user_that_may_only_read_is_told(url: str) -> None:
    change(url, "CREATE ROLE reader LOGIN", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    try:
        found = messages(url.replace("postgres:@", "reader@"))
    finally:
        change(url, "DROP OWNED BY reader", "DROP ROLE reader")

    assert "writing" in {code for level, code, _ in found if level == "error"}


# Bringing it up to date


def an_old_database(url: str) -> None:
    if url.startswith("postgresql"):
        run(url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
        make_old_server(url)
    else:
        make_old_file(Path(url.removeprefix("sqlite:///")), 1)


def test_a_plan_says_what_an_upgrade_does_and_does_nothing(url: str) -> None:
    an_old_database(url)
    before = shape_of(url)

    plan = plan_upgrade(url)

    assert (plan.found, plan.to, [step.schema for step in plan.steps]) == (1, VERSION, [2, 3, 4])
    assert plan.steps[-1] == Step(
        schema=4, serves=4, title="Many nodes: shards, the inbox, work for other nodes"
    )
    assert shape_of(url) == before


def test_an_upgrade_leads_to_a_database_in_which_nothing_is_wrong(url: str) -> None:
    an_old_database(url)

    told: list[str] = []
    plan = upgrade(url, on_step=told.append)

    assert [step.schema for step in plan.steps] == [2, 3, 4]
    assert {code for level, code, _ in messages(url) if level == "error"} <= {"durability"}
    assert len(told) in (0, 3)  # A file takes one moment.
    assert upgrade(url) == Plan(database=plan.database, found=VERSION, to=VERSION, steps=())


def test_an_empty_server_gets_its_tables(empty_postgresql_url: str, postgresql_url: str) -> None:
    assert plan_upgrade(empty_postgresql_url).found is None

    upgrade(empty_postgresql_url)

    assert shape_of(empty_postgresql_url) == shape_of(postgresql_url)


def test_the_statements_for_an_empty_server_make_its_tables(
    empty_postgresql_url: str, postgresql_url: str
) -> None:
    run(empty_postgresql_url, upgrade_script(empty_postgresql_url))

    assert shape_of(empty_postgresql_url) == shape_of(postgresql_url)
    assert upgrade_script(empty_postgresql_url) == ""


def test_the_statements_for_an_older_server_do_what_an_upgrade_does(
    empty_postgresql_url: str, postgresql_url: str
) -> None:
    make_old_server(empty_postgresql_url)

    run(empty_postgresql_url, upgrade_script(empty_postgresql_url))

    assert shape_of(empty_postgresql_url) == shape_of(postgresql_url)
    assert plan_upgrade(empty_postgresql_url).steps == ()
