"""Values that are small in memory and endless to walk.

A list that holds the same list twice, which holds the same list twice, and so on for sixty levels,
takes sixty lists of memory. Comparing or hashing it takes for ever, in one step that no signal
interrupts. So whatever is about to be compared or hashed is weighed first, each distinct part once.
"""

from collections.abc import Callable, Iterator, Mapping, Set
from typing import Any

from maestrale.expressions.limits import OverLimit

WEIGHT_LIMIT = 2_000_000
"""How many values a comparison may have to look at."""

_SCALARS = frozenset({str, int, float, bool, type(None)})
"""What weighs nothing."""


def weighed(value: Any) -> Any:
    """`value` itself.

    Raises:
        OverLimit: Comparing or hashing it would take too long.
    """
    if type(value) not in _SCALARS and _weight(value, {}) > WEIGHT_LIMIT:
        raise OverLimit(f"it would compare more than {WEIGHT_LIMIT} values")
    return value


def equal(left: Any, right: Any) -> bool:
    """Whether two values are equal. A comparison looks at no more than the lighter one holds."""
    if type(left) in _SCALARS or type(right) in _SCALARS:
        return bool(left == right)
    if _weight(left, {}) > WEIGHT_LIMIT:
        weighed(right)
    return bool(left == right)


def contains(collection: Any, value: Any) -> bool:
    """Whether `value` is in `collection`, compared one by one where one comparison may take long."""
    if type(value) in _SCALARS:
        return value in collection
    return any(value is item or value == item for item in _each(collection, weighed(value)))


def _each(collection: Any, value: Any) -> Iterator[Any]:
    if isinstance(collection, (Set, Mapping)):
        return iter((value,) if value in collection else ())
    return iter(collection)


def weighed_keys(selector: Callable[..., Any] | None) -> Callable[..., Any]:
    """A selector whose results are weighed; None: the items themselves."""
    return weighed if selector is None else lambda *args: weighed(selector(*args))


def _weight(value: Any, known: dict[int, int]) -> int:
    """How many values there are in `value`, counted as often as they occur."""
    if isinstance(value, (tuple, list, Set)):
        items: Any = value
    elif isinstance(value, Mapping):
        items = value.values()
    else:
        return 0
    total = known.get(id(value))
    if total is None:
        known[id(value)] = 0  # A list may hold itself.
        total = len(items)
        for item in items:
            if type(item) not in _SCALARS:
                total += _weight(item, known)
        known[id(value)] = total
    return total
