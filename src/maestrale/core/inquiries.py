"""What expressions ask about executions and tasks by their properties: `executions()` and `tasks()`.

Those of the tree are answered from its rows, as they are at this moment; those of others from what is
committed, as a fact that the event brings with it.

Source: Mistral v2, section 4.8.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from msgspec import Struct

from maestrale.core.state import Execution, Task
from maestrale.core.turn import Turn
from maestrale.core.views import listed_execution, task_view
from maestrale.errors import InvalidInput
from maestrale.expressions import Json


def question(kind: str, asked: Mapping[str, Json]) -> str:
    """The canonical text of a question to the world outside the tree."""
    return f"{kind} {json.dumps(asked, sort_keys=True, default=str)}"


class AboutExecutions(Struct, frozen=True):
    """The arguments of `executions()`, as the author wrote them; None: any.

    `root_execution_id` finds what is below a root and not the root itself. `from_time` is included, `to_time`
    is not; both look at `created_at`.
    """

    id: Json
    root_execution_id: Json
    state: Json
    from_time: Json
    to_time: Json


class AboutTasks(Struct, frozen=True):
    """The arguments of `tasks()`; without an id it is about all executions of the project."""

    workflow_execution_id: Json
    recursive: Json
    state: Json
    flat: Json


def find_executions(turn: Turn, asked: AboutExecutions, present: Execution | None) -> list[Json]:
    """What `executions()` gives, oldest first.

    Args:
        present: The execution that asks, which need not be in the turn yet. None: there is none.

    Raises:
        InvalidInput: What should be a point of time is none.
    """
    id, root_id, state = _text(asked.id), _text(asked.root_execution_id), _text(asked.state)
    from_time, to_time = _instant(asked.from_time), _instant(asked.to_time)
    own = {execution.id: execution for execution in turn.executions()}
    if present is not None:
        own[present.id] = present
    found: list[Json] = []
    if id not in own and (root_id is None or root_id != turn.tree.id):
        question_of = {
            "project": turn.tree.project_id,
            "beyond": turn.tree.id,
            "id": id,
            "root_execution_id": root_id,
            "state": state,
            "from_time": from_time and str(asked.from_time),
            "to_time": to_time and str(asked.to_time),
        }
        found += turn.fact(question("executions", question_of))
    found += [
        listed_execution(turn, execution)
        for execution in own.values()
        if (id is None or execution.id == id)
        and (root_id is None or (execution.parent_task_id is not None and execution.root_id == root_id))
        and (state is None or execution.state.value == state)
        and (from_time is None or execution.created_at >= from_time)
        and (to_time is None or execution.created_at < to_time)
    ]
    return sorted(found, key=lambda view: str(view["created_at"]))


def find_tasks(turn: Turn, asked: AboutTasks) -> list[Json]:
    """What `tasks()` gives, execution by execution in the order their tasks were made."""
    execution_id = _text(asked.workflow_execution_id)
    if execution_id is not None and turn.find_execution(execution_id) is not None:
        return _views(turn, _tasks_below(turn, execution_id, bool(asked.recursive)), asked)
    question_of = {
        "project": turn.tree.project_id,
        "beyond": turn.tree.id,
        "id": execution_id,
        "recursive": bool(asked.recursive),
        "state": _text(asked.state),
        "flat": bool(asked.flat),
    }
    found: list[Json] = list(turn.fact(question("tasks", question_of)))
    if execution_id is None:
        own = (task for execution in turn.executions() for task in turn.tasks_in(execution.id))
        found += _views(turn, own, asked)
    return found


def _views(turn: Turn, tasks: Iterator[Task], asked: AboutTasks) -> list[Json]:
    state = _text(asked.state)
    return [
        task_view(turn, task)
        for task in tasks
        if (state is None or task.state.value == state)
        and not (asked.flat and _repeats_its_workflow(turn, task))
    ]


def _tasks_below(turn: Turn, execution_id: str, recursive: bool) -> Iterator[Task]:
    below = [execution_id]
    while below:
        for task in turn.tasks_in(below.pop(0)):
            yield task
            if recursive:
                below.extend(child.id for child in turn.child_executions(task.id))


def _repeats_its_workflow(turn: Turn, task: Task) -> bool:
    return any(child.state.value == task.state.value for child in turn.child_executions(task.id))


def _text(value: Json) -> str | None:
    return None if value is None else str(value)


def _instant(value: Json) -> datetime | None:
    """A point of time as an author writes it; without a zone it is UTC. Raises: InvalidInput: It is none."""
    if not value:
        return None
    try:
        instant = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise InvalidInput("a point of time must look like `2026-03-01 12:00:00`") from error
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
