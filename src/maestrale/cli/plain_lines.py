"""Progress where nobody watches a terminal: a line on stderr for each change that matters."""

from collections.abc import Sequence

from maestrale.cli.progress import Progress, Step
from maestrale.cli.terminal import say
from maestrale.cli.texts import SYMBOLS, duration, local_time, one_line
from maestrale.core import Execution, Task
from maestrale.core.status import ENDED_TASK, TaskState

_WRONG = (TaskState.ERROR, TaskState.CANCELLED, TaskState.PAUSED)

TENTHS = 10

CROWD = 50
"""In a loop of more sub-workflows than this, only their tasks that go wrong have lines."""


class PlainLines:
    """Writes lines such as `2026-03-01 12:00:04 ✓ crawl[3]/fetch SUCCESS (0.4 s)`."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def started(self, execution: Execution) -> None:
        say(f"{local_time(execution.created_at)} execution {execution.id} of workflow `{execution.workflow}`")

    def changed(self, steps: Sequence[Step]) -> None:
        lines = []
        for step in steps:
            match step:
                case Step(row=Task() as task, before=Task() | None as before):
                    line = self._task_line(task, before)
                    if line is not None:
                        lines.append(line)
        if lines:
            say("\n".join(lines))

    def note(self, text: str) -> None:
        say(text)

    async def run(self) -> None:
        pass

    def close(self) -> None:
        pass

    def _task_line(self, task: Task, before: Task | None) -> str | None:
        """A line about a task that has changed so that a reader wants to know; None otherwise."""
        details = _details(task, before)
        if details is None or (task.state not in _WRONG and self._is_in_a_crowd(task)):
            return None
        where = (
            f"{local_time(task.updated_at)} {SYMBOLS[task.state]} {self._progress.path(task)} {task.state}"
        )
        return f"{where} ({', '.join(details)})" if details else where

    def _is_in_a_crowd(self, task: Task) -> bool:
        """Whether a loop of many sub-workflows is somewhere above the task."""
        state = self._progress.state
        execution = state.executions[task.execution_id]
        while execution.parent_task_id is not None:
            parent = state.tasks[execution.parent_task_id]
            if parent.items is not None and parent.items.total > CROWD:
                return True
            execution = state.executions[parent.execution_id]
        return False


def _details(task: Task, before: Task | None) -> list[str] | None:
    """What to add to the line about a task. None: no line."""
    details = []
    if task.started_at is not None and task.state in ENDED_TASK:
        details.append(duration((task.finished_at or task.updated_at) - task.started_at))
    if task.items is not None and (task.items.ended or task.state in ENDED_TASK):
        details.append(f"{task.items.ended:,}/{task.items.total:,}")
    if task.attempt:
        details.append(f"attempt {task.attempt + 1}")
    if task.state not in (TaskState.SUCCESS, TaskState.WAITING) and task.state_info:
        details.append(one_line(task.state_info))
    if before is not None and before.state is task.state and before.attempt == task.attempt:
        return details if _passed_a_tenth(task, before) else None
    is_worth_it = task.state is not TaskState.IDLE or task.held
    return details if is_worth_it and task.state is not TaskState.WAITING else None


def _passed_a_tenth(task: Task, before: Task) -> bool:
    """Whether another tenth of a loop's items has ended: the sign of life of a long one."""
    if task.items is None or task.items.total < TENTHS:
        return False
    ended_before = before.items.ended if before.items is not None else 0
    total = task.items.total
    return task.items.ended * TENTHS // total > ended_before * TENTHS // total
