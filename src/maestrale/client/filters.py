"""What may be asked of a list: filters, order, how many."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias, get_args

from msgspec import Struct

from maestrale.errors import InvalidInput
from maestrale.wire.formats import timestamp

Operator: TypeAlias = Literal["eq", "neq", "gt", "gte", "lt", "lte", "has", "in", "nin"]
Plain: TypeAlias = str | int | float | bool | datetime | Mapping[str, object]


class Filter(Struct, frozen=True):
    """A comparison with an attribute: `list(created_at=Filter("gte", yesterday))`.

    `has` asks for a part of a text; `in` and `nin` take several values.
    """

    operator: Operator
    value: Plain | Sequence[Plain]


FilterValue: TypeAlias = Plain | Filter | Sequence[str] | None
"""What an attribute has to be: a plain value equal, of several values one, of several `tags` all.

None asks for nothing.
"""


def filter_parameters(filters: Mapping[str, FilterValue]) -> list[tuple[str, str]]:
    """The query parameters that filters stand for."""
    return [(name, _parameter(name, value)) for name, value in filters.items() if value is not None]


def sort_parameters(sort: str | Sequence[str]) -> list[tuple[str, str]]:
    """The query parameters of an order: names of attributes, with `-` before them for the last first.

    Raises:
        InvalidInput: A name is empty.
    """
    keys = [sort] if isinstance(sort, str) else list(sort)
    if any(not key.lstrip("-") for key in keys):
        raise InvalidInput(
            "an attribute to sort by has no name", code="sort-key", hint="such as `-created_at`"
        )
    if not keys:
        return []
    directions = ["desc" if key.startswith("-") else "asc" for key in keys]
    names = [key.removeprefix("-") for key in keys]
    return [("sort_keys", ",".join(names)), ("sort_dirs", ",".join(directions))]


def _parameter(name: str, value: FilterValue) -> str:
    match value:
        case Filter():
            if value.operator not in get_args(Operator):
                raise InvalidInput(
                    f"there is no comparison `{value.operator}`",
                    code="filter-operator",
                    hint=f"there are: {', '.join(get_args(Operator))}",
                )
            return f"{value.operator}:{_joined(value.value)}"
        case bool() | int() | float():
            return _text(value)
        case str() | datetime() | Mapping():
            # A text that begins like a comparison, such as `in:box`, is a text all the same.
            return f"eq:{_text(value)}"
        case Sequence():
            return _joined(value) if name == "tags" else f"in:{_joined(value)}"
    raise InvalidInput(
        f"the filter `{name}` is a {type(value).__name__}",
        code="filter-value",
        hint="use a text, a number, a boolean, an instant, a mapping, several texts, or a Filter",
    )


def _joined(value: Plain | Sequence[Plain]) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ",".join(map(_text, value))
    return _text(value)


def _text(value: Plain) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case datetime():
            return timestamp(value)
        case Mapping():
            return json.dumps(value)
    return str(value)
