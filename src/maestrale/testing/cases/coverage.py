"""Which tasks, transitions and conditions of the workflows the tests of a run have come by.

A transition counts as taken where its clause was looked at and its condition, if it has one, was true.
"""

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from maestrale.core import State
from maestrale.expressions import Json, Template
from maestrale.expressions.scope import Scope
from maestrale.lang import Clause, Definitions, TaskDefinition, Transition, Workflow
from maestrale.lang.reader import Reader
from maestrale.testing.cases.model import Document
from maestrale.testing.cases.places import find_workflow, task_mark, transition_marks


class Count(Struct, frozen=True):
    """So many of so many."""

    covered: int = 0
    total: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.covered + other.covered, self.total + other.total)

    @property
    def percent(self) -> float:
        """Nothing to be covered is covered."""
        return 100.0 * self.covered / self.total if self.total else 100.0


class Missing(Struct, frozen=True):
    """Something that no test came by, and where it stands."""

    line: int
    text: str


class WorkflowCoverage(Struct, frozen=True):
    """How far the tests have come in one workflow. `conditions`: those that were true and false."""

    file: str
    line: int
    workflow: str
    tasks: Count
    transitions: Count
    conditions: Count
    missing: tuple[Missing, ...]

    @property
    def all(self) -> Count:
        return self.tasks + self.transitions + self.conditions


class Way(Struct, frozen=True):
    """A transition of a workflow: the `index`-th of a clause of a task."""

    workflow: str
    task: str
    event: str
    index: int


class Coverage:
    """Takes in what happens in the tests of a run.

    `watch` gives definitions whose conditions are noted when they are evaluated; tests must run with these.
    """

    def __init__(self) -> None:
        self._ways: dict[str, dict[Way, set[bool]]] = {}
        self._tasks: dict[tuple[str, str], set[str]] = {}

    def watch(self, path: str, definitions: Definitions) -> Definitions:
        """The same definitions, but watched. `path`: the file that holds them."""
        seen = self._ways.setdefault(path, {})
        workflows = {
            name: replace(
                workflow,
                tasks={key: _watched_task(name, task, seen) for key, task in workflow.tasks.items()},
            )
            for name, workflow in definitions.workflows.items()
        }
        return replace(definitions, workflows=workflows)

    def take(self, state: State, paths: Mapping[str, str]) -> None:
        """Take in the tasks that have begun in a tree. `paths`: the file of each of its documents, by id."""
        for task in state.tasks.values():
            execution = state.executions[task.execution_id]
            if task.started_at is not None:
                key = paths[execution.document], execution.workflow
                self._tasks.setdefault(key, set()).add(task.name)

    def report(self, documents: Mapping[str, Document]) -> list[WorkflowCoverage]:
        """What was covered of every workflow of these files, by path."""
        return [
            self._of_workflow(path, document, workflow)
            for path, document in documents.items()
            for workflow in document.definitions.workflows.values()
        ]

    def _of_workflow(self, path: str, document: Document, workflow: Workflow) -> WorkflowCoverage:
        body = find_workflow(document.tree, workflow)
        begun = self._tasks.get((path, workflow.name), set())
        tasks = transitions = conditions = Count()
        missing: list[Missing] = []
        for task in workflow.tasks.values():
            tasks += Count(task.name in begun, 1)
            if task.name not in begun:
                missing.append(Missing(task_mark(body, task).line, f"task `{task.name}` never begins"))
            for way, line, transition in _ways(workflow, task, body):
                seen = self._ways[path][way]
                transitions += Count(True in seen, 1)
                has_condition = not isinstance(transition.condition, _Always)
                if has_condition:
                    conditions += Count(len(seen) == 2, 1)
                missing.extend(_missing_of(way, transition, seen, line, has_condition))
        missing.sort(key=lambda each: each.line)
        line = body.key_mark.line
        return WorkflowCoverage(path, line, workflow.name, tasks, transitions, conditions, tuple(missing))


def _missing_of(
    way: Way, transition: Transition, seen: set[bool], line: int, has_condition: bool
) -> Iterator[Missing]:
    name = f"`{way.task}` {way.event} → `{transition.target}`"
    if True not in seen:
        yield Missing(line, f"{name} is never taken")
    elif has_condition and False not in seen:
        assert transition.condition is not None
        yield Missing(line, f"{name}: {transition.condition.source} is never false")


def _ways(workflow: Workflow, task: TaskDefinition, body: Reader) -> Iterator[tuple[Way, int, Transition]]:
    for event, clause in task.clauses:
        if clause.next:
            marks = transition_marks(body, task, event, len(clause.next))
            for index, transition in enumerate(clause.next):
                yield Way(workflow.name, task.name, event, index), marks[index].line, transition


# Watching.


class _Watched(Template):
    """A condition that tells what became of it."""

    __slots__ = ("_note", "_template")

    def __init__(self, template: Template, note: Callable[[bool], None]) -> None:
        super().__init__(template.source, None)
        self._template = template
        self._note = note

    @property
    def is_constant(self) -> bool:
        return self._template.is_constant

    def evaluate(self, scope: Scope) -> Json:
        value = self._template.evaluate(scope)
        self._note(bool(value))
        return value


class _Always(_Watched):
    """In place of no condition."""

    __slots__ = ()


def _watched_task(workflow: str, task: TaskDefinition, seen: dict[Way, set[bool]]) -> TaskDefinition:
    clauses = {
        event.replace("-", "_"): _watched_clause(workflow, task.name, event, clause, seen)
        for event, clause in task.clauses
    }
    return replace(task, **clauses)


def _watched_clause(
    workflow: str, task: str, event: str, clause: Clause, seen: dict[Way, set[bool]]
) -> Clause:
    ways = []
    for index, transition in enumerate(clause.next):
        noted = seen.setdefault(Way(workflow, task, event, index), set())
        if transition.condition is None:
            condition: _Watched = _Always(Template(True, None), noted.add)
        else:
            condition = _Watched(transition.condition, noted.add)
        ways.append(replace(transition, condition=condition))
    return replace(clause, next=tuple(ways))
