"""Pausing, resuming, stopping executions, and changing what they are called: `PUT /v2/executions/{id}`."""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, get_args

from msgspec import UNSET

from maestrale.api.call import Call
from maestrale.api.collections import unknown_item
from maestrale.api.endpoint import Endpoint
from maestrale.api.execution_rows import COLUMNS, EXECUTIONS, STORED, present_execution
from maestrale.api.executions import find_execution
from maestrale.errors import InvalidInput
from maestrale.expressions import Json
from maestrale.wire.executions import Execution, ExecutionRequest, ExecutionUpdate
from maestrale.wire.formats import parse_json_text

Stop: TypeAlias = Literal["SUCCESS", "ERROR", "CANCELLED"]

STATES = ("RUNNING", "PAUSED", *get_args(Stop))
"""What an execution can be set to. Which of them it can get to, the core decides."""


async def update_execution(call: Call) -> dict[str, Any]:
    execution_id = call.path["id"]
    row = await find_execution(call, execution_id, "root_id")
    update: ExecutionUpdate = call.body
    env = _env(update)
    _check(update, env)
    if update.state:
        await _set_state(call, execution_id, row["root_id"], update, env)
        left_out: set[str] = set()
    else:
        description = None if update.description is UNSET else update.description
        await call.backend.engine.update_execution(
            execution_id, root_id=row["root_id"], description=description, env=env
        )
        left_out = {"input", "output"} if env else {"params", "input", "output"}
    return await _updated(call, execution_id, left_out)


def _env(update: ExecutionUpdate) -> Mapping[str, Json]:
    """The environment to be merged into that of the execution; empty if none is given."""
    env = parse_json_text(update.params, "params").get("env")
    if not env:
        return {}
    if not isinstance(env, dict):
        raise InvalidInput(
            "`env` in `params` has to be an object of variables",
            code="environment-type",
            hint='`{"name": 1}`',
        )
    return env


def _check(update: ExecutionUpdate, env: Mapping[str, Json]) -> None:
    """The checks of Mistral, in its order."""
    if not (update.state or env) and update.description is UNSET:
        raise InvalidInput(
            "The property state, description, or env is not provided for update.", code="nothing-to-update"
        )
    if update.state and update.description is not UNSET:
        raise InvalidInput(
            "The property description must be updated separately from state.", code="description-with-state"
        )
    if env and update.state and update.state != "RUNNING":
        raise InvalidInput(
            "The property env can only be updated when workflow execution is not running or on resume"
            " from pause.",
            code="env-with-state",
        )
    if update.state and update.state not in STATES:
        raise InvalidInput(
            f"Cannot change state to {update.state}. Allowed states are: {', '.join(STATES)}",
            code="state-not-settable",
        )


async def _set_state(
    call: Call, execution_id: str, root_id: str, update: ExecutionUpdate, env: Mapping[str, Json]
) -> None:
    engine = call.backend.engine
    match update.state:
        case "PAUSED":
            await engine.pause(execution_id, root_id=root_id)
        case "RUNNING":
            await engine.resume(execution_id, root_id=root_id, env=env)
        case "SUCCESS" | "ERROR" | "CANCELLED" as state:
            message = update.state_info or None
            await engine.stop(execution_id, root_id=root_id, state=state, message=message)


async def _updated(call: Call, execution_id: str, left_out: set[str]) -> dict[str, Any]:
    row = await call.backend.read(
        lambda store: store.find_row(EXECUTIONS.listing, call.access, execution_id, COLUMNS)
    )
    if row is None:  # Somebody has deleted it meanwhile.
        raise unknown_item(EXECUTIONS, execution_id)
    return present_execution(row, tuple(each for each in STORED if each.name not in left_out))


ENDPOINTS = (
    Endpoint(
        method="PUT",
        path="/v2/executions/{id}",
        summary="Pause, resume or stop an execution, or change its description or environment",
        tag="executions",
        handler=update_execution,
        body=ExecutionUpdate,
        ignored=(Execution, ExecutionRequest),
        read_only=("project_id",),
        result=Execution,
        statuses=(400, 403, 404, 409),
    ),
)
