"""Expressions that were tried on the data of a task."""

from msgspec import Struct

from maestrale.client.decoding import Json, Resource


class EvaluationFault(Struct, frozen=True, kw_only=True):
    """Why an expression has no value.

    Args:
        offset: Where in its text the fault is; None: that is not known, or `lines` show it.
        lines: What people are shown below the message: the expression with a caret, what was found there.
    """

    code: str
    message: str
    hint: str | None = None
    offset: int | None = None
    lines: tuple[str, ...] = ()


class Evaluation(Resource, frozen=True, kw_only=True):
    """What became of one expression. `error` None: it has the value."""

    expression: str
    value: Json = None
    error: EvaluationFault | None = None
