"""Data as YAQL sees it behaves like the plain data it stands for."""

from collections.abc import Set
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from maestrale.expressions import Layers
from maestrale.expressions.frozen import FrozenMapping, OrderedSet, freeze

trees = st.recursive(
    st.none() | st.integers(0, 3) | st.text(max_size=1),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=1), inner, max_size=3),
    max_leaves=12,
)


def as_tuples(value: Any) -> Any:
    """The same with tuples for lists, which is what a whole conversion would give."""
    if isinstance(value, dict):
        return {key: as_tuples(item) for key, item in value.items()}
    return tuple(map(as_tuples, value)) if isinstance(value, list) else value


@settings(deadline=None)
@given(trees)
def test_frozen_data_equals_shows_and_holds_what_plain_data_does(value: Any) -> None:
    frozen = freeze(value)

    assert frozen == as_tuples(value)
    assert as_tuples(value) == frozen
    assert repr(frozen) == repr(as_tuples(value))


@settings(deadline=None)
@given(trees, trees)
def test_equal_frozen_data_has_equal_hashes(one: Any, other: Any) -> None:
    left, right = freeze(one), freeze(other)

    assert (left == right) == (as_tuples(one) == as_tuples(other))
    assert left != right or hash(left) == hash(right)
    assert hash(freeze(one)) == hash(left)


def test_a_view_of_layers_reads_like_one_mapping() -> None:
    view = freeze(Layers({"a": [1]}, {"a": 2, "b": {"c": 3}}))

    assert isinstance(view, FrozenMapping)
    assert dict(view) == {"a": (1,), "b": {"c": 3}}
    assert list(view.items()) == [("a", (1,)), ("b", freeze({"c": 3}))]
    assert ("b" in view, "z" in view, view.get("z"), len(view)) == (True, False, None, 2)
    assert view["b"] is view["b"]


@settings(deadline=None)
@given(st.lists(st.integers(0, 5)), st.lists(st.integers(0, 5)))
def test_an_ordered_set_is_a_set_that_keeps_its_order(one: list[int], other: list[int]) -> None:
    left, right = OrderedSet(one), OrderedSet(other)
    expected: dict[str, Set[int]] = {
        "union": {*one, *other},
        "intersection": set(one) & set(other),
        "difference": set(one) - set(other),
        "symmetric_difference": set(one) ^ set(other),
    }

    found: dict[str, Set[int]] = {name: getattr(left, name)(right) for name in expected}

    assert found == expected
    assert list(left) == list(dict.fromkeys(one))
    assert (left == right, left <= right) == (set(one) == set(other), set(one) <= set(other))
    assert hash(left) == hash(frozenset(one))
