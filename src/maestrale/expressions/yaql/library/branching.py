"""Choosing among values that are computed only where they are chosen."""

from collections.abc import Callable, Iterator
from typing import Any

from maestrale.expressions.yaql.kinds import BOOLEAN, ITERATOR, kind_of
from maestrale.expressions.yaql.library.sources import memorize
from maestrale.expressions.yaql.signatures import ANY, INT, LAMBDA, LAZY_RULE, METHOD, STR, overload
from maestrale.expressions.yaql.values import Rule

Value = Callable[[], Any]


@overload("switch", LAZY_RULE("args", many=True), rules=True)
def switch(*args: Rule) -> Any:
    return next((rule.destination() for rule in args if rule.source()), None)


@overload("selectCase", LAMBDA("args", 0, many=True))
def select_case(*args: Value) -> int:
    return next(select_all_cases(*args), len(args))


@overload("selectAllCases", LAMBDA("args", 0, many=True))
def select_all_cases(*args: Value) -> Iterator[int]:
    return (index for index, condition in enumerate(args) if condition())


@overload("examine", LAMBDA("args", 0, many=True))
def examine(*args: Value) -> Iterator[bool]:
    return (bool(condition()) for condition in args)


@overload("switchCase", INT("case"), LAMBDA("args", 0, many=True), forms=METHOD)
def switch_case(case: int, *args: Value) -> Any:
    if not args:
        return None
    return args[case if 0 <= case < len(args) else -1]()


@overload("coalesce", LAMBDA("args", 0, many=True))
def coalesce(*args: Value) -> Any:
    for argument in args:
        value = argument()
        if value is not None:
            return value
    return None


@overload(
    "assert", ANY("obj"), LAMBDA("condition", 1), STR("message", default="Assertion failed"), forms=METHOD
)
def check(value: Any, condition: Callable[[Any], Any], message: str) -> Any:
    if kind_of(value) == ITERATOR:
        value = memorize(value)
    if not condition(value):
        raise AssertionError(message)
    return value


@overload("bool", ANY("value"))
def truth(value: Any) -> bool:
    return bool(value)


@overload("isBoolean", ANY("value"))
def is_boolean(value: Any) -> bool:
    return kind_of(value) == BOOLEAN
