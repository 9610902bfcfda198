"""The values that YAQL computes with, as Python types.

| YAQL | Python | made by |
|---|---|---|
| data of the scope | exactly `dict`, `list`, `Layers`; JSON all the way down | only the scope |
| list | `tuple` | literals, functions |
| mapping | `FrozenDict` | literals, functions |
| set | `OrderedSet`, made with `make_set`; views of keys and of items | functions |
| mutable list, mutable mapping | `MutableList`, `MutableDict` | a few functions |
| data from `env()`, `json_parse()` … | `LooseList`, `LooseMapping`, of `loosen` | Mistral's functions |

Data of the scope is neither converted nor copied. It behaves as frozen as tuples do: a list of the data
equals a literal list with equal items, can be a key, and is shown in parentheses. Mutable lists equal only
mutable lists, and neither they nor mutable mappings can be keys. Python's `==`, `hash`, `in` and `str` do
not know these rules: use `equal`, `contains`, `as_key` (for whatever becomes a key, a member of a set, or
is looked up in one) and `showing.show`.
"""

from collections.abc import ItemsView, Iterable, Iterator, Mapping, Sequence, Set
from datetime import datetime
from itertools import chain, islice
from typing import Any

from maestrale.expressions.limits import ITEM_LIMIT, OverLimit
from maestrale.expressions.ordered_sets import OrderedSet
from maestrale.expressions.scope import Layers
from maestrale.expressions.weights import weighed
from maestrale.expressions.yaql import kinds
from maestrale.expressions.yaql.failures import Failure
from maestrale.expressions.yaql.kinds import KINDS

_SCALARS = frozenset({str, int, float, bool, type(None)})
_RAW = frozenset({dict, list})
_FROZEN_LISTS = frozenset({tuple, list})
_FROZEN_MAPPINGS: frozenset[type]


class FrozenDict(dict[Any, Any]):
    """A mapping that an expression made. It is never changed, and can be a key if its values can."""

    __slots__ = ()

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))


_FROZEN_MAPPINGS = frozenset({dict, FrozenDict, Layers})


class MutableDict(dict[Any, Any]):
    """A mapping that YAQL's library gives as mutable: it cannot be a key."""

    __slots__ = ()


class MutableList(list[Any]):
    """A list that YAQL's library gives as mutable: it equals no literal list and cannot be a key."""

    __slots__ = ()


class LooseMapping(Mapping[Any, Any]):
    """Plain data that is mutable all the way down, seen without a copy."""

    __slots__ = ("source",)

    def __init__(self, source: Mapping[Any, Any]) -> None:
        self.source = source

    def __getitem__(self, key: Any) -> Any:
        return loosen(self.source[key])

    def __contains__(self, key: object) -> bool:
        return key in self.source

    def __iter__(self) -> Iterator[Any]:
        return iter(self.source)

    def __len__(self) -> int:
        return len(self.source)

    __hash__ = None  # type: ignore[assignment]


class LooseList(Sequence[Any]):
    """Plain data that is mutable all the way down, seen without a copy."""

    __slots__ = ("source",)

    def __init__(self, source: list[Any]) -> None:
        self.source = source

    def __getitem__(self, index: Any) -> Any:
        found = self.source[index]
        return LooseList(found) if isinstance(index, slice) else loosen(found)

    def __iter__(self) -> Iterator[Any]:
        return map(loosen, self.source)

    def __len__(self) -> int:
        return len(self.source)

    __hash__ = None  # type: ignore[assignment]


def loosen(value: Any) -> Any:
    """Plain data as mutable lists and mappings, without a copy."""
    if isinstance(value, (dict, Layers)):
        return LooseMapping(value)
    return LooseList(value) if isinstance(value, list) else value


class _Missing:
    """What an empty place among the arguments, as in `[1,,2]`, stands for where it has no default."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<no value>"


MISSING = _Missing()


class Rule:
    """`a => b`, evaluated, or with two callables that evaluate a side each."""

    __slots__ = ("destination", "source")
    yaql_kind = kinds.RULE

    def __init__(self, source: Any, destination: Any) -> None:
        self.source = source
        self.destination = destination


class Remembered(Iterator[Any]):
    """The items of an iterator, kept so that they can be gone through again.

    Each `iter()` of it starts with the first item, while it is itself an iterator too.
    """

    __slots__ = ("_items", "_own", "_source")

    def __init__(self, source: Iterator[Any]) -> None:
        self._source = source
        self._items: list[Any] = []
        self._own = self._replay()

    def __iter__(self) -> Iterator[Any]:
        return self._replay()

    def __next__(self) -> Any:
        return next(self._own)

    def _replay(self) -> Iterator[Any]:
        index = 0
        while True:
            if index == len(self._items):
                try:
                    self._items.append(next(self._source))
                except StopIteration:
                    return
            yield self._items[index]
            index += 1


def make_set(items: Iterable[Any]) -> OrderedSet:
    """The set of `items`.

    Raises:
        Failure: One of them cannot be a member, such as a mutable list.
    """
    return OrderedSet(map(as_key, items))


def as_key(value: Any) -> Any:
    """`value` as Python can hash it: lists as tuples, mappings as `FrozenDict`, all the way down.

    Raises:
        Failure: It is mutable, or holds something that is.
        OverLimit: Hashing it would take too long.
    """
    if type(value) in _SCALARS:
        return value
    key = _frozen(weighed(value))
    try:
        hash(key)
    except TypeError:
        raise Failure(
            f"{kinds.describe(kinds.kind_of(value))} of this sort cannot be a key or a member of a set"
        ) from None
    return key


def _frozen(value: Any) -> Any:
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind in _FROZEN_LISTS:
        return tuple(map(_frozen, value))
    if kind in _FROZEN_MAPPINGS:
        return FrozenDict((key, _frozen(item)) for key, item in value.items())
    return value


def is_frozen_mapping(value: Any) -> bool:
    """Whether `value` is a mapping that is never changed, as data of the scope and literals are."""
    return type(value) in _FROZEN_MAPPINGS


def is_frozen_list(value: Any) -> bool:
    """Whether `value` is a list that is never changed, as data of the scope and literals are."""
    return type(value) in _FROZEN_LISTS


def mapping_of(view: Any) -> Any:
    """The mapping that a view of keys, values or items is of; None: it is a mutable one of Python's own."""
    return getattr(view, "_mapping", None)


def equal(left: Any, right: Any) -> bool:
    """Whether two values are equal.

    Raises:
        OverLimit: Comparing them would take too long.
    """
    if type(left) in _SCALARS or type(right) in _SCALARS:
        return bool(left == right)
    weighed(left)
    weighed(right)
    return _equal(left, right)


def _equal(left: Any, right: Any) -> bool:
    one, other = type(left), type(right)
    if left is right:
        return True
    if one in _SCALARS or other in _SCALARS or (one in _RAW and one is other):
        return bool(left == right)
    kind = KINDS[one]
    if kind != KINDS[other]:
        return False
    if kind == kinds.LIST:
        same_sort = (one in _FROZEN_LISTS) == (other in _FROZEN_LISTS)
        return same_sort and len(left) == len(right) and all(map(_equal, left, right))
    if kind == kinds.MAPPING:
        return len(left) == len(right) and all(
            key in right and _equal(item, right[key]) for key, item in left.items()
        )
    if kind == kinds.SET:
        return len(left) == len(right) and OrderedSet(map(as_key, left)) == OrderedSet(map(as_key, right))
    return bool(left == right)


def contains(collection: Iterable[Any], value: Any) -> bool:
    """Whether `value` is an item of `collection`, which is read no further than needed."""
    if isinstance(collection, ItemsView) and is_frozen_mapping(mapping_of(collection)):
        key, item = value  # Anything else than a pair is an error, and a mutable list of two is a pair.
        return contains((found for one, found in collection if one == as_key(key)), item)
    if isinstance(collection, Set):
        return as_key(value) in collection
    if type(value) in _SCALARS:
        return value in collection
    weighed(value)
    return any(equal(item, value) for item in collection)


def bounded(items: Iterator[Any]) -> Iterator[Any]:
    """`items`, with an error in the place of the one after `ITEM_LIMIT`."""
    return chain(islice(items, ITEM_LIMIT), _end(items))


def _end(items: Iterator[Any]) -> Iterator[Any]:
    for _ in items:
        raise OverLimit(f"it would go through more than {ITEM_LIMIT} items")
    return
    yield


def aware(instant: datetime) -> datetime:
    """`instant`, in UTC if it has no zone."""
    if instant.tzinfo is not None:
        return instant
    from dateutil import tz

    return instant.replace(tzinfo=tz.tzutc())
