"""How an execution ended: for people on stderr, for programs as an object."""

import sys
from collections.abc import Iterator
from itertools import islice

from msgspec import Struct

from maestrale.cli.progress import Progress
from maestrale.cli.terminal import GREEN, RED, YELLOW, paint, say
from maestrale.cli.texts import counted, duration, one_line, printable, value_line
from maestrale.core import Execution, State, Task
from maestrale.core.status import ExecutionState, RunState, TaskState
from maestrale.expressions import Json

MOST_FAILURES = 10
MOST_REASON = 600


class Failure(Struct, frozen=True):
    """A task that failed: not the one above it that failed because of it.

    Args:
        path: The tasks that lead to it, such as `deploy[3]/start`.
        error: What the last of its actions gave, where one failed.
    """

    path: str
    task: Task
    error: Json = None


def failures(progress: Progress) -> Iterator[Failure]:
    """The tasks to look at, oldest first: failed or cancelled, with no sub-task to blame.

    A failure that was handled is told only where none other is to blame, such as one that led to `fail`.
    """
    assert progress.root is not None
    some_unhandled = any(map(_is_unhandled, progress.state.tasks.values()))
    handled_too = progress.root.state is ExecutionState.ERROR and not some_unhandled
    for task in progress.state.tasks.values():
        wanted = _is_unhandled(task) or (handled_too and task.state is TaskState.ERROR)
        if wanted and not _has_failed_child(progress, task):
            yield Failure(progress.path(task), task, _last_error(progress.state, task))


def _is_unhandled(task: Task) -> bool:
    return task.state is TaskState.CANCELLED or (task.state is TaskState.ERROR and not task.error_handled)


def task_to_rerun(progress: Progress) -> Task | None:
    """The first failed task to look at, from which an execution that ended in ERROR can go on."""
    if progress.root is None or progress.root.state is not ExecutionState.ERROR:
        return None
    return next((it.task for it in failures(progress) if it.task.state is TaskState.ERROR), None)


def _has_failed_child(progress: Progress, task: Task) -> bool:
    """Whether a sub-execution has a failed task of its own that says more."""
    counts = (progress.ended.get(child.id) for child in progress.children(task.id))
    return any(count and (count["ERROR"] or count["CANCELLED"]) for count in counts)


def _last_error(state: State, task: Task) -> Json:
    for id in reversed(state.children.get(task.id, ())):
        run = state.runs.get(id)
        if run is not None and run.state is RunState.ERROR:
            return run.result
    return None


def report_end(progress: Progress, *, how_to_go_on: str) -> None:
    """Say on stderr how it ended, and why where it did not succeed."""
    root = progress.root
    assert root is not None
    span = duration((root.finished_at or root.updated_at) - root.created_at)
    colour = {ExecutionState.SUCCESS: GREEN, ExecutionState.PAUSED: YELLOW}.get(root.state, RED)
    state = paint(root.state.value, colour, stream=sys.stderr)
    say(f"{state} in {span}: workflow `{root.workflow}`, execution {root.id}")
    if root.state is ExecutionState.PAUSED:
        _report_pause(progress, root, how_to_go_on)
    elif root.state is not ExecutionState.SUCCESS:
        _report_failures(progress, root)


def _report_pause(progress: Progress, root: Execution, how_to_go_on: str) -> None:
    held = [progress.path(task) for task in progress.state.tasks.values() if task.held]
    if root.state_info:
        say(f"  reason: {one_line(root.state_info)}")
    if held:
        say(f"  held by `pause-before`: {', '.join(held[:MOST_FAILURES])}")
    if not root.state_info and not held:
        say("  reason: the workflow, or somebody, paused it")
    say(f"  {how_to_go_on}")


def _report_failures(progress: Progress, root: Execution) -> None:
    found = list(islice(failures(progress), MOST_FAILURES + 1))
    for failure in found[:MOST_FAILURES]:
        for line in failure_lines(failure):
            say(f"  {line}")
    if len(found) > MOST_FAILURES:
        more = sum(1 for _ in failures(progress)) - MOST_FAILURES
        say(f"  … and {counted(more, 'more failed task')}; see: maestrale show {root.id}")
    told = {failure.task.state_info for failure in found}
    # The engine's own report names tasks that are told above.
    is_told = bool(found) and (root.state_info or "").startswith("Failure caused by")
    if root.state_info and not is_told and root.state_info not in told:
        say(f"  reason: {one_line(root.state_info, most=MOST_REASON)}")


def failure_lines(failure: Failure) -> list[str]:
    """A failed task and its reasons, the same reason said once."""
    reasons = [value_line(failure.error)] if failure.error is not None else []
    if failure.task.state_info and not _says_the_same(failure.task.state_info, failure.error):
        reasons.insert(0, one_line(failure.task.state_info, most=MOST_REASON))
    attempts = f" after {failure.task.attempt + 1} attempts" if failure.task.attempt else ""
    head = f"{printable(failure.path)}: {failure.task.state}{attempts}"
    return [head, *(f"  {reason}" for reason in reasons)]


def _says_the_same(info: str, error: Json) -> bool:
    return (isinstance(error, str) and error.strip() in info) or value_line(error) == one_line(info)


def result_object(progress: Progress) -> Json:
    """What `--json` gives: the execution, its output, and the tasks that failed."""
    root = progress.root
    assert root is not None
    return {
        "execution": root.id,
        "workflow": root.workflow,
        "state": root.state.value,
        "state_info": root.state_info,
        "output": root.output,
        "tasks": [_failure_object(failure) for failure in failures(progress)],
        "created_at": root.created_at.isoformat(),
        "duration_seconds": ((root.finished_at or root.updated_at) - root.created_at).total_seconds(),
    }


def _failure_object(failure: Failure) -> Json:
    task = failure.task
    return {
        "id": task.id,
        "path": failure.path,
        "name": task.name,
        "state": task.state.value,
        "state_info": task.state_info,
        "attempts": task.attempt + 1,
        "error": failure.error,
    }
