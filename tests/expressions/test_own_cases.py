"""The rules of both languages, case by case, in `cases/`."""

from pathlib import Path

import pytest

from maestrale.expressions import EvaluationError

from .comparing import Case, case_id, load_cases, native_value, same

_CASES = Path(__file__).parent / "cases"


@pytest.mark.parametrize(
    "case", [case for path in sorted(_CASES.glob("*.yaml")) for case in load_cases(path)], ids=case_id
)
def test_an_expression_gives_what_the_rules_say(case: Case) -> None:
    if case.get("error"):
        with pytest.raises(EvaluationError):
            native_value(case)
    else:
        value = native_value(case)
        assert same(value, case["value"]), value


@pytest.mark.parametrize(
    ("value", "recorded"),
    [
        (1, True),
        (1, 1.0),
        ("1", 1),
        ([1], [1, 1]),
        ({"a": 1}, {"a": True}),
        ([1, 2], {1, 3}),
        ({1: 1}, {"1": 1}),
    ],
)
def test_values_that_only_look_alike_are_not_the_same(value: object, recorded: object) -> None:
    assert not same(value, recorded)
