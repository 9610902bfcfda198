"""What expressions say of other tasks: `task(name)`."""

from collections.abc import Iterable, Iterator

from maestrale.expressions.references import Kind
from maestrale.lang import Workflow, WorkflowType
from maestrale.linter.exploration import Seen
from maestrale.linter.reads import Moment, Read


def check_task_names(workflow: Workflow, reads: Iterable[Read]) -> None:
    """Report names of tasks that the workflow does not have, and tasks that `vars` ask for."""
    for read in reads:
        if read.reference.kind is not Kind.TASK:
            continue
        name = read.reference.name
        if name not in workflow.tasks:
            hint = read.place.report.suggestions.hint(name, workflow.tasks)
            message = f"`task({name})` gives null: the workflow has no task `{name}`"
            read.warn("unknown-task-name", message, hint or "name one of the tasks of this workflow")
        elif read.moment is Moment.BEGIN:
            message = f"`task({name})` gives null: no task has run when `vars` are evaluated"
            read.warn("task-not-run-yet", message, "publish the value in a task, or ask for it there")


def questions(workflow: Workflow, reads: Iterable[Read]) -> Iterator[Read]:
    """The reads of a task by another task: whether it can have begun by then is for the explorer to see."""
    if workflow.type is WorkflowType.REVERSE:
        return  # The tasks of a reverse workflow begin in an order that depends on the task it is asked for.
    for read in reads:
        is_named = read.reference.kind is Kind.TASK and read.reference.name in workflow.tasks
        if is_named and read.task is not None and read.reference.name != read.task:
            yield read


def check_order(seen: Seen, asked: Iterable[Read]) -> None:
    """Report tasks that are asked for before they can have begun."""
    if not seen.is_complete:
        return
    for read in asked:
        name = read.reference.name
        if read.task in seen.ended and (read.task, name) not in seen.before:
            message = f"`task({name})` gives null: `{name}` never begins before `{read.task}` ends"
            hint = f"lead from `{name}` to `{read.task}`, or ask later"
            read.warn("task-not-run-yet", message, hint)
