"""Two views of an execution for people: what it waits for, and its graph."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import TypeVar

from msgspec.structs import replace

from maestrale.api.call import Call
from maestrale.api.endpoint import Endpoint
from maestrale.core import State
from maestrale.core.explaining import explain
from maestrale.core.picture import Picture, picture
from maestrale.core.status import ENDED_EXECUTION
from maestrale.core.waits import ActionRunWait, Explanation, NodeWait, SubWorkflowWait
from maestrale.errors import NotFound
from maestrale.store import StoreReader
from maestrale.store.listing_tables import EXECUTIONS

T = TypeVar("T")


async def get_explanation(call: Call) -> Explanation:
    state, execution_id = await _load(call)
    now = call.backend.clock.now()
    explanation = explain(call.backend.engine.world, state, execution_id, now=now)
    missing = call.backend.missing_roles()
    return with_missing_roles(explanation, missing, now=now) if missing else explanation


def with_missing_roles(explanation: Explanation, missing: Collection[str], *, now: datetime) -> Explanation:
    """The explanation with what nobody does first, if the execution needs that to go on."""
    if explanation.state in ENDED_EXECUTION:
        return explanation
    needed = {"engine": True, "worker": _waits_for_workers(explanation)}
    waits = [
        NodeWait(
            text=f"a node with the role `{role}`: none is there; start one with `--roles {role}`",
            since=now,
            role=role,
        )
        for role in missing
        if needed.get(role, False)
    ]
    return replace(explanation, waits=(*waits, *explanation.waits))


def _waits_for_workers(explanation: Explanation) -> bool:
    """Whether an action is to be run, by this execution or below it."""
    for wait in explanation.waits:
        match wait:
            case ActionRunWait(runs=runs) if any(not run.asynchronous for run in runs):
                return True
            case SubWorkflowWait(executions=executions):
                inner = (each.explanation for each in executions)
                if any(each is not None and _waits_for_workers(each) for each in inner):
                    return True
    return False


async def get_graph(call: Call) -> Picture:
    state, execution_id = await _load(call)
    return picture(call.backend.engine.world, state, execution_id)


async def _load(call: Call) -> tuple[State, str]:
    """The tree of an execution that the caller sees, as it is committed."""
    execution_id = call.path["id"]
    state = await call.backend.read(_reading(call, execution_id))
    if state is None:
        raise NotFound(f"there is no execution `{execution_id}`", code="unknown-execution")
    return state, execution_id


def _reading(call: Call, execution_id: str) -> Callable[[StoreReader], State | None]:
    def read(store: StoreReader) -> State | None:
        row = store.find_row(EXECUTIONS, call.access, execution_id, ("root_id",))
        rows = None if row is None else store.load_tree(row["root_id"])
        return None if rows is None else rows.state()

    return read


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v2/executions/{id}/explain",
        summary="Explain what an execution is waiting for, since when, and what would move it on",
        description="One wait for each thing: an action run, a timer, a join with its missing branches, a "
        "pause, a free slot, a sub-workflow. An execution that has ended says why, and how to go on.",
        tag="executions",
        handler=get_explanation,
        result=Explanation,
        statuses=(404,),
    ),
    Endpoint(
        method="GET",
        path="/v2/executions/{id}/graph",
        summary="Get the graph of an execution: nodes, edges and their states, for drawing",
        tag="executions",
        handler=get_graph,
        result=Picture,
        statuses=(404,),
    ),
)
