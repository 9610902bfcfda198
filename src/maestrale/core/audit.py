"""Whether the rows of a tree are as rows must be: pure, and without an effect on them.

By the law of the core, the rows that decisions leave fit together: counters say what counting says, what has
ended says when, nobody waits for what is not there. Rows that do not were damaged after they were decided,
or met a bug. `audit_rows` names each fault; whether anything can still move the tree is the subject of
`standstill`.

It looks at every row, so it costs what there is.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Protocol

from maestrale.core.catalogue import World
from maestrale.core.findings import Finding, found
from maestrale.core.rerun import is_under_way
from maestrale.core.standstill import find_standstill, missing_definitions, was_reopened
from maestrale.core.state import ActionRun, Execution, State, Task, Timer, TimerKind, Tree, state_of
from maestrale.core.status import ENDED_EXECUTION, ENDED_RUN, ENDED_TASK, ExecutionState, RunState, TaskState
from maestrale.core.turn import has_ended, lives_on

WAITS = (TimerKind.WAIT_BEFORE, TimerKind.WAIT_AFTER, TimerKind.RETRY)
"""The timers that a delayed task waits for."""


class Rows(Protocol):
    """All rows of a tree."""

    @property
    def tree(self) -> Tree: ...
    @property
    def executions(self) -> Sequence[Execution]: ...
    @property
    def tasks(self) -> Sequence[Task]: ...
    @property
    def runs(self) -> Sequence[ActionRun]: ...
    @property
    def timers(self) -> Sequence[Timer]: ...


def audit_rows(world: World, rows: Rows) -> list[Finding]:
    """Everything that is wrong with the rows of a tree, as far as they tell.

    Raises:
        Unavailable: A definition could not be read.
    """
    findings, state = _linked(rows)
    return [*findings, *audit_state(world, state)]


def audit_state(world: World, state: State) -> list[Finding]:
    """The same of a tree in memory, where every row belongs to another one. Raises: see `audit_rows`."""
    return [*missing_definitions(world, state), *find_faults(state), *find_standstill(world, state)]


def find_faults(state: State) -> Iterator[Finding]:
    """Which rows are not as rows must be. Whether anything still moves is `standstill`'s to say."""
    yield from _check_tree(state)
    reopened = was_reopened(state)
    for execution in state.executions.values():
        yield from _check_execution(state, execution, reopened=reopened)
    timers = _timers_by_task(state)
    for task in state.tasks.values():
        yield from _check_task(state, task, timers.get(task.id, set()))
    for run in state.runs.values():
        yield from _check_run(state, run)
    for timer in state.timers.values():
        yield from _check_timer(state, timer)


# Which rows belong to which.


def _linked(rows: Rows) -> tuple[list[Finding], State]:
    """The rows that belong to no other, and the state that the rest stands for."""
    executions = {row.id: row for row in rows.executions}
    tasks = {row.id: row for row in rows.tasks}
    findings: list[Finding] = []
    while True:  # What belongs to a row that belongs to none belongs to none either.
        lost: list[Execution | Task] = [row for row in executions.values() if _lacks_task(row, tasks)]
        lost += [row for row in tasks.values() if row.execution_id not in executions]
        if not lost:
            break
        for row in lost:
            findings.append(_without_parent(row))
            (executions if isinstance(row, Execution) else tasks).pop(row.id)
    runs = [row for row in rows.runs if _has_task(row, tasks)]
    timers = [row for row in rows.timers if _has_task(row, tasks)]
    findings += [_without_parent(row) for row in rows.runs if not _has_task(row, tasks)]
    findings += [_without_parent(row) for row in rows.timers if not _has_task(row, tasks)]
    return findings, state_of(rows.tree, executions.values(), tasks.values(), runs, timers)


def _lacks_task(row: Execution, tasks: dict[str, Task]) -> bool:
    if row.parent_task_id is None:
        return row.id != row.root_id
    return row.parent_task_id not in tasks


def _has_task(row: ActionRun | Timer, tasks: dict[str, Task]) -> bool:
    """A run that is a tree of its own has none, nor has the timer that bounds it."""
    alone = row.root_id if isinstance(row, ActionRun) else f"{row.root_id}/{TimerKind.ACTION_TIMEOUT}"
    return row.task_id in tasks or row.id == alone


def _without_parent(row: Execution | Task | ActionRun | Timer) -> Finding:
    wanted = row.execution_id if isinstance(row, Task) else getattr(row, "task_id", None)
    if isinstance(row, Execution):
        wanted = row.parent_task_id
    return found("row-without-parent", row, "what it belongs to is not there", wanted=wanted)


# The tree as a whole.


def _check_tree(state: State) -> Iterator[Finding]:
    tree = state.tree
    assert tree is not None
    if tree.id not in state.executions and list(state.runs) != [tree.id]:
        yield found("root-missing", tree, "neither its root execution nor its only action run is there")
    numbered: list[Execution | Task | ActionRun] = [
        *state.executions.values(),
        *state.tasks.values(),
        *state.runs.values(),
    ]
    times = Counter(row.number for row in numbered)
    for row in numbered:
        if row.number > tree.counter or times[row.number] > 1:
            text = "its number was never given out, or to another row too"
            yield found("number-unknown", row, text, number=row.number, counter=tree.counter)
    every: list[Execution | Task | ActionRun | Timer] = [*numbered, *state.timers.values()]
    for owned in every:
        if owned.project_id != tree.project_id:
            text = "it belongs to another project than its tree"
            told = {"project_id": owned.project_id, "of_the_tree": tree.project_id}
            yield found("project-differs", owned, text, **told)


# Executions.


def _check_execution(state: State, execution: Execution, *, reopened: bool) -> Iterator[Finding]:
    tasks = [state.tasks[id] for id in state.tasks_in[execution.id]]
    counted = {
        "live": sum(lives_on(task) for task in tasks),
        "cancelled": sum(task.state is TaskState.CANCELLED for task in tasks),
        "unhandled": sum(task.state is TaskState.ERROR and not task.error_handled for task in tasks),
    }
    kept = {name: getattr(execution, name) for name in counted}
    if kept != counted:
        yield found(
            "counters-differ",
            execution,
            "its counters are not what counting gives",
            kept=kept,
            counted=counted,
        )
    ended = has_ended(execution)
    complete = execution.finished_at is not None and execution.output is not None
    if (ended and not complete) or (not ended and execution.finished_at is not None):
        yield _end_incomplete(execution, execution.state, execution.finished_at is not None)
    if execution.backlog and execution.state is not ExecutionState.PAUSED:
        text = "it keeps transitions for its resume, and is not paused"
        yield found("backlog-left-over", execution, text, state=execution.state.value)
    if execution.parent_task_id is not None:
        yield from _check_parent(state, execution, reopened=reopened)


def _end_incomplete(row: Execution | Task | ActionRun, state: str, has_time: bool) -> Finding:
    text = "whether it has ended is told in two ways that differ, or its output is missing"
    return found("end-incomplete", row, text, state=str(state), has_finished_at=has_time)


def _check_parent(state: State, execution: Execution, *, reopened: bool) -> Iterator[Finding]:
    """Who has ended waits for nobody. A pause spreads up and down, unless something was run again since."""
    assert execution.parent_task_id is not None
    task = state.tasks[execution.parent_task_id]
    parent = state.executions[task.execution_id]
    if not execution.accepted or has_ended(execution) or has_ended(parent):
        return
    if has_ended(task):
        yield from _left_open(execution, task)
    elif (
        not reopened
        and execution.state is ExecutionState.PAUSED
        and (task.state is not TaskState.PAUSED or parent.state is not ExecutionState.PAUSED)
    ):
        yield found(
            "pause-differs",
            execution,
            "it is paused, and what waits for it is not",
            task_state=task.state.value,
            execution_state=parent.state.value,
        )


def _left_open(child: Execution | ActionRun, task: Task) -> Iterator[Finding]:
    """A task ends with its children. But a loop ends at once when one of its items was cancelled, and a task
    that cannot be handled fails with its execution, in a pause at the resume; others of it may be rerun."""
    unmanageable = task.state is TaskState.ERROR and not task.error_handled
    if not unmanageable and (task.items is None or not task.items.cancelled):
        text = f"it is to go on, and its task `{task.name}` has ended"
        yield found("child-left-open", child, text, task_id=task.id, task_state=task.state.value)


# Tasks.


def _timers_by_task(state: State) -> dict[str, set[TimerKind]]:
    found: dict[str, set[TimerKind]] = {}
    for timer in state.timers.values():
        found.setdefault(timer.task_id, set()).add(timer.kind)
    return found


def _check_task(state: State, task: Task, timers: set[TimerKind]) -> Iterator[Finding]:
    if task.state in ENDED_TASK and task.finished_at is None:
        yield _end_incomplete(task, task.state, False)
    execution = state.executions[task.execution_id]
    if has_ended(execution):
        late = task.state in ENDED_TASK or task.state in (TaskState.RUNNING, TaskState.PAUSED)
        if task.turn is not None and not late:
            text = "its execution has ended, and it is still to begin"
            yield found("turn-left-over", task, text, state=task.state.value, turn=task.turn)
        return
    yield from _check_delay(task, timers.intersection(WAITS))
    if task.items is not None and task.state in (TaskState.RUNNING, TaskState.PAUSED):
        yield from _check_loop(state, task)


def _check_delay(task: Task, waits: set[TimerKind]) -> Iterator[Finding]:
    """A delay ends once: by its one timer, or by its turn where that has come."""
    told = {"timers": sorted(waits), "turn": task.turn, "waiting_outcome": task.waiting_outcome is not None}
    if task.state is TaskState.DELAYED and not waits and task.turn is None:
        yield found("timer-missing", task, "it is delayed, and nothing will wake it", **told)
    elif task.state is TaskState.DELAYED and (
        len(waits) + (task.turn is not None) > 1
        or (waits and (task.waiting_outcome is not None) != (TimerKind.WAIT_AFTER in waits))
    ):
        yield found(
            "delay-contradictory", task, "its delay would end twice, or otherwise than it began", **told
        )
    elif task.state is not TaskState.DELAYED and task.state not in ENDED_TASK and waits:
        yield found("delay-contradictory", task, "it is not delayed, and a timer says it is", **told)


def _children(state: State, task: Task) -> Iterator[ActionRun | Execution]:
    for id in state.children.get(task.id, ()):
        yield state.runs[id] if id in state.runs else state.executions[id]


def _check_loop(state: State, task: Task) -> Iterator[Finding]:
    items = task.items
    assert items is not None
    ended = Counter(
        child.state.value for child in _children(state, task) if child.accepted and has_ended(child)
    )
    counted = {
        "succeeded": ended["SUCCESS"],
        "failed": ended["ERROR"],
        "cancelled": ended["CANCELLED"],
        "running": sum(map(is_under_way, _children(state, task))),
    }
    kept = {name: getattr(items, name) for name in counted}
    if items.cancelled:  # The loop ends at once; what still runs of it is not waited for.
        kept["running"] = counted["running"]
    if kept != counted or not items.launched <= items.total:
        total = {"launched": items.launched, "total": items.total}
        yield found(
            "loop-differs", task, "its items are not what counting gives", kept=kept, counted=counted, **total
        )


# Action runs and timers.


def _check_run(state: State, run: ActionRun) -> Iterator[Finding]:
    ended = run.state in ENDED_RUN
    if ended != (run.finished_at is not None):
        yield _end_incomplete(run, run.state, run.finished_at is not None)
    rests = run.state is RunState.PAUSED and not run.asynchronous
    if (run.accepted and (run.abandoned or not ended)) or rests:
        yield found(
            "run-contradictory",
            run,
            "its result counts before it has one or after it was given up, or it rests and cannot",
            state=run.state.value,
            accepted=run.accepted,
            abandoned=run.abandoned,
        )
    task = state.tasks.get(run.task_id)
    if task is None or not is_under_way(run) or has_ended(state.executions[task.execution_id]):
        return
    if has_ended(task):
        yield from _left_open(run, task)


def _check_timer(state: State, timer: Timer) -> Iterator[Finding]:
    task = state.tasks.get(timer.task_id)
    if task is None:
        run = state.runs.get(timer.root_id)
        left_over = run is None or run.state in ENDED_RUN
    else:
        left_over = has_ended(task) or state.executions[task.execution_id].state in ENDED_EXECUTION
    if left_over:
        yield found("timer-left-over", timer, "what it is to wake has ended", kind=timer.kind.value)
