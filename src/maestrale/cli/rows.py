"""The picture of an execution under way: the few rows worth seeing, however large it is."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice

from msgspec import Struct

from maestrale.cli.progress import Progress
from maestrale.cli.texts import SYMBOLS, duration, local_hour, one_line
from maestrale.core import Execution, Task
from maestrale.core.state import TimerKind
from maestrale.core.status import ENDED_TASK, TaskState
from maestrale.errors import Error
from maestrale.lang import Workflow

MOST_CHILDREN = 8
"""So many sub-workflows of one loop are drawn once a picture does not fit."""

MOST_FAILED = 3

_REASONS = {
    TimerKind.WAIT_BEFORE: "begins",
    TimerKind.WAIT_AFTER: "goes on",
    TimerKind.RETRY: "tries again",
}


class Row(Struct, frozen=True):
    """One line of the picture. `state` None: a line that only counts."""

    depth: int
    state: str | None
    title: str
    details: tuple[str, ...] = ()

    @property
    def symbol(self) -> str:
        return SYMBOLS[self.state] if self.state is not None else "…"


class Picture:
    """Draws the rows of a tree.

    Args:
        workflow_of: The definition an execution runs, to say how many tasks a join waits for.
    """

    def __init__(self, progress: Progress, workflow_of: Callable[[Execution], Workflow]) -> None:
        self._progress = progress
        self._workflow_of = workflow_of

    def rows(self, *, limit: int, now: datetime) -> list[Row]:
        """At most `limit` rows: everything if it fits, or else without what has ended in loops, or else
        only what is under way and what failed.

        It costs what is drawn, not what there is.
        """
        root = self._progress.root
        if root is None:
            return []
        for folded in (False, True):
            shown = list(islice(self._all_rows(root, 0, now, folded=folded), limit + 1))
            if len(shown) <= limit:
                return shown
        shown = list(islice(self._live_rows(root, 0, now), limit + 1))
        if len(shown) > limit:
            shown = [*shown[: limit - 1], Row(0, None, "more than fits here")]
        return shown

    # Everything.

    def _all_rows(self, execution: Execution, depth: int, now: datetime, *, folded: bool) -> Iterator[Row]:
        state = self._progress.state
        for task_id in state.tasks_in.get(execution.id, ()):
            task = state.tasks[task_id]
            yield self._task_row(task, depth, now)
            if folded and task.items is not None:
                yield from self._live_child_rows(task, depth + 1, now)
                continue
            for child in self._progress.children(task.id):
                if task.items is None:
                    yield from self._all_rows(child, depth + 1, now, folded=folded)
                else:
                    yield self._child_row(child, depth + 1, now)
                    yield from self._all_rows(child, depth + 2, now, folded=folded)

    # What matters.

    def _live_rows(self, execution: Execution, depth: int, now: datetime) -> Iterator[Row]:
        progress = self._progress
        counts = progress.ended.get(execution.id, Counter())
        if any(counts.values()):
            yield _count_row(counts, depth, "task")
        if counts[TaskState.ERROR.value]:
            yield from self._failed_rows(execution, depth, now)
        for task_id in progress.live_tasks.get(execution.id, ()):
            task = progress.state.tasks[task_id]
            yield self._task_row(task, depth, now)
            yield from self._live_child_rows(task, depth + 1, now)

    def _failed_rows(self, execution: Execution, depth: int, now: datetime) -> Iterator[Row]:
        state = self._progress.state
        latest_first = (state.tasks[id] for id in reversed(state.tasks_in[execution.id][-1000:]))
        failed = (task for task in latest_first if task.state is TaskState.ERROR)
        for task in islice(failed, MOST_FAILED):
            yield self._task_row(task, depth, now)

    def _live_child_rows(self, task: Task, depth: int, now: datetime) -> Iterator[Row]:
        progress = self._progress
        counts = progress.ended_children.get(task.id, Counter())
        if task.items is not None and any(counts.values()):
            yield _count_row(counts, depth, "sub-workflow")
        live = progress.live_children.get(task.id, {})
        for child_id in islice(live, MOST_CHILDREN):
            child = progress.state.executions[child_id]
            if task.items is None:
                yield from self._live_rows(child, depth, now)
            else:
                yield self._child_row(child, depth, now)
                yield from self._live_rows(child, depth + 1, now)
        if len(live) > MOST_CHILDREN:
            yield Row(depth, None, f"{len(live) - MOST_CHILDREN:,} more under way")

    # Single rows.

    def _child_row(self, execution: Execution, depth: int, now: datetime) -> Row:
        span = (execution.finished_at or now) - execution.created_at
        title = f"[{execution.index}] {execution.workflow}"
        return Row(depth, execution.state.value, title, (duration(span),))

    def _task_row(self, task: Task, depth: int, now: datetime) -> Row:
        return Row(depth, task.state.value, task.name, tuple(self._details(task, now)))

    def _details(self, task: Task, now: datetime) -> Iterator[str]:
        if task.started_at is not None:
            yield duration((task.finished_at or now) - task.started_at)
        if task.items is not None:
            failed = f", {task.items.failed:,} failed" if task.items.failed else ""
            yield f"{task.items.ended:,}/{task.items.total:,}{failed}"
        if task.attempt:
            yield f"attempt {task.attempt + 1}"
        if task.state in ENDED_TASK:
            if task.state is not TaskState.SUCCESS and task.state_info:
                yield one_line(task.state_info, most=100)
        elif (reason := self._waits_for(task)) is not None:
            yield reason

    def _waits_for(self, task: Task) -> str | None:
        """What keeps a task that has not ended, unless it is at work."""
        if task.held:
            return "held by pause-before"
        timer = self._progress.timer_of(task.id)
        if timer is not None:
            return f"{_REASONS[timer.kind]} at {local_hour(timer.due_at)}"
        if task.state is TaskState.WAITING:
            return self._join(task)
        if task.state is TaskState.PAUSED:
            return "paused"
        runs = [self._progress.state.runs[id] for id in self._progress.open_runs.get(task.id, ())]
        if runs and all(run.asynchronous for run in runs):
            return "waits to be completed from outside"
        return None

    def _join(self, task: Task) -> str:
        """How far a join is."""
        try:
            workflow = self._workflow_of(self._progress.state.executions[task.execution_id])
        except Error:
            return "waits for other tasks"
        join = workflow.tasks[task.name].join
        needed = join if isinstance(join, int) else len(workflow.graph.inbound[task.name])
        return f"join {task.arrived}/{needed}"


def _count_row(counts: Counter[str], depth: int, noun: str) -> Row:
    told = [f"{SYMBOLS[state]} {number:,}" for state, number in sorted(counts.items()) if number]
    ended = sum(counts.values())
    return Row(depth, None, f"{ended:,} {noun}{'' if ended == 1 else 's'} ended", (" ".join(told),))
