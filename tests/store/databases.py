"""What tests of the store do beside it: marks for what only one database has, and a look past the store."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any, TypeAlias

import pytest

from maestrale.store import Store
from maestrale.store.database import Database, Statement
from maestrale.store.opening import open_database

Blank: TypeAlias = Callable[[], AbstractContextManager[Store]]
"""Gives a store without any row, for each example of a property."""

on_sqlite = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
"""Tests about files. Without a mark, a test of the store runs on each database."""

on_postgresql = pytest.mark.parametrize("url", ["postgresql"], indirect=True)
"""Tests about servers."""

_TABLES_OF_ROWS = (
    *("trees", "executions", "tasks", "action_runs", "timers", "notices", "history", "documents", "blobs"),
    *("blob_refs", "inbox", "assignments", "workbooks", "workflows", "actions", "environments", "members"),
    *("cron_triggers", "event_triggers", "code_sources", "dynamic_actions"),
)


@contextmanager
def opened_database(url: str) -> Iterator[Database]:
    """A connection of one's own."""
    with closing(open_database(url, create=False)) as database:
        yield database


def ask(url: str, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    with opened_database(url) as database:
        return database.rows(sql)


def count(url: str, table: str) -> int:
    """How many rows a table has."""
    return int(ask(url, f"SELECT count(*) FROM {table}")[0][0])


def change(url: str, sql: str) -> None:
    """Carry out a statement behind the back of the store."""
    with opened_database(url) as database:
        database.run(sql)


def delete_rows(database: Database) -> None:
    """Delete everything but what belongs to the nodes."""
    with database.writing():
        database.run_together([Statement(f"DELETE FROM {table}", [()]) for table in _TABLES_OF_ROWS])
