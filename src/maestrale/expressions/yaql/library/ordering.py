"""Sorting. It happens when an ordering is gone through for the first time, not when it is made."""

from collections.abc import Callable, Iterable, Iterator
from functools import cmp_to_key
from typing import Any

from maestrale.expressions.yaql import kinds
from maestrale.expressions.yaql.signatures import ITER, LAMBDA, METHOD, ORDERING, calling, overload

Selector = Callable[[Any], Any]
Compare = Callable[[Any, Any], Any]

_ORDERED_BY_PYTHON = frozenset({int, str})
"""Types whose values Python and YAQL put in the same order."""


class Ordering:
    """A collection in an order that `thenBy` can refine. It can be gone through again and again."""

    __slots__ = ("_collection", "_fields", "_is_greater", "_is_less", "_sorted")
    yaql_kind = kinds.ORDERING

    def __init__(self, collection: Iterable[Any], is_less: Compare, is_greater: Compare) -> None:
        self._collection = collection
        self._is_less = is_less
        self._is_greater = is_greater
        self._fields: list[tuple[Selector, bool]] = []
        self._sorted: list[Any] | None = None

    def add_field(self, selector: Selector, *, is_descending: bool) -> None:
        """Order what was equal so far by what `selector` gives, unless all is sorted already."""
        self._fields.append((selector, is_descending))

    def __iter__(self) -> Iterator[Any]:
        if self._sorted is None:
            self._sorted = self._sort(list(self._collection))
        yield from self._sorted

    def _sort(self, items: list[Any]) -> list[Any]:
        if len(items) < 2:
            return items  # Nothing is compared, so no selector is asked.
        selector, is_descending = self._fields[0]
        keys = list(map(selector, items))
        rows = [(key, item, [key]) for key, item in zip(keys, items, strict=True)]
        types = set(map(type, keys))
        if len(self._fields) == 1 and len(types) == 1 and types <= _ORDERED_BY_PYTHON:
            rows.sort(key=lambda row: row[0], reverse=is_descending)
        else:
            rows.sort(key=cmp_to_key(self._compare))
        return [item for _, item, _ in rows]

    def _compare(self, left: tuple[Any, Any, list[Any]], right: tuple[Any, Any, list[Any]]) -> int:
        for number, (_, is_descending) in enumerate(self._fields):
            one, other = self._key(left, number), self._key(right, number)
            if self._is_less(one, other):
                return 1 if is_descending else -1
            if self._is_greater(one, other):
                return -1 if is_descending else 1
        return 0

    def _key(self, row: tuple[Any, Any, list[Any]], number: int) -> Any:
        """The value that an item is ordered by in a field; asked for only where it decides."""
        _, item, known = row
        if number == len(known):
            known.append(self._fields[number][0](item))
        return known[number]


def _order(is_descending: bool) -> Callable[[Compare, Compare, Iterable[Any], Selector], Ordering]:
    def order(
        is_less: Compare, is_greater: Compare, collection: Iterable[Any], selector: Selector
    ) -> Ordering:
        ordering = Ordering(collection, is_less, is_greater)
        ordering.add_field(selector, is_descending=is_descending)
        return ordering

    return order


def _refine(is_descending: bool) -> Callable[[Ordering, Selector], Ordering]:
    def refine(collection: Ordering, selector: Selector) -> Ordering:
        collection.add_field(selector, is_descending=is_descending)
        return collection

    return refine


for _suffix, _is_descending in (("", False), ("Descending", True)):
    overload(
        f"orderBy{_suffix}",
        calling("#operator_<", 2),
        calling("#operator_>", 2),
        ITER("collection"),
        LAMBDA("selector", 1),
        forms=METHOD,
    )(_order(_is_descending))
    overload(f"thenBy{_suffix}", ORDERING("collection"), LAMBDA("selector", 1), forms=METHOD)(
        _refine(_is_descending)
    )
