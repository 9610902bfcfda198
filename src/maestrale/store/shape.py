"""The tables, columns and indexes of a database, and how they differ from those that it should have.

What it should have is what `schema.creation` makes, made for the purpose: in a file's stead in memory, and on
PostgreSQL among the temporary tables of a transaction that is undone. So nothing is described a second time.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from maestrale.store.database import Database


class Shape(Struct, frozen=True):
    """What tables a database has.

    Args:
        tables: By table and column, what the column is, as in `bigint not null`.
        indexes: By name, what it is an index of, as the database writes it.
        unfinished: Indexes that exist and are not used, as their making was cut off.
    """

    tables: Mapping[str, Mapping[str, str]]
    indexes: Mapping[str, str]
    unfinished: frozenset[str] = frozenset()


class Difference(Struct, frozen=True):
    """Something that is not as it should be. `is_harmless`: the program works all the same."""

    message: str
    is_harmless: bool = False


def compare(expected: Shape, found: Shape) -> list[Difference]:
    """What is missing and what differs, then what there is beside it. Tables of others are passed over."""
    return [*_wrong(expected, found), *_beside(expected, found)]


def _wrong(expected: Shape, found: Shape) -> Iterator[Difference]:
    for table, columns in expected.tables.items():
        if table not in found.tables:
            yield Difference(f"the table `{table}` is missing")
            continue
        for column, kind in columns.items():
            there = found.tables[table].get(column)
            if there is None:
                yield Difference(f"the column `{table}.{column}` is missing")
            elif there != kind:
                yield Difference(f"the column `{table}.{column}` is `{there}`, and should be `{kind}`")
    for index, definition in expected.indexes.items():
        has = found.indexes.get(index)
        if has is None:
            yield Difference(f"the index `{index}` is missing")
        elif index in found.unfinished:
            yield Difference(f"the index `{index}` is not used: its making was cut off")
        elif has != definition:
            yield Difference(f"the index `{index}` is `{has}`, and should be `{definition}`")


def _beside(expected: Shape, found: Shape) -> Iterator[Difference]:
    for table in expected.tables.keys() & found.tables.keys():
        for column in found.tables[table].keys() - expected.tables[table].keys():
            yield Difference(f"the column `{table}.{column}` is not one of this version", is_harmless=True)


def sqlite_shape(database: Database) -> Shape:
    """The shape of a SQLite database."""
    tables: dict[str, dict[str, str]] = {}
    columns = (
        'SELECT t.name, c.name, c.type, c."notnull", c.pk FROM sqlite_master t, pragma_table_info(t.name) c'
        " WHERE t.type = 'table' ORDER BY t.name, c.name"
    )
    for table, column, kind, is_required, place in database.rows(columns):
        key = f" key {place}" if place else ""
        tables.setdefault(table, {})[column] = f"{kind.lower()}{' not null' if is_required else ''}{key}"
    indexes = database.rows("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    return Shape(tables, {name: " ".join(sql.replace('"', "").split()) for name, sql in sorted(indexes)})


_COLUMNS = """
SELECT t.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, l.collname
FROM pg_class t
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_collation l ON l.oid = a.attcollation AND l.collname <> 'default'
WHERE t.relkind IN ('r', 'p') AND t.relnamespace = {namespace}
ORDER BY t.relname, a.attname
"""
_INDEXES = """
SELECT i.relname, pg_get_indexdef(i.oid), x.indisvalid
FROM pg_index x
JOIN pg_class i ON i.oid = x.indexrelid
JOIN pg_class t ON t.oid = x.indrelid
WHERE t.relkind IN ('r', 'p') AND t.relnamespace = {namespace}
ORDER BY i.relname
"""
_OWN = "current_schema()::regnamespace"
_TEMPORARY = "pg_my_temp_schema()"


def postgresql_shape(database: Database, namespace: str = _OWN) -> Shape:
    """The shape of the tables that a connection to PostgreSQL finds without naming a schema."""
    tables: dict[str, dict[str, str]] = {}
    for table, column, kind, is_required, collation in database.rows(_COLUMNS.format(namespace=namespace)):
        described = (
            f"{kind}{f' collate {collation}' if collation else ''}{' not null' if is_required else ''}"
        )
        tables.setdefault(table, {})[column] = described
    indexes = database.rows(_INDEXES.format(namespace=namespace))
    return Shape(
        tables,
        {name: _without_schema(definition) for name, definition, _ in indexes},
        frozenset(name for name, _, is_valid in indexes if not is_valid),
    )


def _without_schema(definition: str) -> str:
    return re.sub(r" ON (ONLY )?(\S+\.)?(\S+) USING ", r" ON \3 USING ", definition)


class _Undo(Exception):
    """Ends a transaction that is to leave nothing."""


def expected_on_postgresql(database: Database, creation: Iterable[str]) -> Shape:
    """What the statements that make an empty database lead to, made among temporary tables and undone.

    Raises:
        Unavailable: This user must not make temporary tables, or the server only reads.
    """
    shape = Shape({}, {})
    try:
        with database.writing():
            database.run("SET LOCAL search_path = pg_temp")
            for statement in creation:
                database.run(statement)
            shape = postgresql_shape(database, _TEMPORARY)
            raise _Undo
    except _Undo:
        return shape
