"""Running a failed task again, or going on without it. Source: Mistral v2, section 3.5.

Its execution runs again, and so does every execution that waits for it. What was left behind when they
ended goes on, too: tasks that had not begun, items that had not been started, and the transitions of
tasks that ended when their execution was over.
"""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from maestrale.core import completion, contexts, ending, tasks
from maestrale.core.abandon import give_up
from maestrale.core.events import TaskRerunRequested, TaskSkipRequested
from maestrale.core.starting import cleared
from maestrale.core.state import ActionRun, Execution, Items, Task, TimerKind
from maestrale.core.status import ExecutionState, TaskState
from maestrale.core.turn import Turn, has_ended
from maestrale.core.update import check_env_may_change, merge_env
from maestrale.errors import Conflict, InvalidInput, NotFound
from maestrale.expressions import Json

_FAILED = ("ERROR", "CANCELLED")


def on_task_rerun_requested(turn: Turn, event: TaskRerunRequested) -> None:
    """Run a failed task again. Nothing happens where its execution, or one that waits for it, is paused.

    Raises:
        NotFound: The tree has no such task.
        Conflict: The task has not failed, or its execution has succeeded all the same.
        InvalidInput: Only a loop can be rerun without reset, or the environment would be too large.
    """
    task = _failed_task(turn, event.task_id)
    if not event.reset and not turn.definition(task).with_items:
        raise InvalidInput("Only with-items task has the option to not reset.", code="rerun-reset")
    if _is_paused(turn, task):
        return
    if event.env:
        _merge_env(turn, turn.execution(task.execution_id), event.env)
    opened = _reopen(turn, turn.execution(task.execution_id))
    _begin_again(turn, task, event.reset)
    _take_up(turn, opened)


def _begin_again(turn: Turn, task: Task, reset: bool) -> None:
    if reset:
        give_up(turn, task, "Given up: the task is run again")
    items = None if reset else _recounted(turn, task, keep_failed=False)
    _disown(turn, task, all_of_them=reset)
    contexts.forget_behind(turn, task)
    task = cleared(
        turn,
        task,
        items=items,
        attempt=0,
        retried=False,
        reruns=task.reruns + 1,
        held=False,
        waited_before=False,
        published={},
        published_global=None,
        started_at=None,
    )
    if turn.definition(task).join is not None and turn.latest_task(task.execution_id, task.name) == task:
        turn.enqueue(turn.update_task(task, state=TaskState.WAITING, state_info="Task is waiting."))
    else:
        tasks.begin_again(turn, task)


def on_task_skip_requested(turn: Turn, event: TaskSkipRequested) -> None:
    """Let the execution go on as if a failed task had done its work. A paused one: as for a rerun.

    Raises:
        NotFound, Conflict: As for a rerun.
    """
    task = _failed_task(turn, event.task_id)
    if _is_paused(turn, task):
        return
    opened = _reopen(turn, turn.execution(task.execution_id))
    completion.skip(turn, task)
    _take_up(turn, opened)


def _failed_task(turn: Turn, task_id: str) -> Task:
    task = turn.find_task(task_id)
    if task is None:
        raise NotFound(f"there is no task `{task_id}`", code="unknown-task")
    if task.state is not TaskState.ERROR:
        raise Conflict(
            f"The current task execution must be in ERROR for rerun; task `{task.name}` is in {task.state}.",
            code="task-not-failed",
            hint="only a task that has failed can be run again or skipped",
        )
    return task


def _is_paused(turn: Turn, task: Task) -> bool:
    """Whether the task's execution, or one that waits for it, is paused: the resume must come first."""
    execution = turn.execution(task.execution_id)
    while execution.state is not ExecutionState.PAUSED:
        if execution.parent_task_id is None or not execution.accepted:
            return False
        execution = turn.execution(turn.task(execution.parent_task_id).execution_id)
    return True


def _merge_env(turn: Turn, execution: Execution, env: Mapping[str, Json]) -> None:
    """The environment is the root's: there the values are seen. It changes only where nothing runs."""
    root = turn.execution(execution.root_id)
    for each in (execution, root):
        check_env_may_change(each, hint="run the task again without an environment")
    merge_env(turn, root, env)


def refusal(turn: Turn, task_id: str) -> str | None:
    """Why a task cannot be run again or skipped at present; None: it can. The turn is only good for this."""
    try:
        task = _failed_task(turn, task_id)
        if _is_paused(turn, task):
            return "its execution, or one that waits for it, is paused"
        _reopen(turn, turn.execution(task.execution_id))
    except Conflict as conflict:
        return conflict.message
    return None


# The executions around it.


def _reopen(turn: Turn, execution: Execution) -> list[str]:
    """Have an execution run again, and every execution that waits for it.

    Returns: Those that had ended, the outermost first.
    """
    if execution.state is ExecutionState.SUCCESS:
        raise Conflict(
            f"Can't change workflow execution state from SUCCESS to RUNNING. "
            f"[workflow={execution.workflow}, execution_id={execution.id}]",
            code="state-change",
            hint="what has succeeded stays as it is: start another execution",
        )
    opened = []
    if execution.parent_task_id is not None and execution.accepted:
        parent = turn.task(execution.parent_task_id)
        if parent.state is TaskState.SKIPPED:
            raise Conflict(
                f"Task `{parent.name}`, which started this sub-workflow, was skipped: "
                "its workflow has gone on.",
                code="task-skipped",
                hint="start the sub-workflow by itself",
            )
        opened = _reopen(turn, turn.execution(parent.execution_id))
        _wait_again(turn, parent, execution)
    if execution.state is ExecutionState.RUNNING:
        return opened
    turn.update_execution(execution, state=ExecutionState.RUNNING, state_info=None, finished_at=None)
    return [*opened, execution.id]


def _wait_again(turn: Turn, task: Task, child: Execution) -> None:
    """The task waits for this sub-workflow once more, and has not ended before that has."""
    if not has_ended(child):
        return
    items = _recounted(turn, task, keep_failed=True, reopened=child.id)
    waits_after = task.waiting_outcome is not None
    if has_ended(task) or waits_after:
        turn.clear_timer(task, TimerKind.WAIT_AFTER)
        task = cleared(turn, task, state=TaskState.RUNNING, items=items)
        if items is not None and items.room and not items.cancelled:
            turn.enqueue(task)
    elif items is not None:
        turn.update_task(task, items=items)


def _take_up(turn: Turn, opened: list[str]) -> None:
    """What was left behind when these executions ended goes on."""
    for execution_id in opened:
        for task in list(turn.tasks_in(execution_id)):
            state = turn.execution(execution_id).state
            # What a skip leads to may be a pause. A delay ends in a pause too, and no resume looks at it.
            delayed = state is ExecutionState.PAUSED and turn.task(task.id).state is TaskState.DELAYED
            if state is ExecutionState.RUNNING or delayed:
                _go_on(turn, turn.task(task.id))
        ending.check_end(turn, execution_id)


def _go_on(turn: Turn, task: Task) -> None:
    """The time that a delayed task had still to wait is not known any more: it goes on at once."""
    if has_ended(task):
        if not task.processed:
            completion.proceed_after_pause(turn, task)
        return
    if task.turn is not None:
        return
    timers = [turn.find_timer(f"{task.id}/{kind}") for kind in TimerKind]
    if task.state is not TaskState.PAUSED and not (task.state is TaskState.DELAYED and any(timers)):
        turn.enqueue(task)


# The children.


def _children(turn: Turn, task: Task) -> Iterator[ActionRun | Execution]:
    yield from turn.child_runs(task.id)
    yield from turn.child_executions(task.id)


def _disown(turn: Turn, task: Task, *, all_of_them: bool) -> None:
    """Let the children that are to be run again count no more."""
    for child in list(_children(turn, task)):
        if not child.accepted or not (all_of_them or child.state.value in _FAILED):
            continue
        if isinstance(child, ActionRun):
            turn.update_run(child, accepted=False)
        else:
            turn.update_execution(child, accepted=False)


def _recounted(turn: Turn, task: Task, *, keep_failed: bool, reopened: str | None = None) -> Items | None:
    """How far a loop has come by its children: some may have ended, or been given up, when it had ended.

    Args:
        keep_failed: What failed stays failed; otherwise it is started again, as is what was given up.
        reopened: A child that is under way again.
    """
    if task.items is None:
        return None
    ended: dict[str, int] = {"SUCCESS": 0, "ERROR": 0, "CANCELLED": 0}
    kept: set[int | None] = set()
    for child in _children(turn, task):
        if child.id == reopened or is_under_way(child):
            kept.add(child.index)
        elif child.accepted and (keep_failed or child.state.value not in _FAILED):
            kept.add(child.index)
            ended[child.state.value] += 1
    return replace(
        task.items,
        succeeded=ended["SUCCESS"],
        failed=ended["ERROR"],
        cancelled=ended["CANCELLED"],
        again=tuple(index for index in range(task.items.launched) if index not in kept),
    )


def is_under_way(child: ActionRun | Execution) -> bool:
    """Whether its task waits for this child."""
    if has_ended(child):
        return False
    return child.accepted if isinstance(child, Execution) else not child.abandoned
