"""What runs: executions, their tasks, the actions of these, and how far all of it is."""

from datetime import datetime

from msgspec import UNSET, Struct, UnsetType

from maestrale.client.decoding import JsonObject, JsonValue, Resource

ENDED = frozenset({"SUCCESS", "ERROR", "CANCELLED"})
"""The states from which an execution does not go on by itself."""


class Execution(Resource, frozen=True, kw_only=True):
    """One run of a workflow.

    Args:
        task_execution_id: The task whose sub-workflow it is; None: it is a root.
        output: Left out of listings, unless they are asked for it.
        published_global: Only of a single execution that was read.
    """

    id: str
    workflow_id: str | None = None
    workflow_name: str
    workflow_namespace: str = ""
    description: str | None = None
    tags: tuple[str, ...] = ()
    params: JsonObject | UnsetType = UNSET
    task_execution_id: str | None = None
    root_execution_id: str | None = None
    state: str
    state_info: str | None = None
    input: JsonObject | UnsetType = UNSET
    output: JsonObject | UnsetType | None = UNSET
    published_global: JsonObject | UnsetType = UNSET
    project_id: str | None = None
    created_at: datetime
    updated_at: datetime | None = None

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED


class Task(Resource, frozen=True, kw_only=True):
    """One run of a task in an execution.

    Args:
        type: `ACTION` or `WORKFLOW`.
        result: Of the action, of all items of a loop, or of the sub-workflow; left out of listings.
    """

    id: str
    name: str
    type: str = "ACTION"
    workflow_name: str
    workflow_namespace: str = ""
    workflow_id: str | None = None
    workflow_execution_id: str
    tags: tuple[str, ...] = ()
    state: str
    state_info: str | None = None
    runtime_context: JsonObject = {}
    result: JsonValue | UnsetType = UNSET
    published: JsonObject = {}
    published_global: JsonObject | UnsetType = UNSET
    processed: bool = False
    project_id: str | None = None
    created_at: datetime
    updated_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


class ActionExecution(Resource, frozen=True, kw_only=True):
    """One run of an action, for a task or by itself.

    Args:
        id: None: it was run at once and not stored.
        output: `{"result": …}`, None while it runs; left out of listings, unless they are asked for it.
    """

    id: str | None
    name: str
    description: str | None = None
    workflow_name: str | None = None
    workflow_namespace: str = ""
    task_execution_id: str | None = None
    tags: tuple[str, ...] = ()
    state: str
    state_info: str | None = None
    accepted: bool | None = None
    input: JsonObject = {}
    output: JsonObject | UnsetType | None = UNSET
    project_id: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Statistics(Struct, frozen=True, kw_only=True):
    """How many tasks there are in each state.

    `estimated_time`: seconds until the end; -1: nobody knows, 0: it does not run.
    """

    total_tasks_count: int = 0
    running_tasks_count: int = 0
    success_tasks_count: int = 0
    error_tasks_count: int = 0
    idle_tasks_count: int = 0
    paused_tasks_count: int = 0
    estimated_time: float = 0


class ReportLine(Struct, frozen=True, kw_only=True):
    """What each line of a report has."""

    id: str
    name: str
    state: str
    state_info: str | None = None
    created_at: datetime
    updated_at: datetime | None = None


class ActionReport(ReportLine, frozen=True, kw_only=True):
    accepted: bool = False
    last_heartbeat: datetime | None = None


class TaskReport(ReportLine, frozen=True, kw_only=True):
    """`retry_count`: repeats by the retry policy; None: it has none."""

    action_executions: tuple[ActionReport, ...] = ()
    workflow_executions: "tuple[ExecutionReport, ...]" = ()
    retry_count: int | None = None


class ExecutionReport(ReportLine, frozen=True, kw_only=True):
    """`task_executions` are left out below the depth that was asked for."""

    task_executions: tuple[TaskReport, ...] | UnsetType = UNSET


class Report(Struct, frozen=True, kw_only=True):
    """`root_workflow_execution`: None if only the statistics were asked for."""

    statistics: Statistics
    root_workflow_execution: ExecutionReport | None = None
