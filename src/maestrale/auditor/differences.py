"""Where two states of a tree differ: what is stored and what it should be.

Nothing that may be secret is told: of texts and data only the place where they differ, never the values.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, TypeAlias

from msgspec import Struct, structs

from maestrale.core import State
from maestrale.core.audit import Rows
from maestrale.core.findings import AnyRow
from maestrale.expressions import Json

RowsByKind: TypeAlias = Mapping[str, Mapping[str, AnyRow]]

MOST_DIFFERENCES = 20
"""So many fields of a tree are named."""


class Difference(Struct, frozen=True):
    """A field of a row. A row that is only there, or only should be, differs in the field ``.

    Args:
        kind: Which rows: `tasks`; the tree itself is `tree`.
        stored, expected: As far as they may be told; otherwise what kind of value it is.
        place: Where in the value they differ, as a path.
    """

    kind: str
    id: str
    field: str
    stored: Json
    expected: Json
    place: str = ""


def rows_of(state: State) -> RowsByKind:
    """The rows of a state, by kind and id."""
    assert state.tree is not None
    return {
        "tree": {state.tree.id: state.tree},
        "executions": state.executions,
        "tasks": state.tasks,
        "runs": state.runs,
        "timers": state.timers,
    }


def rows_by_kind(rows: Rows) -> RowsByKind:
    """Rows as they are stored, by kind and id: they need not belong together."""
    return {
        "tree": {rows.tree.id: rows.tree},
        "executions": {row.id: row for row in rows.executions},
        "tasks": {row.id: row for row in rows.tasks},
        "runs": {row.id: row for row in rows.runs},
        "timers": {row.id: row for row in rows.timers},
    }


def differences(stored: RowsByKind, expected: RowsByKind) -> Iterator[Difference]:
    """Every field that differs, in the order in which rows were made."""
    for kind, rows in expected.items():
        ours = stored[kind]
        for id, row in rows.items():
            if id not in ours:
                yield Difference(kind, id, "", "missing", "there")
            elif ours[id] != row:
                yield from _of_row(kind, id, ours[id], row)
        for id in ours:
            if id not in rows:
                yield Difference(kind, id, "", "there", "missing")


def _of_row(kind: str, id: str, stored: AnyRow, expected: AnyRow) -> Iterator[Difference]:
    for field in structs.fields(expected):
        one, other = getattr(stored, field.name), getattr(expected, field.name)
        if one != other:
            yield Difference(kind, id, field.name, told(one), told(other), _place(one, other))


def told(value: Any) -> Json:
    """A value if it is one of ours, such as a state or a count; of data of users what it is."""
    match value:
        case None | bool() | int():
            return value
        case Enum():
            return str(value.value)
        case datetime():
            return value.isoformat()
        case str():
            return f"a text of {len(value)} characters"
        case float():
            return "a number"
        case Mapping():
            return f"a mapping of {len(value)}"
        case list() | tuple():
            return f"a list of {len(value)}"
        case Struct():
            return {field.name: told(getattr(value, field.name)) for field in structs.fields(value)}
    return type(value).__name__


def _place(one: Any, other: Any, path: str = "$") -> str:
    """The path to the first difference inside data; empty where the values differ as a whole."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in {**one, **other}:
            if one.get(key) != other.get(key) or (key in one) != (key in other):
                # Names of variables are in the definition; the keys of data are whatever data is.
                step = f"{path}.{key}" if path == "$" else f"{path}.*"
                return _place(one.get(key), other.get(key), step)
    elif isinstance(one, list | tuple) and isinstance(other, list | tuple):
        for number, (left, right) in enumerate(zip(one, other, strict=False)):
            if left != right:
                return _place(left, right, f"{path}[{number}]")
        return f"{path}[{min(len(one), len(other))}]"
    return path if path != "$" else ""
