"""Problems of definitions, as people and as programs read them."""

from collections.abc import Iterable, Sequence
from typing import TextIO

from maestrale.cli.definitions import Document
from maestrale.cli.terminal import BLUE, DIM, RED, YELLOW, is_terminal, paint
from maestrale.cli.texts import counted, printable
from maestrale.expressions import Json
from maestrale.lang import Problem, Severity
from maestrale.lang.report import LINE_BREAK

WIDEST_LINE = 120


def describe(problem: Problem, text: str, *, stream: TextIO) -> str:
    """A problem in words; on a terminal with the line it is in."""
    is_error = problem.severity is Severity.ERROR
    shown = printable(str(problem))
    if not is_terminal(stream):
        return shown
    head, *rest = shown.split("\n")
    place, _, message = head.partition(": ")
    label = paint(problem.severity.value, RED if is_error else YELLOW, stream=stream)
    message = message.removeprefix("warning: ")
    lines = [f"{paint(place, BLUE, stream=stream)}: {label}: {message}"]
    lines.extend(_source_lines(problem, text, stream))
    lines.extend(rest)
    return "\n".join(lines)


def _source_lines(problem: Problem, text: str, stream: TextIO) -> list[str]:
    """The line of the text with a caret below the column."""
    lines = LINE_BREAK.split(text) if text else []
    if not 1 <= problem.line <= len(lines) or not lines[problem.line - 1].strip():
        return []
    line, column = lines[problem.line - 1].replace("\t", " "), problem.column - 1
    start = max(0, min(column - WIDEST_LINE // 2, len(line) - WIDEST_LINE))
    number = f"{problem.line:>5} | "
    caret = " " * (len(number) + column - start) + paint("^", RED, stream=stream)
    return [paint(number, DIM, stream=stream) + printable(line[start : start + WIDEST_LINE]), caret]


def describe_all(documents: Iterable[Document], *, stream: TextIO) -> list[str]:
    """Every problem of every file, in order."""
    return [
        describe(problem, document.text, stream=stream)
        for document in documents
        for problem in document.problems
    ]


def as_json(problem: Problem) -> Json:
    """A problem as a JSON object."""
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "severity": problem.severity.value,
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
        "value": problem.value,
        "path": list(problem.path),
    }


def has_errors(documents: Sequence[Document]) -> bool:
    return any(document.definitions is None for document in documents)


def summary(documents: Sequence[Document]) -> str:
    """How many problems there are, in a line."""
    problems = [problem for document in documents for problem in document.problems]
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    warnings = len(problems) - errors
    found = [counted(errors, "error")] if errors else []
    found += [counted(warnings, "warning")] if warnings else []
    return f"{counted(len(documents), 'file')}: {', '.join(found) or 'no problems'}"
