"""The shapes of expressions that are tried on the data of a task."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

MOST_EXPRESSIONS = 50
"""So many expressions may come in one request."""


class EvaluationRequest(Struct, frozen=True, kw_only=True):
    """Expressions to evaluate.

    Args:
        expressions: Each a text as it may stand in a workflow, with its delimiters.
        context: `before` sees what the task was given, as its `input` and `publish` do; `after` sees what it
            has published, too, as its transitions do.
        item: Of a loop, the number of the item whose variables are seen.
    """

    expressions: Annotated[list[str], Meta(min_length=1, max_length=MOST_EXPRESSIONS)]
    context: Literal["before", "after"] = "after"
    item: Annotated[int, Meta(ge=0)] | UnsetType = UNSET


class EvaluationFault(Struct, frozen=True, kw_only=True):
    """Why an expression has no value.

    Args:
        offset: Where in the text the fault is, in characters; left out where that is not known, or where
            `lines` show it.
        lines: What people are shown below the message: the expression with a caret, what was found there.
    """

    code: str
    message: str
    hint: str | UnsetType = UNSET
    offset: int | UnsetType = UNSET
    lines: list[str] | UnsetType = UNSET


class Evaluation(Struct, frozen=True, kw_only=True):
    """What became of one expression: it has a `value` or an `error`."""

    expression: str
    value: Any = UNSET
    error: EvaluationFault | UnsetType = UNSET


class Evaluations(Struct, frozen=True, kw_only=True):
    """What became of the expressions, in the order in which they were sent."""

    evaluations: list[Evaluation]
