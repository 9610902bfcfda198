"""One turn: the working copy on which an event is decided.

A turn reads rows of the state through the changes made so far, and never touches the state itself. It
keeps the counters of an execution right with every task it changes, so that no rule has to.
"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import chain, islice
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from maestrale.core.catalogue import World
from maestrale.core.effects import ClearTimer, ContinueTurn, Effect, SetTimer
from maestrale.core.events import Entry
from maestrale.core.failures import FactNeeded
from maestrale.core.notices import Move, Notice, notices_of
from maestrale.core.publishers import Publisher, stored_publishers
from maestrale.core.state import ActionRun, Changes, Execution, Pin, State, Task, Timer, TimerKind, Tree
from maestrale.core.status import (
    ENDED_EXECUTION,
    ENDED_RUN,
    ENDED_TASK,
    EXECUTION_MOVES,
    RUN_MOVES,
    TASK_MOVES,
    TaskState,
)
from maestrale.expressions import Json, Secrets, has_marks, reveal
from maestrale.ids import Chance, derive_id
from maestrale.lang.model import TaskDefinition, Workflow


class Decision(Struct, frozen=True):
    """What follows from an event: new versions of rows, what must be done outside, what others are told."""

    changes: Changes
    effects: tuple[Effect, ...] = ()
    notices: tuple[Notice, ...] = ()


class Turn:
    """See the module. `now` and `chance` come with the event."""

    def __init__(self, world: World, state: State, entry: Entry) -> None:
        self.world = world
        self.state = state
        self.now = entry.at
        self.chance = Chance(entry.seed)
        self.changes = Changes()
        self.effects: list[Effect] = []
        self.steps_left = world.limits.steps
        self._seed = entry.seed
        self._facts = {fact.question: fact.answer for fact in entry.facts}
        self._tree = state.tree
        self._counter = state.tree.counter if state.tree else 0
        self._new_tasks: dict[str, list[str]] = {}
        self._new_named: dict[tuple[str, str], list[str]] = {}
        self._new_children: dict[str, list[str]] = {}
        self._tickets: list[tuple[int, str]] = []
        self._workflows: dict[str, Workflow] = {}
        self._pins: dict[tuple[str, str, str], Pin] = {}
        self._moves: list[Move] = []
        self.secrets = self._known_secrets(state.tree, entry)
        """None: nothing in the tree is marked secret, so far."""
        root = state.executions.get(state.tree.id) if state.tree else None
        self._publishers = self._publishers_of(root) if root else world.publishers

    @staticmethod
    def _known_secrets(tree: Tree | None, entry: Entry) -> Secrets | None:
        if tree is not None and tree.has_secrets:
            return Secrets(tree.secrets)
        return Secrets() if any(has_marks(fact.answer) for fact in entry.facts) else None

    def _publishers_of(self, root: Execution) -> tuple[Publisher, ...]:
        """Who is told what becomes of a tree."""
        notify = reveal(root.params.get("notify"))
        return (*stored_publishers(notify), *self.world.publishers) if notify else self.world.publishers

    # Reading.

    @property
    def tree(self) -> Tree:
        assert self._tree is not None
        return self._tree

    @property
    def root(self) -> Execution:
        return self.execution(self.tree.id)

    def execution(self, id: str) -> Execution:
        return self.changes.executions.get(id) or self.state.executions[id]

    def find_execution(self, id: str) -> Execution | None:
        return self.changes.executions.get(id) or self.state.executions.get(id)

    def executions(self) -> Iterator[Execution]:
        """All executions of the tree, in the order they were made."""
        for id in list(self.state.executions):
            yield self.execution(id)
        for id in [id for id in self.changes.executions if id not in self.state.executions]:
            yield self.execution(id)

    def task(self, id: str) -> Task:
        return self.changes.tasks.get(id) or self.state.tasks[id]

    def find_task(self, id: str) -> Task | None:
        return self.changes.tasks.get(id) or self.state.tasks.get(id)

    def find_run(self, id: str) -> ActionRun | None:
        return self.changes.runs.get(id) or self.state.runs.get(id)

    def find_timer(self, id: str) -> Timer | None:
        return self.changes.timers[id] if id in self.changes.timers else self.state.timers.get(id)

    def tasks_in(self, execution_id: str) -> Iterator[Task]:
        """All tasks of an execution, in the order they were made."""
        for id in self.state.tasks_in.get(execution_id, ()):
            yield self.task(id)
        for id in list(self._new_tasks.get(execution_id, ())):
            yield self.task(id)

    def live_tasks(self, execution: Execution) -> list[Task]:
        """The tasks that are still to end or to lead on, in the order they were made.

        The newest are looked at first, and no more of them than it takes to find all.
        """
        new, old = self._new_tasks.get(execution.id, ()), self.state.tasks_in.get(execution.id, ())
        live = (task for id in chain(reversed(new), reversed(old)) if lives_on(task := self.task(id)))
        return list(islice(live, execution.live))[::-1]

    def tasks_named(self, execution_id: str, name: str) -> Iterator[Task]:
        """The runs of one task, the latest first."""
        for id in reversed(self._new_named.get((execution_id, name), ())):
            yield self.task(id)
        for id in reversed(self.state.tasks_named.get((execution_id, name), ())):
            yield self.task(id)

    def latest_task(self, execution_id: str, name: str) -> Task | None:
        return next(self.tasks_named(execution_id, name), None)

    def has_come_again(self, execution_id: str, name: str) -> bool:
        """Whether there is more than one run of a task, or more than one round of a join."""
        return len(list(islice(self.tasks_named(execution_id, name), 2))) > 1

    def child_runs(self, task_id: str) -> Iterator[ActionRun]:
        for id in self._children(task_id):
            if (run := self.find_run(id)) is not None:
                yield run

    def child_executions(self, task_id: str) -> Iterator[Execution]:
        for id in self._children(task_id):
            if (execution := self.find_execution(id)) is not None:
                yield execution

    def _children(self, task_id: str) -> Iterator[str]:
        yield from self.state.children.get(task_id, ())
        yield from list(self._new_children.get(task_id, ()))

    def workflow(self, execution: Execution) -> Workflow:
        workflow = self._workflows.get(execution.id)
        if workflow is None:
            workflow = self.world.library.get_workflow(execution.document, execution.workflow)
            self._workflows[execution.id] = workflow
        return workflow

    def definition(self, task: Task) -> TaskDefinition:
        return self.workflow(self.execution(task.execution_id)).tasks[task.name]

    def fact(self, question: str) -> Json:
        """The answer to a question that leads outside the tree.

        Raises:
            FactNeeded: The answer did not come with the event.
        """
        if question not in self._facts:
            raise FactNeeded(question)
        return self._facts[question]

    def refusal(self, expression: str) -> str | None:
        """Why an expression must not be evaluated in this turn: it went over its budget before."""
        return self._facts.get(f"over-budget {expression}") if self._facts else None

    # Secrets.

    def note_secrets(self, value: Json) -> None:
        """Take note of what is marked in a value that comes into the tree. From the first mark on, marks are
        looked for in all that expressions read."""
        if has_marks(value):
            self.secrets = self.secrets or Secrets()
            self.secrets.learn(value)

    def reveal(self, value: Json) -> Json:
        """A value without marks, for a rule to go by."""
        return value if self.secrets is None else self.secrets.reveal(value)

    def scrub(self, text: str) -> str:
        """A text to be told, without the secrets that this turn has revealed."""
        return text if self.secrets is None else self.secrets.scrub(text)

    # Writing.

    def number(self) -> int:
        """The next number of the tree."""
        self._counter += 1
        return self._counter

    def id(self, number: int) -> str:
        return derive_id(self.tree.id, number)

    def plant(self, tree: Tree) -> None:
        """Begin a new tree."""
        self._tree = tree

    def pin(self, pin: Pin) -> None:
        """Keep a resolved definition for the life of the tree."""
        self._pins[pin.kind, pin.namespace, pin.name] = pin

    def find_pin(self, kind: Literal["workflow", "action"], namespace: str, name: str) -> Pin | None:
        key = (kind, namespace, name)
        if key in self.state.pins:
            return self.state.pins[key]
        return self._pins.get(key)

    def add_execution(self, execution: Execution) -> None:
        self.changes.executions[execution.id] = execution
        if execution.parent_task_id is None:
            self._publishers = self._publishers_of(execution)
        if self._publishers:
            self._moves.append(Move(None, execution))
        if execution.parent_task_id is not None:
            self._new_children.setdefault(execution.parent_task_id, []).append(execution.id)

    def update_execution(self, execution: Execution, **fields: Any) -> Execution:
        new = replace(execution, updated_at=self.now, **fields)
        assert new.state is execution.state or new.state in EXECUTION_MOVES[execution.state], (
            execution.state,
            new.state,
        )
        self.changes.executions[new.id] = new
        if self._publishers and new.state is not execution.state:
            self._moves.append(Move(execution, new))
        return new

    def add_task(self, task: Task) -> Task:
        self._new_tasks.setdefault(task.execution_id, []).append(task.id)
        self._new_named.setdefault((task.execution_id, task.name), []).append(task.id)
        self.changes.tasks[task.id] = task
        self._count(None, task)
        if self._publishers and task.state is TaskState.WAITING:  # One that is IDLE only waits for its turn.
            self._moves.append(Move(None, task))
        return task

    def update_task(self, task: Task, **fields: Any) -> Task:
        new = replace(task, updated_at=self.now, **fields)
        assert new.state is task.state or new.state in TASK_MOVES[task.state], (task.state, new.state)
        self.changes.tasks[new.id] = new
        self._count(task, new)
        if self._publishers and new.state is not task.state:
            self._moves.append(Move(task, new))
        return new

    def enqueue(self, task: Task) -> Task:
        """Give the task a ticket: it will have its turn after those that hold one already."""
        ticket = self.number()
        self._tickets.append((ticket, task.id))
        return self.update_task(task, turn=ticket)

    def add_run(self, run: ActionRun) -> ActionRun:
        if run.task_id:
            self._new_children.setdefault(run.task_id, []).append(run.id)
        self.changes.runs[run.id] = run
        return run

    def update_run(self, run: ActionRun, **fields: Any) -> ActionRun:
        new = replace(run, updated_at=self.now, **fields)
        assert new.state is run.state or new.state in RUN_MOVES[run.state], (run.state, new.state)
        self.changes.runs[new.id] = new
        return new

    def set_timer(self, task: Task, kind: TimerKind, seconds: int) -> None:
        """Wake the task in so many seconds. A task has at most one timer of a kind."""
        timer = Timer(
            id=f"{task.id}/{kind}",
            root_id=task.root_id,
            project_id=task.project_id,
            task_id=task.id,
            kind=kind,
            seconds=seconds,
            due_at=self.now + timedelta(seconds=seconds),
        )
        self.changes.timers[timer.id] = timer
        self.effects.append(SetTimer(timer.id))

    def set_run_timeout(self, run: ActionRun, seconds: int) -> None:
        """Give up an action run that no task asked for, in so many seconds."""
        timer = Timer(
            id=f"{run.id}/{TimerKind.ACTION_TIMEOUT}",
            root_id=run.root_id,
            project_id=run.project_id,
            task_id="",
            kind=TimerKind.ACTION_TIMEOUT,
            seconds=seconds,
            due_at=self.now + timedelta(seconds=seconds),
        )
        self.changes.timers[timer.id] = timer
        self.effects.append(SetTimer(timer.id))

    def clear_run_timeout(self, run: ActionRun) -> None:
        """The run has ended."""
        self._clear(f"{run.id}/{TimerKind.ACTION_TIMEOUT}")

    def clear_timer(self, task: Task, kind: TimerKind) -> None:
        self._clear(f"{task.id}/{kind}")

    def _clear(self, timer_id: str) -> None:
        if self.find_timer(timer_id) is not None:
            self.changes.timers[timer_id] = None
            self.effects.append(ClearTimer(timer_id))

    def clear_timers(self, task: Task) -> None:
        if self.state.timers or self.changes.timers:
            for kind in TimerKind:
                self.clear_timer(task, kind)

    def _count(self, old: Task | None, new: Task) -> None:
        """Bring the counters of the task's execution up to date."""
        before, after = _counts(old), _counts(new)
        if before != after:
            execution = self.execution(new.execution_id)
            self.update_execution(
                execution,
                live=execution.live + after[0] - before[0],
                cancelled=execution.cancelled + after[1] - before[1],
                unhandled=execution.unhandled + after[2] - before[2],
            )

    # The agenda.

    def work(self) -> Iterator[Task]:
        """The tasks whose turn has come, one after the other, as long as the turn lasts."""
        for ticket, task_id in self.state.agenda:
            if self.steps_left <= 0:
                return
            if self.task(task_id).turn == ticket:
                self.steps_left -= 1
                yield self.task(task_id)
        position = 0
        while position < len(self._tickets) and self.steps_left > 0:
            ticket, task_id = self._tickets[position]
            position += 1
            if self.task(task_id).turn == ticket:
                self.steps_left -= 1
                yield self.task(task_id)

    def _has_more(self) -> bool:
        return any(self.task(id).turn == ticket for ticket, id in self.state.agenda) or any(
            self.task(id).turn == ticket for ticket, id in self._tickets
        )

    def decision(self) -> Decision:
        """Everything that this turn changed. The tree's sequence grows if it changed anything."""
        if self._has_more():
            self.effects.append(ContinueTurn())
        if self.changes or self._pins:
            self.changes.tree = replace(
                self.tree,
                counter=self._counter,
                sequence=self.tree.sequence + 1,
                pins=self.tree.pins + tuple(self._pins.values()),
                has_secrets=self.secrets is not None,
                secrets=() if self.secrets is None else self.secrets.kept,
            )
        return Decision(self.changes, tuple(self.effects), self._notices() if self._moves else ())

    def _notices(self) -> tuple[Notice, ...]:
        return notices_of(
            self._moves,
            self._publishers,
            execution_of=lambda row: self.execution(
                row.id if isinstance(row, Execution) else row.execution_id
            ),
            sequence=self.tree.sequence + 1,
            seed=self._seed,
            at=self.now,
        )


def _counts(task: Task | None) -> tuple[int, int, int]:
    """What a task contributes to the counters `live`, `cancelled` and `unhandled`.

    One that has ended lives on until it has led where it leads: a pause may hold that back.
    """
    if task is None:
        return _NOTHING
    state = task.state
    if state not in ENDED_TASK:
        return _LIVE
    live = 1 if task.pending or not task.processed else 0
    if state is TaskState.CANCELLED:
        return (live, 1, 0)
    return (live, 0, 1 if state is TaskState.ERROR and not task.error_handled else 0)


_NOTHING, _LIVE = (0, 0, 0), (1, 0, 0)


def has_ended(row: Execution | Task | ActionRun) -> bool:
    """Whether the row has reached a state that nothing leaves by itself."""
    return row.state in _ENDED


_ENDED: frozenset[str] = ENDED_EXECUTION | ENDED_TASK | ENDED_RUN
"""All three are texts, and what one kind of row ends in no other goes on in."""


def lives_on(task: Task) -> bool:
    """Whether the task is still to end, or to lead where it leads: `Execution.live` counts such tasks."""
    return _counts(task)[0] == 1
