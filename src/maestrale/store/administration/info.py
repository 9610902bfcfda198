"""What is in a database: how large it is, and who works on it."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from maestrale.core.status import ENDED_EXECUTION, ExecutionState
from maestrale.store import schema
from maestrale.store.administration.subject import Subject
from maestrale.store.columns import instant_value
from maestrale.store.compatibility import SchemaVersion
from maestrale.store.database import Database
from maestrale.store.shape import sqlite_shape

COUNTED_TO = 100_000
"""Tables that are larger are not counted row by row: that could take minutes."""


class TableInfo(Struct, frozen=True, kw_only=True):
    """A table. `bytes` includes its indexes; None: the database does not tell. `is_estimate`: of `rows`."""

    name: str
    rows: int
    is_estimate: bool
    bytes: int | None


class ShardInfo(Struct, frozen=True, kw_only=True):
    """How many shards there are, and how many of them no node has."""

    count: int
    free: int


class Unfinished(Struct, frozen=True, kw_only=True):
    """The execution that has been under way for longest."""

    id: str
    state: str
    created_at: datetime


class DatabaseInfo(Struct, frozen=True, kw_only=True):
    """What is told of a database.

    Args:
        database: Its path or its URL, without a password.
        server: The program that keeps it, with its version.
        schema: The version of its schema; None: it has no tables yet.
        serves: The oldest version of the schema whose programs may run on it.
        program_schema: The version that this program makes and needs.
        nodes: How many nodes there are, also those that died and were not noticed yet.
        shards: None on a file, which has none.
    """

    database: str
    server: str
    schema: int | None
    serves: int | None
    program_schema: int
    bytes: int
    nodes: int
    shards: ShardInfo | None
    oldest_unfinished: Unfinished | None
    tables: tuple[TableInfo, ...]


def read_info(subject: Subject) -> DatabaseInfo:
    """What is in a database, counted where that is quick and estimated otherwise."""
    database, version = subject.database, subject.version
    with database.reading():
        tables = _tables_of_server(database) if subject.is_server else _tables_of_file(database)
        return DatabaseInfo(
            database=subject.address.shown,
            server=_server(subject),
            schema=None if version is None else version.number,
            serves=None if version is None else version.serves,
            program_schema=schema.VERSION,
            bytes=_bytes(subject),
            nodes=_first(database, "SELECT count(*) FROM nodes") if version else 0,
            shards=_shards(database, version) if subject.is_server else None,
            oldest_unfinished=_oldest_unfinished(database) if version else None,
            tables=tuple(tables),
        )


def _server(subject: Subject) -> str:
    if subject.is_server:
        return f"PostgreSQL {subject.database.rows('SHOW server_version')[0][0]}"
    return f"SQLite {subject.database.rows('SELECT sqlite_version()')[0][0]}"


def _bytes(subject: Subject) -> int:
    if subject.is_server:
        return _first(subject.database, "SELECT pg_database_size(current_database())")
    return _first(subject.database, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")


def _tables_of_server(database: Database) -> list[TableInfo]:
    rows = database.rows(
        "SELECT relname, pg_stat_get_live_tuples(oid), pg_total_relation_size(oid) FROM pg_class"
        " WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace ORDER BY relname"
    )
    return [_counted(database, name, estimate, size) for name, estimate, size in rows]


def _tables_of_file(database: Database) -> list[TableInfo]:
    # Rows are numbered as they come: the last number tells how many there may be at most.
    names = sorted(sqlite_shape(database).tables)
    return [
        _counted(database, name, _first(database, f'SELECT coalesce(max(rowid), 0) FROM "{name}"'), None)
        for name in names
    ]


def _counted(database: Database, name: str, estimate: int, size: int | None) -> TableInfo:
    is_large = estimate > COUNTED_TO
    rows = estimate if is_large else _first(database, f'SELECT count(*) FROM "{name}"')
    return TableInfo(name=name, rows=rows, is_estimate=is_large, bytes=size)


def _shards(database: Database, version: SchemaVersion | None) -> ShardInfo | None:
    if version is None:
        return None
    count, free = database.rows("SELECT count(*), count(*) - count(node_id) FROM shards")[0]
    return ShardInfo(count=count, free=free)


def _oldest_unfinished(database: Database) -> Unfinished | None:
    """Along the index of states and ages: one look for each state."""
    found = [
        Unfinished(id=id, state=state, created_at=instant_value(created_at))
        for state in _unfinished_states()
        for id, created_at in database.rows(
            "SELECT id, created_at FROM executions WHERE state = ? AND id = root_id"
            " ORDER BY created_at, number, id LIMIT 1",
            (state,),
        )
    ]
    return min(found, key=lambda each: each.created_at, default=None)


def _unfinished_states() -> Sequence[str]:
    return [state.value for state in ExecutionState if state not in ENDED_EXECUTION]


def _first(database: Database, sql: str) -> int:
    return int(database.rows(sql)[0][0])
