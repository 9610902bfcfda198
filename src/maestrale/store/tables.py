"""A table made from the struct of its rows, and the statements on it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter, is_not
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from maestrale.errors import Unavailable
from maestrale.store.blobs import BlobReader, JsonWriter
from maestrale.store.columns import Column, columns_of

Row = TypeVar("Row", bound=Struct)


class Plan:
    """A constant SQL text together with the columns of a row that are its parameters."""

    def __init__(self, sql: str, columns: Sequence[Column], root_field: str) -> None:
        assert len(columns) > 1  # Of one name attrgetter gives no tuple.
        self.sql = sql
        self._columns = columns
        self._values = attrgetter(*(column.name for column in columns))
        self._root_id = attrgetter(root_field)

    def encode(self, rows: Sequence[Struct], blobs: JsonWriter) -> list[tuple[Any, ...]]:
        """The parameters for each row."""
        root_ids = list(map(self._root_id, rows))
        columns = zip(*map(self._values, rows), strict=True)
        encoded = [
            column.encode(values, root_ids, blobs)
            for column, values in zip(self._columns, columns, strict=True)
        ]
        return list(zip(*encoded, strict=True))


class Table(Generic[Row]):
    """A table of rows of one type, and the statements on it. `key` names the columns that find a row."""

    def __init__(self, name: str, row_type: type[Row], *, key: tuple[str, ...], order: str) -> None:
        self.name = name
        self.columns = columns_of(row_type)
        self.key = key
        self.root_field = key[0]
        self._row_type = row_type
        self._names = tuple(column.name for column in self.columns)
        self._values: Callable[[Struct], tuple[Any, ...]] = attrgetter(*self._names)
        self._updates: dict[tuple[object, ...], Plan] = {}
        self.column_list = ", ".join(column.quoted for column in self.columns)
        self.select = f"SELECT {self.column_list} FROM {name}"
        self.order = order
        self.select_tree = f'{self.select} WHERE "{self.root_field}" = ? ORDER BY "{order}"'
        marks = ", ".join("?" * len(self.columns))
        insert = f"INSERT INTO {name} ({self.column_list}) VALUES ({marks})"
        self.insert = Plan(insert, self.columns, self.root_field)

    def definition(self, *more: str, key: tuple[str, ...] = ()) -> str:
        """The CREATE TABLE. `more` are further columns; `key`: the primary key, if they are part of it."""
        key_list = ", ".join(f'"{name}"' for name in key or self.key)
        lines = [*(column.definition for column in self.columns), *more, f"PRIMARY KEY ({key_list})"]
        return f"CREATE TABLE {self.name} ({', '.join(lines)})"

    def select_columns(self, alias: str) -> str:
        """The columns of `select`, for a query that calls the table `alias`."""
        return ", ".join(f"{alias}.{column.quoted}" for column in self.columns)

    def changed(self, old: Row, new: Row) -> tuple[bool, ...]:
        """Which fields hold another object than before."""
        return tuple(map(is_not, self._values(old), self._values(new)))

    def update(self, changed: tuple[bool, ...], *more: str) -> Plan:
        """The update of the columns in `changed`, where the key is that of the row.

        `more` are further conditions; their parameters come after those of the plan.
        """
        plan = self._updates.get((changed, more))
        if plan is None:
            columns = [column for column, is_changed in zip(self.columns, changed, strict=True) if is_changed]
            keys = [column for column in self.columns if column.name in self.key]
            settings = ", ".join(f"{column.quoted} = ?" for column in columns)
            conditions = " AND ".join([*(f"{column.quoted} = ?" for column in keys), *more])
            sql = f"UPDATE {self.name} SET {settings} WHERE {conditions}"
            plan = self._updates[changed, more] = Plan(sql, columns + keys, self.root_field)
        return plan

    def decode(self, rows: Sequence[tuple[Any, ...]], blobs: BlobReader) -> list[Row]:
        """The structs of rows that `select` gave.

        Raises:
            Unavailable: A row holds something that was never written there (`database-damaged`).
        """
        if not rows:
            return []
        with decoding(self.name):
            columns = [
                column.decode(stored, blobs)
                for column, stored in zip(self.columns, zip(*rows, strict=True), strict=True)
            ]
            return [
                self._row_type(**dict(zip(self._names, values, strict=True)))
                for values in zip(*columns, strict=True)
            ]


@contextmanager
def decoding(table: str) -> Iterator[None]:
    """Say of whatever cannot be read in here that the table is damaged."""
    try:
        yield
    except (ValueError, KeyError, TypeError, IndexError, OverflowError, msgspec.MsgspecError) as error:
        raise damaged_row(table) from error


def damaged_row(table: str) -> Unavailable:
    return Unavailable(
        f"a row of the table `{table}` does not hold what was written there",
        code="database-damaged",
        hint="restore the database from a copy",
    )
