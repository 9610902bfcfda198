"""Giving up what was begun for a task: nobody waits for it any more."""

from maestrale.core.effects import CancelAction
from maestrale.core.state import Task
from maestrale.core.status import RunState
from maestrale.core.turn import Turn, has_ended


def give_up(turn: Turn, task: Task, why: str) -> None:
    """The task no longer waits for its children: end what a worker still does for it.

    An asynchronous action and a sub-workflow go on, but their end means nothing to the task.

    Args:
        why: What the runs that are ended have as their error.
    """
    for run in list(turn.child_runs(task.id)):
        if has_ended(run) or run.abandoned:
            continue
        if run.asynchronous:
            turn.update_run(run, abandoned=True)
        else:
            turn.update_run(run, abandoned=True, state=RunState.ERROR, result=why, finished_at=turn.now)
            turn.effects.append(CancelAction(run.id, run.attempt))
    for child in list(turn.child_executions(task.id)):
        if child.accepted and not has_ended(child):
            turn.update_execution(child, accepted=False)
