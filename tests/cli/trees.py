"""Rows of executions and tasks, for tests of what is shown of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from maestrale.core import ActionRun, Changes, Execution, Task, Timer, Tree
from maestrale.core.state import TimerKind
from maestrale.core.status import ExecutionState, RunState, TaskState

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def an_execution(id: str = "root", **fields: Any) -> Execution:
    defaults: dict[str, Any] = {
        "number": 1,
        "workflow": "w",
        "document": "d",
        "state": ExecutionState.RUNNING,
        "input": {},
        "params": {},
        "context": {},
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Execution(id=id, root_id="root", **(defaults | fields))


def a_task(id: str, **fields: Any) -> Task:
    defaults: dict[str, Any] = {
        "execution_id": "root",
        "number": 2,
        "name": id,
        "type": "ACTION",
        "state": TaskState.RUNNING,
        "created_at": NOON,
        "updated_at": NOON,
        "started_at": NOON,
    }
    return Task(id=id, root_id="root", **(defaults | fields))


def a_run(id: str, task_id: str, **fields: Any) -> ActionRun:
    defaults: dict[str, Any] = {
        "execution_id": "root",
        "number": 3,
        "name": "std.http",
        "action": "std.http",
        "state": RunState.RUNNING,
        "input": {},
        "created_at": NOON,
        "updated_at": NOON,
    }
    return ActionRun(id=id, task_id=task_id, root_id="root", **(defaults | fields))


def a_timer(task_id: str, kind: TimerKind, seconds: int) -> Timer:
    return Timer(
        id=f"{task_id}/{kind}",
        root_id="root",
        task_id=task_id,
        kind=kind,
        seconds=seconds,
        due_at=NOON + seconds * SECOND,
    )


def changes(*rows: Execution | Task | ActionRun | Timer) -> Changes:
    """These rows as one commit, with the tree."""
    return Changes(
        tree=Tree(id="root"),
        executions={row.id: row for row in rows if isinstance(row, Execution)},
        tasks={row.id: row for row in rows if isinstance(row, Task)},
        runs={row.id: row for row in rows if isinstance(row, ActionRun)},
        timers={row.id: row for row in rows if isinstance(row, Timer)},
    )
