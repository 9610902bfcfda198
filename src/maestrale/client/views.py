"""What an execution waits for, and what it looks like as a graph."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from maestrale.client.decoding import Json, Resource, decode, unexpected


class Named(Struct, frozen=True):
    """A row and what people call it."""

    id: str
    name: str


class Wait(Resource, frozen=True, kw_only=True):
    """One thing that an execution waits for.

    Args:
        kind: `action-run`, `timer`, `join`, `pause`, `free-slot`, `sub-workflow`, `turn` or `nothing`.
        text: For people: what, since when, and what would move it on.
        task: None: the execution as a whole waits.
        details: What else is known, by kind; the documentation of the API has it.
        inside: What the sub-workflows that it waits for wait for in turn.
    """

    kind: str
    text: str
    since: datetime
    task: Named | None = None
    details: dict[str, Json] = {}
    inside: "tuple[Explanation, ...]" = ()


class Explanation(Resource, frozen=True, kw_only=True):
    """What an execution waits for. `tasks_left_out`: so many more tasks wait that are not listed."""

    execution_id: str
    workflow: str
    state: str
    waits: tuple[Wait, ...]
    tasks_left_out: int = 0


class LoopProgress(Struct, frozen=True, kw_only=True):
    """How many items of a loop have come how far."""

    total: int
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0


class SubExecution(Struct, frozen=True):
    """A workflow that was started for a node."""

    id: str
    workflow: str
    state: str


class Node(Resource, frozen=True, kw_only=True):
    """A task of the definition, or an engine command that some transition leads to.

    Args:
        type: `ACTION`, `WORKFLOW` or `COMMAND`.
        target: The action or the workflow that it runs.
        join: `all`, a number, or None.
        state: Of its latest run, as are the attributes up to `items`; None: it has not run.
        run_count: How often it ran; `task_ids` are the latest of these runs, newest first.
    """

    name: str
    type: str
    target: str | None = None
    join: int | str | None = None
    state: str | None = None
    state_info: str | None = None
    attempt: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    items: LoopProgress | None = None
    run_count: int = 0
    task_ids: tuple[str, ...] = ()
    sub_execution_count: int = 0
    sub_executions: tuple[SubExecution, ...] = ()


class Edge(Resource, frozen=True, kw_only=True):
    """A way from one node to another.

    Args:
        event: The clause it stands in, such as `on-success`; `requires` in reverse workflows.
        condition: None: it is always taken.
        taken: How often; None: that is not known.
    """

    source: str
    target: str
    event: str
    is_command: bool = False
    condition: str | None = None
    taken: int | None = None


class Graph(Resource, frozen=True, kw_only=True):
    """An execution as a graph to draw."""

    execution_id: str
    workflow: str
    type: str
    state: str
    state_info: str | None = None
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


_COMMON = frozenset({"kind", "text", "since", "task"})


def explanation_of(data: Any) -> Explanation:
    """The explanation that an answer stands for. Raises: Unavailable: it is something else."""
    if not isinstance(data, dict) or not isinstance(data.get("waits"), list):
        raise unexpected("an explanation was expected")
    waits = tuple(_wait_of(wait) for wait in data["waits"])
    return msgspec.structs.replace(decode(Explanation, {**data, "waits": []}), waits=waits)


def _wait_of(data: Any) -> Wait:
    if not isinstance(data, dict):
        raise unexpected("something that an execution waits for was expected")
    details = {name: value for name, value in data.items() if name not in _COMMON}
    common = {name: value for name, value in data.items() if name in _COMMON}
    inside = tuple(explanation_of(inner) for inner in _inner(details))
    return msgspec.structs.replace(decode(Wait, common), details=details, inside=inside)


def _inner(details: dict[str, Any]) -> Iterator[Any]:
    for execution in details.get("executions") or ():
        if isinstance(execution, dict) and execution.get("explanation") is not None:
            yield execution["explanation"]
