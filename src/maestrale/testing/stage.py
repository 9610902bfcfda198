"""A tree on the pure core: real rules, a fake clock, no engine, no database.

    stage = Stage(text)
    stage.start("greet", input={"name": "Ada"})
    stage.complete("ask", Result(value="yes"))
    assert stage.root.state == "SUCCESS"

Actions that are not pure wait until `complete` ends them. Time passes only in `pass_time`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any

from maestrale.actions import Registry
from maestrale.core import (
    Catalogue,
    Changes,
    Entry,
    Event,
    Execution,
    Fact,
    Limits,
    Notice,
    Result,
    State,
    Task,
    World,
    decide,
)
from maestrale.core.effects import Effect
from maestrale.core.events import ActionCompleted, ExecutionRequested, TimerFired, TurnContinued
from maestrale.core.failures import FactNeeded
from maestrale.core.state import ActionRun, Pin
from maestrale.core.status import ENDED_EXECUTION, ENDED_RUN
from maestrale.engine.library import DocumentLibrary
from maestrale.expressions import Json, OverBudget
from maestrale.ids import content_id, derive_id
from maestrale.lang import Definitions, parse
from maestrale.testing.clocks import NOON, FakeClock

ROOT = "00000000-0000-4000-8000-000000000001"


def _read(text: str) -> Definitions:
    parsed = parse(text)
    assert parsed.definitions is not None, [str(problem) for problem in parsed.problems]
    return parsed.definitions


class Stage:
    """See the module.

    Args:
        texts: Documents; all that they define may be used.
        answer: Answers what a decision asks of the world outside its tree.
        catalogue: The actions there are; None: the standard ones and those of installed plugins.
        read: Gives the definitions of a text.
        start: When it begins.
        guard: Put around each decision; it may raise `OverBudget` in it.
    """

    def __init__(
        self,
        *texts: str,
        limits: Limits | None = None,
        answer: Callable[[str], Json] = lambda question: None,
        catalogue: Catalogue | None = None,
        read: Callable[[str], Definitions] = _read,
        start: datetime = NOON,
        guard: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self.clock = FakeClock(start)
        self.library = DocumentLibrary(lambda document: self.documents[document])
        self.world = World(self.library, catalogue or Registry.standard(), limits or Limits())
        self.documents: dict[str, str] = {}
        self.pins = [pin for text in texts for pin in self._deploy(text, read(text))]
        self.state = State()
        self.history: list[Entry] = []
        self.effects: list[Effect] = []
        self.notices: list[Notice] = []
        self._answer = answer
        self._guard = guard

    def _deploy(self, text: str, definitions: Definitions) -> Iterator[Pin]:
        document = content_id(text.encode())
        self.documents[document] = text
        self.library.add(document, definitions)
        yield from (Pin("workflow", "", name, document) for name in definitions.workflows)
        yield from (Pin("action", "", name, document) for name in definitions.actions)

    # What happens.

    def start(
        self, workflow: str, input: Mapping[str, Json] | None = None, params: Mapping[str, Json] | None = None
    ) -> None:
        """Request the execution. Raises what `decide` raises."""
        self.send(self.start_event(workflow, input, params))

    def start_event(
        self, workflow: str, input: Mapping[str, Json] | None = None, params: Mapping[str, Json] | None = None
    ) -> ExecutionRequested:
        """The request for an execution of a workflow."""
        pin = next(pin for pin in self.pins if (pin.kind, pin.name) == ("workflow", workflow))
        return ExecutionRequested(
            execution_id=ROOT,
            workflow=workflow,
            document=pin.document,
            input=input or {},
            params=params or {},
            pins=tuple(self.pins),
        )

    def send(self, event: Event) -> None:
        """Let something happen, and whatever follows without anybody's doing."""
        self.send_once(event)
        while self.state.has_work:
            before = len(self.history)
            self.send_once(TurnContinued())
            assert len(self.history) > before, "the tree says that it has work and does none"

    def send_once(self, event: Event) -> Changes:
        """Decide just this event; what it changed."""
        entry = Entry(event, at=self.clock.now(), seed=derive_id(ROOT, len(self.history)))
        while True:
            try:
                with self._guard():
                    decision = decide(self.world, self.state, entry)
                break
            except FactNeeded as needed:
                fact = Fact(needed.question, self._answer(needed.question))
            except OverBudget as over:
                fact = Fact(f"over-budget {over.expression}", over.reason)
            entry = Entry(event, at=entry.at, seed=entry.seed, facts=(*entry.facts, fact))
        if decision.changes:
            self.history.append(entry)
            self.state.apply(decision.changes)
        self.effects.extend(decision.effects)
        self.notices.extend(decision.notices)
        return decision.changes

    def complete(self, task: str, result: Result, *, index: int | None = None) -> None:
        """End the first open run of a task (of one of its items)."""
        run = next(run for run in self.open_runs(task) if index is None or run.index == index)
        self.send(ActionCompleted(run.id, run.attempt, result))

    def pass_time(self, seconds: float) -> None:
        """Let time pass, firing every timer when it is due."""
        until = self.clock.now()
        self.clock.advance(seconds)
        until, self.clock = self.clock.now(), FakeClock(until)
        while due := sorted((t.due_at, t.id) for t in self.state.timers.values() if t.due_at <= until):
            self.clock.advance_to(due[0][0])
            self.send(TimerFired(due[0][1]))
        self.clock.advance_to(until)

    def pass_to_next_timer(self) -> bool:
        """Let time pass until the next timer fires. False: there is none."""
        due = min((timer.due_at for timer in self.state.timers.values()), default=None)
        if due is None:
            return False
        self.pass_time(max((due - self.clock.now()).total_seconds(), 0))
        return True

    # What can be seen.

    @property
    def root(self) -> Execution:
        return self.state.root

    @property
    def has_ended(self) -> bool:
        return self.root.state in ENDED_EXECUTION

    def tasks(self, name: str | None = None) -> list[Task]:
        """The tasks of the tree, in the order they were made."""
        found = sorted(self.state.tasks.values(), key=lambda task: task.number)
        return [task for task in found if name in (None, task.name)]

    def task(self, name: str) -> Task:
        """The only task of that name."""
        (task,) = self.tasks(name)
        return task

    def states(self) -> dict[str, str]:
        """The state of every task by name, of the latest of a name."""
        return {task.name: str(task.state) for task in self.tasks()}

    def runs(self, name: str | None = None) -> list[ActionRun]:
        found: Iterable[ActionRun] = sorted(self.state.runs.values(), key=lambda run: run.number)
        return [run for run in found if name is None or name == self._task_name(run)]

    def _task_name(self, run: ActionRun) -> str | None:
        """None: no task asked for it."""
        return self.state.tasks[run.task_id].name if run.task_id else None

    def open_runs(self, name: str | None = None) -> list[ActionRun]:
        return [run for run in self.runs(name) if run.state not in ENDED_RUN]

    def rows(self) -> dict[str, Any]:
        """Every row of the tree, to compare trees as wholes."""
        return rows_of(self.state)

    def replayed(self) -> State:
        """The state that folding the history gives."""
        state = State()
        for entry in self.history:
            state.apply(decide(self.world, state, entry).changes)
        return state


def rows_of(state: State) -> dict[str, Any]:
    """Every row of a state, by kind and id."""
    return {
        "tree": state.tree,
        "executions": state.executions,
        "tasks": state.tasks,
        "runs": state.runs,
        "timers": state.timers,
        "agenda": [(ticket, id) for ticket, id in state.agenda if state.tasks[id].turn == ticket],
    }
