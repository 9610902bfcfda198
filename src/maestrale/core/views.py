"""Executions and tasks as the functions of the language give them. Source: Mistral v2, section 4.8."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from maestrale.core.state import Execution, Task
from maestrale.core.status import ENDED_RUN
from maestrale.core.turn import Turn
from maestrale.expressions import Json


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


def listed_execution(turn: Turn, execution: Execution) -> dict[str, Json]:
    """What `executions()` gives of each."""
    return {
        **execution_view(turn, execution),
        "workflow_name": execution.workflow,
        "workflow_id": execution.workflow_id,
        "workflow_namespace": execution.namespace,
        "description": execution.description,
        "tags": list(execution.tags),
        "project_id": execution.project_id,
        "task_execution_id": execution.parent_task_id,
        "state": execution.state.value,
        "state_info": execution.state_info,
        "output": execution.output,
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
