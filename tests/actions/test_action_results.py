import datetime
import enum
import json
import math
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestrale.actions import ActionFailed, Result
from maestrale.actions.results import MAX_DEPTH, NotJson, from_exception, storable, to_json

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def circular() -> Any:
    value: dict[str, Any] = {"a": {}}
    value["a"]["back"] = value
    return value


@given(JSON)
def test_what_is_json_stays_what_it_is(value: Any) -> None:
    assert storable(Result(value=value), action="a") == Result(value=value)


@given(JSON)
def test_what_is_stored_can_be_written_and_read(value: Any) -> None:
    plain = to_json((value, {"x": value}))

    assert json.loads(json.dumps(plain)) == plain


def test_what_means_the_same_as_json_becomes_json() -> None:
    class Colour(enum.StrEnum):
        RED = "red"

    class Size(enum.IntEnum):
        SMALL = 1

    value = to_json((1, (2,), MappingProxyType({Colour.RED: Colour.RED}), Size.SMALL))

    assert value == [1, [2], {"red": "red"}, 1]
    assert [type(part) for part in (value[2]["red"], next(iter(value[2])), value[3])] == [str, str, int]


def test_one_value_in_two_places_is_no_circle() -> None:
    shared = [1]

    assert to_json([shared, {"a": shared}]) == [[1], {"a": [1]}]


@pytest.mark.parametrize(
    ("value", "place", "what"),
    [
        (b"x", "", "bytes, which JSON does not have"),
        ({"items": [1, {"when": datetime.date.min}]}, ".items[1].when", "date, which JSON does not have"),
        ([{1, 2}], "[0]", "set, which JSON does not have"),
        ({"a": object()}, ".a", "object, which JSON does not have"),
        ({"a": math.nan}, ".a", "the number `nan`, which JSON does not have"),
        ([-math.inf], "[0]", "the number `-inf`, which JSON does not have"),
        ({"a": {"ok": 1, 3: 4}}, ".a", "a mapping with a key that is int, not text"),
        (circular(), ".a.back", "a value that contains itself"),
        (nested(MAX_DEPTH + 1), "[0]" * MAX_DEPTH, f"nested deeper than {MAX_DEPTH} levels"),
        (["\ud800"], "[0]", "text with half a surrogate pair, which is no Unicode"),
        ({"a": {"\udfff": 1}}, ".a", "text with half a surrogate pair, which is no Unicode"),
    ],
)
def test_what_json_cannot_hold_is_named_with_its_place(value: Any, place: str, what: str) -> None:
    with pytest.raises(NotJson) as caught:
        to_json(value)

    assert (caught.value.place, caught.value.what) == (place, what)


def test_the_deepest_value_that_is_allowed_is_stored() -> None:
    assert to_json(nested(MAX_DEPTH)) == nested(MAX_DEPTH)


def test_an_error_is_checked_like_a_result() -> None:
    assert storable(Result(error={"why": {1}}), action="acme.x") == Result(
        error="The result of `acme.x` cannot be stored as JSON: `error.why` is set, which JSON does not have"
    )


def test_a_result_may_be_as_large_as_the_limit_and_no_larger() -> None:
    fits, exceeds = Result(value="x" * 1022), Result(value="x" * 1023)

    assert storable(fits, action="a", limit=1024) == fits
    assert storable(exceeds, action="acme.big", limit=1024) == Result(
        refusal="Field size limit exceeded: the result of action acme.big: "
        "1,025 bytes of JSON, and 1,024 are allowed"
    )
    assert storable(exceeds, action="a", limit=-1) == exceeds


def test_an_exception_is_told_without_a_traceback() -> None:
    assert from_exception(ValueError("no such host"), action="acme.x", run_id="r") == Result(
        error="The action raised an exception [action=acme.x, action_ex_id=r, msg='no such host']"
    )


def test_an_exception_without_words_is_told_by_its_class() -> None:
    class Silent(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert [from_exception(error, action="a").error for error in (KeyError(), Silent())] == [
        "The action raised an exception [action=a, msg='KeyError']",
        "The action raised an exception [action=a, msg='Silent']",
    ]


def test_a_structured_failure_is_the_error_itself() -> None:
    assert from_exception(ActionFailed({"code": 7}), action="a") == Result(error={"code": 7})
    assert from_exception(ActionFailed(None), action="a").is_error
