"""Plain data survives as text: its values, its types, and what JSON has no words for."""

from collections.abc import Callable, Mapping
from math import inf, isnan
from typing import Any

import pytest
from immutables import Map
from msgspec import Struct

from maestrale.store.json_text import decoder, encode

decode: Callable[[str | bytes], Any] = decoder(Any)


@pytest.mark.parametrize(
    "value",
    [
        1,
        1.0,
        -0.0,
        True,
        1e16,
        5e-324,
        2**53 + 1,
        2**64,
        -(10**300),
        {"b": 1, "a": [1.0, None, "null"]},
        "é\u2028\0\U0001f600",
    ],
)
def test_a_value_keeps_its_type_and_its_digits(value: Any) -> None:
    assert repr(decode(encode(value))) == repr(value)


@pytest.mark.parametrize(
    "value",
    [
        inf,
        [-inf, None],
        {"~": ["float", "nan"], "x": inf},
        "half a pair \ud83d",
        {"\ud83d": {"~": 1}},
        [10**5000],
        {"deep": [{"er": -(10**6000)}], "~": None, "\udfff": "~"},
    ],
)
def test_what_json_has_no_words_for_survives(value: Any) -> None:
    assert decode(encode(value)) == value


def test_a_float_that_is_no_number_survives() -> None:
    loaded = decode(encode({"a": [None, float("nan")]}))

    assert loaded["a"][0] is None
    assert isnan(loaded["a"][1])


def test_such_values_survive_inside_a_struct() -> None:
    class Holder(Struct, frozen=True):
        value: Any
        more: tuple[tuple[str, str], ...] = ()

    holder = Holder({"a": inf, "b": None}, (("x", "\ud800"),))

    assert decoder(Holder)(encode(holder)) == holder


def test_data_that_only_looks_escaped_is_left_alone() -> None:
    value = {"~": ["float", "nan"]}

    assert decode(encode(value)) == value


def test_a_mapping_that_is_no_dict_is_written_like_one() -> None:
    variables: Mapping[str, Any] = Map({"a": Map({"b": inf}), "c": None})

    assert decode(encode(variables)) == {"a": {"b": inf}, "c": None}


def test_the_text_may_be_bytes_or_str() -> None:
    for value in ({"a": 1}, {"a": inf}):
        assert decode(encode(value).decode()) == decode(encode(value)) == value
