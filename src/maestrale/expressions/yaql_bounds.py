"""The functions of YAQL's library that are not taken as they are.

Some could take all memory, or go on for ever, in one step that no signal interrupts; some give
another value in another process, because they show an address or the order of a set. Each is put in
the place of the one it stands for, under its signature, so that choosing among overloads stays as it
is. What reads the clock or draws random numbers is in `yaql_functions`.
"""

import collections.abc  # The library uses it without importing it.
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from yaql.language import contexts, utils
from yaql.standard_library import collections as std_collections
from yaql.standard_library import common as std_common
from yaql.standard_library import math as std_math
from yaql.standard_library import queries as std_queries
from yaql.standard_library import regex as std_regex
from yaql.standard_library import strings as std_strings

from maestrale.expressions import limits, weights
from maestrale.expressions.frozen import OrderedSet
from maestrale.expressions.weights import weighed


def _concat(*texts: str) -> str:
    return limits.join("", texts)


def _join(sequence: Iterable[Any], separator: str, to_text: Callable[[Any], str]) -> str:
    return limits.join(separator, map(to_text, sequence))


def _join_to(separator: str, sequence: Iterable[Any], to_text: Callable[[Any], str]) -> str:
    return _join(sequence, separator, to_text)


def _right_split(text: str, separator: str | None = None, maximum: int = -1) -> list[str]:
    return limits.split(text, separator, maximum, right=True)


def _replace_each(text: str, to_text: Callable[[Any], str], new: Mapping[Any, Any], count: int = -1) -> str:
    for key, value in new.items():
        text = limits.replace(text, to_text(key), to_text(value), count)
    return text


def _to_characters(text: str) -> tuple[str, ...]:
    limits.check_items(len(text))
    return tuple(text)


def _text(value: Any) -> str:
    """As the library's, but never with an address in memory, which another process would not give."""
    if isinstance(value, collections.abc.Iterator) or not _shows_its_value(value):
        return f"<{type(value).__name__} object>"
    return str(_LIBRARY_TEXT(value))


_LIBRARY_TEXT = std_strings.str_


def _shows_its_value(value: Any) -> bool:
    kind: Any = type(value)
    return kind.__repr__ is not object.__repr__


def _replace_pattern(regexp: re.Pattern[str], string: str, repl: str, count: int = 0) -> str:
    return limits.replace_pattern(regexp, repl, string, count)


def _replace_pattern_in(string: str, regexp: re.Pattern[str], repl: str, count: int = 0) -> str:
    return limits.replace_pattern(regexp, repl, string, count)


def _split_by(string: str, regexp: re.Pattern[str], maximum: int = 0) -> list[Any]:
    return limits.split_pattern(regexp, string, maximum)


def _bounded_text(function: Callable[..., str]) -> Callable[..., str]:
    """`replaceBy`, which makes its text of pieces that an expression gives."""

    def bounded(context: Any, first: Any, second: Any, repl: Callable[[Any], str], count: int = 0) -> str:
        length = len(first) if isinstance(first, str) else len(second)

        def counted(scope: Any) -> str:
            nonlocal length
            new = repl(scope)
            length += len(new)
            limits.check_text(length)
            return new

        return function(context, first, second, counted, count)

    return bounded


def _count(collection: Iterator[Any]) -> int:
    return sum(1 for _ in utils.limit_iterable(collection, limits.ITEM_LIMIT))


def _generate_many(
    engine: Any,
    initial: Any,
    producer: Callable[[Any], Any],
    selector: Callable[[Any], Any] | None = None,
    decycle: bool = False,
    depth_first: bool = False,
) -> Any:
    """As the library's, but an endless list of children is noticed."""

    def children(item: Any) -> Any:
        produced = utils.limit_iterable(producer(item), engine)
        return map(weighed, produced) if decycle else produced

    return std_queries.generate_many(engine, initial, children, selector, decycle, depth_first)


def _combine(left: Any, right: Any, engine: Any) -> Any:
    if isinstance(left, OrderedSet) and isinstance(right, OrderedSet):
        return left.union(right)
    if isinstance(left, tuple) and isinstance(right, tuple):
        limits.check_items(len(left) + len(right))
    return std_collections.combine_lists(left, right, engine)


def _to_set(collection: Iterable[Any]) -> OrderedSet:
    return OrderedSet(map(weighed, collection))


def _add_to_set(left: Any, *values: Any) -> Any:
    return left.union(_to_set(values))


def _remove_from_set(left: Any, *values: Any) -> Any:
    return left.difference(_to_set(values))


def _repeat_left(left: Any, right: int, engine: Any) -> Any:
    return limits.multiply(left, right)


def _contains_value(mapping: Mapping[Any, Any], value: Any) -> bool:
    return weights.contains(list(mapping.values()), value)


def _in(value: Any, collection: Any) -> bool:
    return weights.contains(collection, value)


def _not_equal(left: Any, right: Any) -> bool:
    return not weights.equal(left, right)


def _weigh(position: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, with its argument at `position` weighed: it is going to be compared or hashed."""

    def weighing(*args: Any, **kwargs: Any) -> Any:
        weighed(args[position])
        return function(*args, **kwargs)

    return weighing


def _weigh_rest(position: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, with its arguments from `position` on weighed: keys, or the keys of rules."""

    def weighing(*args: Any) -> Any:
        for value in args[position:]:
            weighed(value.source if isinstance(value, utils.MappingRule) else value)
        return function(*args)

    return weighing


def _weigh_keys(position: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, with the results of the selector at `position` weighed; null stands for the items."""

    def weighing(*args: Any) -> Any:
        return function(*args[:position], weights.weighed_keys(args[position]), *args[position + 1 :])

    return weighing


def _dict_of_pairs(items: Iterable[Any], engine: Any) -> Any:
    def pair(item: Any) -> tuple[Any, Any]:
        both = iter(item)
        return weighed(next(both)), next(both)

    return std_collections.dict__((pair(item) for item in items), engine)


def _delete_all(mapping: Mapping[Any, Any], keys: Iterable[Any]) -> Any:
    return std_collections.delete_keys_seq(mapping, map(weighed, keys))


def _group(
    engine: Any, collection: Any, key_selector: Any, value_selector: Any = None, aggregator: Any = None
) -> Any:
    aggregated = None if aggregator is None else weights.weighed_keys(aggregator)
    return _GROUP_BY(engine, collection, weights.weighed_keys(key_selector), value_selector, aggregated)


_GROUP_BY = std_queries.group_by_function(True)


def _merge(
    engine: Any,
    to_list: Any,
    one: Any,
    another: Any,
    list_merger: Any = None,
    item_merger: Any = None,
    max_levels: int = 0,
) -> Any:
    def union(left: Any, right: Any) -> Any:
        return to_list(std_queries.distinct(engine, left + right, weighed))

    return std_queries.merge_with(
        engine, to_list, one, another, list_merger or union, item_merger, max_levels
    )


def _generate(
    engine: Any, initial: Any, predicate: Any, producer: Any, selector: Any = None, decycle: bool = False
) -> Any:
    if decycle:
        weighed(initial)
        producer = weights.weighed_keys(producer)
    return std_queries.generate(engine, initial, predicate, producer, selector, decycle)


def _ordered(function: Callable[..., Any]) -> Callable[..., Any]:
    def ordered(*args: Any, **chosen: Any) -> Any:
        return tuple(sorted(function(*args, **chosen)))

    return ordered


_REPLACED: tuple[tuple[str, Any, Any], ...] = (
    ("#operator_*", std_math.multiplication, limits.multiply),
    ("pow", std_math.pow_, limits.power),
    ("shiftBitsLeft", std_math.shift_bits_left, limits.shift_left),
    ("round", std_math.round_, limits.round_number),
    ("concat", std_strings.concat, _concat),
    ("#operator_+", std_strings.concat, _concat),
    ("join", std_strings.join, _join),
    ("join", std_strings.join_, _join_to),
    ("str", std_strings.str_, _text),
    ("split", std_strings.split, limits.split),
    ("rightSplit", std_strings.right_split, _right_split),
    ("replace", std_strings.replace, limits.replace),
    ("replace", std_strings.replace_with_dict, _replace_each),
    ("toCharArray", std_strings.to_char_array, _to_characters),
    ("characters", std_strings.characters, _ordered(std_strings.characters)),
    ("split", std_regex.split, limits.split_pattern),
    ("split", std_regex.split_string, _split_by),
    ("replace", std_regex.replace, _replace_pattern),
    ("replace", std_regex.replace_string, _replace_pattern_in),
    ("replaceBy", std_regex.replace_by, _bounded_text(std_regex.replace_by)),
    ("replaceBy", std_regex.replace_by_string, _bounded_text(std_regex.replace_by_string)),
    ("len", std_queries.count_, _count),
    ("generateMany", std_queries.generate_many, _generate_many),
    ("#operator_*", std_collections.list_by_int, _repeat_left),
    ("#operator_*", std_collections.int_by_list, _repeat_left),
    ("#operator_*", std_strings.string_by_int, _repeat_left),
    ("#operator_*", std_strings.int_by_string, _repeat_left),
    ("generate", std_queries.generate, _generate),
    ("*equal", std_common.eq, weights.equal),
    ("*not_equal", std_common.neq, _not_equal),
    ("#operator_in", std_collections.in_, _in),
    ("contains", std_collections.contains, weights.contains),
    ("containsValue", std_collections.contains_value, _contains_value),
    ("containsKey", std_collections.contains_key, _weigh(1, std_collections.contains_key)),
    ("get", std_collections.dict_get, _weigh(1, std_collections.dict_get)),
    ("#indexer", std_collections.dict_indexer, _weigh(1, std_collections.dict_indexer)),
    (
        "#indexer",
        std_collections.dict_indexer_with_default,
        _weigh(1, std_collections.dict_indexer_with_default),
    ),
    ("indexOf", std_queries.index_of, _weigh(1, std_queries.index_of)),
    ("lastIndexOf", std_queries.last_index_of, _weigh(1, std_queries.last_index_of)),
    ("dict", std_collections.dict_, _weigh_rest(1, std_collections.dict_)),
    ("#map", std_collections.dict_, _weigh_rest(1, std_collections.dict_)),
    ("dict", std_collections.dict__, _dict_of_pairs),
    ("set", std_collections.dict_set, _weigh(2, std_collections.dict_set)),
    ("set", std_collections.dict_set_many_inline, _weigh_rest(2, std_collections.dict_set_many_inline)),
    ("delete", std_collections.delete_keys, _weigh_rest(1, std_collections.delete_keys)),
    ("deleteAll", std_collections.delete_keys_seq, _delete_all),
    ("toDict", std_collections.to_dict, _weigh_keys(2, std_collections.to_dict)),
    ("distinct", std_queries.distinct, _weigh_keys(2, std_queries.distinct)),
    ("sliceWhere", std_queries.slice_where, _weigh_keys(1, std_queries.slice_where)),
    ("groupBy", None, _group),
    ("mergeWith", std_queries.merge_with, _merge),
    ("toSet", std_collections.to_set, _to_set),
    ("#operator_+", std_collections.combine_lists, _combine),
    ("add", std_collections.set_add, _add_to_set),
    ("remove", std_collections.set_remove, _remove_from_set),
)


def bound_library(context: contexts.ContextBase) -> None:
    """Put the bounded functions into a context that holds the whole library."""
    for name, original, bounded in _REPLACED:
        for definition in find_definitions(context, name, original):
            definition.payload = bounded


def find_definitions(context: contexts.ContextBase, name: str, original: Any) -> list[Any]:
    """The definitions under which the library offers `original` (None: any). At least one, or it changed."""
    found = [
        definition
        for layer in context.collect_functions(name)
        for definition in layer
        if original is None or definition.payload is original
    ]
    if not found:
        raise RuntimeError(f"the yaql library has no function `{name}` of the kind that is bounded here")
    return found
