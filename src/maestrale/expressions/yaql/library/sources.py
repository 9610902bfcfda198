"""Where items come from if not from a collection, and going through them more than once.

What would never end, or is small in memory and long to go through, ends in an error: see `bounded`.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import count, cycle
from itertools import repeat as repeated
from typing import Any

from maestrale.expressions.limits import check_items
from maestrale.expressions.yaql.kinds import ITERATOR, LIST, ORDERING, SET, VIEW, kind_of
from maestrale.expressions.yaql.lazy import walked
from maestrale.expressions.yaql.signatures import ANY, BOOL, INT, ITER, LAMBDA, METHOD, overload
from maestrale.expressions.yaql.values import Remembered, as_key, bounded

Selector = Callable[[Any], Any]


@overload("range", INT("stop"))
def range_to(stop: int) -> Iterator[int]:
    return bounded(iter(range(stop)))


@overload("range", INT("start"), INT("stop"), INT("step", default=1))
def range_between(start: int, stop: int, step: int) -> Iterator[int]:
    return bounded(iter(range(start, stop, step)))


@overload("sequence", INT("start", default=0), INT("step", default=1))
def sequence(start: int, step: int) -> Iterator[int]:
    return bounded(count(start, step))


@overload("repeat", ANY("value"), INT("times", default=-1), forms=METHOD)
def repeat(value: Any, times: int) -> Iterator[Any]:
    return bounded(repeated(value) if times < 0 else repeated(value, times))


@overload("cycle", ITER("collection"), forms=METHOD)
def cycled(collection: Iterable[Any]) -> Iterator[Any]:
    return walked(bounded(cycle(collection)), collection)


@overload(
    "generate",
    ANY("initial"),
    LAMBDA("predicate", 1),
    LAMBDA("producer", 1),
    LAMBDA("selector", 1, default=None),
    BOOL("decycle", default=False),
)
def generate(
    initial: Any, predicate: Selector, producer: Selector, selector: Selector | None, decycle: bool
) -> Iterator[Any]:
    values = _produced(initial, predicate, producer)
    if decycle:
        values = _until_repeated(values)
    return bounded(values if selector is None else map(selector, values))


def _produced(value: Any, predicate: Selector, producer: Selector) -> Iterator[Any]:
    while predicate(value):
        yield value
        value = producer(value)


def _until_repeated(values: Iterator[Any]) -> Iterator[Any]:
    seen = set()
    for value in values:
        key = as_key(value)
        if key in seen:
            return
        seen.add(key)
        yield value


@overload(
    "generateMany",
    ANY("initial"),
    LAMBDA("producer", 1),
    LAMBDA("selector", 1, default=None),
    BOOL("decycle", default=False),
    BOOL("depthFirst", default=False),
)
def generate_many(
    initial: Any, producer: Selector, selector: Selector | None, decycle: bool, depth_first: bool
) -> Iterator[Any]:
    values = _tree(initial, producer, decycle, depth_first, selector or _itself)
    return bounded(values)


def _itself(value: Any) -> Any:
    return value


def _tree(
    root: Any, producer: Selector, decycle: bool, depth_first: bool, selector: Selector
) -> Iterator[Any]:
    """What `selector` gives for each value of a tree in which `producer` gives the children of a value."""
    waiting = deque([root])
    seen = set()
    while waiting:
        value = waiting.popleft()
        if decycle:
            key = as_key(value)
            if key in seen:
                continue
            seen.add(key)
        yield selector(value)
        before = len(waiting)
        waiting.extend(bounded(iter(producer(value))))
        check_items(len(waiting))
        if depth_first:
            waiting.rotate(len(waiting) - before)


@overload("memorize", ITER("collection"), forms=METHOD)
def memorize(collection: Iterable[Any]) -> Iterable[Any]:
    """The collection, as one that can be gone through again."""
    if kind_of(collection) & (ITERATOR | VIEW | ORDERING):
        return Remembered(iter(collection))
    return collection


@overload("defaultIfEmpty", ITER("collection"), ITER("default"), forms=METHOD)
def default_if_empty(collection: Iterable[Any], default: Iterable[Any]) -> Iterable[Any]:
    if kind_of(collection) & (LIST | SET):
        return collection if len(collection) else default  # type: ignore[arg-type]
    items = memorize(collection)
    return items if any(True for _ in items) else default
