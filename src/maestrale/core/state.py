"""The rows of a tree of executions, frozen, and the tables that hold them.

A *tree* is a root execution with all its sub-executions: the unit of ownership, of history and of a
turn. Rows are never changed in place; `State.apply` puts the next version of a row in its stead. What
is not a field of a row is derived from the rows (`State`'s indexes), so that loading a tree from its
rows gives the very state that folding its history gives.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from maestrale.core.status import ENDED_EXECUTION, ENDED_RUN, ExecutionState, RunState, TaskState
from maestrale.expressions import Json
from maestrale.ids import DEFAULT_PROJECT


class Pin(Struct, frozen=True, gc=False):
    """A definition that a tree has resolved, kept for the rest of its life.

    `document` is the content id of the text that holds it; `id` that of the stored definition, if it is
    one.
    """

    kind: Literal["workflow", "action"]
    namespace: str
    name: str
    document: str
    id: str = ""


class Tree(Struct, frozen=True, kw_only=True, gc=False):
    """What the executions of one root share; or, of an action run that no task asked for, its own tree.

    `counter` numbers everything made in the tree, in order; ids derive from it. `sequence` is the
    number of events so far. `has_secrets`: some value in its rows is marked secret.
    `secrets` are texts that must not be told: those that were marked, as far as they are kept.
    """

    id: str
    project_id: str = DEFAULT_PROJECT
    counter: int = 0
    sequence: int = 0
    pins: tuple[Pin, ...] = ()
    has_secrets: bool = False
    secrets: tuple[str, ...] = ()


class Trigger(Struct, frozen=True, gc=False):
    """Why a task exists: the task that led to it, and through which clause."""

    task_id: str
    event: str


class Command(Struct, frozen=True, gc=False):
    """A transition that was taken: run the task `target`, or do the engine command of that name."""

    target: str
    event: str
    message: Json = None


class Backlog(Struct, frozen=True, gc=False):
    """Commands that a `pause` held back, with the task they come from."""

    task_id: str
    commands: tuple[Command, ...]


class Execution(Struct, frozen=True, kw_only=True, gc=False):
    """One run of a workflow. `context` holds the workflow's variables and the global ones.

    `workflow_id` is the id of the stored definition it started from; empty where none was stored.

    `live` counts the tasks that have not ended or have commands pending, `cancelled` those, and
    `unhandled` the failed ones whose error nobody handled, so that no turn has to scan all tasks.
    """

    id: str
    root_id: str
    project_id: str = DEFAULT_PROJECT
    number: int
    parent_task_id: str | None = None
    index: int | None = None
    depth: int = 0
    workflow: str
    workflow_id: str = ""
    namespace: str = ""
    document: str
    state: ExecutionState
    state_info: str | None = None
    description: str = ""
    tags: tuple[str, ...] = ()
    input: Mapping[str, Json]
    params: Mapping[str, Json]
    context: Mapping[str, Json]
    output: Mapping[str, Json] | None = None
    accepted: bool = True
    live: int = 0
    cancelled: int = 0
    unhandled: int = 0
    backlog: tuple[Backlog, ...] = ()
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None = None


class Items(Struct, frozen=True, gc=False):
    """How far a with-items task has come. `launched` items were started, in order, so many ended.

    `concurrency` 0: no bound. `again` are items that a rerun starts once more, before new ones.
    """

    total: int
    concurrency: int = 0
    launched: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    again: tuple[int, ...] = ()

    @property
    def ended(self) -> int:
        return self.succeeded + self.failed + self.cancelled

    @property
    def running(self) -> int:
        return self.launched - len(self.again) - self.ended

    @property
    def left(self) -> int:
        """How many items are still to be started."""
        return self.total - self.launched + len(self.again)

    @property
    def room(self) -> int:
        """How many more items may be started now."""
        return min(self.left, self.concurrency - self.running) if self.concurrency else self.left

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to wait for: a cancelled item ends the loop at once."""
        return self.cancelled > 0 or self.ended == self.total

    def with_next_launched(self) -> tuple[int, "Items"]:
        """The index of the next item to start, and the loop with that item started."""
        if self.again:
            return self.again[0], replace(self, again=self.again[1:])
        return self.launched, replace(self, launched=self.launched + 1)

    def counted(self, state: str) -> "Items":
        """With one more item that ended in this state."""
        match state:
            case TaskState.SUCCESS:
                return replace(self, succeeded=self.succeeded + 1)
            case TaskState.ERROR:
                return replace(self, failed=self.failed + 1)
            case _:
                return replace(self, cancelled=self.cancelled + 1)


class Outcome(Struct, frozen=True, gc=False):
    """How a task's work ended, remembered while a `wait-after` runs."""

    state: TaskState
    info: str | None = None


class Task(Struct, frozen=True, kw_only=True, gc=False):
    """One run of a task inside an execution.

    `turn` is the ticket under which the task waits for its turn in the agenda of the tree; None when
    it has nothing to do by itself. `pending` are commands still to be carried out after the tasks that
    were listed before them have begun. `sources` are the tasks whose variables it inherits. `arrived` and
    `late` count the inbound tasks of a join that came in time, and name those that came too late; `arrived`
    is exact whenever the join has looked at them, and never too small.
    `attempt` counts the retries made; `retried` says that the retry policy was consulted; `reruns` counts
    how often the task was begun anew after it had failed. `held`: the task is IDLE because of
    `pause-before`. `item_values` are the evaluated lists of with-items, by variable, while the loop runs.
    """

    id: str
    execution_id: str
    root_id: str
    project_id: str = DEFAULT_PROJECT
    number: int
    name: str
    type: Literal["ACTION", "WORKFLOW"]
    state: TaskState
    state_info: str | None = None
    tags: tuple[str, ...] = ()
    turn: int | None = None
    triggered_by: tuple[Trigger, ...] = ()
    sources: tuple[str, ...] = ()
    published: Mapping[str, Json] | None = {}
    published_global: Mapping[str, Json] | None = None
    next_tasks: tuple[tuple[str, str], ...] = ()
    pending: tuple[Command, ...] = ()
    has_next_tasks: bool = False
    error_handled: bool = False
    processed: bool = False
    attempt: int = 0
    retried: bool = False
    reruns: int = 0
    held: bool = False
    waited_before: bool = False
    waited_after: bool = False
    waiting_outcome: Outcome | None = None
    concurrency: int = 0
    arrived: int = 0
    late: tuple[Trigger, ...] = ()
    items: Items | None = None
    item_values: Mapping[str, Json] | None = None
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None


class ActionRun(Struct, frozen=True, kw_only=True, gc=False):
    """One run of an action: for a task, or by itself in a tree of its own.

    `task_id` and `execution_id` are empty where no task asked for it; `namespace` and `description` are only
    used then. `timeout_seconds` bounds such a run, and that of a repeated attempt of a task.
    `attempt` counts from 1 and grows when the run is repeated because its worker was lost. `started`
    is set once a worker may have begun an attempt that must not be repeated blindly. `wrappers` are
    the ad-hoc actions around `action`, innermost first, whose output transformations apply to the
    result; `arguments` is then what they made of `input` for it. `abandoned`: the task no longer
    waits for it (a timeout passed, a retry began).
    """

    id: str
    task_id: str
    execution_id: str
    root_id: str
    project_id: str = DEFAULT_PROJECT
    number: int
    name: str
    action: str
    namespace: str = ""
    description: str = ""
    timeout_seconds: int | None = None
    wrappers: tuple[Pin, ...] = ()
    index: int | None = None
    attempt: int = 1
    state: RunState
    input: Mapping[str, Json]
    arguments: Mapping[str, Json] | None = None
    result: Json = None
    accepted: bool = False
    abandoned: bool = False
    asynchronous: bool = False
    safe_rerun: bool = False
    started: bool = False
    target: str | None = None
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None = None


class TimerKind(StrEnum):
    WAIT_BEFORE = "wait-before"
    WAIT_AFTER = "wait-after"
    RETRY = "retry"
    TIMEOUT = "timeout"
    ACTION_TIMEOUT = "action-timeout"
    """Of an action run that no task asked for."""


class Timer(Struct, frozen=True, kw_only=True, gc=False):
    """Something a task waits for. The row goes when it fires or is no longer wanted.

    `task_id` is empty for the timeout of an action run that no task asked for.
    """

    id: str
    root_id: str
    project_id: str = DEFAULT_PROJECT
    task_id: str
    kind: TimerKind
    seconds: int
    due_at: datetime


class Changes(Struct):
    """The next version of every row that a turn touched, by id. A timer that went is None."""

    tree: Tree | None = None
    executions: dict[str, Execution] = {}
    tasks: dict[str, Task] = {}
    runs: dict[str, ActionRun] = {}
    timers: dict[str, Timer | None] = {}

    def __bool__(self) -> bool:
        return bool(self.tree or self.executions or self.tasks or self.runs or self.timers)


class State:
    """All rows of one tree, with the indexes that turns need. Only `apply` changes it."""

    def __init__(self) -> None:
        self.tree: Tree | None = None
        self.executions: dict[str, Execution] = {}
        self.tasks: dict[str, Task] = {}
        self.runs: dict[str, ActionRun] = {}
        self.timers: dict[str, Timer] = {}
        self.tasks_in: dict[str, list[str]] = {}
        self.tasks_named: dict[tuple[str, str], list[str]] = {}
        self.children: dict[str, list[str]] = {}
        self.agenda: deque[tuple[int, str]] = deque()
        self.pins: dict[tuple[str, str, str], Pin] = {}
        self.contexts: dict[str, tuple[object, object]] = {}
        """A memo of `contexts.outbound`: task → (what it was made from, the context)."""

    @property
    def root(self) -> Execution:
        assert self.tree is not None
        return self.executions[self.tree.id]

    @property
    def has_ended(self) -> bool:
        """Whether what the tree was made for is over: its root execution, or its only action run."""
        assert self.tree is not None
        root = self.executions.get(self.tree.id)
        if root is not None:
            return root.state in ENDED_EXECUTION
        return all(run.state in ENDED_RUN for run in self.runs.values())

    def apply(self, changes: Changes) -> None:
        """Put the new versions of the rows in place and bring the indexes up to date."""
        if changes.tree is not None:
            self._take_tree(changes.tree)
        self._take_executions(changes.executions)
        self._take_tasks(changes.tasks)
        for run in changes.runs.values():
            if run.id not in self.runs and run.task_id:
                self.children.setdefault(run.task_id, []).append(run.id)
            self.runs[run.id] = run
        for timer_id, timer in changes.timers.items():
            if timer is not None:
                self.timers[timer_id] = timer
            else:
                self.timers.pop(timer_id, None)
        self._tidy_agenda()

    def _take_tree(self, tree: Tree) -> None:
        known = len(self.tree.pins) if self.tree else 0
        for pin in tree.pins[known:]:
            self.pins[pin.kind, pin.namespace, pin.name] = pin
        self.tree = tree

    def _take_executions(self, executions: Mapping[str, Execution]) -> None:
        for execution in executions.values():
            if execution.id not in self.executions:
                self.tasks_in[execution.id] = []
                if execution.parent_task_id is not None:
                    self.children.setdefault(execution.parent_task_id, []).append(execution.id)
            self.executions[execution.id] = execution

    def _take_tasks(self, tasks: Mapping[str, Task]) -> None:
        queued = []
        for task in tasks.values():
            old = self.tasks.get(task.id)
            if old is None:
                self.tasks_in[task.execution_id].append(task.id)
                self.tasks_named.setdefault((task.execution_id, task.name), []).append(task.id)
            if task.turn is not None and (old is None or old.turn != task.turn):
                queued.append((task.turn, task.id))
            self.tasks[task.id] = task
        self.agenda.extend(sorted(queued))

    def _tidy_agenda(self) -> None:
        """Drop the tickets that were used up from the head, where a turn takes them."""
        while self.agenda and self.tasks[self.agenda[0][1]].turn != self.agenda[0][0]:
            self.agenda.popleft()

    @property
    def has_work(self) -> bool:
        """Whether something waits for a turn."""
        return bool(self.agenda)


def state_of(
    tree: Tree,
    executions: Iterable[Execution],
    tasks: Iterable[Task],
    runs: Iterable[ActionRun],
    timers: Iterable[Timer],
) -> State:
    """The state that these stored rows stand for."""
    state = State()
    changes = Changes(
        tree=tree,
        executions={row.id: row for row in sorted(executions, key=lambda row: row.number)},
        tasks={row.id: row for row in sorted(tasks, key=lambda row: row.number)},
        runs={row.id: row for row in sorted(runs, key=lambda row: row.number)},
        timers={row.id: row for row in timers},
    )
    state.apply(changes)
    return state
