"""Which expression is being evaluated, and how to stop it from outside.

This layer has no clock. The engine arms a timer of CPU time; the timer's signal handler calls
`interrupt`, which raises `OverBudget` out of the evaluation that is under way, wherever it is, and
does nothing when there is none. What a signal cannot reach, one single operation that takes all
memory, `limits` refuses beforehand.
"""

from contextvars import ContextVar, Token
from itertools import count

_current: ContextVar[str | None] = ContextVar("expression being evaluated", default=None)
_numbers = count(1)
_number = 0


class OverBudget(BaseException):
    """An evaluation was stopped from outside, because it took too long.

    Not an `Exception`: a library that catches every exception on the way would otherwise go on with
    the very work that has to end.
    """

    def __init__(self, expression: str, reason: str) -> None:
        super().__init__(f"The expression `{expression}` was stopped: {reason}")
        self.expression = expression
        self.reason = reason


def begin(expression: str) -> Token[str | None]:
    """Say that `expression` is being evaluated from now on, inside the one that was, if any."""
    global _number
    _number = next(_numbers)
    return _current.set(expression)


def end(token: Token[str | None]) -> None:
    """Say that the evaluation that `begin` gave `token` for is over."""
    _current.reset(token)


def number() -> int:
    """The number of the evaluation that began last: it tells whether the same one still runs."""
    return _number


def interrupt(reason: str) -> None:
    """Stop the evaluation that is under way in this thread; without one, do nothing.

    It may be called again and again: what is stopped while it runs a destructor, say, goes on to the
    next call.

    Raises:
        OverBudget: An evaluation is under way; it names the innermost one.
    """
    expression = _current.get()
    if expression is not None:
        raise OverBudget(expression, reason)
