"""Whether anything can still move a tree.

Every execution that has not ended waits for something that has a name: its turn, an action, a timer, a
sub-workflow, branches of a join, or somebody who resumes it. `explaining` names it; here is looked for the
executions and tasks that wait for nothing, and so for ever.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

from maestrale.core import rounds
from maestrale.core.catalogue import World
from maestrale.core.explaining import reading
from maestrale.core.findings import AnyRow, Finding, found
from maestrale.core.rerun import is_under_way
from maestrale.core.state import ActionRun, Execution, State, Task, TimerKind
from maestrale.core.status import ENDED_RUN, ExecutionState, TaskState
from maestrale.core.turn import Turn, has_ended, lives_on
from maestrale.errors import InvalidInput, NotFound

_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""What is looked at here is the same at every instant."""


def was_reopened(state: State) -> bool:
    """Whether a task was run again or skipped: what it had led to is then not counted as it was."""
    return any(task.reruns or task.state is TaskState.SKIPPED for task in state.tasks.values())


def missing_definitions(world: World, state: State) -> Iterator[Finding]:
    """What a live tree needs the text of, and cannot have."""
    tree = state.tree
    if tree is None or (all(map(has_ended, state.executions.values())) and state.has_ended):
        return
    for pin in tree.pins:
        if (problem := _problem(world, pin.kind, pin.document, pin.name)) is not None:
            text = f"the {pin.kind} `{pin.name}` that it keeps cannot be read: {problem}"
            yield found("definition-missing", tree, text, document=pin.document)
    for execution in state.executions.values():
        if has_ended(execution):
            continue
        problem = _problem(world, "workflow", execution.document, execution.workflow)
        if problem is not None:
            yield _missing(execution, f"its workflow `{execution.workflow}` cannot be read: {problem}")
            continue
        known = world.library.get_workflow(execution.document, execution.workflow).tasks
        for id in state.tasks_in[execution.id]:
            if state.tasks[id].name not in known:
                yield _missing(state.tasks[id], f"its workflow `{execution.workflow}` has no such task")


def _missing(row: AnyRow, text: str) -> Finding:
    document = row.document if isinstance(row, Execution) else None
    return found("definition-missing", row, text, document=document)


def _problem(world: World, kind: Literal["workflow", "action"], document: str, name: str) -> str | None:
    """Why a definition cannot be had; None: it can."""
    try:
        if kind == "workflow":
            world.library.get_workflow(document, name)
        else:
            world.library.get_action(document, name)
    except (NotFound, InvalidInput) as error:
        return f"{error.message} [{error.code}]"
    except LookupError:
        return "its text does not define it"
    return None


def find_standstill(world: World, state: State) -> Iterator[Finding]:
    """What nothing can ever move: of executions that run, and of an action run by itself."""
    assert state.tree is not None
    queued = set(state.agenda)
    for task in state.tasks.values():
        if task.turn is not None and (task.turn, task.id) not in queued:
            yield found("task-without-turn", task, "it has a ticket for its turn, which the agenda lacks")
    turn = reading(world, state, _NO_TIME)
    for execution in state.executions.values():
        if execution.state is not ExecutionState.RUNNING:
            continue  # One that is paused waits for whoever resumes it.
        if not any(lives_on(state.tasks[id]) for id in state.tasks_in[execution.id]):
            yield found("execution-overlooked", execution, "none of its tasks lives, and it has not ended")
            continue
        for id in state.tasks_in[execution.id]:
            yield from _of_task(turn, execution, state.tasks[id])
    run = state.runs.get(state.tree.id)
    if run is None or run.timeout_seconds is None or run.state in ENDED_RUN:
        return
    if f"{run.id}/{TimerKind.ACTION_TIMEOUT}" not in state.timers:
        yield found("timer-missing", run, "its time is bounded, and nothing will end it")


def _of_task(turn: Turn, execution: Execution, task: Task) -> Iterator[Finding]:
    """A task of an execution that runs. That one with a turn gets it, and a delay its timer, is checked with
    the rows."""
    if task.turn is not None or not lives_on(task):
        return
    told = {"state": task.state.value, "execution": execution.id}
    match task.state:
        case TaskState.RUNNING | TaskState.PAUSED:
            if not any(map(is_under_way, _children(turn, task))):
                yield found("task-without-work", task, "it runs, and nothing runs for it", **told)
        case TaskState.WAITING:
            yield from _of_join(turn, execution, task)
        case TaskState.DELAYED:
            pass
        case TaskState.IDLE:
            yield found("task-without-turn", task, "it has not begun, and nobody will begin it", **told)
        case _:
            yield found("task-without-turn", task, "it has ended, and nobody will go on behind it", **told)


def _children(turn: Turn, task: Task) -> Iterator[ActionRun | Execution]:
    yield from turn.child_runs(task.id)
    yield from turn.child_executions(task.id)


def _of_join(turn: Turn, execution: Execution, join: Task) -> Iterator[Finding]:
    try:
        judged = rounds.judge(turn, execution, join)
        standing = rounds.survey(turn, execution, join, most=len(turn.state.tasks))
    except (NotFound, InvalidInput, LookupError):
        return  # `missing_definitions` tells.
    told = {"needed": standing.needed, "inbound": standing.inbound, "counted": standing.arrived}
    if judged.verdict is not rounds.Verdict.WAIT:
        way = (
            "enough have come"
            if judged.verdict is rounds.Verdict.RUN
            else f"too many can never come: {sorted(judged.names)}"
        )
        yield found("join-overlooked", join, f"it waits for branches, and {way}", **told)
    lost = standing.arrived if _may_come_again(turn, execution, join) else join.arrived
    if join.arrived < standing.arrived or lost > standing.arrived:
        text = "it counts other branches than those that have come"
        yield found("join-differs", join, text, kept=join.arrived, **told)


def _may_come_again(turn: Turn, execution: Execution, join: Task) -> bool:
    """Whether an inbound task may have begun once more since it came: it is counted until it ends."""
    inbound = turn.workflow(execution).graph.inbound[join.name]
    runs = (len(turn.state.tasks_named.get((execution.id, name), ())) for name in inbound)
    return was_reopened(turn.state) or any(count > 1 for count in runs)
