"""The executions below an execution or a task, in one answer."""

from collections.abc import Sequence
from typing import Any

from maestrale.api.call import Call
from maestrale.api.collections import Row, read_attributes, unknown_item
from maestrale.api.endpoint import Endpoint, Parameter
from maestrale.api.execution_rows import EXECUTIONS, STORED, present_execution
from maestrale.api.execution_trees import (
    DEPTH_PARAMETERS,
    Branches,
    executions_below,
    executions_of,
)
from maestrale.api.task_rows import TASKS
from maestrale.core.status import TaskState
from maestrale.store import StoreReader
from maestrale.wire.executions import Executions

PARAMETERS = (*DEPTH_PARAMETERS, Parameter("include_output", "bool", "Show `output`, too"))


async def list_below_execution(call: Call) -> dict[str, Any]:
    attributes = _attributes(call)
    wanted, branches = read_attributes(attributes), _branches(call)

    def work(store: StoreReader) -> list[Row]:
        first = store.find_row(EXECUTIONS.listing, call.access, call.path["id"], wanted)
        if first is None:
            raise unknown_item(EXECUTIONS, call.path["id"])
        return [first, *executions_below(store, first["id"], wanted, branches)]

    return {"executions": [present_execution(row, attributes) for row in await call.backend.read(work)]}


async def list_below_task(call: Call) -> dict[str, Any]:
    attributes = _attributes(call)
    wanted, branches = read_attributes(attributes), _branches(call)

    def work(store: StoreReader) -> list[Row]:
        task = store.find_row(TASKS.listing, call.access, call.path["id"], ("id", "state"))
        if task is None:
            raise unknown_item(TASKS, call.path["id"])
        if branches.errors_only and task["state"] != TaskState.ERROR:
            return []
        return _below_task(store, task["id"], wanted, branches)

    return {"executions": [present_execution(row, attributes) for row in await call.backend.read(work)]}


def _below_task(store: StoreReader, task_id: str, wanted: Sequence[str], branches: Branches) -> list[Row]:
    """The executions that the task has started are its first level."""
    if not branches.reaches(1):
        return []
    rows: list[Row] = []
    for child in executions_of(store, (task_id,), wanted).get(task_id, ()):
        rows += (child, *executions_below(store, child["id"], wanted, branches, depth=1))
    return rows


def _attributes(call: Call) -> tuple[Any, ...]:
    without = () if call.query["include_output"] else ("output",)
    return tuple(each for each in STORED if each.name not in without)


def _branches(call: Call) -> Branches:
    return Branches(call.query["errors_only"], call.query["max_depth"])


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v2/executions/{id:uuid}/executions",
        summary="Read an execution and all executions below it, depth first",
        tag="executions",
        handler=list_below_execution,
        query=PARAMETERS,
        result=Executions,
        statuses=(400, 404),
    ),
    Endpoint(
        method="GET",
        path="/v2/tasks/{id:uuid}/executions",
        summary="Read all executions below a task, depth first",
        tag="tasks",
        handler=list_below_task,
        query=PARAMETERS,
        result=Executions,
        statuses=(400, 404),
    ),
)
