"""What expressions see: the layers of data at each place, and the functions of the language.

Source: Mistral v2, sections 4.1 and 4.8.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from maestrale.core import contexts
from maestrale.core.state import Execution, Task
from maestrale.core.status import ENDED_RUN
from maestrale.core.turn import Turn
from maestrale.errors import InvalidInput
from maestrale.expressions import Json, Layers, Template
from maestrale.ids import Chance

NONE: Mapping[str, Json] = {}


class CoreScope:
    """An expression's place inside an execution, most often inside one of its tasks.

    `execution` None: in an action run that no task asked for.
    """

    def __init__(self, turn: Turn, execution: Execution | None, task: Task | None, data: Json) -> None:
        self._turn = turn
        self._execution = execution
        self._task = task
        self.data = data

    @property
    def now(self) -> datetime:
        return self._turn.now

    @property
    def chance(self) -> Chance:
        return self._turn.chance

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
        turn = self._turn
        workflow_execution_id = _text(workflow_execution_id)
        if workflow_execution_id is None or turn.find_execution(workflow_execution_id) is None:
            asked = {
                "project": turn.tree.project_id,
                "id": workflow_execution_id,
                "recursive": bool(recursive),
                "state": _text(state),
                "flat": bool(flat),
            }
            return list(turn.fact(question("tasks", asked)))
        found = _tasks_below(turn, workflow_execution_id, recursive)
        return [
            task_view(turn, task)
            for task in found
            if (state is None or task.state == state) and not (flat and _repeats_its_workflow(turn, task))
        ]

    def executions(
        self,
        id: str | None = None,
        root_execution_id: str | None = None,
        state: str | None = None,
        from_time: str | None = None,
        to_time: str | None = None,
    ) -> list[Json]:
        asked = {
            "project": self._turn.tree.project_id,
            "id": _text(id),
            "root_execution_id": _text(root_execution_id),
            "state": _text(state),
            "from_time": _instant(from_time),
            "to_time": _instant(to_time),
        }
        return list(self._turn.fact(question("executions", asked)))


def _text(value: Json) -> str | None:
    return None if value is None else str(value)


def _instant(value: Json) -> str | None:
    """A point of time as the author wrote it. Raises: InvalidInput: It is none."""
    if not value:
        return None
    try:
        datetime.fromisoformat(str(value))
    except ValueError as error:
        raise InvalidInput("a point of time must look like `2026-03-01 12:00:00`") from error
    return str(value)


def question(kind: str, asked: Mapping[str, Json]) -> str:
    """The canonical text of a question to the world outside the tree."""
    return f"{kind} {json.dumps(asked, sort_keys=True, default=str)}"


def json_text(value: Json) -> str:
    """A value as it reads in a message: text as it is, structures as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _tasks_below(turn: Turn, execution_id: str, recursive: bool) -> Iterator[Task]:
    below = [execution_id]
    while below:
        for task in turn.tasks_in(below.pop(0)):
            yield task
            if recursive:
                below.extend(child.id for child in turn.child_executions(task.id))


def _repeats_its_workflow(turn: Turn, task: Task) -> bool:
    return any(child.state.value == task.state.value for child in turn.child_executions(task.id))


# Views: what the functions give.


def _stamp(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M:%S")


def execution_view(turn: Turn, execution: Execution) -> dict[str, Json]:
    """What `execution()` gives."""
    root = None if execution.parent_task_id is None else execution.root_id
    return {
        "id": execution.id,
        "name": execution.workflow,
        "spec": turn.workflow(execution).source,
        "input": execution.input,
        "params": execution.params,
        "created_at": _stamp(execution.created_at),
        "updated_at": _stamp(execution.updated_at),
        "root_execution_id": root,
    }


def task_view(turn: Turn, task: Task) -> "TaskView":
    """What `task()` gives. The result is put together only if it is asked for."""
    return TaskView(turn, task)


class TaskView(Mapping[str, Json]):
    """A task as expressions see it: a mapping whose expensive parts are made when they are read."""

    __slots__ = ("_task", "_turn")

    _plain = ("id", "name", "state", "state_info", "type")
    _keys = (*_plain, "spec", "result", "published", "workflow_execution_id", "created_at", "updated_at")

    def __init__(self, turn: Turn, task: Task) -> None:
        self._turn = turn
        self._task = task

    def __getitem__(self, key: str) -> Json:
        task = self._task
        if key in self._plain:
            value = getattr(task, key)
            return str(value) if key == "state" else value
        match key:
            case "spec":
                return self._turn.definition(task).source
            case "result":
                return result_of(self._turn, task)
            case "published":
                return task.published
            case "workflow_execution_id":
                return task.execution_id
            case "created_at":
                return _stamp(task.created_at)
            case "updated_at":
                return _stamp(task.updated_at)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return repr(dict(self))


def result_of(turn: Turn, task: Task) -> Json:
    """The result of a task: of its only child, or the list of its children's results.

    Source: Mistral v2, sections 2.4 and 4.8, `task(x).result`.
    """
    if task.type == "WORKFLOW":
        executions = [e for e in turn.child_executions(task.id) if e.accepted and e.finished_at is not None]
        found = [(e.index, e.output) for e in executions]
    else:
        runs = (r for r in turn.child_runs(task.id) if r.accepted and r.state in ENDED_RUN)
        found = [(r.index, r.result) for r in runs]
    return result_from(found, is_loop=task.items is not None)


def result_from(found: Sequence[tuple[int | None, Json]], *, is_loop: bool) -> Json:
    """The result of a task, out of its children that count and have ended: of each its item and its result.

    They come in the order in which they were made.
    """
    if is_loop:
        return [value for _, value in sorted(found, key=lambda pair: pair[0] or 0)]
    if len(found) == 1:
        return found[0][1]
    return [value for _, value in found]


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
    context = contexts.outlook(turn, task) if published else contexts.inbound(turn, task)
    data = Layers(
        _task_layer(task),
        context,
        items,
        env_layer(turn, execution),
        workflow_layer(execution),
        execution.input,
    )
    return CoreScope(turn, execution, task, data)


def workflow_scope(turn: Turn, execution: Execution, *layers: Mapping[str, Json]) -> CoreScope:
    """The scope of a workflow's own expressions: `vars`, `output`, `output-on-error`."""
    data = Layers(*layers, env_layer(turn, execution), workflow_layer(execution), execution.input)
    return CoreScope(turn, execution, None, data)


def target_scope(turn: Turn, task: Task, action_input: Mapping[str, Json]) -> CoreScope:
    """The scope of `target`, which sees the action's input first."""
    execution = turn.execution(task.execution_id)
    context = contexts.inbound(turn, task)
    data = Layers(
        action_input, context, env_layer(turn, execution), workflow_layer(execution), execution.input
    )
    return CoreScope(turn, execution, task, data)


def wrapper_scope(turn: Turn, task: Task | None, own_input: Mapping[str, Json]) -> CoreScope:
    """The scope of an ad-hoc action's `base-input`: not the workflow's input."""
    if task is None:
        return CoreScope(turn, None, None, Layers(own_input))
    execution = turn.execution(task.execution_id)
    context = contexts.inbound(turn, task)
    data = Layers(own_input, context, env_layer(turn, execution), workflow_layer(execution))
    return CoreScope(turn, execution, task, data)


def value_scope(turn: Turn, task: Task | None, value: Json) -> CoreScope:
    """The scope of an ad-hoc action's `output`: `$` is the result."""
    if task is None:
        return CoreScope(turn, None, None, value)
    return CoreScope(turn, turn.execution(task.execution_id), task, value)


def evaluate_mapping(templates: Mapping[str, Template], scope: CoreScope) -> dict[str, Json]:
    """Evaluate every value; the keys are literal."""
    return {key: template.evaluate(scope) for key, template in templates.items()}
