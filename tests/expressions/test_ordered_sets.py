"""A set that keeps the order of its items is a set in all else."""

from collections.abc import Set

from hypothesis import given, settings
from hypothesis import strategies as st

from maestrale.expressions.ordered_sets import OrderedSet


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
