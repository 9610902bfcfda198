"""Paths name the tasks of a tree, and what they started.

`deploy` is the task of that name; `deploy#2` its second run, as in a cycle; `deploy[3]` the fourth item of
its loop; `deploy@2` the second action run or sub-workflow it started. `deploy[3]/start` is the task `start`
in the sub-workflow of that item.
"""

import re
from typing import NamedTuple

from maestrale.core import ActionRun, Execution, State, Task
from maestrale.core.status import ENDED_RUN

SEGMENT = re.compile(r"(?P<name>[^\s/#\[\]@]+)(?:#(?P<pass>\d+))?(?:\[(?P<item>\d+)\])?(?:@(?P<child>\d+))?")


class UnknownPath(LookupError):
    """A path names nothing, or more than one thing. The message says why."""


class Segment(NamedTuple):
    """A part of a path. What is None was not written."""

    name: str
    pass_: int | None = None
    item: int | None = None
    child: int | None = None

    def covers(self, other: "Segment") -> bool:
        """Whether all that is written here is so in the other, which says everything."""
        return self.name == other.name and all(
            mine in (None, its) for mine, its in zip(self[1:], other[1:], strict=True)
        )


def segments(path: str) -> list[Segment]:
    """The parts of a path.

    Raises:
        UnknownPath: It is not written as a path.
    """
    found = [SEGMENT.fullmatch(part) for part in path.split("/")]
    parts = [match for match in found if match is not None]
    if len(parts) < len(found):
        raise UnknownPath(f"`{path}` is no path, such as `deploy`, `deploy#2` or `deploy[3]/start`")
    return [
        Segment(match["name"], _number(match["pass"]), _number(match["item"]), _number(match["child"]))
        for match in parts
    ]


def _number(digits: str | None) -> int | None:
    return None if digits is None else int(digits)


# From a path to a row.


def find_execution(state: State, path: str | None, *, latest: bool = False) -> Execution:
    """The execution that the last task of a path started; the root for None.

    Args:
        latest: Of several runs of a task, or sub-workflows of one, the latest is meant where the path does
            not say which; otherwise the first.

    Raises:
        UnknownPath: There is none.
    """
    execution = state.root
    for segment in segments(path) if path else ():
        task = _task_in(state, execution, segment, latest)
        children = [
            execution
            for execution in sorted(state.executions.values(), key=lambda row: row.number)
            if execution.parent_task_id == task.id and execution.index == segment.item
        ]
        number = segment.child or (len(children) if latest else 1)
        if not 1 <= number <= len(children):
            raise UnknownPath(f"`{path_of_task(state, task)}` has started {_workflows(state, task, segment)}")
        execution = children[number - 1]
    return execution


def _workflows(state: State, task: Task, segment: Segment) -> str:
    """What a task has started instead of what a path names."""
    found = [row for row in state.executions.values() if row.parent_task_id == task.id]
    if not found:
        return "no workflow"
    if segment.item is None and found[0].index is not None:
        return f"one for each of its items: name one, such as `{segment.name}[0]`"
    return f"{len(found)} workflow{'s' if len(found) > 1 else ''}, and not that one"


def find_task(state: State, path: str, *, latest: bool = False) -> Task:
    """The task at the end of a path. Raises: UnknownPath: There is none."""
    above, _, last = path.rpartition("/")
    return _task_in(state, find_execution(state, above or None, latest=latest), segments(last)[0], latest)


def _task_in(state: State, execution: Execution, segment: Segment, latest: bool) -> Task:
    ids = state.tasks_named.get((execution.id, segment.name), [])
    number = segment.pass_ or (len(ids) if latest else 1)
    if not 1 <= number <= len(ids):
        if not ids:
            # Which of several runs was looked into, where the path leaves it open.
            above = path_of_execution(state, execution)
            raise UnknownPath(f"no task `{segment.name}` has come to be{f' in `{above}`' if above else ''}")
        raise UnknownPath(f"there is no task `{segment.name}#{number}`, but {len(ids)} of that name")
    return state.tasks[ids[number - 1]]


def find_run(state: State, path: str, *, latest: bool = False) -> ActionRun:
    """The run with that index and number; without a number the only open one.

    Raises:
        UnknownPath: There is none, or several are open.
    """
    task, segment = find_task(state, path, latest=latest), segments(path.rpartition("/")[2])[0]
    runs = [
        run
        for run in sorted(state.runs.values(), key=lambda row: row.number)
        if run.task_id == task.id and run.index == segment.item
    ]
    if segment.child is not None:
        if not 1 <= segment.child <= len(runs):
            raise UnknownPath(f"`{path}` names one of {len(runs)} runs")
        return runs[segment.child - 1]
    still_open = [run for run in runs if run.state not in ENDED_RUN]
    if len(still_open) != 1:
        raise UnknownPath(f"`{path}` has {len(still_open)} open runs; name one with `@`")
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


def path_of_run(state: State, run: ActionRun) -> str:
    """The path of the task of an action run, with the item of its loop."""
    path = path_of_task(state, state.tasks[run.task_id])
    return path if run.index is None else f"{path}[{run.index}]"
