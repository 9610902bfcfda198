"""Collections with something added, removed, replaced or unfolded. All give new ones, most of them lazily."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from maestrale.expressions.yaql.kinds import ITERABLE, kind_of
from maestrale.expressions.yaql.lazy import walked
from maestrale.expressions.yaql.library.collections import to_list
from maestrale.expressions.yaql.signatures import (
    ANY,
    BOTH,
    INT,
    ITER,
    ITER_NO_SET,
    METHOD,
    SEQ,
    overload,
)
from maestrale.expressions.yaql.values import MutableList, bounded


@overload("append", ITER("collection"), ANY("args", many=True), forms=BOTH)
def append(collection: Iterable[Any], *args: Any) -> Iterator[Any]:
    return walked(chain(collection, args), collection)


@overload("concat", ITER("collections", many=True), forms=BOTH)
def concatenate(*collections: Iterable[Any]) -> Iterator[Any]:
    # One large list, chained to itself again and again, is small in memory and long to walk.
    return walked(bounded(chain(*collections)), *collections)


@overload("delete", ITER("collection"), INT("position"), INT("count", default=1), forms=METHOD)
def delete(collection: Iterable[Any], position: int, number: int) -> Iterator[Any]:
    is_inside = _range(position, number)
    return walked(_outside(collection, is_inside), collection)


def _range(position: int, number: int) -> Callable[[int], bool]:
    """Whether an index is among `number` ones from `position` on; negative: all from there on."""
    if number < 0:
        return lambda index: index >= position
    return lambda index: position <= index < position + number


def _outside(collection: Iterable[Any], is_inside: Callable[[int], bool]) -> Iterator[Any]:
    for index, item in enumerate(collection):
        if not is_inside(index):
            yield item


@overload("insert", ITER_NO_SET("collection"), INT("position"), ANY("value"), forms=METHOD)
def insert(collection: Iterable[Any], position: int, value: Any) -> Iterator[Any]:
    return walked(_inserted(collection, position, (value,)), collection)


@overload("insert", SEQ("collection"), INT("position"), ANY("value"), forms=METHOD)
def insert_in_list(collection: Sequence[Any], position: int, value: Any) -> MutableList:
    changed = MutableList(collection)
    changed.insert(position, value)
    return changed


@overload("insertMany", ITER("collection"), INT("position"), ITER("values"), forms=METHOD)
def insert_many(collection: Iterable[Any], position: int, values: Iterable[Any]) -> Iterator[Any]:
    if position < 0:
        return walked(chain(values, collection), collection, values)
    return walked(_inserted(collection, position, values), collection, values)


def _inserted(collection: Iterable[Any], position: int, values: Iterable[Any]) -> Iterator[Any]:
    """The items with the values before the one at `position`, or at the end; nowhere if it is negative."""
    index = -1
    for index, item in enumerate(collection):
        if index == position:
            yield from values
        yield item
    if position > index:
        yield from values


@overload("replace", ITER("collection"), INT("position"), ANY("value"), INT("count", default=1), forms=METHOD)
def replace(collection: Iterable[Any], position: int, value: Any, number: int) -> Iterator[Any]:
    return replace_many(collection, position, (value,), number)


@overload(
    "replaceMany",
    ITER("collection"),
    INT("position"),
    ITER("values"),
    INT("count", default=1),
    forms=METHOD,
)
def replace_many(
    collection: Iterable[Any], position: int, values: Iterable[Any], number: int
) -> Iterator[Any]:
    return walked(_replaced(collection, _range(position, number), values), collection, values)


def _replaced(
    collection: Iterable[Any], is_inside: Callable[[int], bool], values: Iterable[Any]
) -> Iterator[Any]:
    is_done = False
    for index, item in enumerate(collection):
        if not is_inside(index):
            yield item
        elif not is_done:
            is_done = True
            yield from values


@overload("flatten", ITER("collection"), forms=METHOD)
def flatten(collection: Iterable[Any]) -> Iterator[Any]:
    return walked(bounded(_flattened(collection)), collection)


def _flattened(collection: Iterable[Any]) -> Iterator[Any]:
    """All items of collections within collections; text and mappings are items."""
    open_collections = [iter(collection)]
    while open_collections:
        for item in open_collections[-1]:
            if kind_of(item) & ITERABLE:
                open_collections.append(iter(item))
                break
            yield item
        else:
            open_collections.pop()


@overload("reverse", ITER("collection"), forms=METHOD)
def reverse(collection: Iterable[Any]) -> Iterator[Any]:
    items: Iterator[Any] = reversed(to_list(collection))
    return items
