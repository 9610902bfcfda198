"""The operators, under the names that `call` and `def` know them by.

The compiler writes the commonest cases of them in place (`operations`); these are all cases.
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import chain
from typing import Any

from maestrale.expressions import limits
from maestrale.expressions.ordered_sets import OrderedSet
from maestrale.expressions.patterns import stoppable
from maestrale.expressions.yaql.failures import Failure, MissingItem, MissingKey
from maestrale.expressions.yaql.lazy import walked
from maestrale.expressions.yaql.library.dates import microseconds
from maestrale.expressions.yaql.signatures import (
    ANY,
    DICT,
    DT,
    INT,
    ITER,
    LAMBDA,
    NOT_NULL,
    NULL,
    NUM,
    REGEX,
    RULE,
    SEQ,
    SET,
    STR,
    TS,
    overload,
)
from maestrale.expressions.yaql.values import (
    FrozenDict,
    Rule,
    as_key,
    bounded,
    contains,
    equal,
    is_frozen_list,
    make_set,
)


@overload("#operator_+", NUM("left"), NUM("right"))
def add_numbers(left: float, right: float) -> float:
    return left + right


@overload("#operator_+", STR("left"), STR("right"))
def add_texts(left: str, right: str) -> str:
    limits.check_text(len(left) + len(right))
    return left + right


@overload("#operator_+", DICT("left"), DICT("right"))
def add_mappings(left: Mapping[Any, Any], right: Mapping[Any, Any]) -> FrozenDict:
    limits.check_items(len(left) + len(right))
    return FrozenDict({**left, **right})


@overload("#operator_+", ITER("left"), ITER("right"))
def add_collections(left: Iterable[Any], right: Iterable[Any]) -> Iterable[Any]:
    if is_frozen_list(left) and is_frozen_list(right):
        together = (*left, *right)
        limits.check_items(len(together))
        return together
    if isinstance(left, OrderedSet) and isinstance(right, OrderedSet):
        return left.union(right)
    return walked(bounded(chain(left, right)), left, right)


@overload("#operator_+", DT("left"), TS("right"))
@overload("#operator_+", TS("left"), DT("right"))
@overload("#operator_+", TS("left"), TS("right"))
def add_times(left: Any, right: Any) -> Any:
    return left + right


@overload("#operator_-", NUM("left"), NUM("right"))
@overload("#operator_-", DT("left"), TS("right"))
@overload("#operator_-", DT("left"), DT("right"))
@overload("#operator_-", TS("left"), TS("right"))
def subtract(left: Any, right: Any) -> Any:
    return left - right


@overload("#operator_-", SET("left"), SET("right"))
def subtract_sets(left: Any, right: Any) -> OrderedSet:
    if not isinstance(left, OrderedSet):
        raise Failure("operator `-` takes a set on its left, no view of a mapping: use `toSet()`")
    return left.difference(make_set(right))


@overload("#operator_*", NUM("left"), NUM("right"))
@overload("#operator_*", STR("left"), INT("right"))
@overload("#operator_*", INT("left"), STR("right"))
def multiply(left: Any, right: Any) -> Any:
    return limits.multiply(left, right)


@overload("#operator_*", SEQ("left"), INT("right"))
def repeat(left: Sequence[Any], right: int) -> Sequence[Any]:
    limits.check_items(len(left) * right)
    items = tuple(left) * right
    return items if is_frozen_list(left) else type(left)(items)  # type: ignore[call-arg]


@overload("#operator_*", INT("left"), SEQ("right"))
def repeat_right(left: int, right: Sequence[Any]) -> Sequence[Any]:
    return repeat(right, left)


@overload("#operator_*", TS("left"), NUM("right"))
@overload("#operator_*", NUM("left"), TS("right"))
def scale(left: Any, right: Any) -> timedelta:
    span, number = (left, right) if isinstance(left, timedelta) else (right, left)
    return timedelta(microseconds=microseconds(span) * number)


@overload("#operator_/", NUM("left"), NUM("right"))
def divide(left: float, right: float) -> float:
    return left // right if isinstance(left, int) and isinstance(right, int) else left / right


@overload("#operator_/", TS("left"), TS("right"))
def ratio(left: timedelta, right: timedelta) -> float:
    return microseconds(left) / microseconds(right)


@overload("#operator_/", TS("left"), NUM("right"))
def divide_timespan(left: timedelta, right: float) -> timedelta:
    return timedelta(microseconds=microseconds(left) / right)


@overload("#operator_mod", NUM("left"), NUM("right"))
def modulo(left: float, right: float) -> float:
    return left % right


@overload("#unary_operator_+", NUM("op"))
@overload("#unary_operator_+", TS("ts"))
def plus(value: Any) -> Any:
    return +value


@overload("#unary_operator_-", NUM("op"))
@overload("#unary_operator_-", TS("ts"))
def minus(value: Any) -> Any:
    return -value


@overload("#unary_operator_not", ANY("arg"))
def negate(value: Any) -> bool:
    return not value


@overload("#operator_and", LAMBDA("left", 0), LAMBDA("right", 0))
def both(left: Callable[[], Any], right: Callable[[], Any]) -> Any:
    return left() and right()


@overload("#operator_or", LAMBDA("left", 0), LAMBDA("right", 0))
def either(left: Callable[[], Any], right: Callable[[], Any]) -> Any:
    return left() or right()


def _register_comparison(
    sign: str, compare: Callable[[Any, Any], bool], *, of_null: tuple[bool, bool, bool]
) -> None:
    """Register a comparison, and what it gives for null with a value, a value with null, and two nulls."""
    name = f"#operator_{sign}"
    for kind in (NUM, STR, DT, TS):
        overload(name, kind("left"), kind("right"))(compare)
    overload(name, SET("left"), SET("right"))(_on_sets(compare))
    for (left, right), result in zip(
        ((NULL, NOT_NULL), (NOT_NULL, NULL), (NULL, NULL)), of_null, strict=True
    ):
        overload(name, left("left"), right("right"))(_always(result))


def _on_sets(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare_sets(left: Any, right: Any) -> bool:
        one, other = (OrderedSet(map(as_key, items)) for items in (left, right))
        return compare(one, other)

    return compare_sets


def _always(result: bool) -> Callable[[Any, Any], bool]:
    return lambda left, right: result


_register_comparison("<", operator.lt, of_null=(True, False, False))
_register_comparison("<=", operator.le, of_null=(True, False, True))
_register_comparison(">", operator.gt, of_null=(False, True, False))
_register_comparison(">=", operator.ge, of_null=(False, True, True))


@overload("*equal", ANY("left"), ANY("right"))
def is_equal(left: Any, right: Any) -> bool:
    return equal(left, right)


@overload("*not_equal", ANY("left"), ANY("right"))
def is_not_equal(left: Any, right: Any) -> bool:
    return not equal(left, right)


@overload("#operator_in", STR("left"), STR("right"))
def is_part(left: str, right: str) -> bool:
    return left in right


@overload("#operator_in", ANY("value"), ITER("collection"))
def is_item(value: Any, collection: Iterable[Any]) -> bool:
    return contains(collection, value)


@overload("#operator_=~", STR("left"), STR("right"))
@overload("#operator_=~", STR("string"), REGEX("regexp"))
def matches(text: str, pattern: str | re.Pattern[str]) -> bool:
    compiled = re.compile(pattern)
    return stoppable(compiled, text).search(text) is not None


@overload("#operator_!~", STR("left"), STR("right"))
@overload("#operator_!~", STR("string"), REGEX("regexp"))
def matches_not(text: str, pattern: str | re.Pattern[str]) -> bool:
    return not matches(text, pattern)


@overload("#indexer", DICT("dict"), ANY("key"))
def value_of(mapping: Mapping[Any, Any], key: Any) -> Any:
    found = as_key(key)
    if found not in mapping:
        raise MissingKey(key, mapping)
    return mapping[found]


@overload("#indexer", DICT("dict"), ANY("key"), ANY("default"))
def value_or(mapping: Mapping[Any, Any], key: Any, default: Any) -> Any:
    return mapping.get(as_key(key), default)


@overload("#indexer", SEQ("list"), INT("index"))
def item_of(items: Sequence[Any], index: int) -> Any:
    if not -len(items) <= index < len(items):
        raise MissingItem(index, items)
    return items[index]


@overload("#list", ANY("args", many=True))
def list_of(*items: Any) -> tuple[Any, ...]:
    return items


@overload("#map", RULE("args", many=True), rules=True)
def mapping_of(*rules: Rule) -> FrozenDict:
    return FrozenDict((as_key(rule.source), rule.destination) for rule in rules)
