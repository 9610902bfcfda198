"""What is said of one thing that was looked at."""

from enum import StrEnum

from msgspec import Struct


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """It works, and may not for long, or not as promised."""
    ERROR = "error"
    """A promise is broken, or no program can work on it."""


class Verdict(Struct, frozen=True, kw_only=True):
    """What was found when one thing was looked at. `code` names the thing, and is stable."""

    level: Level
    code: str
    message: str
    hint: str | None = None


def good(code: str, message: str) -> Verdict:
    return Verdict(level=Level.OK, code=code, message=message)


def warning(code: str, message: str, hint: str) -> Verdict:
    return Verdict(level=Level.WARNING, code=code, message=message, hint=hint)


def bad(code: str, message: str, hint: str) -> Verdict:
    return Verdict(level=Level.ERROR, code=code, message=message, hint=hint)
