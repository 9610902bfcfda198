"""Expressions with the values that Mistral 23 was recorded to give them."""

import os
from pathlib import Path
from typing import Any

import pytest

from maestrale.expressions import EvaluationError

from .comparing import Case, case_id, load_cases, native_value, same

_ROOT = Path(__file__).resolve().parents[2]
_CONFORMANCE = Path(os.environ.get("MAESTRALE_CONFORMANCE") or _ROOT.parent / "shared" / "conformance")
_FOLDER = _CONFORMANCE / "expressions"


def _cases(name: str) -> list[Any]:
    path = _FOLDER / name
    if not path.is_file():
        reason = "no recorded cases: set MAESTRALE_CONFORMANCE to the folder above them"
        return [pytest.param({}, marks=pytest.mark.skip(reason=reason))]
    return [pytest.param(case, id=case_id(case)) for case in load_cases(path)]


@pytest.mark.parametrize("case", _cases("yaql.yaml") + _cases("jinja.yaml"))
def test_an_expression_gives_what_mistral_was_recorded_to_give(case: Case) -> None:
    if case.get("error"):
        with pytest.raises(EvaluationError):
            native_value(case)
    else:
        value = native_value(case)
        assert same(value, case["value"]), value
