"""Values as they are stored."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from enum import IntEnum
from typing import Any

import pytest

from maestrale.expressions import EvaluationError, Layers, compile_template, to_json
from maestrale.expressions.ordered_sets import OrderedSet
from maestrale.testing.scopes import a_scope


class Level(IntEnum):
    HIGH = 3


class Huge(int):
    """An integer that can be shown in the name of a test."""

    def __repr__(self) -> str:
        return "huge"


class Name(str):
    __slots__ = ()


def numbers() -> Iterator[int]:
    yield from (1, 2)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (None, None),
        (True, True),
        (10**40, 10**40),
        (1.5, 1.5),
        ("ž 👍", "ž 👍"),
        ((1, (2,)), [1, [2]]),
        ({"a": {"b": (1,)}}, {"a": {"b": [1]}}),
        ({1: "x", 1.5: "y", False: "z", None: "n"}, {"1": "x", "1.5": "y", "false": "z", "null": "n"}),
        ({"b", "a"}, ["a", "b"]),
        (OrderedSet(["b", "a"]), ["b", "a"]),
        (frozenset({2, 10}), [10, 2]),
        (numbers(), [1, 2]),
        (range(3), [0, 1, 2]),
        ({"a": 1}.keys(), ["a"]),
        ({"a": 1}.items(), [["a", 1]]),
        (datetime(2024, 2, 29, 13, 5, tzinfo=UTC), "2024-02-29T13:05:00.000000"),
        (datetime(2024, 2, 29, 13, 5, tzinfo=timezone(timedelta(hours=2))), "2024-02-29T13:05:00.000000"),
        (date(2024, 2, 29), "2024-02-29"),
        (Level.HIGH, 3),
        (Name("x"), "x"),
        (Layers({"a": 1}, {"b": 2}), {"a": 1, "b": 2}),
    ],
)
def test_a_value_is_stored_as_plain_data(value: Any, stored: Any) -> None:
    result = to_json(value)

    assert result == stored
    assert type(result) is type(stored)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (timedelta(1), "a timespan has no form in JSON"),
        ([float("nan")], "a number is infinite, or none at all"),
        ({"a": float("inf")}, "a number is infinite, or none at all"),
        (object(), "an object of type `object` has no form in JSON"),
        (b"x", "binary data has no form in JSON"),
        (1 + 2j, "an object of type `complex` has no form in JSON"),
        ({(1, 2): 3}, "a key of a mapping is a list"),
        ({date(2024, 1, 1): 3}, "a key of a mapping is a date"),
        ("\ud800", "half of a surrogate pair"),
        ({"\ud800": 1}, "half of a surrogate pair"),
        (Huge(10**5000), "an integer has more than 4300 digits"),
        (range(1_000_001), "it holds more than 1000000 values"),
    ],
)
def test_what_has_no_form_in_json_cannot_be_stored(value: Any, reason: str) -> None:
    with pytest.raises(EvaluationError, match=reason) as caught:
        to_json(value)

    assert caught.value.code == "expression-error"


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def test_a_result_may_be_nested_a_hundred_levels_deep() -> None:
    assert to_json(nested(100)) == nested(100)
    with pytest.raises(EvaluationError, match="nested more than 100 levels"):
        to_json(nested(102))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<% timespan(days => 1) %>", "a timespan has no form in JSON"),
        ("<% regex(a) %>", "a regular expression has no form in JSON"),
        ("<% let(a => 1) %>", "has no form in JSON"),
        ("<% $.items() %>", "a set holds lists or mappings"),
        ("<% {[1] => 2} %>", "a key of a mapping is a list"),
        ("<% float(inf) %>", "a number is infinite"),
        ("<% '\\ud800' %>", "half of a surrogate pair"),
        ("x<% '\\ud800' %>", "half of a surrogate pair"),
        ("{{ [_.nothing] }}", "an undefined value has no form in JSON"),
        ("{{ 1 if false }}", "an undefined value has no form in JSON"),
        ("{{ range }}", "has no form in JSON"),
        ("{{ 1e308 * 10 }}", "a number is infinite"),
    ],
)
def test_an_expression_whose_value_cannot_be_stored_fails(text: str, reason: str) -> None:
    with pytest.raises(EvaluationError, match=reason):
        compile_template(text).evaluate(a_scope({"a": 1}))
