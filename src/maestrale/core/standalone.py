"""Action runs that no task asked for: each is a tree of its own. Source: Mistral API v2, section 2.8."""

from collections.abc import Mapping

from maestrale.core import confidential, resolve, runs
from maestrale.core.catalogue import Result
from maestrale.core.effects import CancelAction, RunAction
from maestrale.core.events import ActionRequested
from maestrale.core.failures import ForcedFailure, TaskFailure, explained, reason
from maestrale.core.sizes import check_size
from maestrale.core.state import ActionRun, Timer, Tree
from maestrale.core.status import RunState
from maestrale.core.turn import Turn, has_ended
from maestrale.errors import InvalidInput
from maestrale.expressions import EvaluationError, Json
from maestrale.expressions.secrets import spread


def on_action_requested(turn: Turn, event: ActionRequested) -> None:
    """Begin an action run; a pure one has ended when this returns, any other goes to a worker.

    Raises:
        InvalidInput: There is no such action (`unknown-action`), or its input is wrong (`action-input`).
    """
    if turn.state.tree is not None:
        return  # The same request again.
    turn.plant(Tree(id=event.run_id, project_id=event.project_id))
    run = turn.add_run(_new_run(turn, event))
    spec = turn.world.catalogue.find_action(run.action)
    assert spec is not None
    arguments = run.input if run.arguments is None else run.arguments
    result = confidential.result_at_once(turn, spec, arguments)
    if result is not None:
        runs.end(turn, run, result)
        return
    turn.effects.append(RunAction(run.id, run.attempt))
    if event.timeout_seconds is not None:
        turn.set_run_timeout(run, event.timeout_seconds)


def _new_run(turn: Turn, event: ActionRequested) -> ActionRun:
    try:
        action = resolve.find_action(turn, event.action, namespace=event.namespace)
    except (ForcedFailure, TaskFailure) as failure:
        raise InvalidInput(
            str(failure), code="unknown-action", hint="`GET /v2/actions` lists those that there are"
        ) from failure
    spec = action.spec
    given: Mapping[str, Json] = spread(event.input)
    turn.note_secrets(given)
    try:
        arguments = confidential.with_declared(spec, resolve.base_input(turn, None, action, given))
        check_size(turn, f"the input of action {spec.name}", arguments)
    except (ForcedFailure, EvaluationError) as error:
        raise InvalidInput(explained(reason(error), error), code="action-input") from error
    return ActionRun(
        id=event.run_id,
        task_id="",
        execution_id="",
        root_id=event.run_id,
        project_id=event.project_id,
        number=turn.number(),
        name=action.wrappers[0].name if action.wrappers else spec.name,
        action=spec.name,
        namespace=event.namespace,
        description=event.description,
        timeout_seconds=event.timeout_seconds,
        wrappers=tuple(reversed(action.wrappers)),
        state=RunState.RUNNING,
        input=confidential.with_the_same_secrets(given, arguments) if action.wrappers else arguments,
        arguments=arguments if action.wrappers else None,
        asynchronous=spec.asynchronous,
        safe_rerun=spec.may_rerun(turn.reveal(arguments)),
        target=event.target,
        created_at=turn.now,
        updated_at=turn.now,
    )


def time_out(turn: Turn, timer: Timer) -> None:
    """The run took longer than whoever asked for it wanted to wait."""
    run = turn.find_run(timer.root_id)
    if run is None or has_ended(run):
        return
    turn.effects.append(CancelAction(run.id, run.attempt))
    runs.end(turn, run, Result(error=f"Timeout after {timer.seconds} seconds"))
