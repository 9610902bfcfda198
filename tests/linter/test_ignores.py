"""Comments that silence warnings."""

import pytest

from maestrale.lang import parse
from maestrale.linter import lint

from .linting import KNOWN

DEFINITION = "version: '2.0'\nw:\n  tasks:\n    t:\n      action: std.ecco{}\n"


def codes(text: str) -> list[str]:
    return [problem.code for problem in lint(parse(text), KNOWN)]


@pytest.mark.parametrize(
    "comment",
    [
        "  # maestrale: ignore[unknown-action]",
        "  #maestrale:ignore[unknown-action]",
        "  # maestrale: ignore[plain-secret, unknown-action] it is there in production",
        "  # see below # maestrale: ignore[unknown-action]",
    ],
)
def test_a_comment_behind_something_silences_its_line(comment: str) -> None:
    assert codes(DEFINITION.format(comment)) == []


@pytest.mark.parametrize("between", ["", "\n", "# more\n"])
def test_a_comment_alone_silences_the_next_line_with_anything_else(between: str) -> None:
    comment = f"      # maestrale: ignore[unknown-action]\n{between}"

    assert codes(DEFINITION.format("").replace("      action", f"{comment}      action")) == []


@pytest.mark.parametrize(
    "comment",
    ["  # maestrale: ignore[plain-secret]", "  # maestrale: ignore", "  # ignore[unknown-action]"],
)
def test_a_comment_without_the_code_silences_nothing(comment: str) -> None:
    assert codes(DEFINITION.format(comment)) == ["unknown-action"]


def test_the_warnings_about_the_text_can_be_silenced_but_no_errors() -> None:
    warned = "version: '2.1' # maestrale: ignore[unusual-version]\nw: {tasks: {t: {}}}\n"
    wrong = "version: '2.0'\nw: {tasks: {t: {on-success: u}}} # maestrale: ignore[undefined-task]\n"

    assert (codes(warned), codes(wrong)) == ([], ["undefined-task"])


def test_a_code_that_there_is_not_is_reported_where_it_stands() -> None:
    text = DEFINITION.format("  # maestrale: ignore[unknown-action, unknown-acton]")

    [problem] = lint(parse(text), KNOWN)

    assert (problem.code, problem.line, problem.column) == ("unknown-code", 5, 61)
    assert problem.hint == "did you mean `unknown-action`?"
