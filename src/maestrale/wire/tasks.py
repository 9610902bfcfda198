"""The shapes of tasks and of what is asked for about them."""

from msgspec import UNSET, Struct, UnsetType

from maestrale.wire.formats import JsonObjectOrText, JsonText, Timestamp


class Task(Struct, frozen=True, kw_only=True):
    """One run of a task of an execution. Each endpoint leaves some attributes out.

    Args:
        workflow_name, workflow_namespace, workflow_id: Of the workflow that it is a task of.
        result: The JSON text of any value.
        published_global: Only where the task has published global variables.
        processed: Whether what follows from its end has been seen to.
    """

    id: str
    name: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    workflow_name: str | UnsetType = UNSET
    workflow_namespace: str | UnsetType = UNSET
    workflow_id: str | UnsetType = UNSET
    workflow_execution_id: str | UnsetType = UNSET
    tags: list[str] | UnsetType | None = UNSET
    state: str | UnsetType = UNSET
    state_info: str | UnsetType | None = UNSET
    project_id: str | UnsetType = UNSET
    runtime_context: JsonText | UnsetType = UNSET
    result: str | UnsetType = UNSET
    published: JsonText | UnsetType | None = UNSET
    published_global: JsonText | UnsetType = UNSET
    processed: bool | UnsetType = UNSET
    created_at: Timestamp | UnsetType = UNSET
    updated_at: Timestamp | UnsetType = UNSET
    started_at: Timestamp | UnsetType | None = UNSET
    finished_at: Timestamp | UnsetType | None = UNSET


class TaskUpdate(Struct, frozen=True, kw_only=True):
    """What is to become of a failed task.

    Args:
        state: `RUNNING` runs it again, `SKIPPED` goes on without it.
        reset: Of a loop, whether all items are run again, or only those that did not succeed.
        env: Is merged into the environment of its execution.
        name, workflow_name: Refused if the task is another one.
        id: Tolerated: the path says which task is meant.
    """

    id: str | UnsetType = UNSET
    state: str | UnsetType = UNSET
    reset: bool | UnsetType = UNSET
    env: JsonObjectOrText | UnsetType = UNSET
    name: str | UnsetType = UNSET
    workflow_name: str | UnsetType = UNSET
