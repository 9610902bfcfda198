"""A scope's own failures, kept apart from those of an expression.

A scope may refuse to answer for reasons of its own, such as an answer that has to be fetched first.
That is no failure of the expression, and must come out as it went in, past every library on the way
that catches exceptions.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from maestrale.expressions.scope import Json, Scope
from maestrale.ids import Chance


class ScopeFailed(BaseException):
    """The scope raised `error` when it was asked. Not an `Exception`: no library may swallow it."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class Asking:
    """The scope that expressions ask: another scope, with its exceptions wrapped."""

    __slots__ = ("_scope", "data")

    secrets = None
    """Whoever is asked through this shows its secrets already, revealed or disguised."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.data: Json = scope.data

    @property
    def now(self) -> datetime:
        return self._scope.now

    @property
    def chance(self) -> Chance:
        return self._scope.chance

    def env(self) -> Json:
        return _ask(self._scope.env)

    def execution(self) -> Json:
        return _ask(self._scope.execution)

    def executions(
        self,
        id: str | None = None,
        root_execution_id: str | None = None,
        state: str | None = None,
        from_time: str | None = None,
        to_time: str | None = None,
    ) -> list[Json]:
        found: list[Json] = _ask(self._scope.executions, id, root_execution_id, state, from_time, to_time)
        return found

    def task(self, name: str | None = None) -> Json:
        return _ask(self._scope.task, name)

    def tasks(
        self,
        workflow_execution_id: str | None = None,
        recursive: bool = False,
        state: str | None = None,
        flat: bool = False,
    ) -> list[Json]:
        found: list[Json] = _ask(self._scope.tasks, workflow_execution_id, recursive, state, flat)
        return found

    def global_variable(self, name: str) -> Json:
        return _ask(self._scope.global_variable, name)

    def refusal(self, expression: str) -> str | None:
        return self._scope.refusal(expression)


def _ask(question: Callable[..., Any], *details: Any) -> Any:
    try:
        return question(*details)
    except Exception as error:
        failure = ScopeFailed(error)
    raise failure
