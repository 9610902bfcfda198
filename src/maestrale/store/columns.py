"""From the fields of a row's struct to columns: what each is in SQL, and how its values are written.

Everything works on a whole column of values at a time, so that most of the work of a large commit is
done by C functions under `map`.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from msgspec import Struct, structs

from maestrale.store import json_text
from maestrale.store.blobs import BlobReader, JsonWriter

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Kind(StrEnum):
    """How the values of a column are stored."""

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    """0 or 1."""
    ENUM = "enum"
    """The member's value, as text."""
    INSTANT = "instant"
    """Microseconds since 1970 in UTC: sorts, compares and survives everywhere."""
    JSON = "json"
    """JSON text, or a reference to a blob that holds it."""


_SQL_TYPES = {
    Kind.TEXT: "TEXT",
    Kind.INTEGER: "BIGINT",
    Kind.BOOLEAN: "SMALLINT",
    Kind.ENUM: "TEXT",
    Kind.INSTANT: "BIGINT",
    Kind.JSON: "TEXT",
}


class Column:
    """One field of a row, as a column. A JSON column stores Python's None as NULL."""

    def __init__(self, name: str, kind: Kind, *, nullable: bool = False, type: Any = None) -> None:
        self.name = name
        self.kind = kind
        self.nullable = nullable
        self.type = type
        self._decode_json: Callable[[str | bytes], Any] | None = None
        self._members: dict[str, Any] = {}
        if kind is Kind.JSON:
            self._decode_json = json_text.decoder(type)
        if kind is Kind.ENUM:
            self._members = {member.value: member for member in type}

    @property
    def definition(self) -> str:
        """How the column stands in a CREATE TABLE."""
        return f"{self.quoted} {_SQL_TYPES[self.kind]}{'' if self.nullable else ' NOT NULL'}"

    @property
    def quoted(self) -> str:
        """The name as SQL reads it: some fields are called like its keywords."""
        return f'"{self.name}"'

    def encode(self, values: Sequence[Any], root_ids: Sequence[str], blobs: JsonWriter) -> Iterable[Any]:
        """What the driver is to store for each of `values`, which belong to the trees `root_ids`."""
        match self.kind:
            case Kind.JSON:
                return blobs.encode(values, root_ids)
            case Kind.INSTANT:
                return map(_microseconds, values)
            case Kind.ENUM:
                return map(str.__str__, values)  # The driver is slow with subclasses of str.
            case _:
                return values

    def decode(self, stored: Sequence[Any], blobs: BlobReader) -> Iterable[Any]:
        """The values that `encode` was given.

        Raises:
            ValueError, KeyError: Something in there was not written by `encode`.
        """
        match self.kind:
            case Kind.JSON:
                assert self._decode_json is not None
                return blobs.decode(stored, self._decode_json)
            case Kind.INSTANT:
                return map(_instant, stored)
            case Kind.ENUM:
                return map(self._members.__getitem__, stored)
            case Kind.BOOLEAN:
                return map(bool, stored)
            case _:
                return stored


def columns_of(row_type: type[Struct]) -> tuple[Column, ...]:
    """A column for each field of a row, in the order of the fields."""
    return tuple(_column(field.name, field.type) for field in structs.fields(row_type))


def _column(name: str, annotation: Any) -> Column:
    inner, nullable = _without_none(annotation)
    if inner is str or get_origin(inner) is Literal:
        return Column(name, Kind.TEXT, nullable=nullable)
    if inner is bool:
        return Column(name, Kind.BOOLEAN, nullable=nullable)
    if inner is int:
        return Column(name, Kind.INTEGER, nullable=nullable)
    if inner is datetime:
        return Column(name, Kind.INSTANT, nullable=nullable)
    if isinstance(inner, type) and issubclass(inner, StrEnum):
        assert not nullable, f"`{name}`: an enum that may be missing has no encoder"
        return Column(name, Kind.ENUM, type=inner)
    return Column(name, Kind.JSON, nullable=nullable or inner is Any, type=inner)


def _without_none(annotation: Any) -> tuple[Any, bool]:
    """The annotation without `| None`, and whether it had that."""
    if get_origin(annotation) not in (Union, UnionType):
        return annotation, False
    kept = tuple(part for part in get_args(annotation) if part is not NoneType)
    return Union[kept], len(kept) < len(get_args(annotation))  # noqa: UP007


def _microseconds(at: datetime | None) -> int | None:
    return None if at is None else (at - _EPOCH) // _MICROSECOND


def _instant(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)


def instant_parameter(at: datetime) -> int:
    """An instant as a column of instants compares with it."""
    return (at - _EPOCH) // _MICROSECOND


def instant_value(microseconds: int) -> datetime:
    """The instant that a column of instants holds."""
    return _EPOCH + timedelta(microseconds=microseconds)
