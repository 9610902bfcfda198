"""The report of an execution: its tasks with their action executions and sub-workflows, and numbers."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import UNSET

from maestrale.api.call import Call
from maestrale.api.collections import unknown_item
from maestrale.api.endpoint import Endpoint, Parameter
from maestrale.api.execution_rows import EXECUTIONS
from maestrale.api.execution_trees import (
    DEPTH_PARAMETERS,
    Branches,
    Row,
    executions_of,
    runs_of,
    tasks_of,
)
from maestrale.core.status import ExecutionState
from maestrale.store import Access, Condition, Order, Query, StoreReader
from maestrale.wire.formats import timestamp
from maestrale.wire.reports import (
    Report,
    ReportedAction,
    ReportedExecution,
    ReportedTask,
    Statistics,
)

COUNTED = ("RUNNING", "SUCCESS", "ERROR", "IDLE", "PAUSED")
"""The states of tasks that the statistics count. Source: Mistral v2, section 6.4."""

EARLIER = 20
"""Earlier successes of a workflow by which the time of an execution is estimated, at most."""

_COMMON = ("id", "created_at", "updated_at", "state")
_EXECUTION = (*_COMMON, "workflow_name", "state_info")
_ROOT = (*_EXECUTION, "root_id", "workflow_id", "workflow_namespace", "project_id")
_TASK = (*_COMMON, "name", "state_info", "type", "retried", "attempt")
_RUN = (*_COMMON, "name", "accepted")


async def get_report(call: Call) -> Report:
    branches = Branches(call.query["errors_only"], call.query["max_depth"])
    is_short = call.query["statistics_only"]
    now = call.backend.clock.now()

    def work(store: StoreReader) -> Report:
        root = store.find_row(EXECUTIONS.listing, call.access, call.path["id"], _ROOT)
        if root is None:
            raise unknown_item(EXECUTIONS, call.path["id"])
        visit = _Visit(store, root["root_id"], branches, with_runs=not is_short)
        visit.go_down(root["id"])
        return Report(
            statistics=_statistics(visit.states(), _estimated_seconds(store, root, now)),
            root_workflow_execution=UNSET if is_short else visit.execution(root),
        )

    return await call.backend.read(work)


class _Visit:
    """What a report shows of a tree, level by level, and then put together from below."""

    def __init__(self, store: StoreReader, root_id: str, branches: Branches, *, with_runs: bool) -> None:
        self._store = store
        self._root_id = root_id
        self._branches = branches
        self._with_runs = with_runs
        self._tasks: dict[str, list[Row]] = {}
        self._executions: dict[str, list[Row]] = {}
        self._runs: dict[str, list[Row]] = {}
        self._visited: list[str] = []

    def go_down(self, execution_id: str) -> None:
        """Read everything that is to be shown below an execution."""
        level, depth = [execution_id], 0
        while level and self._branches.reaches(depth):
            self._visited += level
            tasks = tasks_of(self._store, level, _TASK, self._branches)
            self._tasks |= tasks
            found = [task for rows in tasks.values() for task in rows]
            of_workflows = [task["id"] for task in found if task["type"] == "WORKFLOW"]
            of_actions = [task["id"] for task in found if task["type"] != "WORKFLOW" and self._with_runs]
            started = executions_of(self._store, of_workflows, _EXECUTION)
            self._executions |= started
            self._runs |= runs_of(self._store, self._root_id, of_actions, _RUN)
            level = [child["id"] for rows in started.values() for child in rows]
            depth += 1

    def states(self) -> Iterable[str]:
        return (str(task["state"]) for rows in self._tasks.values() for task in rows)

    def execution(self, root: Row) -> ReportedExecution:
        """The execution with everything below it; the lowest are made first, as deep as it may be."""
        made: dict[str, ReportedExecution] = {}
        rows = {root["id"]: root} | {row["id"]: row for rows in self._executions.values() for row in rows}
        visited = set(self._visited)
        for execution_id in rows:
            if execution_id not in visited:
                made[execution_id] = _execution(rows[execution_id])
        for execution_id in reversed(self._visited):
            tasks = [self._task(row, made) for row in self._tasks.get(execution_id, ())]
            made[execution_id] = _execution(rows[execution_id], tasks)
        return made[root["id"]]

    def _task(self, row: Row, made: Mapping[str, ReportedExecution]) -> ReportedTask:
        return ReportedTask(
            **_common(row),
            name=row["name"],
            state_info=row["state_info"],
            action_executions=[_action(run) for run in self._runs.get(row["id"], ())],
            workflow_executions=[made[child["id"]] for child in self._executions.get(row["id"], ())],
            retry_count=row["attempt"] if row["retried"] else UNSET,
        )


def _common(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "created_at": timestamp(row["created_at"]),
        "updated_at": timestamp(row["updated_at"]),
        "state": str(row["state"]),
    }


def _execution(row: Row, tasks: list[ReportedTask] | None = None) -> ReportedExecution:
    return ReportedExecution(
        **_common(row),
        name=row["workflow_name"],
        state_info=row["state_info"],
        task_executions=UNSET if tasks is None else tasks,
    )


def _action(row: Row) -> ReportedAction:
    common = _common(row)
    return ReportedAction(
        **common,
        name=row["name"],
        state_info=None,
        accepted=row["accepted"],
        last_heartbeat=common["updated_at"],
    )


def _statistics(states: Iterable[str], estimated_time: float) -> Statistics:
    counts = Counter(states)
    return Statistics(
        total_tasks_count=sum(counts[state] for state in COUNTED),
        running_tasks_count=counts["RUNNING"],
        success_tasks_count=counts["SUCCESS"],
        error_tasks_count=counts["ERROR"],
        idle_tasks_count=counts["IDLE"],
        paused_tasks_count=counts["PAUSED"],
        estimated_time=estimated_time,
    )


def _estimated_seconds(store: StoreReader, row: Row, now: datetime) -> float:
    """How long an execution is likely to run on. Source: Mistral v2, section 6.4."""
    if row["state"] != ExecutionState.RUNNING:
        return 0
    durations = _earlier_durations(store, row)
    if not durations:
        return -1
    left = sum(durations) / len(durations) - (now - row["created_at"]).total_seconds()
    return left if left >= 0 else 1


def _earlier_durations(store: StoreReader, row: Row) -> Sequence[float]:
    """The seconds that the latest successful executions of the same workflow took."""
    same = [
        Condition("workflow_name", "eq", row["workflow_name"]),
        Condition("workflow_namespace", "eq", row["workflow_namespace"]),
    ]
    if row["workflow_id"]:
        same = [Condition("workflow_id", "eq", row["workflow_id"])]
    query = Query(
        conditions=(*same, Condition("state", "eq", str(ExecutionState.SUCCESS))),
        order=(Order("created_at", descending=True),),
        attributes=("created_at", "finished_at"),
        limit=EARLIER,
    )
    found = store.list_page(EXECUTIONS.listing, Access(row["project_id"]), query)
    return [(each["finished_at"] - each["created_at"]).total_seconds() for each in found]


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v2/executions/{id:uuid}/report",
        summary="Read an execution with its tasks, action executions and sub-workflows, and numbers about it",
        tag="executions",
        handler=get_report,
        query=(
            *DEPTH_PARAMETERS,
            Parameter("statistics_only", "bool", "Leave out everything but the numbers"),
        ),
        result=Report,
        statuses=(400, 404),
    ),
)
