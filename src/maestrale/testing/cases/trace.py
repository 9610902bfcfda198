"""What happened in a test, as it is told when the test fails."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from maestrale.core import Changes, Execution, State, Task
from maestrale.core.status import ENDED_TASK, ExecutionState, TaskState
from maestrale.testing.paths import path_of_execution, path_of_task


class Line(Struct, frozen=True):
    """One thing that happened, at a fake time since the start.

    `who` is the path of a task or a sub-workflow; empty for the whole execution.
    """

    at: timedelta
    who: str
    what: str
    detail: str = ""


class Trace:
    """Takes in what decisions change; knows the order in which tasks began."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._states: dict[str, str] = {}
        self._under_way: set[str] = set()
        self._begun: set[str] = set()
        self._order: list[tuple[str, str]] = []
        self.lines: list[Line] = []

    def begun(self, execution: Execution) -> list[str]:
        """The names of the tasks of an execution that have begun, in that order, each as often as it did."""
        return [name for execution_id, name in self._order if execution_id == execution.id]

    def tell(self, now: datetime, who: str, what: str, detail: str = "") -> None:
        self.lines.append(Line(now - self._start, who, what, detail))

    def take(self, state: State, changes: Changes, now: datetime) -> None:
        """Take in the changes of a decision that are in the state by now."""
        for task in sorted(changes.tasks.values(), key=lambda row: row.number):
            self._note_begin(task)
            is_first = task.id not in self._states
            if self._is_new(task) and not (is_first and task.state is TaskState.IDLE):
                self.tell(now, path_of_task(state, task), task.state, task.state_info or "")
        for execution in self._inner_first(changes):
            if self._is_new(execution):
                path = path_of_execution(state, execution)
                name = f"workflow `{execution.workflow}` {execution.state}"
                self.tell(now, path, name, execution.state_info or "")

    def _inner_first(self, changes: Changes) -> Iterator[Execution]:
        for execution in sorted(changes.executions.values(), key=lambda row: (-row.depth, row.number)):
            known = execution.id in self._states
            if not known and execution.state is ExecutionState.RUNNING:
                self._states[execution.id] = execution.state  # That it runs is seen by its tasks.
            yield execution

    def _is_new(self, row: Task | Execution) -> bool:
        changed = self._states.get(row.id) != row.state
        self._states[row.id] = row.state
        return changed

    def _note_begin(self, task: Task) -> None:
        """A task begins when it starts first, and again when it is run again after its end."""
        has_ended = task.state in ENDED_TASK
        if task.started_at is not None and task.id not in self._under_way:
            if not has_ended or task.id not in self._begun:
                self._order.append((task.execution_id, task.name))
                self._begun.add(task.id)
            self._under_way.add(task.id)
        if has_ended:
            self._under_way.discard(task.id)
