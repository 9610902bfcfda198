"""Stopping executions from outside. Source: Mistral v2, section 3.4.4; what it ignores is ignored here."""

from maestrale.core import ending
from maestrale.core.events import StopRequested
from maestrale.core.pause import get_execution, live_children
from maestrale.core.state import Execution
from maestrale.core.status import ExecutionState
from maestrale.core.turn import Turn, has_ended
from maestrale.errors import Conflict


def on_stop_requested(turn: Turn, event: StopRequested) -> None:
    """End an execution with the state and the message of the caller. Running actions are not interrupted.

    Raises:
        NotFound: The tree has no such execution.
        Conflict: The execution cannot become a success from the state it is in.
    """
    execution = get_execution(turn, event.execution_id)
    match ExecutionState(event.state):
        case ExecutionState.SUCCESS:
            _succeed(turn, execution, event.message)
        case ExecutionState.ERROR if execution.state is ExecutionState.RUNNING:
            ending.end(turn, execution, ExecutionState.ERROR, event.message)
        case ExecutionState.CANCELLED if not has_ended(execution):
            _cancel(turn, execution, event.message)


def _succeed(turn: Turn, execution: Execution, message: str | None) -> None:
    if execution.state is ExecutionState.RUNNING:
        ending.end(turn, execution, ExecutionState.SUCCESS, message)
    elif execution.state is ExecutionState.SUCCESS:
        if execution.state_info != message:
            turn.update_execution(execution, state_info=message)
    else:
        raise Conflict(
            f"Can't change workflow execution state from {execution.state} to SUCCESS. "
            f"[workflow={execution.workflow}, execution_id={execution.id}]",
            code="state-change",
            hint="resume it first" if not has_ended(execution) else "it has ended, and stays as it is",
        )


def _cancel(turn: Turn, execution: Execution, message: str | None) -> None:
    children = list(live_children(turn, execution))
    ending.end(turn, execution, ExecutionState.CANCELLED, message)
    for child in children:
        _cancel(turn, turn.execution(child.id), message)
