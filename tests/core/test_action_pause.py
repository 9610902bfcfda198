"""Pausing and resuming one asynchronous action run. Section 3.4.5."""

import pytest

from maestrale.core.events import (
    ActionCompleted,
    ActionPauseRequested,
    ActionRequested,
    ActionResumeRequested,
    Event,
    ResumeRequested,
)
from maestrale.errors import Conflict, NotFound
from maestrale.testing.stage import ROOT, Stage, rows_of

from .staging import DONE, executions, ran, tasks


def run_id(stage: Stage, task: str) -> str:
    return stage.runs(task)[-1].id


def test_an_action_that_rests_pauses_its_task_and_the_workflow_and_the_parent() -> None:
    stage = tasks(
        "call: {workflow: child}",
        more="child:\n  tasks:\n    t: {action: std.async_noop, on-success: u}\n    u: {}",
    )

    stage.send(ActionPauseRequested(run_id(stage, "t")))

    assert str(stage.runs("t")[0].state) == "PAUSED"
    assert ran(stage) == [("call", "PAUSED"), ("t", "PAUSED")]
    assert executions(stage) == [("w", "PAUSED"), ("child", "PAUSED")]

    stage.send(ActionResumeRequested(run_id(stage, "t")))
    assert ran(stage) == [("call", "RUNNING"), ("t", "RUNNING")]
    assert executions(stage) == [("w", "RUNNING"), ("child", "RUNNING")]

    stage.complete("t", DONE)
    assert executions(stage) == [("w", "SUCCESS"), ("child", "SUCCESS")]
    assert stage.rows() == rows_of(stage.replayed())


def test_the_workflow_goes_on_only_when_no_action_rests_any_more() -> None:
    stage = tasks("a: {action: std.async_noop}\nb: {action: std.async_noop}")
    for name in ("a", "b"):
        stage.send(ActionPauseRequested(run_id(stage, name)))

    stage.send(ActionResumeRequested(run_id(stage, "a")))
    assert (ran(stage), str(stage.root.state)) == ([("a", "RUNNING"), ("b", "PAUSED")], "PAUSED")

    stage.send(ActionResumeRequested(run_id(stage, "b")))
    assert (ran(stage), str(stage.root.state)) == ([("a", "RUNNING"), ("b", "RUNNING")], "RUNNING")


BELOW = """
mid:
  tasks:
    c: {workflow: leaf}
leaf:
  tasks:
    x: {action: std.async_noop}
"""


def test_what_was_paused_because_of_an_action_goes_on_with_it() -> None:
    stage = tasks("o: {action: std.async_noop}\ncall: {workflow: mid}", more=BELOW)

    stage.send(ActionPauseRequested(run_id(stage, "o")))
    assert executions(stage) == [("w", "PAUSED"), ("mid", "PAUSED"), ("leaf", "PAUSED")]
    stage.send(ActionResumeRequested(run_id(stage, "o")))

    assert executions(stage) == [("w", "RUNNING"), ("mid", "RUNNING"), ("leaf", "RUNNING")]
    assert ran(stage) == [(name, "RUNNING") for name in ("o", "call", "c", "x")]
    assert stage.rows() == rows_of(stage.replayed())


def test_an_action_that_rests_above_keeps_what_is_above_paused() -> None:
    stage = tasks("o: {action: std.async_noop}\ncall: {workflow: mid}", more=BELOW)
    for name in ("o", "x"):
        stage.send(ActionPauseRequested(run_id(stage, name)))

    stage.send(ActionResumeRequested(run_id(stage, "x")))
    assert executions(stage) == [("w", "PAUSED"), ("mid", "RUNNING"), ("leaf", "RUNNING")]
    assert ran(stage) == [("o", "PAUSED"), ("call", "RUNNING"), ("c", "RUNNING"), ("x", "RUNNING")]

    stage.send(ActionResumeRequested(run_id(stage, "o")))
    assert executions(stage) == [("w", "RUNNING"), ("mid", "RUNNING"), ("leaf", "RUNNING")]


def test_an_action_that_rests_below_keeps_what_is_above_paused() -> None:
    stage = tasks("o: {action: std.async_noop}\ncall: {workflow: mid}", more=BELOW)
    for name in ("o", "x"):
        stage.send(ActionPauseRequested(run_id(stage, name)))

    stage.send(ActionResumeRequested(run_id(stage, "o")))

    assert executions(stage) == [("w", "PAUSED"), ("mid", "PAUSED"), ("leaf", "PAUSED")]
    assert ran(stage) == [("o", "RUNNING"), ("call", "PAUSED"), ("c", "PAUSED"), ("x", "PAUSED")]


def test_a_loop_over_workflows_stays_paused_as_long_as_one_of_them_rests() -> None:
    stage = tasks(
        "o: {action: std.async_noop}\ncall: {with-items: 'i in [1, 2]', workflow: leaf}", more=BELOW
    )
    one, two = stage.runs("x")
    for run in (one, two, stage.runs("o")[0]):
        stage.send(ActionPauseRequested(run.id))

    stage.send(ActionResumeRequested(one.id))
    assert (str(stage.task("call").state), executions(stage)) == (
        "PAUSED",
        [("w", "PAUSED"), ("leaf", "RUNNING"), ("leaf", "PAUSED")],
    )
    stage.send(ActionResumeRequested(two.id))

    assert (str(stage.task("call").state), executions(stage)) == (
        "RUNNING",
        [("w", "PAUSED"), ("leaf", "RUNNING"), ("leaf", "RUNNING")],
    )


def test_an_item_that_rests_holds_its_loop_until_it_goes_on() -> None:
    stage = tasks("a: {with-items: 'i in [1, 2]', action: std.async_noop}")
    first, second = stage.runs("a")
    for run in (first, second):
        stage.send(ActionPauseRequested(run.id))

    stage.send(ActionResumeRequested(first.id))
    assert (str(stage.task("a").state), str(stage.root.state)) == ("PAUSED", "PAUSED")
    stage.send(ActionResumeRequested(second.id))

    assert (str(stage.task("a").state), str(stage.root.state)) == ("RUNNING", "RUNNING")


def test_a_resting_action_may_be_completed_and_the_workflow_waits_for_its_resume() -> None:
    stage = tasks("a: {action: std.async_noop, on-success: b}\nb: {}")
    stage.send(ActionPauseRequested(run_id(stage, "a")))

    stage.complete("a", DONE)

    assert (ran(stage), str(stage.root.state)) == ([("a", "SUCCESS")], "PAUSED")


@pytest.mark.parametrize("concurrency", [0, 1])
@pytest.mark.parametrize("resumed_first", [False, True])
def test_a_loop_goes_on_when_the_item_that_rested_is_completed_instead(
    concurrency: int, resumed_first: bool
) -> None:
    bound = f", concurrency: {concurrency}" if concurrency else ""
    stage = tasks(f"a: {{with-items: 'i in [1, 2, 3]', action: std.async_noop{bound}}}")
    resting = stage.runs("a")[0]
    stage.send(ActionPauseRequested(resting.id))

    steps: list[Event] = [ActionCompleted(resting.id, 1, DONE), ResumeRequested(ROOT)]
    for event in reversed(steps) if resumed_first else steps:
        stage.send(event)

    assert (ran(stage), str(stage.root.state)) == ([("a", "RUNNING")], "RUNNING")
    for index in (1, 2):
        stage.send(ActionCompleted(stage.runs("a")[index].id, 1, DONE))
    assert (ran(stage), str(stage.root.state)) == ([("a", "SUCCESS")], "SUCCESS")
    assert stage.rows() == rows_of(stage.replayed())


def test_an_action_that_was_given_up_while_it_rested_holds_nothing_any_more() -> None:
    stage = tasks("a: {action: std.async_noop, timeout: 5, retry: {count: 1, delay: 0}}")
    first = run_id(stage, "a")
    stage.send(ActionPauseRequested(first))
    stage.pass_time(5)
    stage.send(ResumeRequested(ROOT))
    stage.pass_time(1)
    second = run_id(stage, "a")
    assert second != first

    stage.send(ActionPauseRequested(second))
    stage.send(ActionResumeRequested(second))

    assert (ran(stage), str(stage.root.state)) == ([("a", "RUNNING")], "RUNNING")


def test_only_an_asynchronous_action_that_has_not_ended_can_rest() -> None:
    stage = tasks("a: {action: std.sleep seconds=5}\nb: {action: std.async_noop}")
    stage.complete("b", DONE)

    with pytest.raises(Conflict, match="only supported for asynchronous"):
        stage.send(ActionPauseRequested(run_id(stage, "a")))
    with pytest.raises(Conflict, match="already completed"):
        stage.send(ActionPauseRequested(run_id(stage, "b")))
    with pytest.raises(Conflict, match="already completed"):
        stage.send(ActionResumeRequested(run_id(stage, "b")))
    with pytest.raises(NotFound):
        stage.send(ActionPauseRequested("nowhere"))


def test_a_synchronous_action_that_is_asked_to_go_on_stays_as_it_is() -> None:
    stage = tasks("a: {action: std.sleep seconds=5}")
    before = stage.rows()

    stage.send(ActionResumeRequested(run_id(stage, "a")))

    assert (stage.rows(), len(stage.history)) == (before, 1)


def test_asking_twice_changes_nothing_more() -> None:
    stage = tasks("a: {action: std.async_noop}")
    stage.send(ActionResumeRequested(run_id(stage, "a")))
    assert len(stage.history) == 1

    stage.send(ActionPauseRequested(run_id(stage, "a")))
    stage.send(ActionPauseRequested(run_id(stage, "a")))
    assert len(stage.history) == 2


def test_a_run_without_a_task_can_rest_too() -> None:
    stage = Stage()
    stage.send(ActionRequested(run_id=ROOT, action="std.async_noop"))

    stage.send(ActionPauseRequested(ROOT))
    assert str(stage.state.runs[ROOT].state) == "PAUSED"
    stage.send(ActionResumeRequested(ROOT))
    assert str(stage.state.runs[ROOT].state) == "RUNNING"
