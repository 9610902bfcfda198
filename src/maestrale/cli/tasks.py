"""Which task of an execution is meant."""

from collections.abc import Iterable

from maestrale.cli.progress import Progress
from maestrale.core import Task
from maestrale.core.status import TaskState
from maestrale.errors import InvalidInput, NotFound
from maestrale.expressions.suggestions import Suggestions

MOST_SHOWN = 10


def find_failed_task(progress: Progress, wanted: str) -> Task:
    """The task of that name, path or id; where several are meant, the only one of them that failed.

    The tasks of sub-workflows are found too, but by a name only in those that their task still stands
    for, not in those of earlier attempts. Of several runs of a task in one execution the latest counts,
    one that failed before any other.

    Raises:
        NotFound: There is none (`unknown-task`).
        InvalidInput: Several are meant (`ambiguous-task`).
    """
    return _only(progress, wanted, _find_all(progress, wanted, of_failed=True))


def find_task(progress: Progress, wanted: str) -> Task:
    """The task of that name, path or id, whatever became of it; of several runs in one execution the latest.

    A name means a task of the root execution before one of a sub-workflow.

    Raises:
        NotFound: There is none (`unknown-task`).
        InvalidInput: Several are meant (`ambiguous-task`).
    """
    found = _find_all(progress, wanted, of_failed=False)
    latest = {task.execution_id: task for task in sorted(found, key=lambda task: task.number)}
    if progress.root_id in latest:
        return latest[progress.root_id]
    if len(latest) > 1:
        raise _ambiguous(progress, wanted, latest.values())
    return next(iter(latest.values()))


def _find_all(progress: Progress, wanted: str, *, of_failed: bool) -> list[Task]:
    """All tasks that may be meant, at least one. `of_failed`: the person is looking for one that failed."""
    tasks = progress.state.tasks
    if wanted in tasks:
        return [tasks[wanted]]
    standing = [task for task in tasks.values() if progress.stands(task)]
    named = [task for task in standing if wanted == task.name]
    found = named or [task for task in standing if wanted == progress.path(task)]
    if not found and wanted:
        found = [task for id, task in tasks.items() if id.startswith(wanted)]
        if len(found) > 1:
            raise _ambiguous(progress, wanted, found)
    if not found:
        raise _unknown(progress, wanted, standing, of_failed=of_failed)
    return found


def _only(progress: Progress, wanted: str, found: Iterable[Task]) -> Task:
    chosen: dict[str, Task] = {}
    for task in sorted(found, key=lambda task: (task.state is TaskState.ERROR, task.number)):
        chosen[task.execution_id] = task
    failed = [task for task in chosen.values() if task.state is TaskState.ERROR]
    candidates = failed or list(chosen.values())
    if len(candidates) > 1:
        raise _ambiguous(progress, wanted, candidates)
    return candidates[0]


def _ambiguous(progress: Progress, wanted: str, found: Iterable[Task]) -> InvalidInput:
    names = [
        f"`{progress.path(task)}` ({task.state}, {task.id})"
        for task in sorted(found, key=lambda task: task.number)
    ]
    more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
    return InvalidInput(
        f"`{wanted}` may be any of {', '.join(names[:MOST_SHOWN])}{more}",
        code="ambiguous-task",
        hint="name the task by its path or its id",
    )


def _unknown(progress: Progress, wanted: str, standing: Iterable[Task], *, of_failed: bool) -> NotFound:
    close = Suggestions().hint(wanted, {task.name for task in standing})
    return NotFound(
        f"the execution `{progress.root_id}` has no task `{wanted}`",
        code="unknown-task",
        hint=close or _those_there(progress, standing, of_failed=of_failed),
    )


def _those_there(progress: Progress, standing: Iterable[Task], *, of_failed: bool) -> str:
    paths = [
        f"`{progress.path(task)}`" for task in standing if not of_failed or task.state is TaskState.ERROR
    ]
    listed = ", ".join(list(dict.fromkeys(paths))[:MOST_SHOWN])
    if of_failed:
        return f"failed tasks: {listed}" if paths else "none of its tasks has failed"
    return f"its tasks: {listed}" if paths else "it has no tasks yet"
