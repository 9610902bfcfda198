"""The shapes of runs of actions and of what is asked for about them."""

from msgspec import UNSET, Struct, UnsetType

from maestrale.wire.formats import JsonObjectOrText, JsonText, Timestamp


class ActionExecution(Struct, frozen=True, kw_only=True):
    """One run of an action: for a task, or by itself. Each endpoint leaves some attributes out.

    Args:
        id: Null for one that was not saved; then nothing is known of its project and its times either.
        workflow_name, task_execution_id: Null where no task asked for it.
        output: `{"result": value}`; null until the run has ended.
        accepted: Whether its result counts for the task.
    """

    id: str | None
    workflow_name: str | UnsetType | None = UNSET
    workflow_namespace: str | UnsetType = UNSET
    task_execution_id: str | UnsetType | None = UNSET
    state: str | UnsetType = UNSET
    state_info: str | UnsetType | None = UNSET
    tags: list[str] | UnsetType | None = UNSET
    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    project_id: str | UnsetType | None = UNSET
    accepted: bool | UnsetType | None = UNSET
    input: JsonText | UnsetType = UNSET
    output: JsonText | UnsetType | None = UNSET
    created_at: Timestamp | UnsetType | None = UNSET
    updated_at: Timestamp | UnsetType | None = UNSET


class ActionExecutionRequest(Struct, frozen=True, kw_only=True):
    """An action to run by itself.

    Args:
        workflow_namespace: Where its name is looked up first, if it is an ad-hoc action.
        params: `save_result` keeps the run, `run_sync` waits for its end, `timeout` bounds it in seconds,
            `target` names who is to run it. Others mean nothing.
    """

    name: str | UnsetType = UNSET
    input: JsonObjectOrText | UnsetType = UNSET
    params: JsonObjectOrText | UnsetType = UNSET
    workflow_namespace: str | UnsetType = UNSET
    description: str | UnsetType = UNSET


class NeverShown(Struct, frozen=True, kw_only=True):
    """Attributes that Mistral declares and never shows; in a request they mean nothing."""

    task_name: str | UnsetType = UNSET
    params: JsonObjectOrText | UnsetType = UNSET


class ActionExecutionUpdate(Struct, frozen=True, kw_only=True):
    """How a run of an action ends, or that it rests or goes on."""

    state: str | UnsetType = UNSET
    output: JsonObjectOrText | UnsetType = UNSET
