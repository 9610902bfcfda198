"""The files of recorded cases, for tests; what they mean is in `maestrale.testing.recorded`."""

from pathlib import Path

from maestrale.testing.recorded import Case, native_value, parse_cases, same

__all__ = ["Case", "case_id", "load_cases", "native_value", "same"]


def load_cases(path: Path) -> list[Case]:
    """The cases of one file, in order."""
    return parse_cases(path.read_text(encoding="utf-8"))


def case_id(case: Case) -> str:
    return str(case["expr"])[:60].encode("unicode_escape").decode("ascii")
