"""Changing what an execution is called, or its environment. Source: Mistral v2, section 3.4.6."""

from maestrale.core.events import ExecutionUpdateRequested
from maestrale.core.pause import get_execution
from maestrale.core.publishing import deep_merge
from maestrale.core.state import Execution
from maestrale.core.status import ExecutionState
from maestrale.core.turn import Turn
from maestrale.errors import Forbidden

MAY_CHANGE_ENV = frozenset({ExecutionState.PAUSED, ExecutionState.ERROR})
"""Where nothing reads the environment at the same moment."""


def on_execution_update_requested(turn: Turn, event: ExecutionUpdateRequested) -> None:
    """Change the description, and merge into the environment.

    Raises:
        NotFound: The tree has no such execution.
        Forbidden: The environment of an execution in this state must not change (`env-in-use`).
    """
    execution = get_execution(turn, event.execution_id)
    if event.env:
        execution = _with_env(turn, execution, event)
    if event.description is not None and event.description != execution.description:
        turn.update_execution(execution, description=event.description)


def _with_env(turn: Turn, execution: Execution, event: ExecutionUpdateRequested) -> Execution:
    if execution.state not in MAY_CHANGE_ENV:
        raise Forbidden(
            "Updating env to workflow execution is only permitted if it is in IDLE, PAUSED, or ERROR state; "
            f"this one is in {execution.state}.",
            code="env-in-use",
            hint="pause the execution first",
        )
    env = deep_merge(execution.params.get("env") or {}, event.env)
    return turn.update_execution(execution, params={**execution.params, "env": env})
