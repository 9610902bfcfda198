"""Cases that say what an expression gives: a text, its data, and the value or that there is an error.

A file is a YAML list of mappings with `expr`, `data`, and `value` or `error: true`; `note` says why.
"""

from collections.abc import Callable, Mapping, Set
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from datetime import datetime
from typing import Any

import yaml
from msgspec import Struct

from maestrale.errors import InvalidInput
from maestrale.expressions import EvaluationError, OverBudget, compile_template
from maestrale.testing.scopes import a_scope

Case = dict[str, Any]

_KEYS = frozenset({"expr", "data", "value", "error", "note"})

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Verdict(Struct, frozen=True):
    """How a case went.

    Args:
        value: What the expression gave; None where it failed.
        failure: Why it failed; None where it gave a value.
    """

    case: Case
    passed: bool
    value: Any = None
    failure: str | None = None


def parse_cases(text: str) -> list[Case]:
    """The cases of a text, in order.

    Raises:
        InvalidInput: It holds something else (`cases-file`).
    """
    try:
        cases = yaml.load(text, Loader=_LOADER)  # A safe loader, in C where there is one.
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _wrong(f"it is no YAML: {error}") from error
    if not isinstance(cases, list):
        raise _wrong("it is no list")
    for number, case in enumerate(cases, start=1):
        _check(case, number)
    return cases


def _check(case: Any, number: int) -> None:
    if not isinstance(case, Mapping) or not isinstance(case.get("expr"), str):
        raise _wrong(f"case {number} is no mapping with a text `expr`")
    unknown = sorted(str(key) for key in case if key not in _KEYS)
    if unknown:
        raise _wrong(f"case {number} has the unknown key `{unknown[0]}`")
    if ("value" in case) == bool(case.get("error")):
        raise _wrong(f"case {number} must have either `value` or `error: true`")


def _wrong(reason: str) -> InvalidInput:
    return InvalidInput(
        f"the recorded cases cannot be read: {reason}",
        code="cases-file",
        hint="write a list of mappings: `expr`, `data`, and `value` or `error: true`",
    )


def native_value(case: Case, *, guard: Callable[[], AbstractContextManager[None]] = nullcontext) -> Any:
    """What a case's text evaluates to, over a copy of its data that nothing may change either.

    Args:
        guard: Bounds the evaluation.

    Raises:
        EvaluationError: It has no value.
        OverBudget: It went over the bounds of the guard.
    """
    given = case.get("data")
    data = deepcopy(given)
    with guard():
        value = compile_template(case["expr"]).evaluate_native(a_scope(data))
    assert same(data, given), "the expression changed its data"
    return value


def judge(case: Case, *, guard: Callable[[], AbstractContextManager[None]] = nullcontext) -> Verdict:
    """Evaluate a case and compare."""
    try:
        value = native_value(case, guard=guard)
    except (EvaluationError, OverBudget) as error:
        return Verdict(case, passed=bool(case.get("error")), failure=error.reason)
    passed = "value" in case and same(value, case["value"])
    return Verdict(case, passed=passed, value=value)


def same(value: Any, recorded: Any) -> bool:
    """Whether two values are equal and of the same types, all the way down.

    A tuple counts as a list, any set matches a recorded set in any order, and an instant has to have
    the same offset.
    """
    if isinstance(recorded, (set, frozenset)):
        return _same_items(list(value), list(recorded)) if isinstance(value, (list, Set)) else False
    if isinstance(recorded, Mapping):
        return isinstance(value, Mapping) and _same_items(list(value.items()), list(recorded.items()))
    if isinstance(recorded, (list, tuple)):
        return (
            isinstance(value, (list, tuple))
            and len(value) == len(recorded)
            and all(map(same, value, recorded))
        )
    if isinstance(recorded, datetime):
        return bool(value == recorded) and bool(value.utcoffset() == recorded.utcoffset())
    if isinstance(recorded, str):
        return isinstance(value, str) and value == recorded
    return type(value) is type(recorded) and bool(value == recorded)


def _same_items(values: list[Any], recorded: list[Any]) -> bool:
    left = list(values)
    for item in recorded:
        found = next((index for index, one in enumerate(left) if same(one, item)), None)
        if found is None:
            return False
        del left[found]
    return not left
