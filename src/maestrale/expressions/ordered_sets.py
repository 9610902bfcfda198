"""Sets that keep the order in which their items came."""

from collections.abc import Hashable, Iterable, Iterator, Set
from typing import Any


class OrderedSet(Set[Any], Hashable):
    """An immutable set that keeps the order in which its items came.

    The order of Python's sets differs from one process to the next, and with it the list that a set
    is stored as, or the text that `join` makes of one: a replay would give other values.
    """

    __slots__ = ("_items",)

    def __init__(self, items: Iterable[Any] = ()) -> None:
        self._items = dict.fromkeys(items)

    def __contains__(self, item: object) -> bool:
        return item in self._items

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return self._hash()

    def __repr__(self) -> str:
        return f"{{{', '.join(map(repr, self._items))}}}" if self._items else "set()"

    def union(self, other: Iterable[Any]) -> "OrderedSet":
        return OrderedSet([*self._items, *other])

    def intersection(self, other: Set[Any]) -> "OrderedSet":
        return OrderedSet(item for item in self._items if item in other)

    def difference(self, other: Set[Any]) -> "OrderedSet":
        return OrderedSet(item for item in self._items if item not in other)

    def symmetric_difference(self, other: Set[Any]) -> "OrderedSet":
        return self.difference(other).union(item for item in other if item not in self)
