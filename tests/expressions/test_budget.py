"""Stopping an evaluation from outside, and refusing one that was stopped before."""

from typing import Any

import pytest

from maestrale.expressions import EvaluationError, OverBudget, budget, compile_template
from maestrale.testing.scopes import FixedScope, a_scope


class InterruptingScope(FixedScope):
    """A scope in which the time is up when it is asked for a task."""

    def task(self, name: str | None = None) -> Any:
        budget.interrupt("it took more than 2 s")
        return None


@pytest.fixture
def scope() -> InterruptingScope:
    return InterruptingScope(
        {"a": [1, 2]}, env=None, execution=None, executions=(), tasks=(), current_task=None,
        global_variables=None, now=a_scope().now, seed="", refused={}, has_secrets=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("<% task(x) %>", "task(x)"),
        ("<% $.a.select(task(x)).len() %>", "$.a.select(task(x)).len()"),
        ("<% $.a.select(task(x)) %>", "$.a.select(task(x))"),
        ("<% $.a.groupBy($, $, task(x)) %>", "$.a.groupBy($, $, task(x))"),
        ("a <% $.a %> b <% 1 + task(x) %>", "1 + task(x)"),
        ("{{ task('x') }}", "task('x')"),
        ("{{ task('x')|default(1) }}", "task('x')|default(1)"),
        ("{% for i in _.a %}{{ task('x') }}{% endfor %}", "{% for i in _.a %}{{ task('x') }}{% endfor %}"),
    ],
)
def test_an_interrupt_stops_the_evaluation_under_way(
    scope: InterruptingScope, text: str, expression: str
) -> None:
    with pytest.raises(OverBudget) as caught:
        compile_template(text).evaluate(scope)

    assert (caught.value.expression, caught.value.reason) == (expression, "it took more than 2 s")


def test_an_interrupt_without_an_evaluation_does_nothing(scope: InterruptingScope) -> None:
    budget.interrupt("too late")
    with pytest.raises(OverBudget):
        compile_template("<% task(x) %>").evaluate(scope)

    budget.interrupt("too late again")
    assert compile_template("<% 1 + 1 %>").evaluate(scope) == 2
    budget.interrupt("and again")


def test_evaluations_may_be_nested() -> None:
    outer = budget.begin("outer")
    inner = budget.begin("inner")
    budget.end(inner)

    with pytest.raises(OverBudget) as caught:
        budget.interrupt("late")
    budget.end(outer)

    assert caught.value.expression == "outer"
    budget.interrupt("later")


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("<% $.a.where($ > 1) %>", "$.a.where($ > 1)"),
        ("<% $.a %>", "$.a"),
        ("x{{ _.a }}", "x{{ _.a }}"),
        ("{{ _.a }}", "_.a"),
    ],
)
def test_an_expression_that_the_scope_refuses_is_not_evaluated(text: str, expression: str) -> None:
    scope = a_scope({"a": [1]}, refused={expression: "it took more than 2 s"})

    with pytest.raises(EvaluationError) as caught:
        compile_template(text).evaluate(scope)

    assert (caught.value.expression, caught.value.reason) == (expression, "it took more than 2 s")
