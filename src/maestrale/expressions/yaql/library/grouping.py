"""Groups of items: by a key, by position, and pairs of items of several collections."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, zip_longest
from typing import Any

from maestrale.expressions.yaql.failures import NoOverload
from maestrale.expressions.yaql.kinds import LIST, kind_of
from maestrale.expressions.yaql.lazy import mapped, walked
from maestrale.expressions.yaql.library.collections import to_list
from maestrale.expressions.yaql.library.sources import memorize
from maestrale.expressions.yaql.signatures import ANY, INT, ITER, LAMBDA, METHOD, overload
from maestrale.expressions.yaql.values import MISSING, MutableList, as_key, bounded, equal

Selector = Callable[[Any], Any]


@overload(
    "groupBy",
    ITER("collection"),
    LAMBDA("keySelector", 1),
    LAMBDA("valueSelector", 1, default=None),
    LAMBDA("aggregator", 1, default=None),
    forms=METHOD,
)
def group_by(
    collection: Iterable[Any],
    key_selector: Selector,
    value_selector: Selector | None,
    aggregator: Selector | None,
) -> Iterator[Any]:
    groups: dict[Any, MutableList] = {}
    for item in collection:
        value = item if value_selector is None else value_selector(item)
        key = as_key(key_selector(item))
        group = groups.get(key)
        if group is None:
            group = groups[key] = MutableList()
        group.append(value)
    if aggregator is None:
        return iter(groups.items())
    return mapped(_Aggregation(aggregator).of_group, groups.items())


class _Aggregation:
    """What `groupBy` makes of its groups with an aggregator.

    An aggregator gets the values of a group. In older versions of YAQL it got the pair of key and values,
    and gave a pair. One that only works on pairs is found out at the first group: there it fails on the
    values because no function takes them, or a list is too short.
    """

    def __init__(self, aggregator: Selector) -> None:
        self._aggregator = aggregator
        self._may_take_pairs = True
        self._problem: Exception | None = None

    def of_group(self, group: tuple[Any, MutableList]) -> Any:
        """What stands for a group, which is a pair of a key and values."""
        if self._problem is None:
            key, values = group
            try:
                result = self._aggregator(values)
            except (NoOverload, IndexError) as problem:
                self._problem = problem
            else:
                self._may_take_pairs = self._may_take_pairs and _looks_like_pair(result, values)
                return key, result
        return self._of_pair(group, self._problem)

    def _of_pair(self, group: tuple[Any, MutableList], problem: Exception) -> Any:
        if self._may_take_pairs:
            try:
                pair = self._aggregator(group)
                if len(pair) == 2:
                    return pair
            except Exception:
                pass  # What is wrong with the newer form is the better reason.
        raise problem


def _looks_like_pair(result: Any, values: Sequence[Any]) -> bool:
    """Whether an aggregator of pairs could have given this for values that are two by chance."""
    return len(values) == 2 and kind_of(result) == LIST and len(result) == 2 and equal(result[0], values[0])


@overload(
    "join",
    ITER("collection1"),
    ITER("collection2"),
    LAMBDA("predicate", 2),
    LAMBDA("selector", 2),
    forms=METHOD,
)
def join(
    collection: Iterable[Any],
    other: Iterable[Any],
    predicate: Callable[[Any, Any], Any],
    selector: Callable[[Any, Any], Any],
) -> Iterator[Any]:
    return walked(bounded(_joined(collection, memorize(other), predicate, selector)), collection, other)


def _joined(
    collection: Iterable[Any],
    others: Iterable[Any],
    predicate: Callable[[Any, Any], Any],
    selector: Callable[[Any, Any], Any],
) -> Iterator[Any]:
    for item in collection:
        for other in others:
            if predicate(item, other):
                yield selector(item, other)


@overload("zip", ITER("collections", many=True), forms=METHOD)
def zipped(*collections: Iterable[Any]) -> Iterator[Any]:
    return walked(zip(*collections, strict=False), *collections)


@overload(
    "zipLongest",
    ITER("collections", many=True),
    ANY("default", default=None, keyword_only=True),
    forms=METHOD,
)
def zipped_longest(*collections: Iterable[Any], default: Any) -> Iterator[Any]:
    return walked(zip_longest(*collections, fillvalue=default), *collections)


@overload("slice", ITER("collection"), INT("length"), forms=METHOD)
def sliced(collection: Iterable[Any], length: int) -> Iterator[Any]:
    return walked(_sliced(collection, length), collection)


def _sliced(collection: Iterable[Any], length: int) -> Iterator[Any]:
    items = iter(collection)
    while part := tuple(islice(items, length)):
        yield part


@overload("splitAt", ITER("collection"), INT("index"), forms=METHOD)
def split_at(collection: Iterable[Any], index: int) -> MutableList:
    items = to_list(collection)
    return MutableList((tuple(items[:index]), tuple(items[index:])))


@overload("splitWhere", ITER("collection"), LAMBDA("predicate", 1), forms=METHOD)
def split_where(collection: Iterable[Any], predicate: Selector) -> Iterator[Any]:
    return walked(_split_where(collection, predicate), collection)


def _split_where(collection: Iterable[Any], predicate: Selector) -> Iterator[Any]:
    part: list[Any] = []
    for item in tuple(collection):
        if predicate(item):
            yield tuple(part)
            part = []
        else:
            part.append(item)
    if part:
        yield tuple(part)


@overload("sliceWhere", ITER("collection"), LAMBDA("predicate", 1), forms=METHOD)
def slice_where(collection: Iterable[Any], predicate: Selector) -> Iterator[Any]:
    return walked(_slice_where(collection, predicate), collection)


def _slice_where(collection: Iterable[Any], predicate: Selector) -> Iterator[Any]:
    part: list[Any] = []
    before: Any = MISSING
    for item in tuple(collection):
        found = predicate(item)
        if before is not MISSING and not equal(found, before):
            yield tuple(part)
            part = []
        part.append(item)
        before = found
    if part:
        yield tuple(part)
