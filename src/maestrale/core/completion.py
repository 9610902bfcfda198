"""What happens when a task's work has ended, in Mistral's order: state, publishing, policies after the
task, transitions, and the end of the execution. Source: Mistral v2, section 3.3 and Appendix E.
"""

from maestrale.core import contexts, dispatch, ending, joins
from maestrale.core.failures import ForcedFailure, explained, reason
from maestrale.core.policies import apply_after
from maestrale.core.publishing import publish
from maestrale.core.scopes import evaluate_openly, task_scope
from maestrale.core.state import Execution, Outcome, Task
from maestrale.core.status import ExecutionState, TaskState
from maestrale.core.transitions import commands_after
from maestrale.core.turn import Turn, has_ended
from maestrale.expressions import EvaluationError
from maestrale.lang.model import ENGINE_COMMANDS


def complete(turn: Turn, task: Task, state: TaskState, info: str | None) -> None:
    """End a task whose work has come to this state.

    A task of an execution that is over already still gets its state and its variables, but leads nowhere.
    """
    if has_ended(task):
        return  # A late answer: the task was given up, or its first answer counted.
    try:
        task = _settle(turn, task, Outcome(state, ending.told(turn, info)))
        if has_ended(task):
            _proceed(turn, task)
    except (EvaluationError, ForcedFailure) as error:
        _fail_to_complete(turn, task, error)


def skip(turn: Turn, task: Task) -> None:
    """Go on behind a failed task as if it had done its work."""
    contexts.forget_behind(turn, task)
    task = turn.update_task(task, pending=(), published={}, published_global=None)
    try:
        _proceed(turn, _settle(turn, task, Outcome(TaskState.SKIPPED, "Task was skipped.")))
    except (EvaluationError, ForcedFailure) as error:
        _fail_to_complete(turn, task, error)


def proceed_after_pause(turn: Turn, task: Task) -> None:
    """Take the transitions of a task that ended during a pause, without any further `pause` among them."""
    try:
        _proceed(turn, task, after_pause=True)
    except EvaluationError as error:
        _fail_to_complete(turn, task, error)


def _fail_to_complete(turn: Turn, task: Task, error: Exception) -> None:
    name = turn.execution(task.execution_id).workflow
    message = f"Failed to handle action completion [error={reason(error)}, wf={name}, task={task.name}]"
    force_failure(turn, turn.task(task.id), explained(message, error))


def _settle(turn: Turn, task: Task, outcome: Outcome) -> Task:
    """Give the task its state and its variables, then let its policies have their say."""
    task = turn.update_task(
        task,
        state=outcome.state,
        state_info=outcome.info,
        turn=None,
        waiting_outcome=None,
        finished_at=turn.now,
        item_values=None,
    )
    task = publish(turn, task)
    _drop_result(turn, task)
    task = apply_after(turn, task)
    if has_ended(task):
        turn.clear_timers(task)
    return task


def _drop_result(turn: Turn, task: Task) -> None:
    """`keep-result: false`: the results go once they have been published."""
    keep = turn.definition(task).keep_result
    if (
        keep is None
        or task.type == "WORKFLOW"
        or evaluate_openly("`keep-result`", keep, task_scope(turn, task))
    ):
        return
    for run in list(turn.child_runs(task.id)):
        if run.accepted and run.result is not None:
            turn.update_run(run, result=None)


def _proceed(turn: Turn, task: Task, *, after_pause: bool = False) -> None:
    """Work out where an ended task leads, and go there unless its execution is paused or over.

    Raises:
        EvaluationError: A condition or a message cannot be evaluated.
    """
    execution = turn.execution(task.execution_id)
    if has_ended(execution):
        return  # It leads on only if a rerun or a skip opens the execution again.
    commands = commands_after(turn, execution, task)
    if after_pause:
        commands = [command for command in commands if command.target != "pause"]
    chosen = [(c.target, c.event) for c in commands if c.target not in ENGINE_COMMANDS]
    running = execution.state is ExecutionState.RUNNING
    task = turn.update_task(
        task,
        next_tasks=tuple(chosen),
        has_next_tasks=bool(chosen),
        error_handled=any(command.event == "on-error" for command in commands),
        processed=running,
    )
    if not running:
        return  # The resume takes it from here.
    dispatch.carry_out(turn, task, commands)
    if not has_ended(turn.execution(execution.id)):
        _look_around(turn, execution, task, {target for target, _ in chosen})


def _look_around(turn: Turn, execution: Execution, task: Task, chosen: set[str]) -> None:
    """What an ended task means for those it did not lead to, and for its execution."""
    if not turn.task(task.id).pending:
        joins.recheck(turn, execution, task, chosen)
    ending.check_end(turn, execution.id)


def carry_on(turn: Turn, task: Task) -> None:
    """Carry out the commands that waited until the tasks before them had begun."""
    commands = task.pending
    task = turn.update_task(task, pending=())
    execution = turn.execution(task.execution_id)
    if has_ended(execution):
        return
    if execution.state is ExecutionState.PAUSED:
        turn.update_task(task, pending=commands)  # The resume gives it another turn.
        return
    dispatch.carry_out(turn, task, commands)
    if not has_ended(turn.execution(execution.id)):
        _look_around(turn, execution, task, {target for target, _ in task.next_tasks})


def force_failure(turn: Turn, task: Task, message: str) -> None:
    """The task cannot be handled: it fails, and its execution with it, past every `on-error`.

    A paused execution stays paused and meets the failed task when it is resumed.
    """
    info = ending.told(turn, message)
    turn.clear_timers(task)
    task = turn.update_task(
        task,
        state=TaskState.ERROR,
        state_info=info,
        turn=None,
        pending=(),
        next_tasks=(),
        has_next_tasks=False,
        error_handled=False,
        processed=True,
        finished_at=turn.now,
        item_values=None,
    )
    execution = turn.execution(task.execution_id)
    if execution.state is ExecutionState.RUNNING:
        ending.end(turn, execution, ExecutionState.ERROR, info)
