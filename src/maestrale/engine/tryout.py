"""Expressions that people try: evaluated under the bounds of a decision, deciding and keeping nothing.

Here a failure is an answer and no exception: whoever tries an expression wants to see it.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TypeAlias

from msgspec import Struct

from maestrale.core import Entry, Fact, State, World
from maestrale.core.catalogue import Catalogue
from maestrale.core.events import TurnContinued
from maestrale.core.failures import FactNeeded, ForcedFailure
from maestrale.core.sizes import check_size
from maestrale.core.standpoint import Standpoint, scope_at
from maestrale.core.turn import Turn
from maestrale.engine.library import DocumentLibrary
from maestrale.errors import Error
from maestrale.expressions import (
    EvaluationError,
    Json,
    OverBudget,
    Scope,
    check_text,
    compile_template,
    mask,
)
from maestrale.ids import new_id
from maestrale.store import StoreReader

Guard: TypeAlias = Callable[[], AbstractContextManager[None]]

OVER_BUDGET = "over-budget"


class Fault(Struct, frozen=True, kw_only=True):
    """Why a text has no value.

    Args:
        offset: Where in the text the fault is; None: nobody knows, or `lines` show it.
        lines: What people are shown below the message: the expression with a caret, what was found there.
    """

    code: str
    message: str
    hint: str | None = None
    offset: int | None = None
    lines: tuple[str, ...] = ()


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of a text: its value, or the fault that is in its way."""

    text: str
    value: Json = None
    fault: Fault | None = None


def evaluate_text(text: str, make_scope: Callable[[], Scope], guard: Guard) -> Outcome:
    """Evaluate a text with expressions, as a workflow does. What is secret in its value is masked.

    Args:
        make_scope: Makes the scope, inside the bounds.

    Raises:
        FactNeeded: As the scope says.
    """
    problem = check_text(text)
    if problem is not None:
        return Outcome(
            text=text, fault=Fault(code=problem.code, message=problem.message, offset=problem.offset)
        )
    try:
        with guard():
            value = compile_template(text).evaluate(make_scope())
        return Outcome(text=text, value=mask(value))
    except OverBudget as over:
        fault = Fault(code=OVER_BUDGET, message=str(over))
    except ForcedFailure as failure:
        fault = Fault(code="wrong-loop", message=str(failure))
    except EvaluationError as error:
        fault = Fault(code=error.code, message=error.message, hint=error.hint, lines=error.lines)
    except Error as error:
        fault = Fault(code=error.code, message=error.message, hint=error.hint)
    return Outcome(text=text, fault=fault)


class Tryout:
    """Tries expressions at one place of a tree, all at the same instant and on the same rows.

    Args:
        state: The tree; nothing of it is changed.
        guard: Bounds each evaluation; see `stopwatch`.
        bounded: Refuse a value that is larger than a field of a row may be.
    """

    def __init__(
        self,
        world: World,
        state: State,
        standpoint: Standpoint,
        *,
        now: datetime,
        guard: Guard,
        bounded: bool = False,
    ) -> None:
        self._world = world
        self._state = state
        self._standpoint = standpoint
        self._now = now
        self._guard = guard
        self._bounded = bounded
        self._facts: dict[str, Fact] = {}

    def evaluate(self, text: str) -> Outcome:
        """What becomes of a text.

        Raises:
            FactNeeded: It asks for what is outside the tree: `learn` it, and evaluate again.
        """
        entry = Entry(TurnContinued(), at=self._now, seed=new_id(), facts=tuple(self._facts.values()))
        turn = Turn(self._world, self._state, entry)
        outcome = evaluate_text(text, lambda: scope_at(turn, self._standpoint), self._guard)
        if self._bounded and outcome.fault is None:
            try:
                check_size(turn, "the value", outcome.value)
            except ForcedFailure as failure:
                return Outcome(text=text, fault=Fault(code="field-size", message=str(failure)))
        return outcome

    def evaluate_with(self, text: str, answer: Callable[[str], Json]) -> Outcome:
        """What becomes of a text. `answer` is asked for what is outside the tree."""
        while True:
            try:
                return self.evaluate(text)
            except FactNeeded as needed:
                self.learn(needed.question, answer(needed.question))

    def learn(self, question: str, answer: Json) -> None:
        """Take the answer to a question, for this text and those to come."""
        self._facts[question] = Fact(question, answer)


def reading_world(store: StoreReader, catalogue: Catalogue) -> World:
    """A world for who reads trees on a thread of its own: no other thread has its library."""
    return World(DocumentLibrary(lambda document: store.get_document(document).text), catalogue)
