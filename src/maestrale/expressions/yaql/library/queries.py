"""Queries over collections: choosing items, turning each into something, and making one value of all."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from itertools import dropwhile, islice, takewhile
from typing import Any

from maestrale.expressions.yaql.failures import Failure
from maestrale.expressions.yaql.kinds import ITERABLE, kind_of
from maestrale.expressions.yaql.lazy import filtered, mapped, walked
from maestrale.expressions.yaql.signatures import ANY, BOTH, INT, ITER, LAMBDA, METHOD, calling, overload
from maestrale.expressions.yaql.values import MISSING, MutableList, as_key, bounded

Predicate = Callable[[Any], Any]
Selector = Callable[[Any], Any]


@overload("where", "filter", ITER("collection"), LAMBDA("predicate", 1), forms=METHOD)
def where(collection: Iterable[Any], predicate: Predicate) -> Iterator[Any]:
    return filtered(predicate, collection)


@overload("select", "map", ITER("collection"), LAMBDA("selector", 1), forms=METHOD)
def select(collection: Iterable[Any], selector: Selector) -> Iterator[Any]:
    return mapped(selector, collection)


@overload("selectMany", ITER("collection"), LAMBDA("selector", 1), forms=METHOD)
def select_many(collection: Iterable[Any], selector: Selector) -> Iterator[Any]:
    return walked(bounded(_many(collection, selector)), collection)


def _many(collection: Iterable[Any], selector: Selector) -> Iterator[Any]:
    # The collections found may be iterators nested in any way, so it must not be C code that goes into them.
    for item in collection:
        found = selector(item)
        if kind_of(found) & ITERABLE:
            yield from found
        else:
            yield found


@overload("skip", ITER("collection"), INT("count"), forms=METHOD)
def skip(collection: Iterable[Any], number: int) -> Iterator[Any]:
    return walked(islice(collection, number, None), collection)


@overload("limit", "take", ITER("collection"), INT("count"), forms=METHOD)
def limit(collection: Iterable[Any], number: int) -> Iterator[Any]:
    return walked(islice(collection, number), collection)


@overload("takeWhile", ITER("collection"), LAMBDA("predicate", 1), forms=METHOD)
def take_while(collection: Iterable[Any], predicate: Predicate) -> Iterator[Any]:
    return walked(takewhile(predicate, collection), collection)


@overload("skipWhile", ITER("collection"), LAMBDA("predicate", 1), forms=METHOD)
def skip_while(collection: Iterable[Any], predicate: Predicate) -> Iterator[Any]:
    return walked(dropwhile(predicate, collection), collection)


@overload("first", ITER("collection"), ANY("default", default=MISSING), forms=METHOD)
def first(collection: Iterable[Any], default: Any) -> Any:
    for item in collection:
        return item
    return _default_of("first", default)


@overload("last", ITER("collection"), ANY("default", default=MISSING), forms=METHOD)
def last(collection: Iterable[Any], default: Any) -> Any:
    items = collection[-1:] if isinstance(collection, Sequence) else deque(collection, maxlen=1)
    return items[0] if items else _default_of("last", default)


@overload("single", ITER("collection"), forms=METHOD)
def single(collection: Iterable[Any]) -> Any:
    items = tuple(islice(collection, 2))
    if len(items) != 1:
        raise Failure("a collection has too few items, or for `single` too many: it takes exactly one")
    return items[0]


def _default_of(name: str, default: Any) -> Any:
    """What a function gives that found no item."""
    if default is MISSING:
        raise Failure(f"a collection has too few items: `{name}` found none, and was given no default")
    return default


def _start(items: Iterator[Any], initial: Any) -> Any:
    """What folding a collection begins with: its first item if nothing else was given."""
    if initial is not MISSING:
        return initial
    for item in items:
        return item
    raise Failure("a collection has too few items: there is none to begin with, and no other value was given")


@overload("any", ITER("collection"), LAMBDA("predicate", 1, default=None), forms=BOTH)
def is_any(collection: Iterable[Any], predicate: Predicate | None) -> bool:
    if predicate is not None:
        return any(map(predicate, collection))
    return any(True for _ in collection)


@overload("all", ITER("collection"), LAMBDA("predicate", 1, default=None), forms=BOTH)
def is_all(collection: Iterable[Any], predicate: Predicate | None) -> bool:
    return all(collection if predicate is None else map(predicate, collection))


@overload("sum", calling("#operator_+", 2), ITER("collection"), ANY("initial", default=MISSING), forms=METHOD)
@overload("max", calling("max", 2), ITER("collection"), ANY("initial", default=MISSING), forms=METHOD)
@overload("min", calling("min", 2), ITER("collection"), ANY("initial", default=MISSING), forms=METHOD)
def fold(combine: Callable[[Any, Any], Any], collection: Iterable[Any], initial: Any) -> Any:
    items = iter(collection)
    return reduce(combine, items, _start(items, initial))


_SEED = ANY("seed", default=MISSING)


@overload("aggregate", "reduce", ITER("collection"), LAMBDA("selector", 2), _SEED, forms=METHOD)
def aggregate(collection: Iterable[Any], selector: Callable[[Any, Any], Any], seed: Any) -> Any:
    return fold(selector, collection, seed)


@overload("accumulate", ITER("collection"), LAMBDA("selector", 2), _SEED, forms=METHOD)
def accumulate(collection: Iterable[Any], selector: Callable[[Any, Any], Any], seed: Any) -> Iterator[Any]:
    return walked(_accumulated(collection, selector, seed), collection)


def _accumulated(collection: Iterable[Any], selector: Callable[[Any, Any], Any], total: Any) -> Iterator[Any]:
    items = iter(collection)
    if total is MISSING:
        total = first(items, MISSING)
    yield total
    for item in items:
        total = selector(total, item)
        yield total


@overload("distinct", ITER("collection"), LAMBDA("keySelector", 1, default=None), forms=BOTH)
def distinct(collection: Iterable[Any], key_selector: Selector | None) -> Iterator[Any]:
    return walked(_distinct(collection, key_selector), collection)


def _distinct(collection: Iterable[Any], key_selector: Selector | None) -> Iterator[Any]:
    seen = set()
    for item in collection:
        key = as_key(item if key_selector is None else key_selector(item))
        if key not in seen:
            seen.add(key)
            yield item


@overload("enumerate", ITER("collection"), INT("start", default=0, nullable=True), forms=BOTH)
def numbered(collection: Iterable[Any], start: int | None) -> Iterator[Any]:
    return walked(_numbered(collection, start), collection)


def _numbered(collection: Iterable[Any], start: Any) -> Iterator[Any]:
    # That null is no number is found when the first item is asked for, as in Mistral.
    for pair in enumerate(collection, start):
        yield MutableList(pair)
