"""What is known of an execution under way, kept up to date at the cost of each change alone."""

from collections import Counter
from collections.abc import Iterator

from msgspec import Struct

from maestrale.core import ActionRun, Changes, Execution, State, Task, Timer
from maestrale.core.state import TimerKind
from maestrale.core.status import ENDED_EXECUTION, ENDED_RUN, ENDED_TASK, ExecutionState
from maestrale.store import TreeRows


class Step(Struct, frozen=True):
    """One row's change. `before` is None where the row is new."""

    row: Task | Execution
    before: Task | Execution | None


class Progress:
    """The rows of one tree as committed, with what a display asks for at hand.

    `live_tasks`, by execution, and `live_children`, by task, hold what has not ended, in the order in
    which it was made. `ended` counts the ended tasks of an execution, `ended_children` the ended
    sub-executions of a task, by state. `open_runs`, by task, are the action runs that somebody waits for.
    """

    def __init__(self, root_id: str) -> None:
        self.root_id = root_id
        self.state = State()
        self.live_tasks: dict[str, dict[str, None]] = {}
        self.live_children: dict[str, dict[str, None]] = {}
        self.ended: dict[str, Counter[str]] = {}
        self.ended_children: dict[str, Counter[str]] = {}
        self.open_runs: dict[str, dict[str, None]] = {}
        self._working = 0
        self._waiting_outside = 0

    @property
    def root(self) -> Execution | None:
        """The root execution; None: nothing is committed yet."""
        return self.state.executions.get(self.root_id)

    @property
    def has_ended(self) -> bool:
        return self.root is not None and self.root.state in ENDED_EXECUTION

    @property
    def is_paused(self) -> bool:
        return self.root is not None and self.root.state is ExecutionState.PAUSED

    @property
    def working(self) -> int:
        """How many actions are under way, or wait for a place, that end by themselves."""
        return self._working

    @property
    def waits_for_outside(self) -> bool:
        """Whether nothing happens any more unless somebody completes an asynchronous action."""
        quiet = not self._working and not self.state.timers and not self.state.has_work
        return quiet and self._waiting_outside > 0 and not self.has_ended and not self.is_paused

    def outside_runs(self) -> Iterator[ActionRun]:
        """The asynchronous actions that are waited for."""
        for run_ids in self.open_runs.values():
            for run_id in run_ids:
                if self.state.runs[run_id].asynchronous:
                    yield self.state.runs[run_id]

    def timer_of(self, task_id: str) -> Timer | None:
        """The timer that the task waits for; a timeout is none that anybody waits for."""
        for kind in (TimerKind.WAIT_BEFORE, TimerKind.WAIT_AFTER, TimerKind.RETRY):
            timer = self.state.timers.get(f"{task_id}/{kind}")
            if timer is not None:
                return timer
        return None

    def children(self, task_id: str) -> Iterator[Execution]:
        """The sub-executions that the task waits or waited for; those of earlier attempts are left out."""
        for id in self.state.children.get(task_id, ()):
            execution = self.state.executions.get(id)
            if execution is not None and execution.accepted:
                yield execution

    def path(self, row: Task | Execution) -> str:
        """Where a task or a sub-execution is: the names of the tasks that lead to it, as `crawl[3]/fetch`."""
        names: list[str] = []
        here: Task | Execution | None = row
        while here is not None:
            if isinstance(here, Task):
                names.append(here.name)
                here = self.state.executions[here.execution_id]
            elif here.parent_task_id is None:
                here = None
            else:
                parent = self.state.tasks[here.parent_task_id]
                name = parent.name if here.index is None else f"{parent.name}[{here.index}]"
                names.append(name)
                here = self.state.executions[parent.execution_id]
        return "/".join(reversed(names))

    def above(self, task: Task) -> Iterator[Execution]:
        """The executions that a task is in, the innermost first, up to one that nobody waits for."""
        execution = self.state.executions[task.execution_id]
        yield execution
        while execution.accepted and execution.parent_task_id is not None:
            parent = self.state.tasks[execution.parent_task_id]
            execution = self.state.executions[parent.execution_id]
            yield execution

    def stands(self, task: Task) -> bool:
        """Whether the execution goes on from this task: it is in no sub-execution of an earlier attempt."""
        return any(execution.id == self.root_id for execution in self.above(task))

    def load(self, rows: TreeRows) -> None:
        """Begin with a tree as it is stored."""
        self.take(
            Changes(
                tree=rows.tree,
                executions={row.id: row for row in rows.executions},
                tasks={row.id: row for row in rows.tasks},
                runs={row.id: row for row in rows.runs},
                timers={row.id: row for row in rows.timers},
            )
        )

    def take(self, changes: Changes) -> list[Step]:
        """Take the rows of a commit, and say which tasks and executions changed."""
        steps = [Step(row, self.state.executions.get(id)) for id, row in changes.executions.items()]
        steps += [Step(row, self.state.tasks.get(id)) for id, row in changes.tasks.items()]
        runs_before = {id: self.state.runs.get(id) for id in changes.runs}
        self.state.apply(changes)
        for step in steps:
            match step.row:
                case Execution():
                    self._count_execution(step.row, step.before)
                case Task():
                    self._count_task(step.row, step.before)
        for id, before in runs_before.items():
            self._count_run(self.state.runs[id], before)
        return steps

    def _count_execution(self, execution: Execution, before: Task | Execution | None) -> None:
        parent = execution.parent_task_id
        if parent is None:
            return
        live = self.live_children.setdefault(parent, {})
        counts = self.ended_children.setdefault(parent, Counter())
        _move(
            execution.id, live, counts, ended=execution.state in ENDED_EXECUTION, row=execution, before=before
        )

    def _count_task(self, task: Task, before: Task | Execution | None) -> None:
        live = self.live_tasks.setdefault(task.execution_id, {})
        counts = self.ended.setdefault(task.execution_id, Counter())
        _move(task.id, live, counts, ended=task.state in ENDED_TASK, row=task, before=before)

    def _count_run(self, run: ActionRun, before: ActionRun | None) -> None:
        is_open, was_open = _is_open(run), before is not None and _is_open(before)
        if is_open == was_open:
            return
        step = 1 if is_open else -1
        if run.asynchronous:
            self._waiting_outside += step
        else:
            self._working += step
        if is_open:
            self.open_runs.setdefault(run.task_id, {})[run.id] = None
        else:
            runs = self.open_runs[run.task_id]
            del runs[run.id]
            if not runs:
                del self.open_runs[run.task_id]


def _is_open(run: ActionRun) -> bool:
    return run.state not in ENDED_RUN and not run.abandoned


def _move(
    id: str,
    live: dict[str, None],
    counts: Counter[str],
    *,
    ended: bool,
    row: Task | Execution,
    before: Task | Execution | None,
) -> None:
    """Bring the table of the living and the count of the ended up to date for one row."""
    if before is not None and id not in live:
        counts[before.state.value] -= 1
    if ended:
        live.pop(id, None)
        counts[row.state.value] += 1
    elif id not in live:
        live[id] = None
