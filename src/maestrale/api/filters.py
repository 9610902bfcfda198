"""Filters of collections: `name=value` and `name=operator:value`, read by the kind of the attribute.

Source: Mistral API v2, filters of collections. An operator that makes no sense for a kind is refused.
"""

from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias, get_args

from maestrale.errors import InvalidInput
from maestrale.store.listings import Condition, Operator
from maestrale.wire.formats import check_uuid_like, json_text_of, parse_json, parse_timestamp, timestamp

FilterKind: TypeAlias = Literal["text", "uuid", "bool", "int", "time", "json", "tags"]

Word: TypeAlias = Literal["eq", "neq", "gt", "gte", "lt", "lte", "has", "in", "nin"]

WORDS: frozenset[str] = frozenset(get_args(Word))

_ORDERED: frozenset[Operator] = frozenset({"eq", "neq", "gt", "gte", "lt", "lte", "in", "nin"})
_EQUAL: frozenset[Operator] = frozenset({"eq", "neq", "in", "nin"})

FALSE_WORDS = frozenset({"", "false", "0"})
"""The texts that are False in a query; every other one is True. Clients send `errors_only=` for False."""


def split_operator(text: str) -> tuple[Any, str]:
    """The operator and the value: `gt:3` is (`gt`, `3`), and what begins with no operator is equality."""
    word, colon, rest = text.partition(":")
    return (word, rest) if colon and word in WORDS else ("eq", text)


def condition_of(
    name: str, source: str, kind: FilterKind, text: str, *, least: int | None = None
) -> Condition | None:
    """The condition of one filter. None: nothing can match it.

    Args:
        name: The attribute as the request calls it.
        source: As the listing calls it.
        least: The smallest number that a filter of kind `int` takes.

    Raises:
        InvalidInput: The value does not fit the attribute's kind, or the operator does not.
    """
    operator, value = split_operator(text)
    match kind:
        case "text":
            return Condition(source, operator, value.split(",") if operator in ("in", "nin") else value)
        case "uuid":
            return Condition(source, "eq", check_uuid_like(value, name))
        case "tags":
            return Condition(source, "all-of", [tag for tag in map(str.strip, value.split(",")) if tag])
        case "time":
            return _instant_condition(source, operator, value)
        case "json":
            _check_operator(name, operator, frozenset({"eq", "neq"}), "a JSON value")
            return Condition(source, operator, parse_json(value, name))
        case "bool":
            _check_operator(name, operator, _EQUAL, "a boolean")
            return _plain_condition(source, operator, value, lambda word: word.lower() not in FALSE_WORDS)
        case "int":
            _check_operator(name, operator, _ORDERED, "a number")
            return _plain_condition(
                source, operator, value, lambda word: parse_integer(word, name, least=least)
            )


def _check_operator(name: str, operator: Operator, allowed: frozenset[Operator], kind: str) -> None:
    if operator not in allowed:
        raise InvalidInput(
            f"the filter `{name}` cannot use `{operator}:`: it is {kind}",
            code="filter-operator",
            hint=f"use one of {', '.join(sorted(allowed))}",
        )


def _plain_condition(source: str, operator: Operator, value: str, read: Any) -> Condition:
    if operator in ("in", "nin"):
        return Condition(source, operator, [read(word) for word in value.split(",")])
    return Condition(source, operator, read(value))


def _instant_condition(source: str, operator: Operator, value: str) -> Condition | None:
    """What is no instant at all matches nothing, as the comparison of texts has it in Mistral."""
    if operator == "has":
        return Condition(source, operator, value)
    if operator in ("in", "nin"):
        instants = [instant for instant in map(parse_timestamp, value.split(",")) if instant is not None]
        return Condition(source, operator, instants) if instants else None
    instant = parse_timestamp(value)
    return None if instant is None else Condition(source, operator, instant)


def parse_integer(text: str, name: str, *, least: int | None = None) -> int:
    """A decimal number. Raises: InvalidInput: it is none, or below `least`."""
    digits = text.strip()
    if not digits.removeprefix("-").isascii() or not digits.removeprefix("-").isdigit():
        raise InvalidInput(f"`{name}` has to be an integer, and is `{text}`", code="not-an-integer")
    # Longer ones are beyond every number that we store or count, and would not fit into a column.
    number = int(digits[:18])
    if least is not None and number < least:
        raise InvalidInput(f"`{name}` has to be at least {least}, and is `{text}`", code="number-too-small")
    return number


def text_of(condition: Condition) -> str:
    """A condition as a request would write it."""
    if condition.operator == "all-of":
        return f"eq:{','.join(condition.value)}"
    values = condition.value if isinstance(condition.value, list) else [condition.value]
    return f"{condition.operator}:{','.join(map(_value_text, values))}"


def _value_text(value: Any) -> str:
    if isinstance(value, datetime):
        return (
            timestamp(value) if value == value.replace(microsecond=0) else value.astimezone(UTC).isoformat()
        )
    return value if isinstance(value, str) else json_text_of(value)
