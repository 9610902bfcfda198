"""The rows of a tree in the words of a trace: what is where, and what a step has changed."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import msgspec

from maestrale.core import Entry, Execution, State, Task, World
from maestrale.core.contexts import inbound
from maestrale.core.events import TurnContinued
from maestrale.core.status import ExecutionState, TaskState
from maestrale.core.turn import Turn
from maestrale.core.views import result_of
from maestrale.testing.paths import find_execution, find_task, path_of_execution, path_of_task

from .scenario import Fact, Result, ScenarioError


class Dispatched(NamedTuple):
    """Something that a worker was told."""

    kind: Literal["run", "cancel"]
    run_id: str
    attempt: int


class Rows(NamedTuple):
    """The rows of a tree at one moment."""

    executions: Mapping[str, Execution]
    tasks: Mapping[str, Task]


NO_ROWS = Rows({}, {})


def rows_now(state: State) -> Rows:
    return Rows(dict(state.executions), dict(state.tasks))


# What a step has changed.


def changes(
    before: Rows, state: State, dispatched: Iterable[Dispatched], implied: tuple[str, TaskState] | None
) -> Iterator[Result]:
    """What follows from a step: tasks in the order they were made, then workflows, the innermost first.

    Args:
        implied: A task and the state that the event itself says. It is told only where it did not come.
    """
    log = list(dispatched)
    for task in sorted(state.tasks.values(), key=lambda row: row.number):
        told = [entry for entry in log if state.runs[entry.run_id].task_id == task.id]
        yield from _task_changes(before.tasks.get(task.id), state, task, told, implied)
    for execution in sorted(state.executions.values(), key=lambda row: (-row.depth, row.number)):
        old = before.executions.get(execution.id)
        was = ExecutionState.RUNNING if old is None else old.state
        if execution.state is not was:
            path = path_of_execution(state, execution)
            head = f"workflow of {path}" if path else "workflow"
            yield Result(f"{head} {execution.state}", execution.state_info)


def _task_changes(
    old: Task | None,
    state: State,
    task: Task,
    told: list[Dispatched],
    implied: tuple[str, TaskState] | None,
) -> Iterator[Result]:
    path = path_of_task(state, task)
    begun = False
    for entry in told:
        run = state.runs[entry.run_id]
        place = path if run.index is None else f"{path}[{run.index}]"
        again = " again" if entry.kind == "run" and entry.attempt > 1 else ""
        begun |= entry.kind == "run"
        yield Result(f"{entry.kind} {place}{again}", None, plain(run.input) if entry.kind == "run" else None)
    if old is None or (old.state, old.state_info) != (task.state, task.state_info):
        shown = task.state is TaskState.RUNNING and begun
        if not shown and implied != (task.id, task.state):
            yield Result(f"{path} {task.state}", task.state_info)
    elif implied is not None and implied[0] == task.id and not begun:
        yield Result(f"{path} stays {task.state}", task.state_info)
    for trigger in task.late[len(old.late) if old else 0 :]:
        yield Result(f"{path_of_task(state, state.tasks[trigger.task_id])} late for {path}")


# Facts.


def read_fact(world: World, state: State, fact: Fact) -> Any:
    match fact.what, fact.path:
        case "output" | "params" as name, path:
            return plain(getattr(find_execution(state, path), name))
        case "globals", path:
            return plain(find_execution(state, path).context)
        case "message" | "state" as name, path:
            row = find_task(state, path) if path else state.root
            return plain(row.state_info if name == "message" else str(row.state))
        case what, str(path):
            return plain(_read_of_task(world, state, what, find_task(state, path)))
    raise ScenarioError(f"`{fact.what}` must name a task")


def _read_of_task(world: World, state: State, what: str, task: Task) -> Any:
    turn = Turn(world, state, Entry(TurnContinued(), at=datetime.now(UTC), seed=""))
    match what:
        case "published":
            return task.published
        case "inherited":
            return dict(inbound(turn, task))
        case "result":
            return result_of(turn, task)
        case "tags":
            return task.tags
    if what == "target":
        return [run.target for run in state.runs.values() if run.task_id == task.id][-1]
    runs = Counter(str(run.state) for run in state.runs.values() if run.task_id == task.id)
    return dict(sorted(runs.items()))


def plain(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value, enc_hook=dict))
