"""Pausing executions, down to their sub-workflows and up to the workflows that wait for them.

While an execution is paused, what runs goes on and its result is kept, but nothing new is led to: the
transitions of a task that ends wait for the resume. A pause from inside leaves the tasks that were led to
together with its cause to begin; one from outside holds what has not begun.

Source: Mistral v2, section 3.4.5.
"""

from collections.abc import Iterator

from maestrale.core.events import PauseRequested
from maestrale.core.state import Execution
from maestrale.core.status import ExecutionState, RunState, TaskState
from maestrale.core.turn import Turn, has_ended
from maestrale.errors import Conflict, NotFound


def on_pause_requested(turn: Turn, event: PauseRequested) -> None:
    """Pause an execution and what it has started.

    Raises:
        NotFound: The tree has no such execution.
        Conflict: The execution has ended.
    """
    execution = get_execution(turn, event.execution_id)
    if has_ended(execution):
        raise Conflict(
            f"Can't change workflow execution state from {execution.state} to PAUSED. "
            f"[workflow={execution.workflow}, execution_id={execution.id}]",
            code="state-change",
            hint="it has ended, and nothing is left to hold",
        )
    pause(turn, execution, event.message, hold=True)


def get_execution(turn: Turn, execution_id: str) -> Execution:
    execution = turn.find_execution(execution_id)
    if execution is None:
        raise NotFound(f"there is no execution `{execution_id}`", code="unknown-execution")
    return execution


def pause(turn: Turn, execution: Execution, message: str | None, *, hold: bool = False) -> None:
    """Pause the execution, everything below it, and everything above it.

    Args:
        hold: Tasks that have not begun do not begin before the resume.
    """
    if execution.state is not ExecutionState.RUNNING:
        return
    for child in list(live_children(turn, execution)):
        pause(turn, turn.execution(child.id), None, hold=hold)
    execution = turn.execution(execution.id)
    if execution.state is not ExecutionState.RUNNING:
        if message is not None:  # A child has paused it on its way up, without the message.
            turn.update_execution(execution, state_info=message)
        return
    turn.update_execution(execution, state=ExecutionState.PAUSED, state_info=message)
    if hold:
        _hold_what_has_not_begun(turn, execution)
    if execution.parent_task_id is None or not execution.accepted:
        return
    task = turn.task(execution.parent_task_id)
    if has_ended(task):
        return
    if task.state is TaskState.RUNNING:
        turn.update_task(task, state=TaskState.PAUSED, state_info=None)
    pause(turn, turn.execution(task.execution_id), None, hold=hold)


def _hold_what_has_not_begun(turn: Turn, execution: Execution) -> None:
    for task in turn.live_tasks(turn.execution(execution.id)):
        if task.turn is not None and task.state in (TaskState.IDLE, TaskState.WAITING):
            turn.update_task(task, turn=None)  # The resume gives it another ticket.


def live_children(turn: Turn, execution: Execution) -> Iterator[Execution]:
    """The sub-executions that have not ended, those that no task waits for any more included."""
    for task in turn.tasks_in(execution.id):
        if task.type == "WORKFLOW":
            for child in turn.child_executions(task.id):
                if not has_ended(child):
                    yield child


def rests(turn: Turn, execution: Execution) -> bool:
    """Whether an action that somebody paused keeps this execution paused: one of its own, or one below."""
    wanted = [execution]
    while wanted:
        for task in turn.live_tasks(wanted.pop()):
            if any(run.state is RunState.PAUSED and not run.abandoned for run in turn.child_runs(task.id)):
                return True
            wanted.extend(
                child for child in turn.child_executions(task.id) if child.accepted and not has_ended(child)
            )
    return False
