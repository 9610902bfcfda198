"""Pausing and resuming a single asynchronous action run, and with it what waits for it.

Source: Mistral v2, section 3.4.5.
"""

from maestrale.core.events import ActionPauseRequested, ActionResumeRequested
from maestrale.core.pause import pause, rests
from maestrale.core.resume import resume
from maestrale.core.runs import already_completed, get_run, has_resting_run
from maestrale.core.state import ActionRun
from maestrale.core.status import ExecutionState, RunState, TaskState
from maestrale.core.turn import Turn, has_ended
from maestrale.errors import Conflict


def on_action_pause_requested(turn: Turn, event: ActionPauseRequested) -> None:
    """Note that the work rests; its task and everything above it are paused.

    Raises:
        NotFound: The tree has no such run.
        Conflict: It has ended, or it is not an asynchronous one.
    """
    run = _unended(turn, event.run_id)
    if not run.asynchronous:
        raise Conflict(
            "Transition to the PAUSED state is only supported for asynchronous action execution.",
            code="not-asynchronous",
            hint="pause the execution instead: what runs goes on, and nothing new starts",
        )
    if run.state is RunState.PAUSED:
        return
    turn.update_run(run, state=RunState.PAUSED)
    if not run.task_id or run.abandoned:
        return
    task = turn.task(run.task_id)
    if task.state is TaskState.RUNNING:
        turn.update_task(task, state=TaskState.PAUSED, state_info=None)
    pause(turn, turn.execution(run.execution_id), None, hold=True)


def on_action_resume_requested(turn: Turn, event: ActionResumeRequested) -> None:
    """Note that the work goes on, and what only waited for this; a run that did not rest stays as it is.

    Raises:
        NotFound: The tree has no such run.
        Conflict: It has ended.
    """
    run = _unended(turn, event.run_id)
    if run.state is RunState.RUNNING:
        return
    turn.update_run(run, state=RunState.RUNNING)
    if not run.task_id or run.abandoned:
        return
    task = turn.task(run.task_id)
    if has_resting_run(turn, task):
        return
    if task.state is TaskState.PAUSED:
        turn.update_task(task, state=TaskState.RUNNING)
    execution = turn.execution(run.execution_id)
    if execution.state is ExecutionState.PAUSED and not rests(turn, execution):
        resume(turn, execution)


def _unended(turn: Turn, run_id: str) -> ActionRun:
    run = get_run(turn, run_id)
    if has_ended(run):
        raise already_completed(run)
    return run
