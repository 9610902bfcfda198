"""The rows of a tree in the words of a trace: what is where, and what a step has changed."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import msgspec

from maestrale.core import ActionRun, Entry, Execution, State, Task, World
from maestrale.core.contexts import inbound
from maestrale.core.events import TurnContinued
from maestrale.core.scopes import result_of
from maestrale.core.status import ENDED_RUN, ExecutionState, TaskState
from maestrale.core.turn import Turn

from .scenario import Fact, Result, ScenarioError

SEGMENT = re.compile(r"(?P<name>[\w-]+)(?:#(?P<pass>\d+))?(?:\[(?P<item>\d+)\])?(?:@(?P<child>\d+))?")


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


# From a path to a row.


class _Segment(NamedTuple):
    name: str
    pass_: int
    item: int | None
    child: int | None


def _segments(path: str) -> list[_Segment]:
    found = [SEGMENT.fullmatch(part) for part in path.split("/")]
    return [
        _Segment(match["name"], _number(match["pass"]) or 1, _number(match["item"]), _number(match["child"]))
        for match in found
        if match is not None
    ]


def _number(digits: str | None) -> int | None:
    return None if digits is None else int(digits)


def find_execution(state: State, path: str | None) -> Execution:
    """The execution that the last task of a path started; the root for None."""
    execution = state.root
    for segment in _segments(path) if path else ():
        task = _task_in(state, execution, segment)
        children = [
            execution
            for execution in sorted(state.executions.values(), key=lambda row: row.number)
            if execution.parent_task_id == task.id and execution.index == segment.item
        ]
        if not children:
            raise ScenarioError(f"`{path}` has started no workflow")
        execution = children[(segment.child or 1) - 1]
    return execution


def find_task(state: State, path: str) -> Task:
    above, _, last = path.rpartition("/")
    return _task_in(state, find_execution(state, above or None), _segments(last)[0])


def _task_in(state: State, execution: Execution, segment: _Segment) -> Task:
    ids = state.tasks_named.get((execution.id, segment.name), [])
    if len(ids) < segment.pass_:
        raise ScenarioError(f"there is no task `{segment.name}#{segment.pass_}`, but {len(ids)} of that name")
    return state.tasks[ids[segment.pass_ - 1]]


def find_run(state: State, path: str) -> ActionRun:
    """The run with that index and number; without a number the only open one."""
    task, segment = find_task(state, path), _segments(path.rpartition("/")[2])[0]
    runs = [
        run
        for run in sorted(state.runs.values(), key=lambda row: row.number)
        if run.task_id == task.id and run.index == segment.item
    ]
    if segment.child is not None:
        return runs[segment.child - 1]
    still_open = [run for run in runs if run.state not in ENDED_RUN]
    if len(still_open) != 1:
        raise ScenarioError(f"`{path}` has {len(still_open)} open runs; name one with `@`")
    return still_open[0]


# From a row to its path.


def path_of_task(state: State, task: Task) -> str:
    number = state.tasks_named[task.execution_id, task.name].index(task.id) + 1
    above = path_of_execution(state, state.executions[task.execution_id])
    name = task.name if number == 1 else f"{task.name}#{number}"
    return f"{above}/{name}" if above else name


def path_of_execution(state: State, execution: Execution) -> str:
    """The path of the task that started it; empty for the root."""
    if execution.parent_task_id is None:
        return ""
    siblings = sorted(
        row.number
        for row in state.executions.values()
        if row.parent_task_id == execution.parent_task_id and row.index == execution.index
    )
    number = siblings.index(execution.number) + 1
    path = path_of_task(state, state.tasks[execution.parent_task_id])
    path += "" if execution.index is None else f"[{execution.index}]"
    return path if number == 1 else f"{path}@{number}"


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
