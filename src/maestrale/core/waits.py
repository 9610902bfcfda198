"""What an execution can be waiting for: the vocabulary of `explaining`.

Every list is bounded and has a count beside it, so that an explanation stays small however large the
execution is. As JSON, `kind` tells which wait it is.
"""

from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct

from maestrale.core.state import TimerKind
from maestrale.core.status import ExecutionState, RunState, TaskState


class Named(Struct, frozen=True):
    """A row and what people call it: a task, a workflow's execution, an action's run."""

    id: str
    name: str


class Wait(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """One thing that an execution waits for.

    Args:
        text: For people: what, since when, and what would move it on.
        since: When it began to wait, as far as the rows tell.
        task: The task that waits; None: the execution as a whole.
    """

    text: str
    since: datetime
    task: Named | None = None


class OpenRun(Struct, frozen=True, kw_only=True):
    """An action run that has not ended.

    `started`: a worker has begun it. It stays false where nobody has to say so, because `safe_rerun` allows
    to repeat it. `asynchronous`: whoever ends it does so through the API.
    """

    id: str
    action: str
    attempt: int
    state: RunState
    started: bool
    safe_rerun: bool
    asynchronous: bool
    index: int | None
    since: datetime


class ActionRunWait(Wait, frozen=True, kw_only=True, tag="action-run"):
    """The action of a task, or those of the items of its loop. `count`: how many run, `runs`: the first."""

    runs: tuple[OpenRun, ...]
    count: int


class TimerWait(Wait, frozen=True, kw_only=True, tag="timer"):
    """The begin, the next attempt or the end of a task is put off, or its `timeout` runs."""

    timer: TimerKind
    due_at: datetime


class Arrival(Struct, frozen=True):
    """An inbound task that has led to a join, and through which clause."""

    task: Named
    event: str


class MissingInbound(Struct, frozen=True, kw_only=True):
    """An inbound task that has not led to a join.

    Args:
        state: Of its latest run; None: it has not run.
        never: Why it cannot come any more, None if it may.
        ways: Names of tasks from which a way to it is still open, if it has not run.
    """

    name: str
    task_id: str | None
    state: TaskState | None
    never: str | None
    ways: tuple[str, ...]


class JoinWait(Wait, frozen=True, kw_only=True, tag="join"):
    """Branches that have not come. `arrived` of `inbound` tasks have; `needed` are enough.

    `late` are those that came too late for an earlier attempt at this join.
    """

    needed: int
    inbound: int
    arrived: int
    came: tuple[Arrival, ...]
    missing: tuple[MissingInbound, ...]
    late: tuple[Arrival, ...]


PauseCause: TypeAlias = Literal[
    "request", "command", "request-or-command", "pause-before", "action-run", "parent", "sub-workflow"
]


class HeldTask(Struct, frozen=True):
    """A task that a pause keeps from its start, its transitions, more items, or, a join, from its run."""

    task: Named
    state: TaskState
    what: Literal["start", "transitions", "items", "join"]


class HeldCommand(Struct, frozen=True):
    """A transition that stood behind a `pause` and is taken at the resume."""

    task: Named
    target: str
    event: str


class PauseWait(Wait, frozen=True, kw_only=True, tag="pause"):
    """Somebody has to resume the execution.

    Args:
        cause: Where the pause comes from. A `pause` with nothing behind it leaves no trace, so that it cannot
            always be told from a request: then both are named.
        origin: The task, the action run or the execution that the pause comes from, if it is known.
        message: What whoever paused it had to say.
        since: The latest instant that it can have been.
        held: The first of the tasks that the pause keeps from something; `held_count` counts them all.
        commands: The first of the transitions held back; `command_count` counts them all.
    """

    cause: PauseCause
    origin: Named | None
    message: str | None
    held: tuple[HeldTask, ...]
    held_count: int
    commands: tuple[HeldCommand, ...]
    command_count: int


class FreeSlotWait(Wait, frozen=True, kw_only=True, tag="free-slot"):
    """Items of a loop that its `concurrency` does not let begin yet."""

    concurrency: int
    running: int
    waiting: int


class OpenExecution(Struct, frozen=True, kw_only=True):
    """A sub-workflow that has not ended, and what it waits for in turn; None: not looked at."""

    id: str
    workflow: str
    state: ExecutionState
    index: int | None
    explanation: "Explanation | None"


class SubWorkflowWait(Wait, frozen=True, kw_only=True, tag="sub-workflow"):
    """The sub-workflow of a task, or those of its items. `executions` are the first of `count`."""

    executions: tuple[OpenExecution, ...]
    count: int


class TurnWait(Wait, frozen=True, kw_only=True, tag="turn"):
    """Nothing but its turn: these tasks have something to do, and will do it by themselves."""

    tasks: tuple[Named, ...]
    count: int


class FailedTask(Struct, frozen=True):
    """A task that ended in ERROR. `handled`: its `on-error` led somewhere."""

    task: Named
    reason: str | None
    handled: bool


class NothingWait(Wait, frozen=True, kw_only=True, tag="nothing"):
    """The execution has ended: nothing moves it on by itself.

    Args:
        since: When it ended.
        reason: Its `state_info`, shortened.
        failed: The first of the tasks that failed, none after SUCCESS; `failed_count` counts all.
        refusal: Why they cannot be run again or skipped; None: they can.
    """

    state: ExecutionState
    reason: str | None
    failed: tuple[FailedTask, ...] = ()
    failed_count: int = 0
    refusal: str | None = None


class NodeWait(Wait, frozen=True, kw_only=True, tag="node"):
    """A node of the service that has a role: until there is one, nothing else moves the execution on."""

    role: str


AnyWait: TypeAlias = (
    ActionRunWait
    | TimerWait
    | JoinWait
    | PauseWait
    | FreeSlotWait
    | SubWorkflowWait
    | TurnWait
    | NothingWait
    | NodeWait
)


class Explanation(Struct, frozen=True, kw_only=True):
    """What an execution waits for: what concerns it as a whole first, then in the order of its tasks.

    `tasks_left_out` counts the tasks whose waits are not listed because there are too many.
    """

    execution_id: str
    workflow: str
    state: ExecutionState
    waits: tuple[AnyWait, ...]
    tasks_left_out: int = 0
