"""Action runs: how one is made, and what its end means. Source: Mistral v2, sections 3.6 and 5."""

from collections.abc import Mapping

from maestrale.core import confidential, resolve, with_items
from maestrale.core.catalogue import Result
from maestrale.core.completion import complete, force_failure
from maestrale.core.effects import RunAction
from maestrale.core.events import ActionCompleted, ActionLost, ActionStarted
from maestrale.core.failures import ForcedFailure, explained, reason
from maestrale.core.policies import seconds_for_repeat
from maestrale.core.scopes import evaluate, evaluate_openly, json_text, target_scope, task_scope, value_scope
from maestrale.core.sizes import check_size
from maestrale.core.state import ActionRun, Task
from maestrale.core.status import RunState, TaskState
from maestrale.core.turn import Turn, has_ended
from maestrale.errors import Conflict, NotFound
from maestrale.expressions import EvaluationError, Json


def launch(
    turn: Turn,
    task: Task,
    action: resolve.ResolvedAction,
    given: Mapping[str, Json],
    index: int | None,
) -> ActionRun:
    """Make a run of an action; a pure one has ended when this returns, any other goes to a worker.

    Raises:
        ForcedFailure, EvaluationError: The input is wrong, too large, or cannot be evaluated.
    """
    spec = action.spec
    if action.wrappers:
        turn.note_secrets(given)
    arguments = confidential.with_declared(spec, resolve.base_input(turn, task, action, given))
    given = confidential.with_the_same_secrets(given, arguments) if action.wrappers else arguments
    check_size(turn, f"the input of action {spec.name}", arguments)
    definition = turn.definition(task)
    target = None
    if definition.target is not None:
        target = evaluate_openly("`target`", definition.target, target_scope(turn, task, arguments))
    number = turn.number()
    run = turn.add_run(
        ActionRun(
            id=turn.id(number),
            task_id=task.id,
            execution_id=task.execution_id,
            root_id=task.root_id,
            project_id=task.project_id,
            number=number,
            name=action.wrappers[0].name if action.wrappers else spec.name,
            action=spec.name,
            wrappers=tuple(reversed(action.wrappers)),
            index=index,
            state=RunState.RUNNING,
            input=given,
            arguments=arguments if action.wrappers else None,
            asynchronous=spec.asynchronous,
            safe_rerun=_safe_rerun(turn, task, action, arguments),
            target=None if target is None else json_text(target),
            timeout_seconds=seconds_for_repeat(turn, task),
            created_at=turn.now,
            updated_at=turn.now,
        )
    )
    result = confidential.result_at_once(turn, spec, arguments)
    if result is None:
        turn.effects.append(RunAction(run.id, run.attempt))
        return run
    return finish(turn, run, result)


def _safe_rerun(
    turn: Turn, task: Task, action: resolve.ResolvedAction, arguments: Mapping[str, Json]
) -> bool:
    """The task's own word if it has one, the action's otherwise."""
    template = turn.definition(task).safe_rerun
    if template is not None:
        return bool(evaluate_openly("`safe-rerun`", template, task_scope(turn, task)))
    return action.spec.may_rerun(turn.reveal(arguments))


def finish(turn: Turn, run: ActionRun, result: Result) -> ActionRun:
    """Give a run its end.

    Raises:
        ForcedFailure: The result is larger than the limit.
        EvaluationError: An ad-hoc action's output cannot be evaluated.
    """
    state, value = _judged(result)
    value = confidential.kept_result(turn, run, value, succeeded=state is RunState.SUCCESS)
    failure: Exception | None = None
    if result.refusal is not None:
        value = turn.scrub(result.refusal)
        failure, state = ForcedFailure(value), RunState.ERROR
    elif state is RunState.SUCCESS:
        try:
            value = _transformed(turn, run, value)
            check_size(turn, f"the result of action {run.name}", value)
        except (ForcedFailure, EvaluationError) as error:
            failure, state, value = error, RunState.ERROR, turn.scrub(explained(reason(error), error))
    accepted = not run.abandoned and failure is None
    run = turn.update_run(run, state=state, result=value, accepted=accepted, finished_at=turn.now)
    if failure is not None:
        raise failure
    return run


def _judged(result: Result) -> tuple[RunState, Json]:
    if result.cancelled:
        return RunState.CANCELLED, result.error if result.error is not None else result.value
    if result.is_error:
        return RunState.ERROR, result.error
    return RunState.SUCCESS, result.value


def _transformed(turn: Turn, run: ActionRun, value: Json) -> Json:
    """The result after the output transformations of the ad-hoc actions, innermost first."""
    for pin in run.wrappers:
        output = resolve.definition_of(turn, pin).output
        if output is not None:
            task = turn.task(run.task_id) if run.task_id else None
            value = evaluate(f"`output` of `{pin.name}`", output, value_scope(turn, task, value))
    return value


# Events.


def get_run(turn: Turn, run_id: str) -> ActionRun:
    run = turn.find_run(run_id)
    if run is None:
        raise NotFound(f"there is no action run `{run_id}`", code="unknown-action-run")
    return run


def already_completed(run: ActionRun) -> Conflict:
    return Conflict(
        f"Action {run.id} is already completed",
        code="action-completed",
        hint=f"it has ended in {run.state}, and its result stays as it is",
    )


def on_action_started(turn: Turn, event: ActionStarted) -> None:
    """Note that the attempt may have had effects from now on."""
    run = get_run(turn, event.run_id)
    if has_ended(run) or run.attempt != event.attempt or run.started or run.abandoned:
        return  # Nobody waits for an abandoned run any more: it must not begin.
    turn.update_run(run, started=True)


def on_action_completed(turn: Turn, event: ActionCompleted) -> None:
    """An attempt has ended.

    Raises:
        NotFound: The tree has no such run.
        Conflict: Somebody outside completes a run that has ended. (A worker's late answer is ignored.)
    """
    run = get_run(turn, event.run_id)
    if has_ended(run):
        if event.attempt is None:
            raise already_completed(run)
        return
    if event.attempt is not None and event.attempt != run.attempt:
        return  # A late answer from an attempt that was given up.
    end(turn, run, event.result)


def on_action_lost(turn: Turn, event: ActionLost) -> None:
    """The worker is gone: give the attempt a successor if that is safe, otherwise fail the run.

    It is safe, too, if the attempt had not begun: from now on it cannot, as its number is no more the run's.
    An asynchronous action that may have been started is waited for: whoever ends it is not the worker.
    """
    run = get_run(turn, event.run_id)
    if has_ended(run) or run.attempt != event.attempt:
        return
    if run.abandoned or (run.execution_id and has_ended(turn.execution(run.execution_id))):
        end(turn, run, Result(error=f"Attempt {run.attempt} was cut off, and nobody waited for it."))
    elif run.safe_rerun or not run.started:
        run = turn.update_run(run, attempt=run.attempt + 1, started=False)
        turn.effects.append(RunAction(run.id, run.attempt))
    elif not run.asynchronous:
        end(turn, run, Result(error=_cut_off(run)))


def _cut_off(run: ActionRun) -> str:
    return (
        f"Attempt {run.attempt} of action {run.name} was cut off: the process that ran it ended. It may have "
        "had effects, and neither the task (`safe-rerun`) nor the action says that repeating it is safe."
    )


def end(turn: Turn, run: ActionRun, result: Result) -> None:
    """End a run, and let its task, if it has one, go on."""
    task = turn.task(run.task_id) if run.task_id else None
    try:
        run = finish(turn, run, result)
    except (EvaluationError, ForcedFailure) as error:
        if task is not None and not has_ended(task):
            wf = turn.execution(task.execution_id).workflow
            where = f"wf={wf}, task={task.name}, action={run.name}"
            message = f"Failed to handle action completion [error={reason(error)}, {where}]"
            force_failure(turn, task, explained(message, error))
        elif task is None:
            turn.clear_run_timeout(run)
        return
    if task is None:
        turn.clear_run_timeout(run)
    elif not run.abandoned:
        child_ended(turn, turn.task(task.id), run)


def child_ended(turn: Turn, task: Task, run: ActionRun) -> None:
    """What the end of a run means for its task."""
    if has_ended(task) or task.state is TaskState.DELAYED:
        return  # The task was given up meanwhile, or waits for its next attempt.
    if task.items is not None:
        _item_ended(turn, task, run.state)
        return
    info = None if run.state is RunState.SUCCESS or run.result is None else json_text(run.result)
    complete(turn, task, TaskState(run.state), info)


def _item_ended(turn: Turn, task: Task, state: RunState) -> None:
    """Count an item that ended; let the next begin, or end the task with the last."""
    assert task.items is not None
    items = task.items.counted(state)
    task = turn.update_task(task, items=items)
    if items.is_over:
        complete(turn, task, *with_items.outcome(items))
        return
    if task.state is TaskState.PAUSED and not has_resting_run(turn, task):
        task = turn.update_task(task, state=TaskState.RUNNING)  # The item that rested has ended instead.
    if items.room and task.turn is None:
        turn.enqueue(task)


def has_resting_run(turn: Turn, task: Task) -> bool:
    """Whether an action that the task waits for is paused."""
    return any(run.state is RunState.PAUSED and not run.abandoned for run in turn.child_runs(task.id))
