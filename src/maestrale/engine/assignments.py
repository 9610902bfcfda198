"""What the engine and a worker say to each other about one attempt of an action."""

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from maestrale.core.catalogue import Result
from maestrale.expressions.scope import Json


class Assignment(Struct, frozen=True, kw_only=True):
    """Everything a worker needs for one attempt.

    Args:
        run_id: The action run; with `attempt`, the name of this attempt.
        attempt: Counts from 1, and grows when a worker was lost.
        execution_id: The execution that the task belongs to.
        timeout_seconds: How long the attempt may run, from its beginning; None or 0: without bound.
        safe_rerun: The attempt may be repeated blindly, so that nobody has to be told that it begins.
        asynchronous: Returning says nothing; the run ends through the API.
    """

    run_id: str
    attempt: int
    action: str
    input: Mapping[str, Json]
    execution_id: str
    task_id: str
    task_name: str
    workflow_name: str
    timeout_seconds: int | None = None
    safe_rerun: bool = False
    asynchronous: bool = False


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
