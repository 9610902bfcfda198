"""A picture of an execution far away: its events become the rows that displays of progress know."""

from datetime import datetime
from typing import TypeAlias

from msgspec.structs import replace

from maestrale.cli.progress import Progress, Step
from maestrale.client import ExecutionChanged, TaskChanged
from maestrale.core import Changes, Execution, Task, Tree
from maestrale.core.state import Items
from maestrale.core.status import ENDED_EXECUTION, ENDED_TASK, ExecutionState, TaskState

Change: TypeAlias = ExecutionChanged | TaskChanged


class Mirror:
    """The rows of an execution, as far as its events tell of them.

    `progress` has the watched execution as its root, even if it is a sub-execution.
    """

    def __init__(self, execution_id: str) -> None:
        self.progress = Progress(execution_id)
        self._number = 0
        self._early: dict[str, list[Change]] = {}
        """Changes of rows whose parent is not known yet, by the id of that parent."""

    def take(self, change: Change) -> list[Step]:
        """Bring the rows up to date, and say which changed."""
        parent = self._missing_parent(change)
        if parent is not None:
            self._early.setdefault(parent, []).append(change)
            return []
        match change:
            case ExecutionChanged():
                changes = Changes(tree=self._tree(), executions=self._execution(change))
            case TaskChanged():
                changes = Changes(tasks=self._task(change))
        steps = self.progress.take(changes)
        for waiting in self._early.pop(change.id, ()):
            steps += self.take(waiting)
        return steps

    def _missing_parent(self, change: Change) -> str | None:
        state = self.progress.state
        match change:
            case TaskChanged(execution_id=parent):
                return None if parent in state.executions else parent
            case ExecutionChanged(id=id, parent_task_id=parent) if id != self.progress.root_id:
                return None if parent is None or parent in state.tasks else parent
        return None

    def _tree(self) -> Tree | None:
        return Tree(id=self.progress.root_id) if self.progress.state.tree is None else None

    def _next_number(self) -> int:
        self._number += 1
        return self._number

    def _execution(self, change: ExecutionChanged) -> dict[str, Execution]:
        state = ExecutionState(change.state)
        known = self.progress.state.executions.get(change.id)
        row = known or Execution(
            id=change.id,
            root_id=self.progress.root_id,
            number=self._next_number(),
            parent_task_id=None if change.id == self.progress.root_id else change.parent_task_id,
            index=change.index,
            workflow=change.name,
            document="",
            state=state,
            input={},
            params={},
            context={},
            created_at=change.at,
            updated_at=change.at,
        )
        finished_at = change.at if state in ENDED_EXECUTION else None
        return {
            row.id: replace(
                row, state=state, state_info=change.state_info, updated_at=change.at, finished_at=finished_at
            )
        }

    def _task(self, change: TaskChanged) -> dict[str, Task]:
        state = TaskState(change.state)
        known = self.progress.state.tasks.get(change.id)
        row = known or Task(
            id=change.id,
            execution_id=change.execution_id,
            root_id=self.progress.root_id,
            number=self._next_number(),
            name=change.name,
            type="ACTION",
            state=state,
            created_at=change.at,
            updated_at=change.at,
        )
        return {
            row.id: replace(
                row,
                state=state,
                state_info=change.state_info,
                attempt=change.attempt,
                items=_items(change),
                updated_at=change.at,
                started_at=_started_at(row, state, change.at),
                finished_at=change.at if state in ENDED_TASK else None,
            )
        }


def _items(change: TaskChanged) -> Items | None:
    """The loop of a task, as far as displays of progress look at it."""
    loop = change.items
    if loop is None:
        return None
    return Items(
        total=loop.total,
        launched=loop.running + loop.succeeded + loop.failed + loop.cancelled,
        succeeded=loop.succeeded,
        failed=loop.failed,
        cancelled=loop.cancelled,
    )


def _started_at(row: Task, state: TaskState, at: datetime) -> datetime | None:
    """When the work of a task began; one that failed and runs again begins anew."""
    begins_anew = row.state in ENDED_TASK and row.started_at is not None
    if state is TaskState.RUNNING and (row.started_at is None or begins_anew):
        return at
    return row.started_at
