"""The shapes of executions and of what is asked for about them."""

from msgspec import UNSET, Struct, UnsetType

from maestrale.wire.formats import JsonObjectOrText, JsonText, Timestamp


class Execution(Struct, frozen=True, kw_only=True):
    """One run of a workflow. Each endpoint leaves some attributes out.

    Args:
        task_execution_id, root_execution_id: Null for a root; a sub-execution has both.
        output: Empty until the execution has ended.
        published_global: The global variables that its tasks have published, but those that `vars` has too.
    """

    id: str
    workflow_id: str | UnsetType = UNSET
    workflow_name: str | UnsetType = UNSET
    workflow_namespace: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    tags: list[str] | UnsetType | None = UNSET
    params: JsonText | UnsetType | None = UNSET
    task_execution_id: str | UnsetType | None = UNSET
    root_execution_id: str | UnsetType | None = UNSET
    state: str | UnsetType = UNSET
    state_info: str | UnsetType | None = UNSET
    input: JsonText | UnsetType | None = UNSET
    output: JsonText | UnsetType | None = UNSET
    created_at: Timestamp | UnsetType = UNSET
    updated_at: Timestamp | UnsetType = UNSET
    project_id: str | UnsetType = UNSET
    published_global: JsonText | UnsetType = UNSET


class ExecutionRequest(Struct, frozen=True, kw_only=True):
    """An execution to start.

    Args:
        workflow_id: Goes before `workflow_name`; either may be an id or a name.
        id: The id that it is to have; of two requests with one id only the first starts anything.
        source_execution_id: An execution whose workflow, input and parameters are used again, as far as
            this request does not say otherwise.
    """

    id: str | UnsetType = UNSET
    workflow_id: str | UnsetType = UNSET
    workflow_name: str | UnsetType = UNSET
    workflow_namespace: str | UnsetType = UNSET
    input: JsonObjectOrText | UnsetType = UNSET
    params: JsonObjectOrText | UnsetType = UNSET
    description: str | UnsetType = UNSET
    source_execution_id: str | UnsetType = UNSET


class ExecutionUpdate(Struct, frozen=True, kw_only=True):
    """What is to become of an execution.

    Args:
        state_info: Why it is stopped.
        params: Only `env` counts: it is merged into the environment.
    """

    state: str | UnsetType = UNSET
    state_info: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    params: JsonObjectOrText | UnsetType = UNSET


class Executions(Struct, frozen=True, kw_only=True):
    """Executions that come in one piece."""

    executions: list[Execution]
