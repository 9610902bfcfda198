"""One filter of a listing: a condition in SQL, or for data a test in Python of what a row holds.

What is compared is what is shown: an instant is shown to the second, so any instant of a second is that
second, and what it has in it (`has`) is a part of its text. Nothing equals NULL, and nothing differs from
it: it is asked for by `is-null`, or by the value None.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from maestrale.errors import InvalidInput
from maestrale.store.columns import Kind, instant_parameter
from maestrale.store.database import Dialect
from maestrale.store.json_comparisons import as_stored, has_all, is_among
from maestrale.store.listing_tables import Attribute
from maestrale.store.listings import Condition, Operator

Clause: TypeAlias = tuple[str, list[Any]]
"""A condition, with its parameters."""

MOST_VALUES = 500
"""The longest list that `in` and `nin` take; databases have bounds of their own somewhere above."""

_ORDERED = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_LISTED: tuple[Operator, ...] = ("in", "nin", "all-of")
_PARTS: tuple[Operator, ...] = ("has", "all-of")
"""What asks for texts in an attribute, whatever its kind."""
_EQUALITY = frozenset({"eq", "neq", "in", "nin", "is-null"})
_OPERATORS: dict[Kind, frozenset[str]] = {
    Kind.TEXT: _EQUALITY | _ORDERED.keys() | {"has"},
    Kind.ENUM: _EQUALITY | _ORDERED.keys() | {"has"},
    Kind.INTEGER: _EQUALITY | _ORDERED.keys(),
    Kind.INSTANT: _EQUALITY | _ORDERED.keys() | {"has"},
    Kind.BOOLEAN: _EQUALITY,
    Kind.JSON: _EQUALITY,
}

_SUITABLE: dict[Kind, Callable[[Any], bool]] = {
    Kind.TEXT: lambda value: isinstance(value, str),
    Kind.ENUM: lambda value: isinstance(value, str),
    Kind.INTEGER: lambda value: isinstance(value, int) and not isinstance(value, bool),
    Kind.INSTANT: lambda value: isinstance(value, datetime) and value.tzinfo is not None,
    Kind.BOOLEAN: lambda value: isinstance(value, bool),
    Kind.JSON: lambda value: True,
}
_WANTED = {
    Kind.TEXT: "a text",
    Kind.ENUM: "a text",
    Kind.INTEGER: "an integer",
    Kind.INSTANT: "an instant with its time zone",
    Kind.BOOLEAN: "true or false",
    Kind.JSON: "data",
}


def is_about_data(attribute: Attribute, condition: Condition) -> bool:
    """Whether the filter looks into data, and needs a `data_test`: more than whether there is any."""
    is_null = condition.operator == "is-null" or condition.value is None
    is_empty = condition.operator in ("in", "nin") and not condition.value
    return attribute.kind is Kind.JSON and not is_null and not is_empty


def condition_clause(
    dialect: Dialect, attribute: Attribute, condition: Condition, *, by_index: bool = True
) -> Clause:
    """The SQL of a filter on this attribute, which is not about data.

    Args:
        by_index: False keeps the database from choosing an index of this attribute.

    Raises:
        InvalidInput: The attribute does not have that operator, or not such values
            (`unsuitable-operator`, `unsuitable-value`, `too-many-values`).
    """
    _check(attribute, condition)
    expression = attribute.expression
    if not by_index and attribute.kind in (Kind.TEXT, Kind.ENUM):
        expression = f"({expression} || '')"
    if not by_index and attribute.kind is Kind.INSTANT:
        expression = f"({expression} + 0)"
    value, operator = condition.value, condition.operator
    if operator == "is-null" or (value is None and operator == "eq"):
        return f"{expression} IS NULL", []
    if value is None:
        return f"{expression} IS NOT NULL", []
    if operator in ("in", "nin") and not value:
        return ("1 = 0" if operator == "in" else "1 = 1"), []
    match attribute.kind:
        case Kind.INSTANT:
            return _instant_clause(dialect, expression, operator, value)
        case _:
            return _plain_clause(dialect, expression, operator, value)


def _check(attribute: Attribute, condition: Condition) -> None:
    name, kind, operator = condition.attribute, attribute.kind, condition.operator
    if operator not in _OPERATORS[kind] and not (operator == "all-of" and attribute.is_tags):
        raise InvalidInput(
            f"`{name}` cannot be compared by `{operator}`",
            code="unsuitable-operator",
            hint=f"it can be by {', '.join(f'`{each}`' for each in sorted(_OPERATORS[kind]))}",
        )
    if operator == "is-null" or (condition.value is None and operator in ("eq", "neq")):
        return
    is_list = operator in _LISTED
    values = condition.value if is_list else [condition.value]
    wanted = Kind.TEXT if operator in _PARTS else kind
    suits = _SUITABLE[wanted]
    if not isinstance(values, list | tuple) or not all(map(suits, values)):
        raise InvalidInput(
            f"`{name}` is compared by `{operator}` with {'a list, each item' if is_list else ''}"
            f" {_WANTED[wanted]}",
            code="unsuitable-value",
            hint="give a value of that kind",
        )
    if len(values) > MOST_VALUES:
        raise InvalidInput(
            f"`{name}` is compared with {len(values)} values, and {MOST_VALUES} are the most",
            code="too-many-values",
            hint="ask for them in parts",
        )


def _plain_clause(dialect: Dialect, expression: str, operator: Operator, value: Any) -> Clause:
    match operator:
        case "eq":
            return f"{expression} = ?", [_plain(value)]
        case "neq":
            return f"{expression} <> ?", [_plain(value)]
        case "has":
            return dialect.contains(expression), [_plain(value)]
        case "in" | "nin":
            marks = ", ".join("?" * len(value))
            word = "IN" if operator == "in" else "NOT IN"
            return f"{expression} {word} ({marks})", [_plain(each) for each in value]
        case _:
            return f"{expression} {_ORDERED[operator]} ?", [_plain(value)]


def _plain(value: Any) -> Any:
    """A value as the driver takes it: it is slow with subclasses of str, and knows no enums."""
    return str.__str__(value) if isinstance(value, str) else value


def _instant_clause(dialect: Dialect, expression: str, operator: Operator, value: Any) -> Clause:
    match operator:
        case "eq" | "neq" | "in" | "nin":
            seconds = [value] if operator in ("eq", "neq") else value
            within = " OR ".join([f"({expression} >= ? AND {expression} < ?)"] * len(seconds))
            bounds = [bound for second in seconds for bound in _bounds(second)]
            return f"{'NOT ' if operator in ('neq', 'nin') else ''}({within})", bounds
        case "has":
            return dialect.contains(dialect.shown_instant(expression)), [_plain(value)]
        case "gt":
            return f"{expression} >= ?", [_bounds(value)[1]]
        case "gte":
            return f"{expression} >= ?", [_bounds(value)[0]]
        case "lt":
            return f"{expression} < ?", [_bounds(value)[0]]
        case _:
            return f"{expression} < ?", [_bounds(value)[1]]


def _bounds(instant: datetime) -> tuple[int, int]:
    """The first instant of a second, and the first after it."""
    first = instant_parameter(instant.astimezone(UTC).replace(microsecond=0))
    return first, first + timedelta(seconds=1) // timedelta(microseconds=1)


def stored_data(attribute: Attribute) -> str:
    """Two expressions: what the attribute holds, and the blob it refers to, if it does."""
    column = attribute.expression
    blob = f"SELECT b.data FROM blobs b WHERE substr({column}, 1, 1) = '@' AND b.id = substr({column}, 2)"
    return f"{column}, ({blob})"


def data_test(attribute: Attribute, condition: Condition) -> Callable[[str | None, bytes | None], bool]:
    """Whether a row passes a filter on data, asked with the two values of `stored_data`.

    Raises:
        InvalidInput: The attribute does not have that operator, or not such values
            (`unsuitable-operator`, `unsuitable-value`, `too-many-values`).
    """
    _check(attribute, condition)
    operator = condition.operator
    wanted = _as_stored(condition.value if operator in _LISTED else [condition.value])
    is_found = has_all if operator == "all-of" else is_among
    is_wanted = operator not in ("neq", "nin")

    def test(text: str | None, blob: bytes | None) -> bool:
        return text is not None and is_found(text if blob is None else blob, wanted) is is_wanted

    return test


def _as_stored(values: Sequence[Any]) -> list[Any]:
    try:
        return as_stored(values)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(
            f"the value of a filter cannot be compared: {error}",
            code="unsuitable-value",
            hint="give plain, not too deeply nested data",
        ) from error
