"""What may be wrong with an expression: in its text, or when it is evaluated."""

from msgspec import Struct

from maestrale.errors import Error

_SHOWN = 1000


class SyntaxProblem(Struct, frozen=True, kw_only=True):
    """Why the expressions in a text cannot be read.

    `code` is one of `yaql-syntax`, `jinja-syntax` and `mixed-languages`. `offset` counts the
    characters from the start of the whole text to the fault; None: the language does not tell.
    """

    code: str
    message: str
    expression: str
    offset: int | None = None


class EvaluationError(Error):
    """An expression has no value, or none that can be stored.

    The message is one line, in the words Mistral's users know: the expression, as its author wrote it, and a
    reason. What people are shown below it is in `lines`. Neither holds more of the context than an excerpt of
    the value that was in the way, and nothing of what sounds like a secret.

    Args:
        offset: Where in the expression; None: it is not known.
        lines: The line of the expression, a caret below it, what was found and what was expected.
    """

    code = "expression-error"

    def __init__(
        self,
        message: str,
        *,
        expression: str,
        reason: str,
        language: str = "",
        offset: int | None = None,
        lines: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.expression = expression
        self.reason = reason
        self.language = language
        self.offset = offset
        self.lines = lines

    def __str__(self) -> str:
        return self.explained(super().__str__())

    def explained(self, message: str) -> str:
        """`message`, which tells of this error, with what people are shown below it."""
        return "\n  ".join((message, *self.lines))

    def with_reason(self, reason: str) -> "EvaluationError":
        """The error of the same expression with another reason, and nothing else of this one."""
        return evaluation_error(self.language, self.expression, reason)

    def with_lines(self, lines: tuple[str, ...]) -> "EvaluationError":
        """The same error with other lines below it."""
        return self._changed(self.message, lines)

    def placed(self, place: str) -> "EvaluationError":
        """The same error, with the place of the definition that the expression stands at."""
        return self._changed(f"{place}: {self.message}", self.lines)

    def _changed(self, message: str, lines: tuple[str, ...]) -> "EvaluationError":
        return EvaluationError(
            message,
            expression=self.expression,
            reason=self.reason,
            language=self.language,
            offset=self.offset,
            lines=lines,
        )


def evaluation_error(
    language: str,
    expression: str,
    reason: str,
    *,
    offset: int | None = None,
    lines: tuple[str, ...] = (),
) -> EvaluationError:
    """The error for an expression of `language`, in the words Mistral's users know."""
    shown = expression if len(expression) <= _SHOWN else f"{expression[:_SHOWN]}…"
    return EvaluationError(
        f"Can not evaluate {language} expression [expression={shown}, error={reason}]",
        expression=expression,
        reason=reason,
        language=language,
        offset=offset,
        lines=lines,
    )
