"""What must be true of every tree, whatever its workflow is and whatever happened to it.

Each check raises `LawBroken` with what it found. The property tests ask them of the pure core after every
event, the simulator of the database after every step.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from maestrale.core import ActionRun, Execution, State, Task, World, state_of
from maestrale.core.audit import find_faults
from maestrale.core.standstill import find_standstill
from maestrale.core.status import ENDED_EXECUTION, ENDED_RUN, ENDED_TASK, ExecutionState, TaskState
from maestrale.expressions import Json


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
    """The rows fit together: an audit finds nothing wrong with them.

    Args:
        reopened: Tasks were run again or skipped: a loop may then have more under way than its concurrency.
    """
    if state.tree is None:
        return
    for finding in find_faults(state):
        raise LawBroken(f"the rows fit together: {finding}")
    for task in state.tasks.values():
        if task.items is not None and task.state is TaskState.RUNNING and not reopened:
            items = task.items
            ended = state.executions[task.execution_id].state in ENDED_EXECUTION
            bounded = not items.concurrency or items.running <= items.concurrency
            demand(ended or bounded, "concurrency is a bound", task)


def lives_on(task: Task) -> bool:
    """Whether a task is still to end, or to lead where it leads."""
    return task.state not in ENDED_TASK or bool(task.pending) or not task.processed


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
        stays = stays or _waits_once_more(old, task, before["tasks"])
        demand(stays, "an ended task stays ended", old, task)


def _waits_once_more(old: Task, task: Task, tasks: Mapping[str, Task]) -> bool:
    """Whether a join that failed for want of a branch is what has changed: one that was run again or skipped
    has come to it."""
    repaired = any(other.reruns or other.state is TaskState.SKIPPED for other in tasks.values())
    never_ran = old.state is TaskState.ERROR and old.started_at is None
    return repaired and never_ran and task.reruns > old.reruns


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """The rows that were there before and are other ones now."""
    for id, row in after.items():
        old = before.get(id)
        if old is not None and old is not row:
            yield old, row


# Nothing hangs.


def check_waiting(world: World, state: State) -> None:
    """A tree that has nothing to do by itself waits for something that has a name."""
    if state.tree is None or state.has_work:
        return
    for finding in find_standstill(world, state):
        raise LawBroken(f"nothing hangs: {finding}")


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
