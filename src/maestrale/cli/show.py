"""`maestrale show` and `maestrale list`: what the database knows of executions."""

import sys
from collections import Counter
from collections.abc import Iterator
from itertools import count, islice

from maestrale.cli.columns import Row, fits, lines, terminal_width
from maestrale.cli.database import open_to_look
from maestrale.cli.finding import find_root, owner_note
from maestrale.cli.progress import Progress
from maestrale.cli.terminal import BOLD, DIM, GREEN, RED, YELLOW, paint, say, write_output
from maestrale.cli.texts import SYMBOLS, duration, local_time, one_line, printable, to_json, value_line
from maestrale.clock import SystemClock
from maestrale.core import ActionRun, Execution, Task
from maestrale.core.status import ENDED_EXECUTION, ENDED_RUN, ENDED_TASK, RunState, TaskState
from maestrale.expressions import Json
from maestrale.store import RootSummary

MOST_CHILDREN = 20
"""So many runs or sub-workflows of one task are shown; `--json` has them all."""

LEAST_OF_ID = 8
"""Characters of an id, where there is no place for all of it."""

_COLOURS = {"SUCCESS": GREEN, "ERROR": RED, "CANCELLED": RED, "PAUSED": YELLOW, "DELAYED": YELLOW}


def show(execution: str | None, *, database: str | None, json: bool, results: bool) -> None:
    """Write an execution with its tasks.

    Raises:
        Error: There is none, or the database cannot be used.
    """
    with open_to_look(database) as store:
        root = find_root(store, execution)
        rows = store.load_tree(root.id)
        assert rows is not None
        summary = store.list_roots(id=root.id)[0]
        owner = owner_note(summary, is_shared=store.is_shared)
    progress = Progress(root.id)
    progress.load(rows)
    if json:
        write_output(to_json(tree_object(progress, summary), pretty=True))
    else:
        write_output("\n".join(_tree_lines(progress, owner, results=results)))


def list_executions(*, database: str | None, json: bool, limit: int) -> None:
    """Write the latest executions, a line each.

    Raises:
        Error: The database cannot be used.
    """
    with open_to_look(database) as store:
        summaries = store.list_roots(limit=limit + 1)
        is_shared = store.is_shared
    shown = summaries[:limit]
    if json:
        write_output(to_json([_summary_object(summary) for summary in shown], pretty=True))
    elif not shown:
        say("there are no executions in this database")
    else:
        write_output("\n".join(_table(shown, is_shared=is_shared)))
    if len(summaries) > limit:
        say(f"these are the latest {limit}; --limit shows more")


# The tree.


def _tree_lines(progress: Progress, owner: str | None, *, results: bool) -> Iterator[str]:
    root = progress.state.root
    yield f"{_painted('execution', BOLD)} {root.id}"
    yield f"workflow   {root.workflow}"
    state = _painted(root.state.value, _COLOURS.get(root.state, BOLD))
    yield f"state      {state}{f' ({owner})' if owner else ''}"
    if root.state_info:
        yield f"reason     {one_line(root.state_info, most=400)}"
    yield f"started    {local_time(root.created_at)}, {_lasted(root)}"
    if root.input:
        yield f"input      {value_line(root.input)}"
    if results and root.output is not None:
        yield f"output     {value_line(root.output)}"
    yield ""
    yield from _execution_lines(progress, root, "", results=results)


def _lasted(execution: Execution) -> str:
    if execution.finished_at is not None:
        return f"took {duration(execution.finished_at - execution.created_at)}"
    return f"last change {local_time(execution.updated_at)}"


def _execution_lines(
    progress: Progress, execution: Execution, indent: str, *, results: bool
) -> Iterator[str]:
    state = progress.state
    for task_id in state.tasks_in.get(execution.id, ()):
        yield from _task_lines(progress, state.tasks[task_id], indent, results=results)


def _task_lines(progress: Progress, task: Task, indent: str, *, results: bool) -> Iterator[str]:
    yield indent + _task_head(progress, task)
    if task.state_info and task.state is not TaskState.SUCCESS:
        yield f"{indent}    reason: {one_line(task.state_info)}"
    if results and task.published:
        yield f"{indent}    publishes: {value_line(task.published)}"
    runs = [
        progress.state.runs[id]
        for id in progress.state.children.get(task.id, ())
        if id in progress.state.runs
    ]
    if results:
        for run in _worth_showing(runs):
            yield f"{indent}    {_run_line(run)}"
    if len(runs) > MOST_CHILDREN:
        yield f"{indent}    … {_counts(Counter(run.state.value for run in runs))}; --json has them all"
    yield from _child_lines(progress, task, indent + "    ", results=results)


def _task_head(progress: Progress, task: Task) -> str:
    details = []
    if task.started_at is not None:
        end = task.finished_at or (SystemClock().now() if task.state not in ENDED_TASK else task.updated_at)
        details.append(duration(end - task.started_at))
    if task.items is not None:
        details.append(f"{task.items.ended:,}/{task.items.total:,} items")
    if task.attempt:
        details.append(f"attempt {task.attempt + 1}")
    timer = progress.timer_of(task.id)
    if timer is not None:
        details.append(f"{timer.kind} until {local_time(timer.due_at)}")
    colour = _COLOURS.get(task.state, DIM)
    head = (
        f"{_painted(SYMBOLS[task.state], colour)} {printable(task.name)} {_painted(task.state.value, colour)}"
    )
    return f"{head} ({', '.join(details)})" if details else head


def _worth_showing(runs: list[ActionRun]) -> list[ActionRun]:
    """All of a few runs; of many those that did not succeed come first."""
    if len(runs) <= MOST_CHILDREN:
        return runs
    return sorted(runs, key=lambda run: run.state is RunState.SUCCESS)[:MOST_CHILDREN]


def _run_line(run: ActionRun) -> str:
    name = run.name if run.index is None else f"[{run.index}] {run.name}"
    attempt = f" (attempt {run.attempt})" if run.attempt > 1 else ""
    if run.state in ENDED_RUN:
        return f"{SYMBOLS[run.state]} {name}{attempt}: {value_line(run.result)}"
    waits = ", waits to be completed from outside" if run.asynchronous else ""
    return f"{SYMBOLS[run.state]} {name}{attempt}: {run.state}{waits} (action run {run.id})"


def _child_lines(progress: Progress, task: Task, indent: str, *, results: bool) -> Iterator[str]:
    if task.items is None:
        for child in progress.children(task.id):
            yield from _execution_lines(progress, child, indent, results=results)
        return
    children = list(progress.children(task.id))
    first = children
    if len(children) > MOST_CHILDREN:
        first = sorted(children, key=lambda child: child.state.value == "SUCCESS")
    for child in islice(first, MOST_CHILDREN):
        yield f"{indent}{SYMBOLS[child.state]} [{child.index}] {child.workflow} {child.state}"
        yield from _execution_lines(progress, child, indent + "    ", results=results)
    if len(children) > MOST_CHILDREN:
        yield f"{indent}… {_counts(Counter(child.state.value for child in children))}; --json has them all"


def _counts(counts: Counter[str]) -> str:
    return "in all " + ", ".join(f"{number:,} {state}" for state, number in sorted(counts.items()))


def _painted(text: str, colour: str) -> str:
    return paint(text, colour, stream=sys.stdout)


def tree_object(progress: Progress, summary: RootSummary) -> Json:
    """Everything about an execution, in flat lists that refer to each other by id."""
    state = progress.state
    return {
        **_execution_object(state.root),
        "process": summary.pid,
        "is_running": summary.is_alive and summary.state not in ENDED_EXECUTION,
        "sub_executions": [
            _execution_object(row) for row in state.executions.values() if row.id != state.root.id
        ],
        "tasks": [_task_object(progress, task) for task in state.tasks.values()],
        "action_runs": [_run_object(run) for run in state.runs.values()],
    }


def _execution_object(row: Execution) -> dict[str, Json]:
    return {
        "execution": row.id,
        "parent_task": row.parent_task_id,
        "index": row.index,
        "workflow": row.workflow,
        "state": row.state.value,
        "state_info": row.state_info,
        "input": row.input,
        "params": row.params,
        "output": row.output,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "finished_at": row.finished_at,
    }


def _task_object(progress: Progress, task: Task) -> Json:
    items = task.items
    return {
        "id": task.id,
        "execution": task.execution_id,
        "path": progress.path(task),
        "name": task.name,
        "type": task.type,
        "state": task.state.value,
        "state_info": task.state_info,
        "attempts": task.attempt + 1,
        "items": None
        if items is None
        else {"total": items.total, "ended": items.ended, "failed": items.failed},
        "published": task.published,
        "created_at": task.created_at,
        "started_at": task.started_at,
        "finished_at": task.finished_at,
    }


def _run_object(run: ActionRun) -> Json:
    return {
        "id": run.id,
        "task": run.task_id,
        "index": run.index,
        "action": run.name,
        "attempt": run.attempt,
        "state": run.state.value,
        "asynchronous": run.asynchronous,
        "input": run.input,
        "result": run.result,
        "created_at": run.created_at,
        "finished_at": run.finished_at,
    }


# The table.


def _table(summaries: list[RootSummary], *, is_shared: bool) -> Iterator[str]:
    cells: list[Row] = [("EXECUTION", "WORKFLOW", "STATE", "STARTED", "TOOK", "")]
    for it in summaries:
        took = duration(it.finished_at - it.created_at) if it.finished_at is not None else ""
        owner = (owner_note(it, is_shared=is_shared) or "").partition(";")[0]
        cells.append(
            (it.id, one_line(it.workflow, most=40), it.state.value, local_time(it.created_at), took, owner)
        )
    width = terminal_width()
    if width is not None and not fits(cells, width):
        # The beginning of an id is enough for the commands that take one.
        cells = [cells[0], *((id[: _enough(summaries)], *others) for id, *others in cells[1:])]
    yield from lines(cells)


def _enough(summaries: list[RootSummary]) -> int:
    """How many characters of their ids tell them apart, and hardly fit any other."""
    ids = [it.id for it in summaries]
    return next(length for length in count(LEAST_OF_ID) if len({id[:length] for id in ids}) == len(ids))


def _summary_object(summary: RootSummary) -> Json:
    return {
        "execution": summary.id,
        "workflow": summary.workflow,
        "state": summary.state.value,
        "state_info": summary.state_info,
        "created_at": summary.created_at,
        "updated_at": summary.updated_at,
        "finished_at": summary.finished_at,
        "process": summary.pid,
        "is_running": summary.is_alive and summary.state not in ENDED_EXECUTION,
    }
