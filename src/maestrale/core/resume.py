"""Resuming paused executions: what was held back goes on.

Source: Mistral v2, sections 3.4.5 and 3.4.6.
"""

from maestrale.core import dispatch, ending
from maestrale.core.completion import proceed_after_pause
from maestrale.core.events import ResumeRequested
from maestrale.core.pause import get_execution, live_children, rests
from maestrale.core.state import Execution, Task
from maestrale.core.status import ExecutionState, TaskState
from maestrale.core.turn import Turn, has_ended
from maestrale.core.update import merge_env


def on_resume_requested(turn: Turn, event: ResumeRequested) -> None:
    """Resume an execution and what it has started; one that is not paused stays as it is.

    Raises:
        NotFound: The tree has no such execution.
        InvalidInput: Its environment would be too large (`field-size`).
    """
    execution = get_execution(turn, event.execution_id)
    if execution.state is not ExecutionState.PAUSED:
        return
    if event.env:
        execution = merge_env(turn, execution, event.env)
    resume(turn, execution)


def resume(turn: Turn, execution: Execution) -> None:
    """Let an execution go on, everything below it, and everything above it.

    All are set to running before any goes on: what was held back may pause them once more.
    """
    opened: list[str] = []
    _open(turn, execution, opened)
    for execution_id in reversed(opened):
        _carry_on(turn, execution_id)


def _open(turn: Turn, execution: Execution, opened: list[str]) -> None:
    """Set to running what is paused; `opened` gets the ids, of those below before those above."""
    for child in list(live_children(turn, execution)):
        if turn.execution(child.id).state is ExecutionState.PAUSED:
            _open(turn, turn.execution(child.id), opened)
    execution = turn.execution(execution.id)
    if execution.state is not ExecutionState.PAUSED:
        return  # A child has opened it on its way up.
    turn.update_execution(execution, state=ExecutionState.RUNNING, state_info=None)
    opened.append(execution.id)
    _open_parent(turn, execution, opened)


def _open_parent(turn: Turn, execution: Execution, opened: list[str]) -> None:
    """The task that started this execution goes on, and with it the workflow around it.

    Its other sub-workflows were paused together with this one, and go on together with it. An action that
    rests there, or below, still keeps it paused.
    """
    if execution.parent_task_id is None or not execution.accepted:
        return
    task = turn.task(execution.parent_task_id)
    if task.state is not TaskState.PAUSED:
        return
    parent = turn.execution(task.execution_id)
    held = rests(turn, parent)
    if not (held and _has_paused_child(turn, task)):
        turn.update_task(task, state=TaskState.RUNNING)
    if not held:
        _open(turn, parent, opened)


def _has_paused_child(turn: Turn, task: Task) -> bool:
    children = turn.child_executions(task.id)
    return any(child.accepted and child.state is ExecutionState.PAUSED for child in children)


def _carry_on(turn: Turn, execution_id: str) -> None:
    """Do what an execution was kept from, for as long as nothing of that pauses it again."""
    held = turn.execution(execution_id).backlog
    for position, backlog in enumerate(held):
        execution = turn.execution(execution_id)
        if execution.state is not ExecutionState.RUNNING:
            return
        turn.update_execution(execution, backlog=held[position + 1 :])
        dispatch.carry_out(turn, turn.task(backlog.task_id), backlog.commands)
    for task in list(turn.tasks_in(execution_id)):
        if turn.execution(execution_id).state is ExecutionState.RUNNING:
            _go_on(turn, turn.task(task.id))
    ending.check_end(turn, execution_id)


def _go_on(turn: Turn, task: Task) -> None:
    """What a task was kept from by the pause."""
    if has_ended(task):
        if not task.processed:
            proceed_after_pause(turn, task)
        elif task.pending:
            turn.enqueue(task)
        return
    waits_for_its_turn = task.state in (TaskState.IDLE, TaskState.WAITING, TaskState.RUNNING)
    if task.turn is None and waits_for_its_turn:
        turn.enqueue(task)
