"""What must be true of every tree, whatever its workflow is and whatever happened to it.

Each check raises `LawBroken` with what it found. The property tests ask them of the pure core after every
event, the simulator of the database after every step.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from maestrale.core import ActionRun, Execution, State, Task, World, state_of
from maestrale.core.state import TimerKind
from maestrale.core.status import ENDED_EXECUTION, ENDED_RUN, ENDED_TASK, ExecutionState, RunState, TaskState
from maestrale.expressions import Json
from maestrale.lang.model import Workflow

WAITS = (TimerKind.WAIT_BEFORE, TimerKind.WAIT_AFTER, TimerKind.RETRY)


class LawBroken(AssertionError):
    """A law does not hold: this is a bug, in whatever led here."""


def demand(holds: bool, law: str, *found: object) -> None:
    """Raise unless the law holds; `found` is shown."""
    if not holds:
        raise LawBroken(f"{law}: {', '.join(map(str, found))}")


# Two states that must be the same.


def copy_of(state: State) -> dict[str, Any]:
    """Everything a state holds, with its indexes, as it is now. The memo of contexts is no part of it."""
    return {
        "tree": state.tree,
        "executions": dict(state.executions),
        "tasks": dict(state.tasks),
        "runs": dict(state.runs),
        "timers": dict(state.timers),
        "tasks_in": {id: tuple(ids) for id, ids in state.tasks_in.items()},
        "tasks_named": {key: tuple(ids) for key, ids in state.tasks_named.items()},
        "children": {id: tuple(ids) for id, ids in state.children.items()},
        "pins": dict(state.pins),
        "agenda": [(ticket, id) for ticket, id in state.agenda if state.tasks[id].turn == ticket],
    }


def check_same(one: Mapping[str, Any], other: Mapping[str, Any], law: str) -> None:
    """Compare two copies; the difference is told by kind and id."""
    if one == other:
        return
    for kind, ours in one.items():
        theirs = other[kind]
        if ours != theirs and isinstance(ours, dict):
            ids = [id for id in {**ours, **theirs} if ours.get(id) != theirs.get(id)]
            raise LawBroken(f"{law}: {kind} {ids[0]}: {ours.get(ids[0])} != {theirs.get(ids[0])}")
        demand(ours == theirs, law, kind, ours, theirs)


def reloaded(state: State) -> State:
    """The state that the rows of this one stand for."""
    if state.tree is None:
        return State()
    return state_of(
        state.tree,
        state.executions.values(),
        state.tasks.values(),
        state.runs.values(),
        state.timers.values(),
    )


def check_loading(state: State) -> None:
    """Loading the rows of a state gives the state again."""
    check_same(copy_of(state), copy_of(reloaded(state)), "loading the rows gives the state")


# One state by itself.


def check_rows(state: State, *, reopened: bool = False) -> None:
    """The rows fit together.

    Args:
        reopened: Tasks were run again or skipped: a loop may then have more under way than its concurrency.
    """
    for execution in state.executions.values():
        _check_execution(state, execution)
    for task in state.tasks.values():
        _check_task(state, task)
        if task.items is not None and task.state is TaskState.RUNNING:
            _check_items(state, task, bounded=not reopened)
    for run in state.runs.values():
        ended = run.state in ENDED_RUN
        demand(ended == (run.finished_at is not None), "a run that has ended says when", run)
        demand(ended or not run.accepted, "only a run that has ended is accepted", run)
        demand(not (run.abandoned and run.accepted), "an abandoned run is not accepted", run)
        rests = run.state is RunState.PAUSED
        demand(run.asynchronous or not rests, "only what somebody outside does can rest", run)
    alone = _check_alone(state) if state.tree is not None and not state.executions else set()
    for timer in state.timers.values():
        demand(timer.task_id in state.tasks or timer.id in alone, "a timer belongs to a task", timer)


def _check_alone(state: State) -> set[str]:
    """A tree without executions is one action run; it has a timer as long as its time is bounded."""
    assert state.tree is not None
    demand(list(state.runs) == [state.tree.id], "a tree without executions is one run", state.runs)
    (run,) = state.runs.values()
    demand(not run.task_id and not run.execution_id and not state.tasks, "nobody has a lone run", run)
    bounded = run.timeout_seconds is not None and run.state not in ENDED_RUN
    timers = {f"{run.id}/{TimerKind.ACTION_TIMEOUT}"} if bounded else set()
    demand(set(state.timers) == timers, "the time of a lone run is bounded until it ends", run, state.timers)
    return timers


def _tasks_of(state: State, execution: Execution) -> list[Task]:
    return [state.tasks[id] for id in state.tasks_in[execution.id]]


def lives_on(task: Task) -> bool:
    """Whether a task is still to end, or to lead where it leads."""
    return task.state not in ENDED_TASK or bool(task.pending) or not task.processed


def _check_execution(state: State, execution: Execution) -> None:
    tasks = _tasks_of(state, execution)
    counted = {
        "live": sum(lives_on(task) for task in tasks),
        "cancelled": sum(task.state is TaskState.CANCELLED for task in tasks),
        "unhandled": sum(task.state is TaskState.ERROR and not task.error_handled for task in tasks),
    }
    kept = {name: getattr(execution, name) for name in counted}
    demand(kept == counted, "the counters say what counting says", execution.workflow, kept, counted)
    ended = execution.state in ENDED_EXECUTION
    demand(ended == (execution.finished_at is not None), "an execution that ended says when", execution)
    demand(not ended or execution.output is not None, "an execution that ended has its output", execution)
    demand(not execution.backlog or execution.state is ExecutionState.PAUSED, "only a pause holds back")


def _check_task(state: State, task: Task) -> None:
    execution = state.executions[task.execution_id]
    timers = {timer.kind for timer in state.timers.values() if timer.task_id == task.id}
    demand(not timers or task.state not in ENDED_TASK, "a task that has ended has no timer", task, timers)
    if execution.state in ENDED_EXECUTION:
        demand(not timers, "an ended execution has no timer", task, timers)
        late = task.state in ENDED_TASK or task.state in (TaskState.RUNNING, TaskState.PAUSED)
        demand(task.turn is None or late, "nothing begins in an ended execution", task)
        return
    waits = timers.intersection(WAITS)
    if task.state is TaskState.DELAYED:
        demand(len(waits) + (task.turn is not None) == 1, "a delay ends once", task, waits)
        outcome = task.waiting_outcome is not None
        fits = not waits or outcome == (TimerKind.WAIT_AFTER in waits)
        demand(fits, "a wait after a task remembers how it ended", task)
    else:
        demand(not waits, "only a delayed task waits for a timer", task, waits)


def open_children(state: State, task: Task) -> list[ActionRun | Execution]:
    """The children that a task waits for."""
    found: list[ActionRun | Execution] = []
    for id in state.children.get(task.id, ()):
        if (run := state.runs.get(id)) is not None:
            if run.state not in ENDED_RUN and not run.abandoned:
                found.append(run)
        elif state.executions[id].accepted and state.executions[id].state not in ENDED_EXECUTION:
            found.append(state.executions[id])
    return found


def _check_items(state: State, task: Task, *, bounded: bool) -> None:
    if state.executions[task.execution_id].state in ENDED_EXECUTION:
        return
    items = task.items
    assert items is not None
    under_way = items.launched - len(items.again) - items.ended
    demand(0 <= items.ended <= items.launched <= items.total, "items end after they begin", task)
    bound = items.concurrency if bounded else 0
    demand(not bound or under_way <= bound, "concurrency is a bound", task)
    if not items.cancelled:
        found = len(open_children(state, task))
        demand(found == under_way, "the items under way are the open children", task, found)


# From one state to the next.


def check_moves(before: Mapping[str, Any], after: Mapping[str, Any], *, reopens: bool = False) -> None:
    """What has ended stays as it ended, and nothing counts backwards. (`Turn` checks every single move.)

    Args:
        reopens: A failed task was run again or skipped in between.
    """
    old_tree, tree = before["tree"], after["tree"]
    if old_tree is not None:
        demand(tree.sequence == old_tree.sequence + 1, "one entry, one number", tree)
        demand(tree.counter >= old_tree.counter, "numbers are given out once", tree)
    for old, run in _changed(before["runs"], after["runs"]):
        demand(old.state not in ENDED_RUN or run.state is old.state, "an ended run stays ended", old, run)
        demand(run.attempt >= old.attempt, "attempts count upwards", old, run)
        demand(run.abandoned >= old.abandoned, "what was given up stays so", old, run)
    if reopens:
        return
    for old, execution in _changed(before["executions"], after["executions"]):
        stays = execution.state is old.state or old.state not in ENDED_EXECUTION
        demand(stays, "an ended execution stays ended", old, execution)
    for old, task in _changed(before["tasks"], after["tasks"]):
        # Only its conditions, looked at when a pause is over, may still fail what has ended.
        fails = not old.processed and task.state is TaskState.ERROR
        stays = task.state is old.state or old.state not in ENDED_TASK or fails
        demand(stays, "an ended task stays ended", old, task)


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """The rows that were there before and are other ones now."""
    for id, row in after.items():
        old = before.get(id)
        if old is not None and old is not row:
            yield old, row


# Nothing hangs.


def check_waiting(world: World, state: State) -> None:
    """A tree that has nothing to do by itself waits for something that has a name."""
    if state.has_work:
        return
    for execution in state.executions.values():
        if execution.state is ExecutionState.RUNNING:
            demand(execution.live > 0, "an execution without live tasks has ended", execution)
            for task in _tasks_of(state, execution):
                reason = _hangs(world, state, execution, task)
                demand(reason is None, "nothing hangs", execution.workflow, task.name, reason, task)


def _hangs(world: World, state: State, execution: Execution, task: Task) -> str | None:
    """Why nothing can ever move this task of a running execution; None: something can."""
    if task.state in ENDED_TASK:
        return "it has ended and not led on" if lives_on(task) else None
    if task.turn is not None:
        return "it has a ticket and the agenda does not"
    match task.state:
        case TaskState.RUNNING | TaskState.PAUSED:
            return None if open_children(state, task) else "no child is open"
        case TaskState.DELAYED:
            waits = any(f"{task.id}/{kind}" in state.timers for kind in WAITS)
            return None if waits else "it has no timer"
        case TaskState.WAITING:
            workflow = world.library.get_workflow(execution.document, execution.workflow)
            return None if _can_come(state, execution, workflow, task) else "no inbound task can come"
    return "nobody will start it"


def _can_come(state: State, execution: Execution, workflow: Workflow, join: Task) -> bool:
    """Whether any task from which the join can be reached may still move."""
    before = set(_before(workflow, join.name))
    return any(
        task.name in before and task.state is not TaskState.WAITING and lives_on(task)
        for task in _tasks_of(state, execution)
    )


def _before(workflow: Workflow, name: str) -> Iterator[str]:
    wanted, seen = [name], set()
    while wanted:
        for other in workflow.graph.inbound[wanted.pop()]:
            if other not in seen:
                seen.add(other)
                wanted.append(other)
                yield other


# What came of it.


def outcome_of(state: State) -> dict[str, Any]:
    """How a tree ended, without what depends on the order in which things happened: how many executions
    and tasks of each name ended how and published what, and the output of the root."""
    workflows = {execution.id: execution.workflow for execution in state.executions.values()}
    output = dict(state.root.output or {})
    if state.root.state is not ExecutionState.SUCCESS:
        output.pop("result", None)  # It names tasks in the order in which they failed.
    return {
        "state": str(state.root.state),
        "output": output,
        "executions": Counter((e.workflow, str(e.state)) for e in state.executions.values()),
        "tasks": Counter(
            (workflows[task.execution_id], task.name, str(task.state), _text(task.published))
            for task in state.tasks.values()
        ),
    }


def _text(value: Json) -> str:
    return json.dumps(value, sort_keys=True)
