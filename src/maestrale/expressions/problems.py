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

    The message never holds data of the context, which may be secret: it names the expression, as its
    author wrote it, and a reason in general words.
    """

    code = "expression-error"

    def __init__(self, message: str, *, expression: str, reason: str) -> None:
        super().__init__(message)
        self.expression = expression
        self.reason = reason


def evaluation_error(language: str, expression: str, reason: str) -> EvaluationError:
    """The error for an expression of `language`, in the words Mistral's users know."""
    shown = expression if len(expression) <= _SHOWN else f"{expression[:_SHOWN]}…"
    message = f"Can not evaluate {language} expression [expression={shown}, error={reason}]"
    return EvaluationError(message, expression=expression, reason=reason)
