"""A scope that passes every question on to another one, and does something with the answer."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from maestrale.expressions.scope import Json, Scope


class Relay:
    """See the module. Who inherits from it says what `_relay` does, and gives `data` and `chance`."""

    __slots__ = ("_scope",)

    secrets = None
    """Whoever is asked through this shows its secrets already, revealed or disguised."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def _relay(self, question: Callable[..., Json], *details: Any) -> Any:
        """The answer of the other scope to a question, as it is to be given."""
        raise NotImplementedError

    @property
    def now(self) -> datetime:
        return self._scope.now

    def env(self) -> Json:
        return self._relay(self._scope.env)

    def execution(self) -> Json:
        return self._relay(self._scope.execution)

    def executions(
        self,
        id: str | None = None,
        root_execution_id: str | None = None,
        state: str | None = None,
        from_time: str | None = None,
        to_time: str | None = None,
    ) -> list[Json]:
        found: list[Json] = self._relay(
            self._scope.executions, id, root_execution_id, state, from_time, to_time
        )
        return found

    def task(self, name: str | None = None) -> Json:
        return self._relay(self._scope.task, name)

    def tasks(
        self,
        workflow_execution_id: str | None = None,
        recursive: bool = False,
        state: str | None = None,
        flat: bool = False,
    ) -> list[Json]:
        found: list[Json] = self._relay(self._scope.tasks, workflow_execution_id, recursive, state, flat)
        return found

    def global_variable(self, name: str) -> Json:
        return self._relay(self._scope.global_variable, name)

    def refusal(self, expression: str) -> str | None:
        return self._scope.refusal(expression)
