"""The reference page of the linter says what the linter says, and its examples do what they say."""

import re

import pytest

from maestrale.linter import FINDINGS

from .linting import PROJECT, findings

PAGE = (PROJECT / "docs" / "reference" / "linter.md").read_text(encoding="utf-8")
SECTION = re.compile(
    r"^### `(?P<code>[^`]+)`\n\n(?P<meaning>[^\n]+)\n(?P<rest>.*?)(?=^##|\Z)", re.DOTALL | re.MULTILINE
)
EXAMPLE = re.compile(r"^```yaml\n(?P<text>.*?)^```\n\n```text\n(?P<told>.*?)^```$", re.DOTALL | re.MULTILINE)
SILENT = re.compile(r"^## Silence a warning\n.*?^```yaml\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)

SECTIONS = {match["code"]: match for match in SECTION.finditer(PAGE)}


def test_the_page_lists_every_code_with_its_meaning_and_no_other() -> None:
    assert {code: match["meaning"] for code, match in SECTIONS.items()} == dict(FINDINGS)


@pytest.mark.parametrize("code", FINDINGS)
def test_every_example_is_told_what_the_page_says(code: str) -> None:
    examples = list(EXAMPLE.finditer(SECTIONS[code]["rest"]))

    for example in examples:
        found = findings(example["text"])
        assert "".join(f"{problem}\n" for problem in found) == example["told"]
        assert {problem.code for problem in found} == {code}
    assert examples


def test_the_example_of_how_the_linter_explores_is_told_what_the_page_says() -> None:
    page = (PROJECT / "docs" / "concepts" / "linter.md").read_text(encoding="utf-8")
    example = re.search(
        r"^```yaml\n(?P<text>.*?)^```\n\n    deploy.yaml:(?P<told>[^\n]*)$", page, re.DOTALL | re.M
    )
    assert example is not None

    [problem] = findings(example["text"])

    assert str(problem).split("\n")[0] == f"greet.yaml:{example['told']}"


def test_the_example_of_silenced_warnings_is_silent() -> None:
    [example] = SILENT.findall(PAGE)

    assert findings(example) == []
    assert len(findings(example.replace("maestrale:", ""))) == 2
