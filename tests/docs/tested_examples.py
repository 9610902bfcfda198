"""Workflows on the pages, with the tests below them that tell what comes of them.

A fence `yaml` that has `version` is the file `example.yaml`, or the file named behind `yaml`, as in
`yaml tools.yaml`. One that has `tests` is a test file, as `maestrale test` takes it, about the definitions
that were shown last before it.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from .pages import PROJECT, Example, list_examples, list_pages

MAIN, TESTS = "example.yaml", "example_test.yaml"
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)

ELSEWHERE = {
    "docs/reference/test-files.md",
    "docs/guides/test-a-workflow.md",
    "docs/reference/problems.md",
}
"""Pages whose examples also fail on purpose. They have tests of their own."""


class ExampleWithTests(NamedTuple):
    """A fence with tests, the definitions they are about by file, and the heading they stand under."""

    tests: Example
    files: Mapping[str, str]
    heading: str

    def __str__(self) -> str:
        return str(self.tests)

    def write(self, directory: Path) -> str:
        """Put the files into a directory. Returns: The path of the tests."""
        for name, text in {**self.files, TESTS: self.tests.text}.items():
            (directory / name).write_text(text, encoding="utf-8")
        return str(directory / TESTS)

    def cases(self) -> dict[str, dict[str, Any]]:
        """The tests by name, as they are written."""
        tests: dict[str, dict[str, Any]] = yaml.safe_load(self.tests.text)["tests"]
        return tests

    def documents(self) -> list[dict[str, Any]]:
        return [yaml.safe_load(text) for text in self.files.values()]


def list_tested_examples(page: Path) -> Iterator[ExampleWithTests]:
    """Every test file of a page."""
    text = page.read_text(encoding="utf-8")
    headings = [(text.count("\n", 0, match.start()) + 1, match[1]) for match in HEADING.finditer(text)]
    files: dict[str, str] = {}
    for example in list_examples(page):
        if example.language != "yaml" or not example.is_file:
            continue
        if _has_key("tests", example.text):
            heading = [title for line, title in headings if line < example.line][-1]
            yield ExampleWithTests(example, dict(files), heading)
        elif example.kind:
            files[example.kind] = example.text
        elif _has_key("version", example.text):
            files = {MAIN: example.text}


def _has_key(key: str, text: str) -> bool:
    return re.search(rf"^{key}:", text, re.MULTILINE) is not None


def all_tested_examples() -> list[ExampleWithTests]:
    pages = [page for page in list_pages() if page.relative_to(PROJECT).as_posix() not in ELSEWHERE]
    return [example for page in pages for example in list_tested_examples(page)]
