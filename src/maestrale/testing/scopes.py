"""A scope for expressions, made of plain data."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from maestrale.errors import InvalidInput
from maestrale.expressions import Json, Secrets
from maestrale.ids import Chance

NOON = datetime(2024, 2, 29, 12, 0, tzinfo=UTC)


class FixedScope:
    """A scope whose every answer is given beforehand. See `a_scope`."""

    def __init__(
        self,
        data: Json,
        *,
        env: Json,
        execution: Json,
        executions: Sequence[Json],
        tasks: Sequence[Mapping[str, Json]],
        current_task: str | None,
        global_variables: Mapping[str, Json] | None,
        now: datetime,
        seed: str,
        refused: Mapping[str, str],
        has_secrets: bool = False,
    ) -> None:
        self.data = data
        self.now = now
        self.chance = Chance(seed)
        self.secrets = Secrets() if has_secrets else None
        self._env = env
        self._execution = execution
        self._executions = executions
        self._tasks = tasks
        self._current_task = current_task
        self._globals = global_variables
        self._refused = refused

    def env(self) -> Json:
        return self._env

    def execution(self) -> Json:
        if self._execution is None:
            raise InvalidInput("there is no execution here")
        return self._execution

    def executions(
        self,
        id: str | None = None,
        root_execution_id: str | None = None,
        state: str | None = None,
        from_time: str | None = None,
        to_time: str | None = None,
    ) -> list[Json]:
        return [
            one
            for one in self._executions
            if (id is None or one["id"] == id)
            and (root_execution_id is None or one["root_execution_id"] == root_execution_id)
            and (state is None or one["state"] == state)
            and (from_time is None or one["created_at"] >= from_time)
            and (to_time is None or one["created_at"] < to_time)
        ]

    def task(self, name: str | None = None) -> Json:
        wanted = name or self._current_task
        if wanted is None or (not self._tasks and self._execution is None):
            raise InvalidInput("there is no task here")
        return next((one for one in reversed(self._tasks) if one["name"] == wanted), None)

    def tasks(
        self,
        workflow_execution_id: str | None = None,
        recursive: bool = False,
        state: str | None = None,
        flat: bool = False,
    ) -> list[Json]:
        return [
            one
            for one in self._tasks
            if (workflow_execution_id is None or one["workflow_execution_id"] == workflow_execution_id)
            and (state is None or one["state"] == state)
        ]

    def global_variable(self, name: str) -> Json:
        if self._globals is None:
            raise InvalidInput("there is no execution here")
        return self._globals.get(name)

    def refusal(self, expression: str) -> str | None:
        return self._refused.get(expression)


def a_scope(
    data: Json = None,
    *,
    env: Json = None,
    execution: Json = None,
    executions: Sequence[Json] = (),
    tasks: Sequence[Mapping[str, Json]] = (),
    current_task: str | None = None,
    global_variables: Mapping[str, Json] | None = None,
    now: datetime = NOON,
    seed: str = "seed",
    refused: Mapping[str, str] | None = None,
    has_secrets: bool = False,
) -> FixedScope:
    """A scope over `data` (None: an empty mapping) that answers from what is given here.

    Args:
        env: What `env()` gives; None: the `__env` of the data, if it has one.
        tasks: What `tasks()` lists, oldest first; they need `name`, and what they are filtered by.
        current_task: The name of the task that `task()` means.
        global_variables: What `global()` reads; None: it fails, as it does without an execution.
        refused: The reason for each expression that is over its budget.
        has_secrets: Look for marks in what is given here.
    """
    data = {} if data is None else data
    if env is None and isinstance(data, Mapping):
        env = data.get("__env")
    return FixedScope(
        data,
        env=env,
        execution=execution,
        executions=executions,
        tasks=tasks,
        current_task=current_task,
        global_variables=global_variables,
        now=now,
        seed=seed,
        refused=refused or {},
        has_secrets=has_secrets,
    )
