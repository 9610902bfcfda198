"""A workflow without its work: what is left is who leads to whom.

Each task runs a stand-in, an asynchronous action that the explorer ends as it likes. Each condition reads its
answer from the stand-in's result. Data, delays, retries and loops over items are gone: whatever they do, a
task comes to an end in one of the ways that its stand-in can be given.
"""

from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from maestrale.core.status import TaskState
from maestrale.core.transitions import clauses_after
from maestrale.expressions import Json, Template, compile_template
from maestrale.lang import Clause, Policies, TaskDefinition, Transition, Workflow
from maestrale.linter.conditions import assignments, constant_answer

STAND_IN = "stand-in"
ALWAYS_SUCCEED = frozenset({"std.noop", "std.echo", "std.test_dict"})
ALWAYS_FAIL = frozenset({"std.fail"})
MOST_CONDITIONS = 8
"""Of one task. With more of them there are too many combinations to try."""

View: TypeAlias = Literal["generous", "strict"]
"""Generous: everything that may happen, and perhaps more. What does not happen then never does.
Strict: only what can happen for certain; no way that has a condition is taken."""


class End(Struct, frozen=True):
    """A way for a stand-in to end: its state, and the answers to the conditions behind it."""

    task: str
    is_error: bool
    answers: Mapping[str, bool]


class Abstraction(Struct, frozen=True):
    """`workflow` for the core to run, and the ways in which each of its tasks may end.

    `is_complete`: no way was left out.
    """

    workflow: Workflow
    ends: Mapping[str, tuple[End, ...]]
    is_complete: bool


def abstract(workflow: Workflow, view: View) -> Abstraction:
    """The abstraction of a direct workflow."""
    tasks = {name: _Task(definition, view) for name, definition in workflow.tasks.items()}
    return Abstraction(
        replace(
            workflow,
            input=(),
            vars={},
            output={},
            output_on_error={},
            tasks={name: task.stand_in() for name, task in tasks.items()},
            source={},
        ),
        {name: tuple(task.ends()) for name, task in tasks.items()},
        not any(task.is_too_wide for task in tasks.values()),
    )


def outcomes(definition: TaskDefinition, view: View) -> tuple[bool, ...]:
    """The outcomes that a task can have: False a success, True an error."""
    action = definition.action
    name = action.source if action is not None and action.is_constant else None
    fail_on = definition.policies.fail_on
    fails_on = constant_answer(fail_on) if fail_on is not None else False
    if fails_on or (name in ALWAYS_FAIL and not definition.with_items):  # A loop over nothing succeeds.
        return (True,)
    if view == "strict" and name in ALWAYS_SUCCEED:
        return (False,)
    return (False, True)


class _Task:
    """One task on its way into the abstraction."""

    def __init__(self, definition: TaskDefinition, view: View) -> None:
        self._definition = definition
        self._view = view
        texts = {
            str(way.condition.source)
            for _, clause in definition.clauses
            for way in clause.next
            if way.condition is not None and constant_answer(way.condition) is None
        }
        self._keys = {text: f"c{number}" for number, text in enumerate(sorted(texts))}

    @property
    def is_too_wide(self) -> bool:
        return any(
            len(self._questions(state)) > MOST_CONDITIONS for state in (TaskState.SUCCESS, TaskState.ERROR)
        )

    def stand_in(self) -> TaskDefinition:
        """The task with nothing but its ways on. After a skip, which people ask for, all ways are open."""
        definition = self._definition
        return TaskDefinition(
            name=definition.name,
            action=compile_template(STAND_IN),
            join=definition.join,
            policies=Policies(),
            on_success=self._clause(definition.on_success),
            on_error=self._clause(definition.on_error),
            on_complete=self._clause(definition.on_complete),
            on_skip=Clause(tuple(Transition(way.target) for way in definition.on_skip.next)),
            source={},
        )

    def _clause(self, clause: Clause) -> Clause:
        return Clause(tuple(Transition(way.target, self._condition(way.condition)) for way in clause.next))

    def _condition(self, condition: Template | None) -> Template | None:
        answer = True if condition is None else constant_answer(condition)
        if answer is None and self._view == "generous":
            assert condition is not None
            return compile_template(f"<% task().result.{self._keys[str(condition.source)]} %>")
        return None if answer else compile_template(False)

    def ends(self) -> Iterator[End]:
        """Every way for its stand-in to end that leads elsewhere than another one."""
        for is_error in outcomes(self._definition, self._view):
            state = TaskState.ERROR if is_error else TaskState.SUCCESS
            questions = self._questions(state)
            if self._view == "strict" or len(questions) > MOST_CONDITIONS:
                yield End(self._definition.name, is_error, dict.fromkeys(self._keys.values(), True))
                continue
            for answers in assignments(questions):
                yield End(
                    self._definition.name,
                    is_error,
                    {self._keys[text]: each for text, each in answers.items()},
                )

    def _questions(self, state: TaskState) -> list[str]:
        """The conditions that a task in this state comes to, each once."""
        return list(
            dict.fromkeys(
                str(way.condition.source)
                for _, clause in clauses_after(self._definition, state)
                for way in clause.next
                if way.condition is not None and str(way.condition.source) in self._keys
            )
        )


def result_of(end: End) -> Json:
    """The data that a stand-in ends with. Never empty: an error must be something."""
    return {"": True, **end.answers}
