"""Reverse workflows: a task runs once everything it requires is done.

Source: Mistral v2, section 2.8. That what was skipped is done, too, is ours.
"""

from maestrale.core.state import Execution, Task
from maestrale.core.status import TaskState
from maestrale.core.turn import Turn
from maestrale.expressions import reveal
from maestrale.lang.model import Workflow

DONE = frozenset({TaskState.SUCCESS, TaskState.SKIPPED})


def target_of(execution: Execution) -> str:
    """The task that an execution was started for."""
    return str(reveal(execution.params["task_name"]))


def first_tasks(workflow: Workflow, target: str) -> list[str]:
    """The tasks needed for the target that require nothing, in document order."""
    needed = workflow.graph.needed(target)
    return [name for name in workflow.tasks if name in needed and not workflow.tasks[name].requires]


def next_tasks(turn: Turn, execution: Execution, done: Task) -> list[str]:
    """The tasks that can run now that `done` is, in document order."""
    workflow = turn.workflow(execution)
    needed = workflow.graph.needed(target_of(execution))
    return [
        name
        for name in workflow.graph.outbound[done.name]
        if name in needed and _is_ready(turn, execution, workflow.tasks[name].requires, name)
    ]


def _is_ready(turn: Turn, execution: Execution, requires: tuple[str, ...], name: str) -> bool:
    if turn.latest_task(execution.id, name) is not None:
        return False
    required = (turn.latest_task(execution.id, other) for other in requires)
    return all(task is not None and task.state in DONE for task in required)


def sources(turn: Turn, execution: Execution, name: str) -> list[str]:
    """The tasks whose variables a task inherits: those it requires."""
    requires = turn.workflow(execution).tasks[name].requires
    found = (turn.latest_task(execution.id, other) for other in requires)
    return [task.id for task in found if task is not None]
