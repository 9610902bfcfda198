"""Plain data as YAQL sees it: mappings and lists that can be compared, hashed and never changed.

A mapping is a view that freezes a value when it is asked for, so an expression over a context of
10,000 variables touches only those it names. A list is a tuple: YAQL tells the two apart.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence, Set
from typing import Any


class FrozenMapping(Mapping[Any, Any]):
    """A mapping of plain data, frozen. It equals any mapping with equal items, and hashes by them."""

    __slots__ = ("_frozen", "_hash", "source")

    def __init__(self, source: Mapping[Any, Any]) -> None:
        self.source = source
        self._frozen: dict[Any, Any] = {}
        self._hash: int | None = None

    def __getitem__(self, key: Any) -> Any:
        try:
            return self._frozen[key]
        except KeyError:
            value = self._frozen[key] = freeze(self.source[key])
            return value

    def __contains__(self, key: object) -> bool:
        return key in self.source

    def __iter__(self) -> Iterator[Any]:
        return iter(self.source)

    def __len__(self) -> int:
        return len(self.source)

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = 0
            for pair in self.items():
                self._hash ^= hash(pair)
        return self._hash

    def __repr__(self) -> str:
        return repr(dict(self.items()))


def freeze(value: Any) -> Any:
    """Plain data as YAQL sees it. Nothing of a mapping is touched before it is asked for."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return value if isinstance(value, FrozenMapping) else FrozenMapping(value)
    if isinstance(value, Sequence):
        return tuple(freeze(item) for item in value)
    if isinstance(value, Set):
        return OrderedSet(freeze(item) for item in value)
    return value


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
