"""Collections: making lists, asking what something is, and looking for items."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from maestrale.expressions.yaql.kinds import ITERABLE, ITERATOR, LIST, MAPPING, SET, kind_of
from maestrale.expressions.yaql.signatures import (
    ANY,
    BOTH,
    DICT,
    ITER,
    LAMBDA,
    METHOD,
    SEQ,
    STR,
    overload,
)
from maestrale.expressions.yaql.signatures import ITERATOR as ITERATORS
from maestrale.expressions.yaql.signatures import SET as SETS
from maestrale.expressions.yaql.values import contains, equal, is_frozen_list


@overload("len", STR("string"), forms=BOTH)
@overload("len", DICT("dict"), forms=BOTH)
@overload("len", SEQ("sequence"), forms=BOTH)
@overload("len", SETS("set"), forms=BOTH)
def length(collection: Sequence[Any]) -> int:
    return len(collection)


@overload("len", ITERATORS("collection"), forms=BOTH)
@overload("count", ITER("collection"), forms=METHOD)
def count(collection: Iterable[Any]) -> int:
    if kind_of(collection) & (LIST | SET):
        return len(collection)  # type: ignore[arg-type]
    return sum(1 for _ in collection)


@overload("list", ANY("args", many=True))
def list_of(*args: Any) -> tuple[Any, ...]:
    return tuple(spliced(args))


def spliced(values: Iterable[Any]) -> Iterator[Any]:
    """The values, with the items of iterators among them in the place of the iterators."""
    for value in values:
        if kind_of(value) == ITERATOR:
            yield from spliced(value)
        else:
            yield value


@overload("toList", ITER("collection"), forms=METHOD)
def to_list(collection: Iterable[Any]) -> Sequence[Any]:
    """The items as a list that is never changed; a list of the data is one already."""
    return collection if is_frozen_list(collection) else tuple(collection)  # type: ignore[return-value]


@overload("isList", ANY("arg"))
def is_list(value: Any) -> bool:
    return kind_of(value) == LIST


@overload("isDict", ANY("arg"))
def is_mapping(value: Any) -> bool:
    return kind_of(value) == MAPPING


@overload("isSet", ANY("arg"))
def is_set(value: Any) -> bool:
    return kind_of(value) == SET


@overload("isIterable", ANY("value"))
def is_iterable(value: Any) -> bool:
    return bool(kind_of(value) & ITERABLE)


@overload("contains", ITER("collection"), ANY("value"), forms=METHOD)
def contains_item(collection: Iterable[Any], value: Any) -> bool:
    return contains(collection, value)


@overload("indexOf", ITER("collection"), ANY("item"), forms=METHOD)
def index_of(collection: Iterable[Any], item: Any) -> int:
    return index_where(collection, lambda found: equal(found, item))


@overload("lastIndexOf", ITER("collection"), ANY("item"), forms=METHOD)
def last_index_of(collection: Iterable[Any], item: Any) -> int:
    return last_index_where(collection, lambda found: equal(found, item))


@overload("indexWhere", ITER("collection"), LAMBDA("predicate", 1), forms=METHOD)
def index_where(collection: Iterable[Any], predicate: Callable[[Any], Any]) -> int:
    return next((index for index, item in enumerate(collection) if predicate(item)), -1)


@overload("lastIndexWhere", ITER("collection"), LAMBDA("predicate", 1), forms=METHOD)
def last_index_where(collection: Iterable[Any], predicate: Callable[[Any], Any]) -> int:
    last = -1
    for index, item in enumerate(collection):
        if predicate(item):
            last = index
    return last
