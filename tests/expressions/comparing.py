"""Strict comparison of a value with a recorded one, and the files that hold them."""

from collections.abc import Mapping, Set
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from maestrale.expressions import compile_template
from maestrale.testing.scopes import a_scope

Case = dict[str, Any]


def load_cases(path: Path) -> list[Case]:
    """The cases of one file, in order."""
    cases: list[Case] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return cases


def case_id(case: Case) -> str:
    return str(case["expr"])[:60].encode("unicode_escape").decode("ascii")


def native_value(case: Case) -> Any:
    """What a case's text evaluates to, over a copy of its data that Jinja may not change either."""
    data = deepcopy(case["data"])
    value = compile_template(case["expr"]).evaluate_native(a_scope(data))
    assert same(data, case["data"]), "the expression changed its data"
    return value


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
