"""Which expression is being evaluated, how much it may do, and how to stop it from outside.

An expression may take so many steps: each evaluation of a lambda, each round of a loop, each call of a
function of its author is one. That is the same on every machine. What steps do not count, such as adding up
a long list in one, time does: this layer has no clock, but the engine arms a timer of CPU time, whose signal
handler calls `interrupt`. It raises `OverBudget` out of the evaluation that is under way, wherever it is,
and does nothing when there is none. What a signal cannot reach, one single operation that takes all memory,
`limits` refuses beforehand.
"""

from collections.abc import Callable, Iterator
from contextvars import ContextVar, Token
from itertools import chain, count, repeat

from maestrale.expressions.limits import OverLimit

STEP_LIMIT = 1_000_000
"""Steps that one evaluation may take."""

_numbers = count(1)
_number = 0


class _Evaluation:
    """One evaluation that is under way."""

    __slots__ = ("expression", "tick")

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.tick: Callable[[], bool] | None = None


_current: ContextVar[_Evaluation | None] = ContextVar("expression being evaluated", default=None)


class _TooMany(Iterator[bool]):
    """What comes after the last step."""

    def __next__(self) -> bool:
        raise OverLimit(f"it would take more than {STEP_LIMIT} steps")


class OverBudget(BaseException):
    """An evaluation was stopped from outside, because it took too long.

    Not an `Exception`: a library that catches every exception on the way would otherwise go on with
    the very work that has to end.
    """

    def __init__(self, expression: str, reason: str) -> None:
        super().__init__(f"The expression `{expression}` was stopped: {reason}")
        self.expression = expression
        self.reason = reason


def begin(expression: str) -> Token[_Evaluation | None]:
    """Say that `expression` is being evaluated from now on, inside the one that was, if any."""
    global _number
    _number = next(_numbers)
    return _current.set(_Evaluation(expression))


def end(token: Token[_Evaluation | None]) -> None:
    """Say that the evaluation that `begin` gave `token` for is over."""
    _current.reset(token)


def forget() -> None:
    """Say that no evaluation is under way: an interrupt may have come before `end` could be called."""
    _current.set(None)


def number() -> int:
    """The number of the evaluation that began last: it tells whether the same one still runs."""
    return _number


def is_under_way() -> bool:
    """Whether an evaluation runs in this thread."""
    return _current.get() is not None


def interrupt(reason: str) -> None:
    """Stop the evaluation that is under way in this thread; without one, do nothing.

    It may be called again and again: what is stopped while it runs a destructor, say, goes on to the
    next call.

    Raises:
        OverBudget: An evaluation is under way; it names the innermost one.
    """
    evaluation = _current.get()
    if evaluation is not None:
        raise OverBudget(evaluation.expression, reason)


def ticking() -> Callable[[], bool]:
    """What the evaluation that is under way calls for each step it takes. It gives true.

    Raises when called:
        OverLimit: It was the last step that the evaluation may take.
    """
    evaluation = _current.get()
    if evaluation is None:
        return _new_tick()
    if evaluation.tick is None:
        evaluation.tick = _new_tick()
    return evaluation.tick


def _new_tick() -> Callable[[], bool]:
    # All in C: a step costs next to nothing.
    return chain(repeat(True, STEP_LIMIT), _TooMany()).__next__
