"""Notices: what publishers are told of the executions and tasks of a tree.

Each change of a state is a notice for every publisher that wants its event. Notices are no part of the
state: they leave with the commit of the decision that they are about, and a replay makes them again.

Source: Mistral v2, section 7.6.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from maestrale.core.publishers import Publisher
from maestrale.core.state import Execution, Task
from maestrale.core.status import ExecutionState, TaskState
from maestrale.expressions import Json
from maestrale.ids import content_id, derive_id
from maestrale.wire.formats import json_text_of, timestamp, timestamp_or_none

# The events: by the state that is left where RUNNING is entered, otherwise by the state that is entered.

EXECUTION_BEGINS: Mapping[ExecutionState | None, str] = {
    None: "WORKFLOW_LAUNCHED",
    ExecutionState.CANCELLED: "WORKFLOW_LAUNCHED",
    ExecutionState.PAUSED: "WORKFLOW_RESUMED",
    ExecutionState.ERROR: "WORKFLOW_RERUN",
}

EXECUTION_COMES_TO: Mapping[ExecutionState, str] = {
    ExecutionState.PAUSED: "WORKFLOW_PAUSED",
    ExecutionState.SUCCESS: "WORKFLOW_SUCCEEDED",
    ExecutionState.ERROR: "WORKFLOW_FAILED",
    ExecutionState.CANCELLED: "WORKFLOW_CANCELLED",
}

TASK_BEGINS: Mapping[TaskState, str] = {
    TaskState.IDLE: "TASK_LAUNCHED",
    TaskState.DELAYED: "TASK_LAUNCHED",
    TaskState.CANCELLED: "TASK_LAUNCHED",
    TaskState.PAUSED: "TASK_RESUMED",
    TaskState.WAITING: "TASK_RESUMED",
    TaskState.ERROR: "TASK_RERUN",
}

TASK_COMES_TO: Mapping[TaskState, str | None] = {
    TaskState.PAUSED: "TASK_PAUSED",
    TaskState.SUCCESS: "TASK_SUCCEEDED",
    TaskState.ERROR: "TASK_FAILED",
    TaskState.CANCELLED: "TASK_CANCELLED",
    TaskState.SKIPPED: "TASK_SKIPPED",
    TaskState.DELAYED: None,
    TaskState.WAITING: None,
    TaskState.IDLE: None,
}


class Move(Struct, frozen=True, gc=False):
    """A row before and after a change of its state; None: it was just made."""

    before: Execution | Task | None
    after: Execution | Task

    @property
    def event(self) -> str | None:
        """The event that the change is."""
        before, after = self.before, self.after
        if isinstance(after, Execution):
            if after.state is not ExecutionState.RUNNING:
                return EXECUTION_COMES_TO[after.state]
            assert before is None or isinstance(before, Execution)
            return EXECUTION_BEGINS[before.state if before else None]
        if after.state is not TaskState.RUNNING:
            return TASK_COMES_TO[after.state]
        assert isinstance(before, Task), "a task is made before it runs"
        return "TASK_RESUMED" if before.held else TASK_BEGINS[before.state]


class Notice(Struct, frozen=True, kw_only=True, gc=False):
    """One message for one target.

    Args:
        id: The same for every target and for every time it is sent, so that receivers can tell repetitions.
        sequence, position: Its place among the notices of its tree.
        target: Stands for `address`, the `Publisher.address` it is for.
        body: The JSON text to send.
    """

    id: str
    root_id: str
    target: str
    sequence: int
    position: int
    address: str
    event: str | None
    body: str
    created_at: datetime


def payload(row: Execution | Task, execution: Execution, event: str | None) -> dict[str, Json]:
    """What is told of an execution, or of a task in it."""
    workflow = {
        "workflow_name": execution.workflow,
        "workflow_namespace": execution.namespace,
        "workflow_id": execution.workflow_id,
        "state": str(row.state),
        "state_info": row.state_info,
    }
    dates = {"created_at": timestamp(row.created_at), "updated_at": timestamp(row.updated_at)}
    if isinstance(row, Execution):
        return {
            "id": row.id,
            "name": row.workflow,
            **workflow,
            "project_id": row.project_id,
            "task_execution_id": row.parent_task_id,
            "root_execution_id": None if row.parent_task_id is None else row.root_id,
            **dates,
            "event": event,
        }
    return {
        "id": row.id,
        "name": row.name,
        "workflow_execution_id": row.execution_id,
        **workflow,
        "type": row.type,
        "project_id": row.project_id,
        **dates,
        "started_at": timestamp_or_none(row.started_at),
        "finished_at": timestamp_or_none(row.finished_at),
        "event": event,
    }


def notices_of(
    moves: Iterable[Move],
    publishers: Sequence[Publisher],
    *,
    execution_of: Callable[[Execution | Task], Execution],
    sequence: int,
    seed: str,
    at: datetime,
) -> tuple[Notice, ...]:
    """The notices of one decision: of each move, one for each target that wants it."""
    targets = [(each, each.address, content_id(each.address.encode())) for each in publishers]
    notices: list[Notice] = []
    for position, move in enumerate(moves):
        event = move.event
        wanted = {target: address for each, address, target in targets if each.wants(event)}
        if not wanted:
            continue
        execution = execution_of(move.after)
        notice = Notice(
            id=derive_id(f"notice/{seed}", position),
            root_id=execution.root_id,
            target="",
            sequence=sequence,
            position=position,
            address="",
            event=event,
            body=json_text_of(payload(move.after, execution, event)),
            created_at=at,
        )
        notices.extend(replace(notice, target=target, address=wanted[target]) for target in wanted)
    return tuple(notices)
