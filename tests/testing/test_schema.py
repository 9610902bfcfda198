"""The JSON Schema that editors use accepts what the runner accepts, and refuses what it refuses."""

from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from maestrale.testing.cases import json_schema

from .test_case_files import WRONG

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("**/*_test.yaml"))
BY_MEANING = (
    "definition",
    "undefined-task",
    "unknown-action",
    "unknown-workflow",
    "missing-key",
    "misplaced-key",
    "conflicting-keys",
    "pattern-syntax",
    "instant-syntax",
    "duplicate-key",
    "no workflow",
)
"""What a schema does not see: what names mean, and what several keys mean together."""

VALIDATOR = jsonschema_rs.validator_for(json_schema())


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 2


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_fit_the_schema(path: Path) -> None:
    assert VALIDATOR.is_valid(yaml.safe_load(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_shape_does_not_fit_the_schema(wrong: str) -> None:
    text, problems = WRONG[wrong]
    if any(word in problem for problem in problems for word in BY_MEANING):
        return

    assert not VALIDATOR.is_valid(yaml.safe_load(text))
