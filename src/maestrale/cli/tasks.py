"""Which task of an execution is meant."""

from collections.abc import Iterable

from maestrale.cli.progress import Progress
from maestrale.core import Task
from maestrale.core.status import TaskState
from maestrale.errors import InvalidInput, NotFound
from maestrale.lang.suggest import Suggestions

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
    tasks = progress.state.tasks
    if wanted in tasks:
        return tasks[wanted]
    standing = [task for task in tasks.values() if progress.stands(task)]
    named = [task for task in standing if wanted == task.name]
    found = named or [task for task in standing if wanted == progress.path(task)]
    if not found and wanted:
        found = [task for id, task in tasks.items() if id.startswith(wanted)]
        if len(found) > 1:
            raise _ambiguous(progress, wanted, found)
    if not found:
        raise _unknown(progress, wanted, standing)
    return _only(progress, wanted, found)


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


def _unknown(progress: Progress, wanted: str, standing: Iterable[Task]) -> NotFound:
    failed = [f"`{progress.path(task)}`" for task in standing if task.state is TaskState.ERROR]
    hint = f"failed tasks: {', '.join(failed[:MOST_SHOWN])}" if failed else "none of its tasks has failed"
    close = Suggestions().hint(wanted, {task.name for task in standing})
    return NotFound(
        f"the execution `{progress.root_id}` has no task `{wanted}`", code="unknown-task", hint=close or hint
    )
