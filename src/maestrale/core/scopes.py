"""What expressions see: the layers of data at each place, and the functions of the language.

Source: Mistral v2, sections 4.1 and 4.8.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property

from maestrale.core import contexts, inquiries
from maestrale.core.state import Execution, Task
from maestrale.core.turn import Turn
from maestrale.core.views import execution_view, task_view
from maestrale.errors import InvalidInput
from maestrale.expressions import EvaluationError, Json, Layers, Secrets, Template, mask
from maestrale.ids import Chance

NONE: Mapping[str, Json] = {}

SECURITY = "openstack"
"""The variable of every workflow that says who has started it, where that is known."""


class CoreScope:
    """An expression's place inside an execution, most often inside one of its tasks.

    Args:
        execution: None: in an action run that no task asked for.
        data: Gives the data once it is asked for: most of what is evaluated is constant.
    """

    def __init__(
        self, turn: Turn, execution: Execution | None, task: Task | None, data: Callable[[], Json]
    ) -> None:
        self._turn = turn
        self._execution = execution
        self._task = task
        self._data = data

    @cached_property
    def data(self) -> Json:
        return self._data()

    @property
    def now(self) -> datetime:
        return self._turn.now

    @property
    def chance(self) -> Chance:
        return self._turn.chance

    @property
    def secrets(self) -> Secrets | None:
        return self._turn.secrets

    def refusal(self, expression: str) -> str | None:
        return self._turn.refusal(expression)

    def env(self) -> Json:
        return {} if self._execution is None else env_of(self._turn, self._execution)

    def execution(self) -> Json:
        return execution_view(self._turn, self._present())

    def global_variable(self, name: Json) -> Json:
        if self._execution is None or not isinstance(name, str):
            return None
        return workflow_layer(self._present()).get(name)

    def _present(self) -> Execution:
        """The execution as it is now; one that is about to start is not in the turn yet."""
        if self._execution is None:
            raise InvalidInput("there is no execution here: the action runs by itself")
        return self._turn.find_execution(self._execution.id) or self._execution

    def task(self, name: str | None = None) -> Json:
        if self._task is not None and name in (None, self._task.name):
            return task_view(self._turn, self._turn.task(self._task.id))
        if not isinstance(name, str) or self._execution is None:
            return None
        found = self._turn.latest_task(self._execution.id, name)
        return None if found is None else task_view(self._turn, found)

    def tasks(
        self,
        workflow_execution_id: str | None = None,
        recursive: bool = False,
        state: str | None = None,
        flat: bool = False,
    ) -> list[Json]:
        asked = inquiries.AboutTasks(workflow_execution_id, recursive, state, flat)
        return inquiries.find_tasks(self._turn, asked)

    def executions(
        self,
        id: str | None = None,
        root_execution_id: str | None = None,
        state: str | None = None,
        from_time: str | None = None,
        to_time: str | None = None,
    ) -> list[Json]:
        asked = inquiries.AboutExecutions(id, root_execution_id, state, from_time, to_time)
        return inquiries.find_executions(self._turn, asked, self._execution and self._present())


def json_text(value: Json) -> str:
    """A value as it reads in a message: text as it is, structures as JSON, secrets masked."""
    value = mask(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


# Layers.


def workflow_layer(execution: Execution) -> Mapping[str, Json]:
    """The workflow's own variables: `vars`, global variables, and the reference to the execution."""
    return Layers(execution.context, {"__execution": {"id": execution.id}})


def env_of(turn: Turn, execution: Execution) -> Mapping[str, Json]:
    """The environment: always that of the root execution."""
    root = turn.find_execution(execution.root_id) or execution
    env: Mapping[str, Json] = root.params.get("env") or {}
    return env


def env_layer(turn: Turn, execution: Execution) -> Mapping[str, Json]:
    return {"__env": env_of(turn, execution)}


def _task_layer(task: Task) -> Mapping[str, Json]:
    return {"__task_execution": {"id": task.id, "name": task.name}}


def task_scope(
    turn: Turn,
    task: Task,
    *,
    items: Mapping[str, Json] = NONE,
    published: bool = False,
) -> CoreScope:
    """The scope of a task's own expressions.

    Args:
        items: The loop variables; inherited variables of the same name win over them.
        published: See what the task published too, as transitions and `break-on` do.
    """
    execution = turn.execution(task.execution_id)

    def data() -> Layers:
        return Layers(
            _task_layer(task),
            contexts.outlook(turn, task) if published else contexts.inbound(turn, task),
            items,
            env_layer(turn, execution),
            workflow_layer(execution),
            execution.input,
        )

    return CoreScope(turn, execution, task, data)


def workflow_scope(turn: Turn, execution: Execution, *layers: Mapping[str, Json]) -> CoreScope:
    """The scope of a workflow's own expressions: `vars`, `output`, `output-on-error`."""

    def data() -> Layers:
        return Layers(*layers, env_layer(turn, execution), workflow_layer(execution), execution.input)

    return CoreScope(turn, execution, None, data)


def target_scope(turn: Turn, task: Task, action_input: Mapping[str, Json]) -> CoreScope:
    """The scope of `target`, which sees the action's input first."""
    execution = turn.execution(task.execution_id)

    def data() -> Layers:
        context = contexts.inbound(turn, task)
        return Layers(
            action_input, context, env_layer(turn, execution), workflow_layer(execution), execution.input
        )

    return CoreScope(turn, execution, task, data)


def wrapper_scope(turn: Turn, task: Task | None, own_input: Mapping[str, Json]) -> CoreScope:
    """The scope of an ad-hoc action's `base-input`: not the workflow's input."""
    if task is None:
        return CoreScope(turn, None, None, lambda: Layers(own_input))
    execution = turn.execution(task.execution_id)

    def data() -> Layers:
        context = contexts.inbound(turn, task)
        return Layers(own_input, context, env_layer(turn, execution), workflow_layer(execution))

    return CoreScope(turn, execution, task, data)


def value_scope(turn: Turn, task: Task | None, value: Json) -> CoreScope:
    """The scope of an ad-hoc action's `output`: `$` is the result."""
    if task is None:
        return CoreScope(turn, None, None, lambda: value)
    return CoreScope(turn, turn.execution(task.execution_id), task, lambda: value)


def evaluate(place: str, template: Template, scope: CoreScope) -> Json:
    """The value of what stands at a place of the definition.

    Raises:
        EvaluationError: With the place.
    """
    try:
        return template.evaluate(scope)
    except EvaluationError as error:
        raise error.placed(place) from None


def evaluate_openly(place: str, template: Template, scope: CoreScope) -> Json:
    """The value that a rule goes by, such as a condition: without marks. Raises: see `evaluate`."""
    value = evaluate(place, template, scope)
    return value if scope.secrets is None else scope.secrets.reveal(value)


def evaluate_mapping(section: str, templates: Mapping[str, Template], scope: CoreScope) -> dict[str, Json]:
    """Every value of a section such as `output`; the keys are literal. Raises: see `evaluate`."""
    return {key: evaluate(f"`{key}` in `{section}`", value, scope) for key, value in templates.items()}
