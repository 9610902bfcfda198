"""Expressions tried at a task: on its data, beside its execution."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import pytest

from maestrale.core import Limits
from maestrale.core.failures import FactNeeded
from maestrale.core.standpoint import Standpoint
from maestrale.engine.stopwatch import Stopwatch
from maestrale.engine.tryout import Fault, Outcome, Tryout
from maestrale.expressions import Json
from maestrale.testing.stage import Stage

from ..core.staging import tasks

COUNTING = """
first: {publish: {count: 2, seen: [a, b]}, on-success: again}
again: {publish: {count: <% $.count + 1 %>}, on-success: each}
each:
  with-items: letter in <% $.seen %>
  action: std.echo output=<% $.letter %>
"""

Guard = Callable[[], AbstractContextManager[None]]


def a_tryout(
    stage: Stage, task: str, *, guard: Guard = nullcontext, bounded: bool = False, **place: Json
) -> Tryout:
    standpoint = Standpoint(task_id=stage.task(task).id, **place)
    now = stage.clock.now()
    return Tryout(stage.world, stage.state, standpoint, now=now, guard=guard, bounded=bounded)


def value(tryout: Tryout, text: str) -> Json:
    outcome = tryout.evaluate(text)
    assert outcome.fault is None, outcome.fault
    return outcome.value


def test_an_expression_sees_what_the_task_has_published_or_what_it_was_given() -> None:
    stage = tasks(COUNTING, head="vars: {v: 1}")

    after, before = a_tryout(stage, "again"), a_tryout(stage, "again", before=True)

    assert [value(each, "<% [$.count, $.v, task().name] %>") for each in (after, before)] == [
        [3, 1, "again"],
        [2, 1, "again"],
    ]


def test_the_variables_of_an_item_are_seen_even_after_the_loop() -> None:
    stage = tasks(COUNTING)

    assert stage.task("each").item_values is None
    assert [value(a_tryout(stage, "each", item=item), "{{ _.letter }}") for item in (0, 1)] == ["a", "b"]


@pytest.mark.parametrize(
    ("task", "item", "hint"),
    [("each", 2, "its items are 0 to 1"), ("first", 0, "it is no loop, or one over nothing")],
)
def test_an_item_that_there_is_not_is_a_fault_that_says_which_there_are(
    task: str, item: int, hint: str
) -> None:
    stage = tasks(COUNTING)

    outcome = a_tryout(stage, task, item=item).evaluate("<% 1 %>")

    message = f"the task `{task}` has no item {item}"
    assert outcome.fault == Fault(code="unknown-item", message=message, hint=hint)


def test_trying_changes_nothing_of_the_tree() -> None:
    stage = tasks(COUNTING)
    tasks_before, executions_before = dict(stage.state.tasks), dict(stage.state.executions)

    value(a_tryout(stage, "each", item=0), "<% [$.letter, uuid(), task(first).published] %>")

    assert (stage.state.tasks, stage.state.executions) == (tasks_before, executions_before)


def test_what_is_outside_the_tree_is_asked_for_once() -> None:
    stage = tasks(COUNTING)
    tryout = a_tryout(stage, "first")
    asked: list[str] = []

    def answer(question: str) -> Json:
        asked.append(question)
        return [{"id": "other", "created_at": "2026-03-01 12:00:00"}]

    with pytest.raises(FactNeeded):
        tryout.evaluate("<% executions().id %>")
    first = tryout.evaluate_with("<% executions().id.first() %>", answer)
    again = tryout.evaluate_with("<% executions().len() %>", answer)

    assert (first.value, again.value, len(asked)) == ("other", 2, 1)


def test_a_text_that_cannot_be_read_is_a_fault_with_its_place() -> None:
    outcome = a_tryout(tasks(COUNTING), "first").evaluate("n: <% $.count + %>")

    assert outcome.fault is not None
    assert (outcome.fault.code, outcome.fault.offset) == ("yaql-syntax", 15)


def test_a_text_in_both_languages_is_refused_as_in_a_definition() -> None:
    outcome = a_tryout(tasks(COUNTING), "first").evaluate("<% 1 %> {{ 2 }}")

    assert outcome.fault is not None
    assert outcome.fault.code == "mixed-languages"


def test_an_expression_that_never_ends_is_stopped_and_says_which_bound_it_met() -> None:
    text = "<% range(9000).select(range(100000).sum()).sum() %>"

    outcome = a_tryout(tasks(COUNTING), "first", guard=Stopwatch(seconds=0.1).guard).evaluate(text)

    assert outcome.fault is not None
    assert outcome.fault.code == "over-budget"
    assert "0.1 s" in outcome.fault.message


def test_a_value_larger_than_a_field_is_refused_where_that_is_wanted() -> None:
    stage = tasks(COUNTING, limits=Limits(field_bytes=1000))
    text = "<% range(1000) %>"

    bounded = a_tryout(stage, "first", bounded=True).evaluate(text)

    assert bounded.fault is not None
    assert bounded.fault.code == "field-size"
    assert a_tryout(stage, "first").evaluate(text) == Outcome(text=text, value=list(range(1000)))


def test_a_task_that_is_not_there_is_a_fault() -> None:
    stage = tasks(COUNTING)
    tryout = Tryout(
        stage.world, stage.state, Standpoint(task_id="none"), now=stage.clock.now(), guard=nullcontext
    )

    outcome = tryout.evaluate("<% 1 %>")

    assert outcome.fault == Fault(code="unknown-task", message="there is no task `none`")
