"""Mappings: making them, reading them, and making changed ones of them.

Views of mappings that are never changed are Python's general ones, not those of its `dict`: they differ in
what they show, and in what they say of a value that cannot be a key or is no pair.
"""

from collections.abc import Callable, ItemsView, Iterable, KeysView, Mapping, ValuesView
from typing import Any

from maestrale.expressions.limits import check_items
from maestrale.expressions.yaql.failures import Failure
from maestrale.expressions.yaql.kinds import LIST, MAPPING, kind_of
from maestrale.expressions.yaql.library.queries import distinct
from maestrale.expressions.yaql.signatures import ANY, DICT, INT, ITER, LAMBDA, METHOD, RULE, overload
from maestrale.expressions.yaql.values import (
    FrozenDict,
    MutableDict,
    Rule,
    as_key,
    contains,
    is_frozen_list,
    is_frozen_mapping,
)


@overload("dict", RULE("args", many=True), rules=True)
def mapping_of_rules(*args: Rule) -> FrozenDict:
    return FrozenDict((as_key(rule.source), rule.destination) for rule in args)


@overload("dict", ITER("items"), rules=True)
def mapping_of_pairs(items: Iterable[Any]) -> FrozenDict:
    found = {}
    for item in items:
        pair = iter(item)
        key = as_key(_next_of(pair))
        found[key] = _next_of(pair)
    return FrozenDict(found)


def _next_of(pair: Iterable[Any]) -> Any:
    for item in pair:
        return item
    raise Failure("function `dict` takes pairs: a collection in the collection has too few items")


@overload(
    "toDict",
    ITER("collection"),
    LAMBDA("keySelector", 1),
    LAMBDA("valueSelector", 1, default=None),
    forms=METHOD,
)
def to_mapping(
    collection: Iterable[Any],
    key_selector: Callable[[Any], Any],
    value_selector: Callable[[Any], Any] | None,
) -> MutableDict:
    found = MutableDict()
    for item in collection:
        key = as_key(key_selector(item))
        found[key] = item if value_selector is None else value_selector(item)
    return found


@overload("get", DICT("dict"), ANY("key"), ANY("default", default=None), forms=METHOD)
def value_or_default(mapping: Mapping[Any, Any], key: Any, default: Any) -> Any:
    return mapping.get(as_key(key), default)


@overload("containsKey", DICT("dict"), ANY("key"), forms=METHOD)
def contains_key(mapping: Mapping[Any, Any], key: Any) -> bool:
    return as_key(key) in mapping


@overload("containsValue", DICT("dict"), ANY("value"), forms=METHOD)
def contains_value(mapping: Mapping[Any, Any], value: Any) -> bool:
    return contains(mapping.values(), value)


@overload("keys", DICT("dict"), forms=METHOD)
def keys(mapping: Mapping[Any, Any]) -> KeysView[Any]:
    return KeysView(mapping) if is_frozen_mapping(mapping) else mapping.keys()


@overload("values", DICT("dict"), forms=METHOD)
def values(mapping: Mapping[Any, Any]) -> ValuesView[Any]:
    return ValuesView(mapping) if is_frozen_mapping(mapping) else mapping.values()


@overload("items", DICT("dict"), forms=METHOD)
def items(mapping: Mapping[Any, Any]) -> ItemsView[Any, Any]:
    return ItemsView(mapping) if is_frozen_mapping(mapping) else mapping.items()


@overload("set", DICT("dict"), ANY("key"), ANY("value"), forms=METHOD, rules=True)
def with_value(mapping: Mapping[Any, Any], key: Any, value: Any) -> FrozenDict:
    return with_values(mapping, {as_key(key): value})


@overload("set", DICT("dict"), DICT("replacements"), forms=METHOD, rules=True)
def with_values(mapping: Mapping[Any, Any], replacements: Mapping[Any, Any]) -> FrozenDict:
    check_items(len(mapping) + len(replacements))
    return FrozenDict({**mapping, **replacements})


@overload("set", DICT("dict"), RULE("args", many=True), forms=METHOD, rules=True)
def with_rules(mapping: Mapping[Any, Any], *args: Rule) -> FrozenDict:
    return with_values(mapping, mapping_of_rules(*args))


@overload("delete", DICT("dict"), ANY("keys", many=True), forms=METHOD)
def without(mapping: Mapping[Any, Any], *args: Any) -> MutableDict:
    return without_all(mapping, args)


@overload("deleteAll", DICT("dict"), ITER("keys"), forms=METHOD)
def without_all(mapping: Mapping[Any, Any], unwanted: Iterable[Any]) -> MutableDict:
    left = MutableDict(mapping)
    for key in unwanted:
        if left:  # In an empty mapping nothing is looked for, so anything may stand for a key.
            left.pop(as_key(key), None)
    return left


Merger = Callable[[Any, Any], Any]


@overload(
    "mergeWith",
    DICT("dict"),
    DICT("another"),
    LAMBDA("listMerger", 2, default=None),
    LAMBDA("itemMerger", 2, default=None),
    INT("maxLevels", default=0),
    forms=METHOD,
)
def merge(
    mapping: Mapping[Any, Any],
    another: Mapping[Any, Any],
    list_merger: Merger | None,
    item_merger: Merger | None,
    max_levels: int,
) -> MutableDict:
    return _Merge(list_merger or _unite, item_merger or _second).merge(mapping, another, max_levels)


class _Merge:
    """A deep merge. What `another` holds decides how two values under one key are merged."""

    def __init__(self, list_merger: Merger, item_merger: Merger) -> None:
        self._list_merger = list_merger
        self._item_merger = item_merger

    def merge(self, mapping: Mapping[Any, Any], another: Mapping[Any, Any], levels: int) -> MutableDict:
        """The merge of two mappings: on the last of `levels` item by item; 0 levels: as deep as they are."""
        merged = MutableDict()
        for key, value in mapping.items():
            merged[key] = self._merge_values(value, another[key], levels) if key in another else value
        for key, value in another.items():
            merged.setdefault(key, value)
        return merged

    def _merge_values(self, ours: Any, theirs: Any, levels: int) -> Any:
        kind = kind_of(theirs)
        if levels == 1 or kind not in (MAPPING, LIST):
            return self._item_merger(ours, theirs)
        if kind_of(ours) != kind:
            what = "a mapping" if kind == MAPPING else "a list"
            raise Failure(f"`mergeWith` cannot merge {what} into what is none")
        if kind == LIST:
            return self._list_merger(ours, theirs)
        return self.merge(ours, theirs, levels and levels - 1)


def _unite(ours: Any, theirs: Any) -> Any:
    """The items of two lists, each once."""
    if is_frozen_list(ours) != is_frozen_list(theirs):
        raise Failure("`mergeWith` merges a list that can be changed only with another one: use `toList()`")
    return tuple(distinct([*ours, *theirs], None))


def _second(ours: Any, theirs: Any) -> Any:
    return theirs
