"""Comments that silence warnings: `# maestrale: ignore[code]`.

A comment behind something holds for its line, one on a line of its own for the next line that has anything
else.
"""

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from maestrale.lang import CODES, Mark, Problem, Severity
from maestrale.lang.report import LINE_BREAK, Report, extract
from maestrale.linter.codes import FINDINGS

COMMENT = re.compile(r"(?:^|(?<=\s))#\s*maestrale:\s*ignore\[(?P<codes>[^\]]*)\]")
ALONE = re.compile(r"\s*(#.*)?")


class Ignore(Struct, frozen=True):
    """One code that a comment names, where it names it, and the line it is silenced in."""

    code: str
    mark: Mark
    line: int


def find_ignores(text: str) -> list[Ignore]:
    """Everything that the comments of a text silence."""
    if "maestrale:" not in text:
        return []
    return list(_ignores(LINE_BREAK.split(text)))


def _ignores(lines: list[str]) -> Iterator[Ignore]:
    for number, line in enumerate(lines, 1):
        comment = COMMENT.search(line)
        if comment is None:
            continue
        target = _line_meant(lines, number)
        for word in re.finditer(r"[^\s,]+", comment["codes"]):
            place = Mark(number, comment.start("codes") + word.start() + 1)
            yield Ignore(word.group(), place, target)


def _line_meant(lines: list[str], number: int) -> int:
    """The comment's own line, or the next one that holds more than a comment."""
    while number < len(lines) and ALONE.fullmatch(lines[number - 1]):
        number += 1
    return number


def check_codes(ignores: Iterable[Ignore], report: Report) -> None:
    """Report the codes that there are not."""
    known = (*FINDINGS, *CODES)
    for ignore in ignores:
        if ignore.code not in known:
            hint = report.suggestions.hint(ignore.code, known)
            message = f"there is no code `{extract(ignore.code)}` to ignore"
            report.add("unknown-code", message, ignore.mark, hint=hint, severity=Severity.WARNING)


def without_ignored(problems: Iterable[Problem], ignores: Iterable[Ignore]) -> Iterator[Problem]:
    """The problems but for the warnings that are silenced. An error is no warning: it stays."""
    by_line: dict[int, set[str]] = {}
    for ignore in ignores:
        by_line.setdefault(ignore.line, set()).add(ignore.code)
    for problem in problems:
        is_error = problem.severity is Severity.ERROR
        if is_error or problem.code not in by_line.get(problem.line, ()):
            yield problem
