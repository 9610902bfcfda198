"""What the engine and a worker say to each other about one attempt of an action."""

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from maestrale.core import ActionRun, State
from maestrale.core.catalogue import Result
from maestrale.core.confidential import arguments_of
from maestrale.expressions.scope import Json


class Assignment(Struct, frozen=True, kw_only=True):
    """Everything a worker needs for one attempt.

    Args:
        input: Its arguments; what is secret in them is not marked.
        run_id: The action run; with `attempt`, the name of this attempt.
        attempt: Counts from 1, and grows when a worker was lost.
        execution_id: The execution that the task belongs to.
        timeout_seconds: How long the attempt may run, from its beginning; None or 0: without bound.
        safe_rerun: The attempt may be repeated blindly, so that nobody has to be told that it begins.
        execution_id, task_id, task_name, workflow_name: Empty where no task asked for the action.
        item_index: Which item of a with-items task it is for; None: of no such task.
        project_id: Whose execution it is.
        asynchronous: Returning says nothing; the run ends through the API.
        root_id: The tree that the run belongs to.
        target: The name of the workers that may run it; None: any.
        is_kept: Its end is stored. False: somebody waits for it in the process that asked for it.
    """

    run_id: str
    attempt: int
    action: str
    input: Mapping[str, Json]
    execution_id: str
    task_id: str
    task_name: str
    workflow_name: str
    item_index: int | None = None
    project_id: str = ""
    timeout_seconds: int | None = None
    safe_rerun: bool = False
    asynchronous: bool = False
    root_id: str = ""
    target: str | None = None
    is_kept: bool = True


def assignment_for(state: State, run: ActionRun) -> Assignment:
    """What a worker needs for the present attempt of a run."""
    return Assignment(
        run_id=run.id,
        attempt=run.attempt,
        action=run.action,
        input=arguments_of(run),
        execution_id=run.execution_id,
        task_id=run.task_id,
        task_name=state.tasks[run.task_id].name if run.task_id else "",
        workflow_name=state.executions[run.execution_id].workflow if run.execution_id else "",
        item_index=run.index,
        project_id=run.project_id,
        timeout_seconds=run.timeout_seconds,
        safe_rerun=run.safe_rerun,
        asynchronous=run.asynchronous,
        root_id=run.root_id,
        target=run.target,
    )


class Dispatcher(Protocol):
    """Whoever has actions executed. It reports to the engine; nothing here waits."""

    def submit(self, assignment: Assignment) -> None: ...

    def cancel(self, run_id: str, attempt: int) -> None: ...

    def holds(self, run_id: str, attempt: int) -> bool:
        """Whether this attempt is queued or under way, here or wherever it was given to."""
        ...

    def withdraw(self, run_id: str, attempt: int) -> bool:
        """Give up an attempt that has not begun. False: it has, or is not held."""
        ...


class Reports(Protocol):
    """Where a worker reports to. Each call returns once what it says is durable."""

    async def started(self, run_id: str, attempt: int) -> bool:
        """An attempt that must not be repeated blindly is about to begin.

        Returns:
            False: the attempt was given up meanwhile, it must not begin.

        Raises:
            Unavailable: Not known to be durable; the worker asks again.
        """
        ...

    async def completed(self, run_id: str, attempt: int, result: Result) -> None:
        """An attempt ended.

        Raises:
            Unavailable: Not known to be durable; the worker reports again.
        """
        ...
