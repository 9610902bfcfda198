"""Runs of actions: list, read, delete, and complete those that somebody outside ends.

They are begun in `action_starts`.
"""

from typing import Any

from maestrale.api.action_execution_rows import ACTION_EXECUTIONS, SHOWN
from maestrale.api.call import Call
from maestrale.api.collections import (
    Attribute,
    Row,
    list_collection,
    present_row,
    read_attributes,
    unknown_item,
)
from maestrale.api.endpoint import Endpoint, page_type
from maestrale.api.executions import FIELDS
from maestrale.api.filters import split_operator
from maestrale.core import Result
from maestrale.core.status import ENDED_RUN
from maestrale.errors import Forbidden, InvalidInput
from maestrale.store import Condition
from maestrale.store.listings import Operator
from maestrale.wire.action_executions import (
    ActionExecution,
    ActionExecutionRequest,
    ActionExecutionUpdate,
    NeverShown,
)
from maestrale.wire.formats import parse_json, parse_json_text

STATES = ("SUCCESS", "ERROR", "CANCELLED", "PAUSED", "RUNNING")
"""What a run can be set to from outside."""

UNKNOWN_ERROR = "Unknown error"


async def list_action_executions(call: Call) -> dict[str, Any]:
    return await _list(call)


async def list_action_executions_of_task(call: Call) -> dict[str, Any]:
    return await _list(call, Condition("task_execution_id", "eq", call.path["id"]))


async def _list(call: Call, *conditions: Condition) -> dict[str, Any]:
    if call.query["state_info"] is not None:
        return {ACTION_EXECUTIONS.name: []}  # No run has any, so that nothing can be said of it.
    also = ("output",) if call.query["include_output"] else ()
    by_output = _output_conditions(call.query["output"])
    if by_output is None:
        return {ACTION_EXECUTIONS.name: []}
    return await list_collection(call, ACTION_EXECUTIONS, conditions, by_options=by_output, also=also)


def _output_conditions(text: str | None) -> tuple[Condition, ...] | None:
    """The filter by `output`, which is the result with a frame around it. None: nothing can match.

    Raises:
        InvalidInput: The text is not JSON, or the operator is none for data.
    """
    if text is None:
        return ()
    operator, value = split_operator(text)
    if operator not in ("eq", "neq"):
        raise InvalidInput(
            f"the filter `output` cannot use `{operator}:`: it is a JSON value",
            code="filter-operator",
            hint="use `eq` or `neq`",
        )
    output = parse_json(value, "output")
    has_ended = Condition("state", "in", sorted(map(str, ENDED_RUN)))
    if isinstance(output, dict) and output.keys() == {"result"}:
        listed: Operator = "in" if operator == "eq" else "nin"
        return (has_ended, Condition("result_or_null", listed, [output["result"]]))
    return None if operator == "eq" else (has_ended,)


async def get_action_execution(call: Call) -> dict[str, Any]:
    return await show_action_execution(call, call.path["id"], _chosen(call))


async def get_action_execution_of_task(call: Call) -> dict[str, Any]:
    return await show_action_execution(call, call.path["id"], _chosen(call), task_id=call.path["task_id"])


def _chosen(call: Call) -> tuple[Attribute, ...]:
    """What `fields` asks for; of a single run Mistral ignores names that there are not."""
    fields = call.query["fields"]
    return tuple(each for each in SHOWN if each.name in fields or each.name == "id") if fields else SHOWN


async def show_action_execution(
    call: Call, run_id: str, attributes: tuple[Attribute, ...] = SHOWN, *, task_id: str | None = None
) -> dict[str, Any]:
    """A run as it is now. Raises: NotFound: The caller sees no such run, or the task has none."""
    row = await _find(call, run_id, *read_attributes(attributes), "task_execution_id")
    if task_id is not None and row["task_execution_id"] != task_id:
        raise unknown_item(ACTION_EXECUTIONS, run_id)
    return present_row(row, attributes)


async def _find(call: Call, run_id: str, *columns: str) -> Row:
    wanted = tuple(dict.fromkeys(columns))
    row = await call.backend.read(
        lambda store: store.find_row(ACTION_EXECUTIONS.listing, call.access, run_id, wanted)
    )
    if row is None:
        raise unknown_item(ACTION_EXECUTIONS, run_id)
    return row


async def update_action_execution(call: Call) -> dict[str, Any]:
    run_id = call.path["id"]
    update: ActionExecutionUpdate = call.body
    state = update.state
    if state not in STATES:
        raise InvalidInput(
            f"Error. Expected one of {', '.join(STATES)}, actual: {state or 'nothing'}",
            code="action-state",
            hint="`state` says how the action ended, or that it rests (PAUSED) or goes on (RUNNING)",
        )
    output = parse_json_text(update.output, "output")
    root_id = (await _find(call, run_id, "root_id"))["root_id"]
    engine = call.backend.engine
    match state:
        case "PAUSED":
            await engine.pause_action(run_id, root_id=root_id)
        case "RUNNING":
            await engine.resume_action(run_id, root_id=root_id)
        case "SUCCESS":
            await engine.complete_action(run_id, root_id=root_id, result=Result(value=output))
        case "ERROR":
            result = Result(error=output or UNKNOWN_ERROR)
            await engine.complete_action(run_id, root_id=root_id, result=result)
        case "CANCELLED":
            await engine.complete_action(run_id, root_id=root_id, result=Result(cancelled=True))
    return await show_action_execution(call, run_id)


async def delete_action_execution(call: Call) -> None:
    run_id = call.path["id"]
    if not call.backend.settings.allow_action_execution_deletion:
        raise Forbidden(
            "Action execution deletion is not allowed",
            code="deletion-off",
            hint="the operator allows it with the setting `allow_action_execution_deletion`",
        )
    row = await _find(call, run_id, "task_execution_id", "state")
    if row["task_execution_id"] is not None:
        raise Forbidden(
            f"`{run_id}` was run by the task `{row['task_execution_id']}`, and goes with its execution",
            code="action-of-a-task",
        )
    await call.backend.engine.delete(run_id)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v2/action_executions",
        summary="List runs of actions",
        tag="action executions",
        handler=list_action_executions,
        query=ACTION_EXECUTIONS.parameters(),
        result=page_type("action_executions", ActionExecution),
        statuses=(400, 404),
    ),
    Endpoint(
        method="GET",
        path="/v2/action_executions/{id}",
        summary="Read a run of an action",
        tag="action executions",
        handler=get_action_execution,
        query=(FIELDS,),
        result=ActionExecution,
        statuses=(404,),
    ),
    Endpoint(
        method="PUT",
        path="/v2/action_executions/{id}",
        summary="Complete a run of an action from outside, or say that it rests or goes on",
        tag="action executions",
        handler=update_action_execution,
        body=ActionExecutionUpdate,
        ignored=(ActionExecution, ActionExecutionRequest, NeverShown),
        read_only=("project_id",),
        result=ActionExecution,
        statuses=(400, 404, 409),
    ),
    Endpoint(
        method="DELETE",
        path="/v2/action_executions/{id}",
        summary="Delete a run of an action that no task asked for",
        tag="action executions",
        handler=delete_action_execution,
        status=204,
        statuses=(403, 404, 409),
    ),
    Endpoint(
        method="GET",
        path="/v2/tasks/{id:uuid}/action_executions",
        summary="List the runs of actions of a task",
        tag="tasks",
        handler=list_action_executions_of_task,
        query=ACTION_EXECUTIONS.parameters(without=("task_execution_id",)),
        result=page_type("action_executions", ActionExecution),
        statuses=(400, 404),
    ),
    Endpoint(
        method="GET",
        path="/v2/tasks/{task_id:uuid}/action_executions/{id}",
        summary="Read a run of an action of a task",
        tag="tasks",
        handler=get_action_execution_of_task,
        query=(FIELDS,),
        result=ActionExecution,
        statuses=(400, 404),
    ),
)
