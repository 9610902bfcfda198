"""Sets. A view of the keys or items of a mapping counts as one, but has no methods that make new ones."""

from collections.abc import Iterable
from typing import Any

from maestrale.expressions.ordered_sets import OrderedSet
from maestrale.expressions.yaql.failures import Failure
from maestrale.expressions.yaql.library.collections import spliced
from maestrale.expressions.yaql.signatures import ANY, ITER, METHOD, SET, overload
from maestrale.expressions.yaql.values import make_set


@overload("set", ANY("args", many=True))
def set_of(*args: Any) -> OrderedSet:
    return make_set(spliced(args))


@overload("toSet", ITER("collection"), forms=METHOD)
def to_set(collection: Iterable[Any]) -> OrderedSet:
    return make_set(collection)


@overload("union", SET("left"), SET("right"), forms=METHOD)
def union(left: Any, right: Any) -> OrderedSet:
    return _changeable(left).union(make_set(right))


@overload("intersect", SET("left"), SET("right"), forms=METHOD)
def intersection(left: Any, right: Any) -> OrderedSet:
    mine, others = _changeable(left), make_set(right)
    if len(others) > len(mine):
        return mine.intersection(others)
    # Of equal members of different types, such as 1 and true, the smaller set's are taken, as Python does.
    chosen = {member: member for member in others}
    return OrderedSet(chosen[member] for member in mine if member in chosen)


@overload("difference", SET("left"), SET("right"), forms=METHOD)
def difference(left: Any, right: Any) -> OrderedSet:
    return _changeable(left).difference(make_set(right))


@overload("symmetricDifference", SET("left"), SET("right"), forms=METHOD)
def symmetric_difference(left: Any, right: Any) -> OrderedSet:
    return _changeable(left).symmetric_difference(make_set(right))


@overload("add", SET("set"), ANY("values", many=True), forms=METHOD)
def with_members(members: Any, *values: Any) -> OrderedSet:
    return _changeable(members).union(make_set(values))


@overload("remove", SET("set"), ANY("values", many=True), forms=METHOD)
def without_members(members: Any, *values: Any) -> OrderedSet:
    return _changeable(members).difference(make_set(values))


def _changeable(left: Any) -> OrderedSet:
    if not isinstance(left, OrderedSet):
        raise Failure("what is on the left has to be a set, no view of a mapping: use `toSet()`")
    return left
