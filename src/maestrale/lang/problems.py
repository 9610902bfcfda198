"""What is wrong with a definition: every problem at once, each with its place and a stable code."""

from enum import StrEnum

from msgspec import Struct


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


class Mark(Struct, frozen=True):
    """A place in a text; both count from 1."""

    line: int
    column: int


class Problem(Struct, frozen=True, kw_only=True):
    """One thing wrong with a definition.

    `value` is the offending value as the author wrote it, cut to a readable length. `path` names the
    place by its keys, such as `("greet", "tasks", "hello", "on-success")`.
    """

    code: str
    message: str
    severity: Severity = Severity.ERROR
    file: str = "<text>"
    line: int = 1
    column: int = 1
    path: tuple[str | int, ...] = ()
    value: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        level = "" if self.severity is Severity.ERROR else f"{self.severity}: "
        text = f"{self.file}:{self.line}:{self.column}: {level}{self.message} [{self.code}]"
        return f"{text}\n  hint: {self.hint}" if self.hint else text
