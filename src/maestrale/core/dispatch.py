"""Carrying out the commands that follow from a task: tasks to start, and engine commands.

Source: Mistral v2, section 2.6.3.
"""

from collections import Counter
from collections.abc import Sequence

from maestrale.core import ending, joins, pause, reverse
from maestrale.core.scopes import json_text
from maestrale.core.starting import create_task
from maestrale.core.state import Backlog, Command, Execution, Task, Trigger
from maestrale.core.status import ExecutionState
from maestrale.core.turn import Turn
from maestrale.lang.model import ENGINE_COMMANDS, Workflow, WorkflowType


def carry_out(turn: Turn, task: Task, commands: Sequence[Command]) -> None:
    """Carry out the commands of a task in order.

    After `fail` and `succeed` the rest is dropped, after `pause` it is kept for the resume. Tasks listed
    before one of these begin first: the rest of the commands then waits for another turn of the task.
    """
    workflow = turn.workflow(turn.execution(task.execution_id))
    reached: set[str] | None = None
    begun = False
    for position, command in enumerate(commands):
        if command.target not in ENGINE_COMMANDS:
            begun = True
            definition = workflow.tasks[command.target]
            if definition.join is None or workflow.type is WorkflowType.REVERSE:
                _start(turn, task, command, workflow)
                continue
            if reached is None:
                reached = _reached(task, commands)
            if command.target not in reached:  # Two clauses of one task are one arrival.
                reached.add(command.target)
                execution = turn.execution(task.execution_id)
                joins.arrive(turn, execution, definition, Trigger(task.id, command.event))
        elif command.target != "noop" and begun:
            turn.enqueue(turn.update_task(turn.task(task.id), pending=tuple(commands[position:])))
            return
        elif command.target == "pause":
            _pause(turn, task, command, tuple(commands[position + 1 :]))
            return
        elif command.target != "noop":
            state = ExecutionState.ERROR if command.target == "fail" else ExecutionState.SUCCESS
            ending.end(turn, turn.execution(task.execution_id), state, _text(command))
            return


def _reached(task: Task, commands: Sequence[Command]) -> set[str]:
    """Where the task has led already, when only these commands are left of it."""
    left = Counter((command.target, command.event) for command in commands)
    return {target for target, _ in Counter(task.next_tasks) - left}


def _start(turn: Turn, task: Task, command: Command, workflow: Workflow) -> None:
    """Start the task that the command names."""
    execution = turn.execution(task.execution_id)
    is_reverse = workflow.type is WorkflowType.REVERSE
    sources = reverse.sources(turn, execution, command.target) if is_reverse else [task.id]
    trigger = Trigger(task.id, command.event)
    create_task(turn, execution, workflow.tasks[command.target], triggered_by=[trigger], sources=sources)


def _pause(turn: Turn, task: Task, command: Command, rest: tuple[Command, ...]) -> None:
    execution: Execution = turn.execution(task.execution_id)
    if rest:
        turn.update_execution(execution, backlog=(*execution.backlog, Backlog(task.id, rest)))
    pause.pause(turn, turn.execution(execution.id), _text(command))


def _text(command: Command) -> str | None:
    """The message of a command as text: a mapping as JSON, anything else as it reads."""
    if command.message is None or isinstance(command.message, str):
        return command.message
    return json_text(command.message)
