"""An execution as a graph to draw: what its definition says, and what has come of it so far.

It looks at every task of the execution once. Lists are bounded and have a count beside them.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from maestrale.core.catalogue import World
from maestrale.core.edges import Edge, edges_of
from maestrale.core.events import Entry, TurnContinued
from maestrale.core.pause import get_execution
from maestrale.core.state import Execution, State, Task
from maestrale.core.status import ExecutionState, TaskState
from maestrale.core.turn import Turn
from maestrale.lang.model import TaskDefinition, WorkflowType

MOST_LISTED = 10
"""Entries of each list of a node: the latest."""


class SubExecution(Struct, frozen=True):
    """A workflow that was started for a node."""

    id: str
    workflow: str
    state: ExecutionState


class LoopProgress(Struct, frozen=True):
    """How many items of a loop have come how far."""

    total: int
    running: int
    succeeded: int
    failed: int
    cancelled: int


class Node(Struct, frozen=True, kw_only=True):
    """A task of the definition, or an engine command that some transition leads to.

    Args:
        type: What the task runs; COMMAND for `noop`, `fail`, `succeed` and `pause`, which have no state.
        target: The name of the action or the workflow, as its author wrote it.
        state: Of its latest task execution, as are the fields up to `items`; None: it has not run.
        run_count: How many task executions it has; `task_ids` are the latest of them, newest first.
        sub_execution_count: How many workflows were started for it; `sub_executions` are the latest.
    """

    name: str
    type: Literal["ACTION", "WORKFLOW", "COMMAND"]
    target: str | None = None
    join: int | Literal["all"] | None = None
    state: TaskState | None = None
    state_info: str | None = None
    attempt: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    items: LoopProgress | None = None
    run_count: int = 0
    task_ids: tuple[str, ...] = ()
    sub_execution_count: int = 0
    sub_executions: tuple[SubExecution, ...] = ()


class Picture(Struct, frozen=True, kw_only=True):
    """The nodes are in document order, the commands last."""

    execution_id: str
    workflow: str
    type: WorkflowType
    state: ExecutionState
    state_info: str | None
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


_AT_NO_TIME = datetime.min.replace(tzinfo=UTC)
"""A turn that only reads: nothing asks it what time it is."""


def picture(world: World, state: State, execution_id: str) -> Picture:
    """The graph of an execution as it stands.

    Raises:
        NotFound: The tree has no such execution.
    """
    turn = Turn(world, state, Entry(TurnContinued(), at=_AT_NO_TIME, seed=""))
    execution = get_execution(turn, execution_id)
    workflow = turn.workflow(execution)
    edges = tuple(edges_of(turn, execution))
    tasks = (_node(turn, execution, definition) for definition in workflow.tasks.values())
    commands = dict.fromkeys(edge.target for edge in edges if edge.is_command)
    return Picture(
        execution_id=execution.id,
        workflow=execution.workflow,
        type=workflow.type,
        state=execution.state,
        state_info=execution.state_info,
        nodes=(*tasks, *(Node(name=name, type="COMMAND") for name in commands)),
        edges=edges,
    )


def _node(turn: Turn, execution: Execution, definition: TaskDefinition) -> Node:
    calls = definition.workflow or definition.action
    node = Node(
        name=definition.name,
        type="ACTION" if definition.workflow is None else "WORKFLOW",
        target=None if calls is None else str(calls.source),
        join=definition.join,
    )
    latest = turn.latest_task(execution.id, definition.name)
    if latest is None:
        return node
    found = list(turn.tasks_named(execution.id, definition.name))
    started = [turn.state.children.get(task.id, []) for task in found] if node.type == "WORKFLOW" else []
    return replace(
        node,
        state=latest.state,
        state_info=latest.state_info,
        attempt=latest.attempt,
        started_at=latest.started_at,
        finished_at=latest.finished_at,
        items=_progress(latest),
        run_count=len(found),
        task_ids=tuple(task.id for task in found[:MOST_LISTED]),
        sub_execution_count=sum(map(len, started)),
        sub_executions=tuple(_latest(turn, started)),
    )


def _latest(turn: Turn, started: Iterable[Sequence[str]]) -> Iterator[SubExecution]:
    """The latest of the executions that some tasks have started, newest first as the tasks are."""
    ids = chain.from_iterable(map(reversed, started))
    for execution in map(turn.execution, islice(ids, MOST_LISTED)):
        yield SubExecution(execution.id, execution.workflow, execution.state)


def _progress(task: Task) -> LoopProgress | None:
    items = task.items
    if items is None:
        return None
    return LoopProgress(items.total, items.running, items.succeeded, items.failed, items.cancelled)
