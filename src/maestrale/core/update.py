"""Changing what an execution is called, or its environment. Source: Mistral v2, section 3.4.6."""

from collections.abc import Mapping

from maestrale.core.events import ExecutionUpdateRequested
from maestrale.core.pause import get_execution
from maestrale.core.publishing import deep_merge
from maestrale.core.sizes import check_request_size
from maestrale.core.state import Execution
from maestrale.core.status import ExecutionState
from maestrale.core.turn import Turn, has_ended
from maestrale.errors import Forbidden
from maestrale.expressions import Json
from maestrale.expressions.secrets import restored, spread

MAY_CHANGE_ENV = frozenset({ExecutionState.PAUSED, ExecutionState.ERROR})
"""Where nothing reads the environment at the same moment."""


def on_execution_update_requested(turn: Turn, event: ExecutionUpdateRequested) -> None:
    """Change the description, and merge into the environment.

    Raises:
        NotFound: The tree has no such execution.
        Forbidden: The environment of an execution in this state must not change (`env-in-use`).
        InvalidInput: It would be too large (`field-size`).
    """
    execution = get_execution(turn, event.execution_id)
    if event.env:
        execution = _with_env(turn, execution, event)
    if event.description is not None and event.description != execution.description:
        turn.update_execution(execution, description=event.description)


def _with_env(turn: Turn, execution: Execution, event: ExecutionUpdateRequested) -> Execution:
    hint = None if has_ended(execution) else "pause the execution first"
    check_env_may_change(execution, hint=hint)
    return merge_env(turn, execution, event.env)


def check_env_may_change(execution: Execution, *, hint: str | None) -> None:
    """Raises: Forbidden: Something reads the environment, or nothing ever will again (`env-in-use`)."""
    if execution.state not in MAY_CHANGE_ENV:
        raise Forbidden(
            "Updating env to workflow execution is only permitted if it is in IDLE, PAUSED, or ERROR state; "
            f"{execution.workflow} is in {execution.state}.",
            code="env-in-use",
            hint=hint,
        )


def merge_env(turn: Turn, execution: Execution, env: Mapping[str, Json]) -> Execution:
    """Merge variables into the environment of an execution. Who sends `***` for a secret keeps it.

    Raises:
        InvalidInput: Its parameters would be larger than the limit (`field-size`).
    """
    known = execution.params.get("env") or {}
    merged = deep_merge(known, restored(spread(env), known))
    if merged == known:
        return execution  # The same request again.
    params = {**execution.params, "env": merged}
    check_request_size(turn, f"the parameters of workflow {execution.workflow}", params)
    return turn.update_execution(execution, params=params)
