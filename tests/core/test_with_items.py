"""Loops. Section 2.4."""

import pytest

from maestrale.core import Limits, Result
from maestrale.core.events import TurnContinued
from maestrale.core.views import result_of
from maestrale.testing.stage import Stage

from .conformance import _reading
from .staging import CANCELLED, DONE, FAILED, executions, ran, tasks


def begun(stage: Stage) -> list[int | None]:
    return [run.index for run in stage.runs("a")]


def test_items_begin_as_far_as_the_concurrency_allows() -> None:
    stage = tasks("a: {action: std.async_noop, with-items: 'i in [1, 2, 3, 4]', concurrency: 2}")

    seen = [begun(stage)]
    for index in (1, 0, 2, 3):
        stage.complete("a", DONE, index=index)
        seen.append(begun(stage))

    assert seen == [[0, 1], [0, 1, 2], [0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3]]
    assert stage.states() == {"a": "SUCCESS"}


def test_the_results_stand_in_the_order_of_the_items_and_failures_among_them() -> None:
    stage = tasks("""
        a:
          action: std.async_noop
          with-items: i in [1, 2, 3]
          on-complete: b
        b: {publish: {x: <% task(a).result %>}}
    """)
    for index, result in ((2, DONE), (0, FAILED), (1, Result(value=None))):
        stage.complete("a", result, index=index)

    assert stage.task("a").state_info == "One or more actions had failed."
    assert stage.task("b").published == {"x": ["it failed", None, "done"]}
    assert result_of(_reading(stage.state, stage), stage.task("a")) == ["it failed", None, "done"]


def test_a_cancelled_item_ends_the_loop_at_once() -> None:
    stage = tasks("a: {action: std.async_noop, with-items: 'i in [1, 2, 3]', concurrency: 2}")
    stage.complete("a", FAILED, index=0)

    stage.complete("a", CANCELLED, index=1)

    assert (ran(stage), begun(stage)) == ([("a", "CANCELLED")], [0, 1, 2])
    assert (str(stage.root.state), stage.root.state_info) == ("CANCELLED", "Cancelled tasks: a")


def test_no_items_are_a_success_with_no_results() -> None:
    stage = tasks(
        "a: {with-items: i in <% list() %>, publish: {x: <% task().result %>}, on-success: b}\nb: {}"
    )

    assert (stage.root.output, ran(stage)) == ({"x": []}, [("a", "SUCCESS"), ("b", "SUCCESS")])


@pytest.mark.parametrize(
    ("items", "fault"),
    [
        ("'i in <% 5 %>'", "Iterable type is expected"),
        ("'i in <% null %>'", "Iterable type is expected"),
        ("['i in [1, 2]', 'k in [1]']", "All arrays must have the same length"),
    ],
)
def test_what_cannot_be_walked_through_fails_the_workflow(items: str, fault: str) -> None:
    stage = tasks(f"a: {{with-items: {items}, on-error: b}}\nb: {{}}")

    assert (ran(stage), str(stage.root.state)) == ([("a", "ERROR")], "ERROR")
    assert fault in str(stage.root.state_info)


def test_a_published_variable_beats_the_loop_variable_and_that_the_input() -> None:
    stage = tasks(
        """
        a: {with-items: 'i in [1, 2]', action: std.echo output=<% $.i %>, on-success: b}
        b: {publish: {i: shadow}, on-success: c}
        c: {with-items: 'i in [1, 2]', action: std.echo output=<% $.i %>}
        """,
        head="input: [{i: outside}]",
    )

    assert [run.input for run in stage.runs("a")] == [{"output": 1}, {"output": 2}]
    assert [run.input for run in stage.runs("c")] == [{"output": "shadow"}] * 2


@pytest.mark.parametrize("steps", [1, 2, 3, 250])
def test_a_turn_of_any_length_brings_a_loop_on(steps: int) -> None:
    stage = tasks("a: {with-items: 'i in [1, 2, 3, 4, 5]'}\nb: {}", limits=Limits(steps=steps))

    assert (ran(stage), len(stage.runs("a"))) == ([("a", "SUCCESS"), ("b", "SUCCESS")], 5)


@pytest.mark.parametrize(
    ("given", "begun_after_each"), [(3, [4, 6, 8]), (1, [4, 5, 6]), (9, [4, 8, 10]), (None, [4, 8, 10])]
)
def test_a_turn_that_goes_on_takes_no_more_steps_than_it_is_given(
    given: int | None, begun_after_each: list[int]
) -> None:
    text = "version: '2.0'\nw:\n  tasks:\n    a: {with-items: 'i in <% range(10) %>', action: std.async_noop}"
    stage = Stage(text, limits=Limits(steps=5))
    counts = []
    for event in (stage.start_event("w"), TurnContinued(given), TurnContinued(given)):
        stage.send_once(event)
        counts.append(len(begun(stage)))

    assert counts == begun_after_each


def test_an_unknown_action_in_a_loop_fails_the_task_only() -> None:
    stage = tasks("a: {with-items: 'i in [1, 2]', action: acme.missing, on-error: b}\nb: {}")

    assert ran(stage) == [("a", "ERROR"), ("b", "SUCCESS")]
    assert stage.root.state == "SUCCESS"


def test_a_sub_workflow_that_ends_while_its_task_waits_does_not_start_it_again() -> None:
    stage = tasks(
        """
        a: {workflow: child, with-items: 'i in [{"x": 1}, {}]', input: <% $.i %>, wait-after: 5}
        """,
        more="child:\n  input: [x]\n  tasks:\n    t: {action: std.async_noop}\n",
    )
    assert stage.states() == {"a": "DELAYED", "t": "RUNNING"}, "the second item lacks its input"

    stage.complete("t", DONE)
    assert stage.states() == {"a": "DELAYED", "t": "SUCCESS"}
    stage.pass_time(5)

    assert executions(stage) == [("w", "ERROR"), ("child", "SUCCESS")]
