"""The page of messages has every code with which the core refuses a request."""

import ast
import re
from collections.abc import Iterator

from .pages import PROJECT

PAGE = (PROJECT / "docs" / "reference" / "messages.md").read_text(encoding="utf-8")


def _codes() -> Iterator[str]:
    for path in sorted((PROJECT / "src" / "maestrale" / "core").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "code" and isinstance(node.value, ast.Constant):
                yield str(node.value.value)


def test_every_code_of_the_core_has_its_row_and_no_other_has_one() -> None:
    section = PAGE.partition("## Refused requests")[2]
    cells = re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)

    assert {code for cell in cells for code in re.findall(r"`([^`]*)`", cell)} == set(_codes())
