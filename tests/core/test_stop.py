"""Stopping from outside, and by `fail` and `succeed`. Section 3.4.4."""

from typing import Literal

import pytest

from maestrale.core.events import ActionCompleted, PauseRequested, StopRequested, TimerFired
from maestrale.errors import Conflict
from maestrale.testing.stage import ROOT, Stage

from .staging import DONE, executions, ran, tasks

Wanted = Literal["SUCCESS", "ERROR", "CANCELLED"]
REFUSED = "refused"

CHILD = """
child:
  tasks:
    t: {action: std.async_noop, on-success: u}
    u: {}
"""


def stage_in(state: str) -> Stage:
    stage = tasks("a: {action: std.async_noop, publish: {x: 1}, on-success: b}\nb: {wait-before: 5}")
    match state:
        case "PAUSED":
            stage.send(PauseRequested(ROOT, "paused"))
        case "SUCCESS" | "ERROR" | "CANCELLED":
            stage.send(StopRequested(ROOT, state, "first"))
    return stage


@pytest.mark.parametrize(
    ("state", "wanted", "becomes", "info"),
    [
        ("RUNNING", "SUCCESS", "SUCCESS", "second"),
        ("RUNNING", "ERROR", "ERROR", "second"),
        ("RUNNING", "CANCELLED", "CANCELLED", "second"),
        ("PAUSED", "SUCCESS", REFUSED, "paused"),
        ("PAUSED", "ERROR", "PAUSED", "paused"),
        ("PAUSED", "CANCELLED", "CANCELLED", "second"),
        ("SUCCESS", "SUCCESS", "SUCCESS", "second"),
        ("SUCCESS", "ERROR", "SUCCESS", "first"),
        ("SUCCESS", "CANCELLED", "SUCCESS", "first"),
        ("ERROR", "SUCCESS", REFUSED, "first"),
        ("ERROR", "ERROR", "ERROR", "first"),
        ("ERROR", "CANCELLED", "ERROR", "first"),
        ("CANCELLED", "SUCCESS", REFUSED, "first"),
        ("CANCELLED", "ERROR", "CANCELLED", "first"),
        ("CANCELLED", "CANCELLED", "CANCELLED", "first"),
    ],
)
def test_the_table_of_stops(state: str, wanted: Wanted, becomes: str, info: str) -> None:
    stage = stage_in(state)

    if becomes == REFUSED:
        with pytest.raises(Conflict, match=f"from {state} to SUCCESS"):
            stage.send(StopRequested(ROOT, wanted, "second"))
        becomes = state
    else:
        stage.send(StopRequested(ROOT, wanted, "second"))

    assert (str(stage.root.state), stage.root.state_info) == (becomes, info)


@pytest.mark.parametrize(
    ("wanted", "output"),
    [
        ("SUCCESS", {"x": 1}),
        ("ERROR", {"result": "enough", "x": 1}),
        ("CANCELLED", {"result": "enough"}),
    ],
)
def test_the_output_of_a_stopped_workflow(wanted: Wanted, output: dict[str, object]) -> None:
    stage = tasks("a: {publish: {x: 1}}\nb: {action: std.async_noop}")

    stage.send(StopRequested(ROOT, wanted, "enough"))

    assert stage.root.output == output


def test_what_runs_when_a_workflow_is_stopped_is_recorded_and_leads_nowhere() -> None:
    stage = tasks("a: {action: std.async_noop, publish: {x: 1}, on-success: b}\nb: {}")
    stage.send(StopRequested(ROOT, "ERROR", "enough"))

    stage.complete("a", DONE)

    assert (ran(stage), stage.task("a").published) == ([("a", "SUCCESS")], {"x": 1})
    assert stage.root.output == {"result": "enough"}


def test_a_stopped_workflow_has_no_timer_and_starts_nothing_more() -> None:
    stage = tasks("a: {wait-before: 5}\nb: {action: std.async_noop, timeout: 9, wait-after: 2}")
    fired = [TimerFired(id) for id in stage.state.timers]

    stage.send(StopRequested(ROOT, "SUCCESS"))
    assert stage.state.timers == {}
    for event in fired:
        stage.send(event)
    stage.complete("b", DONE)

    assert (ran(stage), stage.state.timers) == ([("a", "DELAYED"), ("b", "SUCCESS")], {})


# Cascades.


def test_a_cancelled_workflow_cancels_everything_below_it_with_its_message() -> None:
    stage = tasks(
        "a: {workflow: middle}\nb: {with-items: 'i in [1, 2]', workflow: child}",
        more="middle:\n  tasks:\n    m: {workflow: child}\n" + CHILD,
    )

    stage.send(StopRequested(ROOT, "CANCELLED", "enough"))

    assert [state for _, state in executions(stage)] == ["CANCELLED"] * 5
    assert {e.state_info for e in stage.state.executions.values()} == {"enough"}
    assert [stage.states()[name] for name in "abm"] == ["CANCELLED"] * 3


def test_a_cancel_reaches_sub_workflows_that_nobody_waits_for_any_more() -> None:
    stage = tasks(
        """
        a: {workflow: child, timeout: 1, on-error: c}
        b: {with-items: 'i in [1, 2]', workflow: child, on-complete: c}
        c: {action: std.async_noop}
        """,
        more=CHILD,
    )
    (first, _) = (stage.state.executions[id] for id in stage.state.children[stage.task("b").id])
    stage.send(StopRequested(first.id, "CANCELLED"))
    stage.pass_time(1)
    assert stage.states()["b"] == "CANCELLED", "one cancelled item ends the loop at once"

    stage.send(StopRequested(ROOT, "CANCELLED"))

    assert {state for _, state in executions(stage)} == {"CANCELLED"}


@pytest.mark.parametrize("wanted", ["SUCCESS", "ERROR"])
def test_success_and_error_do_not_reach_sub_workflows_which_go_on(wanted: Wanted) -> None:
    stage = tasks("a: {workflow: child, on-success: b}\nb: {}", more=CHILD)

    stage.send(StopRequested(ROOT, wanted))
    assert executions(stage) == [("w", wanted), ("child", "RUNNING")]
    stage.complete("t", DONE)

    assert executions(stage) == [("w", wanted), ("child", "SUCCESS")]
    assert ran(stage) == [("a", "SUCCESS"), ("t", "SUCCESS"), ("u", "SUCCESS")]


def test_a_cancelled_sub_workflow_cancels_its_parent_once_the_siblings_have_ended() -> None:
    stage = tasks("a: {workflow: child, on-complete: c}\nb: {workflow: child}\nc: {}", more=CHILD)
    child = stage.state.children[stage.task("a").id][0]

    stage.send(StopRequested(child, "CANCELLED", "enough"))
    assert (stage.states()["a"], str(stage.root.state)) == ("CANCELLED", "RUNNING")
    (run,) = [run for run in stage.open_runs() if run.execution_id != child]
    stage.send(ActionCompleted(run.id, 1, DONE))

    assert (str(stage.root.state), stage.root.state_info) == ("CANCELLED", "Cancelled tasks: a")


# Commands.


def test_fail_drops_what_follows_and_keeps_what_stands_before_it() -> None:
    stage = tasks("a: {on-success: [b, 'fail msg=<% 6 * 7 %>', c]}\nb: {action: std.async_noop}\nc: {}")

    assert ran(stage) == [("a", "SUCCESS"), ("b", "RUNNING")]
    assert (str(stage.root.state), stage.root.state_info) == ("ERROR", "42")


def test_fail_is_carried_out_though_the_join_before_it_had_nothing_to_do() -> None:
    stage = tasks("""
        a: {action: std.async_noop, on-success: j}
        b: {action: std.async_noop, on-success: [j, fail]}
        j: {join: one}
    """)

    stage.complete("a", DONE)
    stage.complete("b", DONE)

    assert stage.root.state == "ERROR"


def test_succeed_ends_the_workflow_while_another_branch_runs() -> None:
    stage = tasks(
        "a: {on-success: succeed, publish: {x: 1}}\nb: {action: std.async_noop, on-success: c}\nc: {}"
    )

    stage.complete("b", DONE)

    assert (str(stage.root.state), stage.root.output) == ("SUCCESS", {"x": 1})
    assert ran(stage) == [("a", "SUCCESS"), ("b", "SUCCESS")]


def test_a_result_that_cannot_be_kept_of_a_cancelled_task_fails_it() -> None:
    from .staging import CANCELLED

    stage = tasks("a: {action: std.async_noop, keep-result: <% $.nothing.at.all + 1 %>}")

    stage.complete("a", CANCELLED)

    assert (stage.states(), str(stage.root.state)) == ({"a": "ERROR"}, "ERROR")
