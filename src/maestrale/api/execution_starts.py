"""Starting executions: `POST /v2/executions`."""

from typing import Any

from msgspec import UNSET, Struct
from msgspec.structs import replace

from maestrale.api.call import Call
from maestrale.api.collections import Row
from maestrale.api.endpoint import Endpoint
from maestrale.api.execution_rows import COLUMNS, EXECUTIONS, present_execution, row_of
from maestrale.api.waiting import WAIT_PARAMETERS, Waiting, read_waiting, wait_for_state
from maestrale.core import Execution
from maestrale.core.status import ExecutionState
from maestrale.engine import StartRequest, Subscription
from maestrale.engine.stored import StoredStart, find_start, is_taken
from maestrale.errors import Conflict
from maestrale.store import StoreReader
from maestrale.wire import executions as wire
from maestrale.wire.formats import parse_json_text


class Existing(Struct, frozen=True):
    """There is an execution of the id that was asked for, and the caller sees it."""

    state: str
    root_id: str


async def start_execution(call: Call) -> dict[str, Any]:
    waiting = read_waiting(call)
    wanted = _wanted(call.body)
    found = await call.backend.read(lambda store: _prepare(store, call, wanted))
    if isinstance(found, StartRequest):
        return await _start(call, found, waiting)
    assert wanted.id is not None
    if waiting is not None and found.state not in waiting.states:
        await wait_for_state(call, wanted.id, found.root_id, waiting)
    return await _stored(call, wanted.id)


def _wanted(body: wire.ExecutionRequest) -> StoredStart:
    namespace = body.workflow_namespace
    return StoredStart(
        workflow_id=body.workflow_id or None,
        workflow_name=body.workflow_name or None,
        namespace=None if namespace is UNSET else namespace,
        input=parse_json_text(body.input, "input"),
        params=parse_json_text(body.params, "params"),
        description=body.description or "",
        source_id=body.source_execution_id or None,
        id=body.id or None,
    )


def _prepare(store: StoreReader, call: Call, wanted: StoredStart) -> StartRequest | Existing:
    """What to start; or what is there already, which makes everything else in the request meaningless."""
    if wanted.id is not None:
        # In this order: one that is committed between the two looks is found by the second.
        taken = is_taken(store, wanted.id)
        row = store.find_row(EXECUTIONS.listing, call.access, wanted.id, ("state", "root_id"))
        if row is not None:
            return Existing(row["state"], row["root_id"])
        if taken:
            raise _taken(wanted.id)
    return find_start(store, call.access, wanted)


def _taken(id: str) -> Conflict:
    """Ids are unique in the whole service, so that a refusal must tell that this one is used; what for, and
    by whom, it does not."""
    return Conflict(
        f"the id `{id}` is taken", code="execution-exists", hint="choose another one, or leave it out"
    )


async def _start(call: Call, request: StartRequest, waiting: Waiting | None) -> dict[str, Any]:
    engine = call.backend.engine
    is_fresh = request.id is None
    root_id = request.id or engine.new_id()
    with engine.feed.subscribe(root_id) as live:
        await engine.start(replace(request, id=root_id, security=call.caller.security), is_fresh=is_fresh)
        seen = _executions(live, root_id)
        if not seen:  # Another node runs it, or the same id was asked for twice and the other was quicker.
            if waiting is not None:
                await wait_for_state(call, root_id, root_id, waiting)
                return await _stored(call, root_id)
            return await _stored(call, root_id, is_as_created=True)
        if seen[-1].project_id != call.project_id and not call.caller.is_admin:
            raise _taken(root_id)
        if waiting is None:
            return present_execution(_as_created(row_of(seen[0])))
        if seen[-1].state in waiting.states:
            return present_execution(row_of(seen[-1]))
        await wait_for_state(call, root_id, root_id, waiting, looks_first=False)
    return await _stored(call, root_id)


def _executions(live: Subscription, root_id: str) -> list[Execution]:
    """The execution as it was after each step that has changed it so far."""
    rows = (step.changes.executions.get(root_id) for step in live.gathered())
    return [row for row in rows if row is not None]


def _as_created(row: Row) -> Row:
    """An execution before its first task began.

    Tasks that need nobody else run within the very decision that makes the execution. Clients of Mistral
    are used to an execution that runs when they have started it; who wants to know how it ended waits.
    """
    return dict(row) | {
        "state": str(ExecutionState.RUNNING),
        "state_info": None,
        "output": None,
        "updated_at": row["created_at"],
    }


async def _stored(call: Call, execution_id: str, *, is_as_created: bool = False) -> dict[str, Any]:
    row = await call.backend.read(
        lambda store: store.find_row(EXECUTIONS.listing, call.access, execution_id, COLUMNS)
    )
    if row is None:
        raise _taken(execution_id)
    return present_execution(_as_created(row) if is_as_created else row)


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/v2/executions",
        summary="Start a stored workflow",
        description="With an `id` of one's own the request can be repeated: an execution that has it is"
        " given back as it is. With `wait` the answer comes when the execution has ended.",
        tag="executions",
        handler=start_execution,
        query=WAIT_PARAMETERS,
        body=wire.ExecutionRequest,
        ignored=(wire.Execution,),
        read_only=("project_id",),
        result=wire.Execution,
        status=201,
        statuses=(400, 404, 409),
        takes_seconds=False,
        begins_work=True,
    ),
)
