"""The data of server-sent events: the new state of one row. Instants are ISO 8601 with a zone."""

from msgspec import Struct


class ExecutionEvent(Struct, frozen=True, kw_only=True):
    """`cause` names what happened: the request, the report or the timer that led here."""

    at: str
    cause: str
    id: str
    name: str
    state: str
    state_info: str | None
    parent_task_id: str | None
    """The task that this execution works for; None for a root."""
    index: int | None
    """Which item of a loop of sub-workflows it is; None outside a loop."""


class LoopEvent(Struct, frozen=True, kw_only=True):
    """How many items of the loop of a task have come how far."""

    total: int
    running: int
    succeeded: int
    failed: int
    cancelled: int


class TaskEvent(Struct, frozen=True, kw_only=True):
    """`attempt` counts the retries so far; `items` is None without a loop."""

    at: str
    cause: str
    id: str
    name: str
    state: str
    state_info: str | None
    execution_id: str
    attempt: int
    items: LoopEvent | None


class ActionEvent(Struct, frozen=True, kw_only=True):
    """`index`: which item of a loop; `attempt` counts from 1 and grows when a worker was lost."""

    at: str
    cause: str
    id: str
    name: str
    state: str
    execution_id: str
    task_id: str
    index: int | None
    attempt: int


class EndEvent(Struct, frozen=True, kw_only=True):
    """The execution has ended in `state`; the stream ends with it."""

    state: str
