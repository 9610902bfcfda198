"""Trying out everything that a workflow can do, on the rules themselves.

The explorer starts the abstraction of a workflow with `core.decide`, ends one stand-in after the other in
every way it can end, and looks at what follows. States with the same future are followed once, so that cycles
come to an end. It stops when it has seen everything that was asked for, when there is nothing left to try, or
when its budget is spent; only a complete exploration says that something never happens.
"""

from collections.abc import Callable, Collection, Container, Hashable, Iterator, Mapping
from typing import TypeAlias

from msgspec import Struct, field

from maestrale.core import ActionSpec, Changes, Entry, Event, Limits, Result, State, Task, World, decide
from maestrale.core.events import (
    ActionCompleted,
    ExecutionRequested,
    ResumeRequested,
    TaskSkipRequested,
    TurnContinued,
)
from maestrale.core.status import ENDED_EXECUTION, ENDED_RUN, ENDED_TASK, TaskState
from maestrale.lang import AdHocAction, Workflow
from maestrale.linter.abstraction import STAND_IN, Abstraction, End, result_of
from maestrale.linter.nowhere import NOWHERE
from maestrale.linter.signature import Signatures

ROOT = "explored"
BUDGET = 90_000
"""In units of `_cost`: about a third of a second."""

Label: TypeAlias = tuple[str, str, tuple[str, ...]]
"""A move for people and for counting: the task, what became of it, and the conditions that held."""


class Wanted(Struct, frozen=True):
    """What an exploration looks for; with all of it seen there is no need to go on.

    Args:
        tasks: Tasks that should run.
        before: (reader, task) pairs: the task should have begun when the reader ends.
        everything: Do not stop before all was tried.
    """

    tasks: Collection[str] = ()
    before: Collection[tuple[str, str]] = ()
    everything: bool = False


class Seen(Struct):
    """What happened in the runs that were tried.

    Args:
        ran: Tasks that began their work. A join that fails for want of a branch has not.
        made: Tasks that came to be.
        led: (task, target) pairs: the one led to the other.
        ended: Tasks that ended.
        before: As in `Wanted`.
        twice: Joins that ran again, each with the moves that led there.
        moves: From a state, the moves and the states they lead to, by number. The first state is 0.
        final: The states in which the execution has ended.
        spent: What it cost.
        is_complete: Everything was tried.
    """

    ran: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)
    led: set[tuple[str, str]] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    before: set[tuple[str, str]] = field(default_factory=set)
    twice: dict[str, tuple[Label, ...]] = field(default_factory=dict)
    moves: dict[int, list[tuple[Label, int]]] = field(default_factory=dict)
    final: set[int] = field(default_factory=set)
    spent: int = 0
    is_complete: bool = False


def explore(abstraction: Abstraction, wanted: Wanted, *, budget: int = BUDGET) -> Seen:
    """Run an abstraction in every way that leads to something new, within a budget."""
    return _Explorer(abstraction, wanted).run(budget)


class _World:
    """The library and the catalogue of an exploration."""

    def __init__(self, workflow: Workflow) -> None:
        self._workflow = workflow
        self._stand_in = ActionSpec(name=STAND_IN, accepts_any=True, asynchronous=True)

    def get_workflow(self, document: str, name: str) -> Workflow:
        return self._workflow

    def get_action(self, document: str, name: str) -> AdHocAction:
        raise LookupError(name)

    def find_action(self, name: str) -> ActionSpec | None:
        return self._stand_in


class _Place(Struct, frozen=True):
    """A state that was reached: its number, and the moves that led to it first."""

    number: int
    state: State
    trace: tuple[Label, ...]


Move: TypeAlias = tuple[Label, Event]


class _Explorer:
    def __init__(self, abstraction: Abstraction, wanted: Wanted) -> None:
        workflow = abstraction.workflow
        outside = _World(workflow)
        self._workflow = workflow
        self._ends = {
            name: [(_label(end), _result(end)) for end in ends] for name, ends in abstraction.ends.items()
        }
        self._wanted = wanted
        self._world = World(outside, outside, Limits(field_bytes=0, steps=1_000_000))
        self._signatures = Signatures(workflow)
        self._one_order = not wanted.before and is_order_free(workflow)
        self._numbers: dict[Hashable, int] = {}
        self._tried: set[Label] = set()
        self._untried: list[tuple[_Place, Move]] = []
        self._others: list[tuple[_Place, Move]] = []
        self._seen = Seen(is_complete=abstraction.is_complete)

    def run(self, budget: int) -> Seen:
        request = ExecutionRequested(execution_id=ROOT, workflow=self._workflow.name, document="")
        self._arrive(self._decided(State(), request), (), None)
        while not self._is_satisfied():
            if self._seen.spent > budget:
                self._seen.is_complete = False
                break
            if not self._try_next():
                break
        return self._seen

    def _is_satisfied(self) -> bool:
        wanted, seen = self._wanted, self._seen
        return (
            not wanted.everything
            and len(seen.ran) >= len(wanted.tasks)
            and seen.ran.issuperset(wanted.tasks)
            and seen.before.issuperset(wanted.before)
        )

    def _try_next(self) -> bool:
        """Make a move that was not tried anywhere yet, or else the latest one that was found.

        Returns: Whether there was one.
        """
        while self._untried:
            place, move = self._untried.pop()
            if move[0] not in self._tried:
                break
            self._others.append((place, move))
        else:
            if not self._others:
                return False
            place, move = self._others.pop()
        label, event = move
        self._tried.add(label)
        self._arrive(self._decided(_copied(place.state), event), (*place.trace, label), place.number)
        return True

    def _decided(self, state: State, event: Event | None) -> State:
        """The state after an event and all that follows by itself."""
        while event is not None:
            decision = decide(self._world, state, Entry(event, at=NOWHERE.now, seed=""))
            known = set(state.tasks_named)
            _unshare(state, decision.changes)
            state.apply(decision.changes)
            self._note(state, decision.changes.tasks, known)
            event = TurnContinued() if state.has_work else None
        self._seen.spent += 20 + len(state.tasks)
        return state

    def _note(self, state: State, tasks: Mapping[str, Task], known: Container[tuple[str, str]]) -> None:
        """Note what a decision did to tasks. `known`: the names of the tasks that were there before."""
        seen = self._seen
        for task in tasks.values():
            seen.made.add(task.name)
            if task.started_at is not None:
                seen.ran.add(task.name)
            seen.led.update((task.name, target) for target, _ in task.next_tasks)
            if task.state in ENDED_TASK:
                seen.ended.add(task.name)
                # What has run leads on after it has ended. A join that fails does so in the midst of things.
                there = known if task.started_at is not None else state.tasks_named
                seen.before.update(
                    (reader, name)
                    for reader, name in self._wanted.before
                    if reader == task.name and (ROOT, name) in there
                )

    def _arrive(self, state: State, trace: tuple[Label, ...], origin: int | None) -> None:
        """Take in a state: where it is a new one, everything that can happen next is to be tried."""
        signature = self._signatures.signature(state)
        number = self._numbers.get(signature)
        is_new = number is None
        if number is None:
            number = self._numbers[signature] = len(self._numbers)
        if origin is not None:
            self._seen.moves.setdefault(origin, []).append((trace[-1], number))
        if not is_new:
            return
        self._note_repetitions(state, trace)
        if state.root.state in ENDED_EXECUTION:
            self._seen.final.add(number)
        place = _Place(number, state, trace)
        moves = list(self._moves(state))
        self._seen.spent += len(moves)
        for move in reversed(moves):  # What is found last is tried first.
            (self._others if move[0] in self._tried else self._untried).append((place, move))

    def _note_repetitions(self, state: State, trace: tuple[Label, ...]) -> None:
        for (_, name), ids in state.tasks_named.items():
            if len(ids) > 1 and self._workflow.tasks[name].join is not None and name not in self._seen.twice:
                rounds = sum(state.tasks[id].started_at is not None for id in ids)
                if rounds > 1:
                    self._seen.twice[name] = trace

    def _moves(self, state: State) -> Iterator[Move]:
        """Everything that can happen in a state."""
        root = state.root
        if root.state in ENDED_EXECUTION:
            if root.state == "ERROR":
                yield from self._skips(state)
            return
        if root.state == "PAUSED":
            yield ("", "resumed", ()), ResumeRequested(ROOT)
        offered: set[tuple[str, bool]] = set()
        for run in state.runs.values():
            task = state.tasks[run.task_id]
            if run.state in ENDED_RUN or task.state in ENDED_TASK:
                continue
            # Of several runs of one task that are under way, only the latest is one of its own.
            kind = (task.name, state.tasks_named[ROOT, task.name][-1] == task.id)
            if kind not in offered:
                offered.add(kind)
                for label, result in self._ends[task.name]:
                    yield label, ActionCompleted(run.id, run.attempt, result)
            if self._one_order:
                return

    def _skips(self, state: State) -> Iterator[Move]:
        for task in state.tasks.values():
            if task.state is TaskState.ERROR and self._workflow.tasks[task.name].on_skip.next:
                yield (task.name, "skipped", ()), TaskSkipRequested(task.id)


def _label(end: End) -> Label:
    held = tuple(sorted(key for key, answer in end.answers.items() if answer))
    return end.task, "fails" if end.is_error else "succeeds", held


def _result(end: End) -> Result:
    return Result(error=result_of(end)) if end.is_error else Result(value=result_of(end))


def _copied(state: State) -> State:
    """A state to go on from without changing the other. Lists are shared until `_unshare`."""
    copy = State()
    copy.tree = state.tree
    copy.executions = dict(state.executions)
    copy.tasks = dict(state.tasks)
    copy.runs = dict(state.runs)
    copy.tasks_in = dict(state.tasks_in)
    copy.tasks_named = dict(state.tasks_named)
    copy.children = dict(state.children)
    copy.agenda = state.agenda.copy()
    copy.contexts = dict(state.contexts)
    return copy


def _unshare(state: State, changes: Changes) -> None:
    """Give a state lists of its own where changes are about to add to them."""
    for task in changes.tasks.values():
        if task.id not in state.tasks:
            name = (task.execution_id, task.name)
            state.tasks_named[name] = list(state.tasks_named.get(name, ()))
            state.tasks_in[task.execution_id] = list(state.tasks_in.get(task.execution_id, ()))
    for run in changes.runs.values():
        state.children[run.task_id] = list(state.children.get(run.task_id, ()))


def is_order_free(workflow: Workflow) -> bool:
    """Whether it makes no difference in which order tasks end that run at the same time.

    It may make one where an engine command can end or pause the workflow, where a task runs several times
    before a join, and where people may skip.
    """
    if workflow.graph.circular or any(task.on_skip.next for task in workflow.tasks.values()):
        return False
    ways = [way for task in workflow.tasks.values() for _, clause in task.clauses for way in clause.next]
    if any(way.is_command and way.target != "noop" for way in ways):
        return False
    return not any(
        arrivals_at(workflow, name) > 1 and workflow.graph.ahead[name]
        for name, task in workflow.tasks.items()
        if task.join is None
    )


def arrivals_at(workflow: Workflow, name: str) -> int:
    """How often the ends of other tasks may start a task, each of them once and in its worst way."""
    count: Callable[[tuple[str, ...], str], int] = lambda clauses, before: sum(  # noqa: E731
        way.target == name
        for clause, content in workflow.tasks[before].clauses
        if clause in clauses
        for way in content.next
    )
    return sum(
        max(count(("on-success", "on-complete"), before), count(("on-error", "on-complete"), before))
        for before in workflow.graph.inbound[name]
    )
