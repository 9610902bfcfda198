"""The problems of one text, collected while it is read."""

import json
import re
from bisect import bisect_right
from collections.abc import Container, Iterable
from typing import TypeAlias

from maestrale.expressions import Json
from maestrale.expressions.suggestions import Suggestions
from maestrale.lang.codes import CODES
from maestrale.lang.problems import Mark, Problem, Severity

MOST_PROBLEMS = 1000
MOST_CHARACTERS = 80
LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")

KeyPath: TypeAlias = tuple[str | int, ...]


class Report:
    """Takes in problems as they are found, gives them out in order of place.

    `text` is what places refer to; it helps to point into the middle of a string. `codes` are those that a
    problem may have.
    """

    def __init__(self, file: str, text: str, *, codes: Container[str] = CODES) -> None:
        self.file = file
        self.suggestions = Suggestions()
        self._text = text
        self._codes = codes
        self._line_starts: list[int] | None = None
        self._problems: list[Problem] = []
        self._left_out = 0
        self._has_errors = False

    @property
    def has_errors(self) -> bool:
        return self._has_errors

    def add(
        self,
        code: str,
        message: str,
        mark: Mark,
        *,
        path: KeyPath = (),
        value: Json = ...,
        hint: str | None = None,
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Note one problem. `value` is shown as a readable extract; `...`: there is none to show."""
        assert code in self._codes, f"`{code}` is not in the table of codes"
        self._has_errors = self._has_errors or severity is Severity.ERROR
        if len(self._problems) >= MOST_PROBLEMS:
            self._left_out += 1
            return
        mark = self._mark_in_text(mark)
        self._problems.append(
            Problem(
                code=code,
                message=message,
                severity=severity,
                file=self.file,
                line=mark.line,
                column=mark.column,
                path=path,
                value=None if value is ... else extract(value),
                hint=hint,
            )
        )

    def problems(self) -> tuple[Problem, ...]:
        """All of them, by line and column; a last one says how many there was no room for."""
        ordered = sorted(self._problems, key=lambda problem: (problem.line, problem.column))
        if self._left_out:
            last = ordered[-1]
            message = f"there are {self._left_out} more problems than the {MOST_PROBLEMS} listed"
            ordered.append(
                Problem(
                    code="more-problems",
                    message=message,
                    severity=Severity.ERROR if self._has_errors else Severity.WARNING,
                    file=self.file,
                    line=last.line,
                    column=last.column,
                )
            )
        return tuple(ordered)

    def mark_at(self, offset: int) -> Mark:
        """The place of the character at `offset` of the text."""
        starts = self._starts()
        line = bisect_right(starts, offset)
        return Mark(line, offset - starts[line - 1] + 1)

    def mark_inside(self, mark: Mark, text: str, offset: int) -> Mark:
        """The place of the character at `offset` of a string that begins at `mark`.

        Where the string is not written in one piece (a block, an escape in it), the place of its beginning.
        """
        start = self._starts()[mark.line - 1] + mark.column - 1
        for written_at in (start, start + 1):  # One further on after a quote.
            if self._text.startswith(text, written_at) and not LINE_BREAK.search(text):
                return Mark(mark.line, mark.column + written_at - start + offset)
        return mark

    def rest_of_line(self, mark: Mark) -> str:
        """What the line of a place holds from there on."""
        starts = self._starts()
        end = starts[mark.line] if mark.line < len(starts) else len(self._text)
        return self._text[starts[mark.line - 1] + mark.column - 1 : end]

    def _mark_in_text(self, mark: Mark) -> Mark:
        """The parser sees a line after the last one; the end of the text is what its places there mean."""
        return mark if mark.line <= len(self._starts()) else self.mark_at(len(self._text))

    def _starts(self) -> list[int]:
        if self._line_starts is None:
            self._line_starts = [0, *(match.end() for match in LINE_BREAK.finditer(self._text))]
        return self._line_starts


def extract(value: Json) -> str:
    """A value in one readable line, cut off where it gets long; it reads no further than it shows."""
    if isinstance(value, str):
        return _cut(value[: MOST_CHARACTERS + 1])
    text = ""
    for piece in json.JSONEncoder(ensure_ascii=False).iterencode(value):
        text += piece[: MOST_CHARACTERS + 1]
        if len(text) > MOST_CHARACTERS:
            break
    return _cut(text)


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(text) <= MOST_CHARACTERS else f"{line[: MOST_CHARACTERS - 1]}…"


def listed(words: Iterable[str]) -> str:
    """Words in backticks, with commas, for a message."""
    return ", ".join(f"`{word}`" for word in words)
