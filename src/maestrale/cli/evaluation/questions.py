"""From what a person writes to the text that a workflow would have."""

from msgspec import Struct

from maestrale.errors import InvalidInput

_DELIMITERS = ("<%", "{{", "{%")
_BEFORE, _AFTER = "<% ", " %>"


class Question(Struct, frozen=True):
    """One expression.

    Args:
        written: As the person wrote it.
        text: As a workflow has it, with delimiters.
    """

    written: str
    text: str

    @property
    def bare(self) -> str:
        """What was written without the delimiters around it, as messages quote it."""
        return self.written.strip(" <%>{}")

    @property
    def shift(self) -> int:
        """How many characters the text has before what was written."""
        return 0 if self.text == self.written else len(_BEFORE)


def question_of(written: str) -> Question:
    """The question that a person asks. What has no delimiters is YAQL.

    Raises:
        InvalidInput: It is empty, no text, or YAQL over several lines.
    """
    try:
        written.encode()
    except UnicodeEncodeError:
        raise InvalidInput("an expression is not UTF-8 text", code="expression-text") from None
    if any(mark in written for mark in _DELIMITERS):
        return Question(written, written)
    stripped = written.strip()
    if not stripped:
        raise InvalidInput(
            "an expression is empty", code="expression-text", hint="`$` is all of the data: try that"
        )
    if len(stripped.splitlines()) > 1:
        raise InvalidInput(
            "an expression stands in several lines, and a workflow takes that for plain text",
            code="expression-text",
            hint="write it in one line",
        )
    return Question(stripped, f"{_BEFORE}{stripped}{_AFTER}")
