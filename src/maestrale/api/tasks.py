"""Tasks: list and read them. What becomes of failed ones is in `task_updates`."""

from typing import Any

from maestrale.api.call import Call
from maestrale.api.collections import (
    Attribute,
    chosen_attributes,
    list_collection,
    unknown_item,
)
from maestrale.api.endpoint import Endpoint, page_type
from maestrale.api.execution_rows import EXECUTIONS
from maestrale.api.executions import FIELDS, find_execution
from maestrale.api.task_rows import TASKS, present_task, read_task
from maestrale.store import Condition
from maestrale.wire.executions import Execution
from maestrale.wire.tasks import Task


async def list_tasks(call: Call) -> dict[str, Any]:
    return await list_collection(call, TASKS)


async def get_task(call: Call) -> dict[str, Any]:
    return await show_task(call, call.path["id"], chosen_attributes(call, TASKS, is_item=True))


async def show_task(call: Call, task_id: str, attributes: tuple[Attribute, ...]) -> dict[str, Any]:
    """A task as it is now. Raises: NotFound: The caller sees no such task."""
    row = await call.backend.read(lambda store: read_task(store, call.access, task_id, attributes))
    if row is None:
        raise unknown_item(TASKS, task_id)
    return present_task(row, attributes)


async def list_tasks_of_execution(call: Call) -> dict[str, Any]:
    execution_id = call.path["id"]
    await find_execution(call, execution_id, "id")
    return await list_collection(call, TASKS, (Condition("workflow_execution_id", "eq", execution_id),))


async def list_sub_executions(call: Call) -> dict[str, Any]:
    started = Condition("task_execution_id", "eq", call.path["id"])
    return await list_collection(call, EXECUTIONS, (started,), without=("params", "input"))


_CHILD_PARAMETERS = tuple(
    each
    for each in EXECUTIONS.parameters(without=("task_execution_id", "root_execution_id", "project_id"))
    if each not in EXECUTIONS.options
)

ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v2/tasks",
        summary="List tasks",
        tag="tasks",
        handler=list_tasks,
        query=TASKS.parameters(),
        result=page_type("tasks", Task),
        statuses=(400, 404),
    ),
    Endpoint(
        method="GET",
        path="/v2/tasks/{id}",
        summary="Read a task",
        tag="tasks",
        handler=get_task,
        query=(FIELDS,),
        result=Task,
        statuses=(400, 404),
    ),
    Endpoint(
        method="GET",
        path="/v2/executions/{id:uuid}/tasks",
        summary="List the tasks of an execution",
        tag="tasks",
        handler=list_tasks_of_execution,
        query=TASKS.parameters(without=("workflow_execution_id",)),
        result=page_type("tasks", Task),
        statuses=(400, 404),
    ),
    Endpoint(
        method="GET",
        path="/v2/tasks/{id:uuid}/workflow_executions",
        summary="List the executions that a task has started",
        tag="tasks",
        handler=list_sub_executions,
        query=_CHILD_PARAMETERS,
        result=page_type("executions", Execution),
        statuses=(400, 404),
    ),
)
