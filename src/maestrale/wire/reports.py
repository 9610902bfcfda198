"""The shape of the report of an execution."""

from msgspec import UNSET, Struct, UnsetType

from maestrale.wire.formats import Timestamp


class Statistics(Struct, frozen=True, kw_only=True):
    """Numbers about the tasks that a report visits.

    Args:
        total_tasks_count: Those in one of the five states that are counted.
        estimated_time: The seconds until the execution is likely to end: 0 if it does not run, -1 if there
            is no earlier success to judge by, 1 if it takes longer than those did.
    """

    total_tasks_count: int
    running_tasks_count: int
    success_tasks_count: int
    error_tasks_count: int
    idle_tasks_count: int
    paused_tasks_count: int
    estimated_time: int | float


class ReportedAction(Struct, frozen=True, kw_only=True):
    id: str
    name: str
    created_at: Timestamp
    updated_at: Timestamp
    state: str
    state_info: str | None
    accepted: bool
    last_heartbeat: Timestamp
    """When it was last heard of."""


class ReportedTask(Struct, frozen=True, kw_only=True):
    """`retry_count`: only of a task whose retry policy was consulted."""

    id: str
    name: str
    created_at: Timestamp
    updated_at: Timestamp
    state: str
    state_info: str | None
    action_executions: list[ReportedAction]
    workflow_executions: list["ReportedExecution"]
    retry_count: int | UnsetType = UNSET


class ReportedExecution(Struct, frozen=True, kw_only=True):
    """`task_executions` is left out where the report goes no deeper."""

    id: str
    name: str
    created_at: Timestamp
    updated_at: Timestamp
    state: str
    state_info: str | None
    task_executions: list[ReportedTask] | UnsetType = UNSET


class Report(Struct, frozen=True, kw_only=True):
    statistics: Statistics
    root_workflow_execution: ReportedExecution | UnsetType = UNSET
