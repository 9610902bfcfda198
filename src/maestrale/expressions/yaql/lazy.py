"""Iterators that know how deep they are nested.

A `map` over a `map` over a `map` … is walked by C code, which goes one level deeper for each and checks
nothing: a hundred thousand levels, which one `aggregate` can build, would overflow the stack and end the
process. So whatever gives an iterator over another collection makes it here. Every few levels a step in
Python is put in between, which Python's own limit of recursion counts, and there is a limit of levels.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

_LEVELS = 4000
_LEVELS_IN_C = 20
_LEVELS_OF_WALK = 4
"""What an iterator that is no plain `map` or `filter` counts as: some are several within each other."""


class _Mapped(map):  # type: ignore[type-arg]
    __slots__ = ("depth",)
    depth: int


class _Filtered(filter):  # type: ignore[type-arg]
    __slots__ = ("depth",)
    depth: int


class _Walked(chain):  # type: ignore[type-arg]
    __slots__ = ("depth",)
    depth: int


class _Step(Iterator[Any]):
    """The items of an iterator, each fetched from Python."""

    __slots__ = ("_items", "depth")

    def __init__(self, items: Iterator[Any], depth: int) -> None:
        self._items = items
        self.depth = depth

    def __next__(self) -> Any:
        return next(self._items)


def mapped(function: Callable[[Any], Any], collection: Iterable[Any]) -> Iterator[Any]:
    """What `function` gives for each item, when it is asked for."""
    found = _Mapped(function, collection)
    depth = found.depth = getattr(collection, "depth", 0) + 1
    return found if depth % _LEVELS_IN_C else _step(found, depth)


def filtered(predicate: Callable[[Any], Any], collection: Iterable[Any]) -> Iterator[Any]:
    """The items for which `predicate` is true, found when they are asked for."""
    found = _Filtered(predicate, collection)
    depth = found.depth = getattr(collection, "depth", 0) + 1
    return found if depth % _LEVELS_IN_C else _step(found, depth)


def walked(items: Iterable[Any], *collections: Iterable[Any]) -> Iterator[Any]:
    """`items` as an iterator. They come from going through `collections`."""
    found = _Walked(items)
    deepest = max([getattr(collection, "depth", 0) for collection in collections], default=0)
    depth = found.depth = deepest + _LEVELS_OF_WALK
    return found if depth % _LEVELS_IN_C >= _LEVELS_OF_WALK else _step(found, depth)


def _step(items: Iterator[Any], depth: int) -> Iterator[Any]:
    if depth > _LEVELS:
        raise RecursionError(f"iterators are nested more than {_LEVELS} levels deep")
    return _Step(items, depth)
