"""Running an action without a workflow: `POST /v2/action_executions`."""

from typing import Any

from msgspec import Struct

from maestrale.api.action_execution_rows import ACTION_EXECUTIONS, SHOWN, unsaved_row
from maestrale.api.call import Call
from maestrale.api.collections import Row, present_row, read_attributes, unknown_item
from maestrale.api.endpoint import Endpoint
from maestrale.api.struct_reader import FALSE_WORDS, TRUE_WORDS
from maestrale.core.policies import MAX_SECONDS
from maestrale.core.status import ENDED_RUN, RunState
from maestrale.engine import ActionRequest
from maestrale.errors import InvalidInput
from maestrale.store import Condition, Query
from maestrale.wire.action_executions import ActionExecution, ActionExecutionRequest, NeverShown
from maestrale.wire.formats import parse_json_text


class Manner(Struct, frozen=True, kw_only=True):
    """How an action is to be run."""

    is_saved: bool
    is_waited_for: bool
    target: str | None
    timeout_seconds: int | None


async def start_action(call: Call) -> dict[str, Any]:
    body: ActionExecutionRequest = call.body
    if not body.name:
        raise InvalidInput(
            "Please provide at least action name to run action.", code="action-missing", hint="send `name`"
        )
    manner = _manner(parse_json_text(body.params, "params"))
    request = ActionRequest(
        action=body.name,
        input=parse_json_text(body.input, "input"),
        project_id=call.project_id,
        namespace=body.workflow_namespace or "",
        description=body.description or "",
        target=manner.target,
        timeout_seconds=manner.timeout_seconds,
    )
    if manner.is_saved:
        return await (_run_saved if manner.is_waited_for else _begin)(call, request)
    call.rest()
    try:
        return present_row(unsaved_row(await call.backend.engine.run_action(request)), SHOWN)
    except InvalidInput as error:
        if manner.is_waited_for or error.code != "asynchronous-action":
            raise
    return await _begin(call, request)  # What somebody else ends has to be found again.


async def _begin(call: Call, request: ActionRequest) -> dict[str, Any]:
    """The run as it was made. One that needs nobody else has ended by then, as a reader will see: clients of
    Mistral are used to a run that is under way when they have asked for it."""
    run_id = await call.backend.engine.start_action(request)
    made = {"state": str(RunState.RUNNING), "output": None, "accepted": False, "updated_at": None}
    return present_row(await _read(call, run_id), SHOWN) | made


async def _run_saved(call: Call, request: ActionRequest) -> dict[str, Any]:
    """Run it to its end. It goes on if its client goes away."""
    engine = call.backend.engine
    if (run := engine.preview_action(request)).asynchronous:
        raise InvalidInput(
            f"Action {run.name} does not support synchronous execution.",
            code="asynchronous-action",
            hint="leave `run_sync` out, and complete it with `PUT /v2/action_executions/{id}`",
        )
    run_id = await engine.start_action(request)
    with engine.feed.expect(run_id, run_id, ENDED_RUN) as ended:
        row = await _read(call, run_id)
        if row["state"] not in ENDED_RUN:
            call.rest()
            await ended.come()
            row = await _read(call, run_id)
    return present_row(row, SHOWN) | {"accepted": False}  # No task has taken the result over.


async def _read(call: Call, run_id: str) -> Row:
    query = Query(
        # Its tree has the same id, and is found faster.
        conditions=(Condition("root_id", "eq", run_id), Condition("id", "eq", run_id)),
        attributes=read_attributes(SHOWN),
    )
    rows = await call.backend.read(
        lambda store: store.list_page(ACTION_EXECUTIONS.listing, call.access, query)
    )
    if not rows:
        raise unknown_item(ACTION_EXECUTIONS, run_id)
    return rows[0]


def _manner(params: dict[str, Any]) -> Manner:
    """What the parameters say. Others than these mean nothing, as in Mistral."""
    target = params.get("target")
    if target is not None and not isinstance(target, str):
        raise _wrong("target", "a name", target)
    return Manner(
        is_saved=_flag(params, "save_result"),
        is_waited_for=_flag(params, "run_sync"),
        target=target,
        timeout_seconds=_timeout(params.get("timeout")),
    )


def _flag(params: dict[str, Any], name: str) -> bool:
    value = params.get(name)
    word = value.strip().lower() if isinstance(value, str) else None
    if value is None or value is False or word in FALSE_WORDS:
        return False
    if value is True or word in TRUE_WORDS:
        return True
    raise _wrong(name, "true or false", value)


def _timeout(value: Any) -> int | None:
    """Seconds; 0 is no bound, as for a task."""
    seconds = int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 20 else value
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 <= seconds <= MAX_SECONDS:
        raise _wrong("timeout", f"a whole number of seconds from 0 to {MAX_SECONDS}", value)
    return seconds or None


def _wrong(name: str, wanted: str, value: Any) -> InvalidInput:
    return InvalidInput(
        f"`{name}` in `params` has to be {wanted}, and is `{str(value)[:50]}`", code="action-params"
    )


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/v2/action_executions",
        summary="Run an action by itself",
        description="Without `save_result` nothing of it is kept, and the answer has its result. With it, and"
        " without `run_sync`, the answer comes at once.",
        tag="action executions",
        handler=start_action,
        body=ActionExecutionRequest,
        ignored=(ActionExecution, NeverShown),
        read_only=("project_id",),
        result=ActionExecution,
        status=201,
        statuses=(400,),
        takes_seconds=False,
        begins_work=True,
    ),
)
