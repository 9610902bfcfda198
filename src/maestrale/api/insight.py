"""Two views of an execution for people: what it waits for, and its graph."""

from collections.abc import Callable
from typing import TypeVar

from maestrale.api.call import Call
from maestrale.api.endpoint import Endpoint
from maestrale.core import State
from maestrale.core.explaining import explain
from maestrale.core.picture import Picture, picture
from maestrale.core.waits import Explanation
from maestrale.errors import NotFound
from maestrale.store import StoreReader
from maestrale.store.listing_tables import EXECUTIONS

T = TypeVar("T")


async def get_explanation(call: Call) -> Explanation:
    state, execution_id = await _load(call)
    return explain(call.backend.engine.world, state, execution_id, now=call.backend.clock.now())


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
