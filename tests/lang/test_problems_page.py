"""The reference page of problems says what the code says, and its examples do what they say."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from maestrale.lang import CODES, parse

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "problems.md"
SECTION = re.compile(
    r"^### `(?P<code>[^`]+)`\n\n(?P<meaning>[^\n]+)\n(?P<rest>.*?)(?=^##|\Z)", re.DOTALL | re.MULTILINE
)
BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)

TASKS = "version: '2.0'\nw:\n  tasks:\n"

# What a page cannot show well.
GENERATED: Mapping[str, str | bytes] = {
    "too-large": "x" * 5_000_000,
    "too-deep": "[" * 101,
    "not-text": b"\xff",
    "name-too-long": f"{TASKS}    {'t' * 256}: {{}}",
    "more-problems": TASKS + "".join(f"    t{number}: {{x: 1}}\n" for number in range(1001)),
}


def sections() -> dict[str, re.Match[str]]:
    return {match["code"]: match for match in SECTION.finditer(PAGE.read_text(encoding="utf-8"))}


def blocks(code: str) -> dict[str, str]:
    return {match["language"]: match["text"] for match in BLOCK.finditer(sections()[code]["rest"])}


def test_the_page_lists_every_code_with_its_meaning_and_no_other() -> None:
    assert {code: match["meaning"] for code, match in sections().items()} == dict(CODES)


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_produced_by_its_example(code: str) -> None:
    shown = blocks(code)
    text = shown.get("yaml") or GENERATED[code]

    problems = parse(text, file="greet.yaml").problems

    assert code in {problem.code for problem in problems}
    if "text" in shown:
        assert "\n".join(str(problem) for problem in problems) + "\n" == shown["text"]
