"""Running a failed task again, or going on without it: `PUT /v2/tasks/{id}`."""

from typing import Any

from msgspec import UNSET

from maestrale.api.call import Call
from maestrale.api.collections import Row, unknown_item
from maestrale.api.endpoint import Endpoint
from maestrale.api.task_rows import TASKS
from maestrale.api.tasks import show_task
from maestrale.core.status import TaskState
from maestrale.errors import InvalidInput
from maestrale.wire.formats import parse_json_text
from maestrale.wire.tasks import Task, TaskUpdate

_SHOWN = tuple(each for each in TASKS.attributes if each.shown == "always" or each.name == "result")


async def update_task(call: Call) -> dict[str, Any]:
    task_id = call.path["id"]
    update: TaskUpdate = call.body
    env = parse_json_text(update.env, "env")
    columns = ("name", "workflow_name", "state", "root_id")
    row = await call.backend.read(lambda store: store.find_row(TASKS.listing, call.access, task_id, columns))
    if row is None:
        raise unknown_item(TASKS, task_id)
    _check(update, row)
    engine = call.backend.engine
    if update.state == TaskState.SKIPPED:
        await engine.skip_task(task_id, root_id=row["root_id"])
    else:
        reset = update.reset is True
        await engine.rerun_task(task_id, root_id=row["root_id"], reset=reset, env=env)
    return await show_task(call, task_id, _SHOWN)


def _check(update: TaskUpdate, row: Row) -> None:
    """The checks of Mistral, in its order. That only a loop can do without `reset`, the core checks."""
    if update.name and update.name != row["name"]:
        raise InvalidInput("Task name does not match.", code="task-name", hint=f"it is `{row['name']}`")
    if update.workflow_name and update.workflow_name != row["workflow_name"]:
        raise InvalidInput(
            "Workflow name does not match.", code="workflow-name", hint=f"it is `{row['workflow_name']}`"
        )
    if update.state not in (TaskState.RUNNING, TaskState.SKIPPED):
        raise InvalidInput(
            "Invalid task state. Only updating task to RUNNING or SKIPPED is supported.",
            code="task-state",
            hint="`RUNNING` runs the task again, `SKIPPED` goes on without it",
        )
    if row["state"] != TaskState.ERROR:
        raise InvalidInput(
            "The current task execution must be in ERROR for rerun."
            " Only updating task to rerun is supported.",
            code="task-not-failed",
            hint=f"it is in {row['state']}",
        )
    if update.state == TaskState.RUNNING and update.reset is UNSET:
        raise InvalidInput(
            "Reset field is mandatory to rerun task.",
            code="reset-missing",
            hint="send `reset: true`; of a with-items task `false` runs only the items that did not succeed",
        )


ENDPOINTS = (
    Endpoint(
        method="PUT",
        path="/v2/tasks/{id}",
        summary="Run a failed task again, or go on as if it had done its work",
        tag="tasks",
        handler=update_task,
        body=TaskUpdate,
        ignored=(Task,),
        read_only=("project_id",),
        result=Task,
        statuses=(400, 403, 404, 409),
    ),
)
