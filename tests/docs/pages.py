"""The pages of the documentation and the examples in them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).parents[2]
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<info>[^\n]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)


class Example(NamedTuple):
    """A fence of a page. `kind` is what stands behind the language, as in "yaml task"."""

    page: str
    line: int
    language: str
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def is_file(self) -> bool:
        """Whether it is a whole file, not a part of one. `kind` may be the name that the file has."""
        return not self.kind or self.kind.endswith(".yaml")


def list_pages() -> list[Path]:
    return [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("**/*.md"))]


def list_examples(page: Path) -> Iterator[Example]:
    text = page.read_text(encoding="utf-8")
    for match in FENCE.finditer(text):
        language, _, kind = match["info"].strip().partition(" ")
        body = re.sub(rf"^{match['indent']}", "", match["text"], flags=re.MULTILINE)
        line = text.count("\n", 0, match.start()) + 1
        yield Example(page.relative_to(PROJECT).as_posix(), line, language, kind, body)
