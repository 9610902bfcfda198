"""The expressions of a test file, evaluated beside the execution they are about."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from maestrale.core.scopes import CoreScope
from maestrale.expressions import EvaluationError, Json, OverBudget, Template, compile_template
from maestrale.testing.cases.facts import reading_turn
from maestrale.testing.stage import Stage


class Evaluator:
    """Evaluates on data; `guard` bounds the time an expression may take."""

    def __init__(self, stage: Stage, guard: Callable[[], AbstractContextManager[None]]) -> None:
        self._stage = stage
        self._guard = guard

    def evaluate(self, template: Template, data: Json) -> Json:
        """The value of a template, where `$` and `_` are the data.

        Raises:
            EvaluationError: An expression has no value, or takes too long.
        """
        try:
            with self._guard():
                turn = reading_turn(self._stage)
                return turn.reveal(template.evaluate(CoreScope(turn, None, None, lambda: data)))
        except OverBudget as over:
            raise EvaluationError(str(over), expression=over.expression, reason=over.reason) from over

    def evaluate_text(self, text: str, data: Json) -> Json:
        """The value of a text, likewise."""
        return self.evaluate(compile_template(text), data)
