"""A scope's own failures, kept apart from those of an expression.

A scope may refuse to answer for reasons of its own, such as an answer that has to be fetched first.
That is no failure of the expression, and must come out as it went in, past every library on the way
that catches exceptions.
"""

from collections.abc import Callable
from typing import Any

from maestrale.expressions.relaying import Relay
from maestrale.expressions.scope import Json, Scope
from maestrale.ids import Chance


class ScopeFailed(BaseException):
    """The scope raised `error` when it was asked. Not an `Exception`: no library may swallow it."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class Asking(Relay):
    """The scope that expressions ask: another scope, with its exceptions wrapped."""

    __slots__ = ("data",)

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.data: Json = scope.data

    @property
    def chance(self) -> Chance:
        return self._scope.chance

    def _relay(self, question: Callable[..., Json], *details: Any) -> Any:
        try:
            return question(*details)
        except Exception as error:
            failure = ScopeFailed(error)
        raise failure
