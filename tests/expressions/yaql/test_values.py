"""The values of YAQL: data of the scope behaves as if it were frozen, without being converted."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maestrale.expressions import Layers
from maestrale.expressions.limits import ITEM_LIMIT, OverLimit
from maestrale.expressions.ordered_sets import OrderedSet
from maestrale.expressions.results import plain
from maestrale.expressions.yaql.failures import Failure
from maestrale.expressions.yaql.showing import show
from maestrale.expressions.yaql.values import (
    FrozenDict,
    MutableDict,
    MutableList,
    Remembered,
    as_key,
    bounded,
    contains,
    equal,
    loosen,
    make_set,
)

trees = st.recursive(
    st.none() | st.integers(0, 2) | st.sampled_from(["", "a"]) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=8,
)


def converted(value: Any) -> Any:
    """What the yaql library makes of data: all lists are tuples."""
    if isinstance(value, dict):
        return {key: converted(item) for key, item in value.items()}
    return tuple(map(converted, value)) if isinstance(value, list) else value


def literal(value: Any) -> Any:
    """The same data as an expression makes it."""
    if isinstance(value, dict):
        return FrozenDict((key, literal(item)) for key, item in value.items())
    return tuple(map(literal, value)) if isinstance(value, list) else value


@settings(deadline=None)
@given(trees, trees)
def test_data_is_compared_hashed_and_shown_as_if_it_were_converted(one: Any, other: Any) -> None:
    expected = converted(one) == converted(other)

    for left in (one, literal(one), as_key(one)):
        assert equal(left, other) == equal(left, literal(other)) == expected
        assert contains([left], other) == contains(make_set([left]), other) == expected
        assert show(left) == show(one) == str(converted(one))
        assert (as_key(left) == as_key(other)) == expected
        assert not expected or hash(as_key(left)) == hash(as_key(literal(other)))


@pytest.mark.parametrize("make", [MutableList, loosen])
def test_a_mutable_list_equals_no_frozen_one_and_is_no_key(make: Callable[[list[int]], Any]) -> None:
    mutable = make([1])

    assert [equal(mutable, other) for other in ([1], (1,), MutableList([1]), loosen([1]))] == [
        False,
        False,
        True,
        True,
    ]
    assert show(mutable) == "[1]"
    with pytest.raises(Failure, match="a list of this sort cannot be a key"):
        as_key((0, mutable))


def test_a_mutable_mapping_equals_any_other_one_and_is_no_key() -> None:
    mappings = [{"a": 1}, FrozenDict(a=1), MutableDict(a=1), Layers({"a": 1}), loosen({"a": 1})]

    assert all(equal(one, other) for one in mappings for other in mappings)
    for mapping in (mappings[2], mappings[4]):
        with pytest.raises(Failure, match="a mapping of this sort cannot be a key"):
            as_key(mapping)


def test_loose_data_is_mutable_all_the_way_down() -> None:
    data = {"l": [{"m": [1]}], "n": 2}
    loose = loosen(data)

    assert show(loose) == "{'l': [{'m': [1]}], 'n': 2}"
    assert not equal(loose["l"][0]["m"], (1,))
    assert [type(item) for item in loose["l"]] == [type(loose)]
    assert plain(loose) == data


def test_only_data_of_the_scope_is_shared_with_a_result() -> None:
    inner = {"a": [1]}

    result = plain((inner, FrozenDict({1: inner}), loosen(inner)), shares_data=True)

    assert result == [inner, {"1": inner}, inner]
    assert [result[0] is inner, result[1]["1"] is inner, result[2] is inner] == [True, True, False]


def test_a_text_shows_no_address_and_has_a_bound() -> None:
    nested: Any = ()
    for _ in range(60):
        nested = (nested, nested)

    assert show((map(str, "a"), OrderedSet([1]))) == "(<map object>, frozenset({1}))"
    with pytest.raises(OverLimit, match="a text of more than"):
        show(nested)


def test_what_takes_for_ever_to_compare_is_refused() -> None:
    nested: Any = ()
    other: Any = ()
    for _ in range(60):
        nested, other = (nested, nested), (other, other)

    for compare in (lambda: equal(nested, other), lambda: as_key(nested), lambda: contains([other], nested)):
        with pytest.raises(OverLimit, match="compare more than"):
            compare()


def test_an_endless_source_ends_in_an_error() -> None:
    items = bounded(count())

    assert sum(1 for _ in zip(range(ITEM_LIMIT), items, strict=False)) == ITEM_LIMIT
    with pytest.raises(OverLimit, match=f"more than {ITEM_LIMIT} items"):
        next(items)
    assert list(bounded(iter([1, 2]))) == [1, 2]


def test_remembered_items_can_be_gone_through_again() -> None:
    remembered = Remembered(iter("abc"))

    assert (next(remembered), list(remembered), list(remembered), next(remembered)) == (
        "a",
        ["a", "b", "c"],
        ["a", "b", "c"],
        "b",
    )
