"""Where a task leads once it has ended: the clauses that fire and the commands they give.

Source: Mistral v2, section 2.6.
"""

from collections.abc import Iterator

from maestrale.core import reverse
from maestrale.core.scopes import CoreScope, evaluate, evaluate_openly, task_scope
from maestrale.core.state import Command, Execution, Task
from maestrale.core.status import TaskState
from maestrale.core.turn import Turn
from maestrale.lang.model import Clause, TaskDefinition, WorkflowType


def commands_after(turn: Turn, execution: Execution, task: Task) -> list[Command]:
    """The commands that follow from a task that has ended, in order.

    Raises:
        EvaluationError: A condition or a message cannot be evaluated.
    """
    if turn.workflow(execution).type is WorkflowType.REVERSE:
        if task.state not in reverse.DONE:
            return []
        return [Command(name, "requires") for name in reverse.next_tasks(turn, execution, task)]
    definition = turn.definition(task)
    scope: CoreScope | None = None
    commands: list[Command] = []
    for event, clause in clauses_after(definition, task.state):
        if event == "on-success" and task.state is TaskState.SKIPPED and commands:
            break  # After a skip, `on-success` stands in only where `on-skip` leads nowhere.
        if clause.next and scope is None:
            scope = task_scope(turn, task, published=True)
        if scope is not None:
            commands.extend(_taken(clause, event, scope))
    return commands


def clauses_after(definition: TaskDefinition, state: TaskState) -> Iterator[tuple[str, Clause]]:
    """The clauses that a task in this state looks at, in order, with their names."""
    match state:
        case TaskState.SUCCESS:
            yield "on-success", definition.on_success
            yield "on-complete", definition.on_complete
        case TaskState.ERROR:
            yield "on-error", definition.on_error
            yield "on-complete", definition.on_complete
        case TaskState.SKIPPED:
            yield "on-skip", definition.on_skip
            yield "on-success", definition.on_success


def _taken(clause: Clause, event: str, scope: CoreScope) -> Iterator[Command]:
    for transition in clause.next:
        place = f"`{transition.target}` in `{event}`"
        if transition.condition is None or evaluate_openly(place, transition.condition, scope):
            message = None if transition.message is None else evaluate(place, transition.message, scope)
            yield Command(transition.target, event, message)
