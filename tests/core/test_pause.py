"""Pausing and resuming. Sections 2.6.3, 3.4.5 and 3.4.6."""

import pytest

from maestrale.core import Limits
from maestrale.core.events import (
    ActionCompleted,
    PauseRequested,
    ResumeRequested,
    StopRequested,
    TaskRerunRequested,
    TaskSkipRequested,
    TimerFired,
    TurnContinued,
)
from maestrale.errors import Conflict, NotFound
from maestrale.testing.laws import check_rows
from maestrale.testing.stage import ROOT, Stage

from .staging import DONE, FAILED, document, executions, ran, tasks

CHILD = """
child:
  tasks:
    t: {action: std.async_noop, on-success: u}
    u: {}
"""


def execution_of(stage: Stage, task: str) -> str:
    """The sub-execution that the only task of that name started."""
    (child,) = stage.state.children[stage.task(task).id]
    return child


def test_what_runs_goes_on_in_a_pause_and_leads_on_after_it() -> None:
    stage = tasks("a: {action: std.async_noop, publish: {x: 1}, on-success: b}\nb: {}")
    stage.send(PauseRequested(ROOT, "lunch"))

    stage.complete("a", DONE)
    assert (ran(stage), stage.task("a").published) == ([("a", "SUCCESS")], {"x": 1})
    assert (str(stage.root.state), stage.root.state_info) == ("PAUSED", "lunch")
    stage.send(ResumeRequested(ROOT))

    assert ran(stage) == [("a", "SUCCESS"), ("b", "SUCCESS")]
    assert (str(stage.root.state), stage.root.state_info) == ("SUCCESS", None)


def test_every_task_that_ended_in_a_pause_leads_on_after_it() -> None:
    stage = tasks("""
        a: {action: std.async_noop}
        b: {action: std.async_noop, on-success: c}
        c: {}
    """)
    stage.send(PauseRequested(ROOT))

    stage.complete("a", DONE)
    stage.complete("b", DONE)
    stage.send(ResumeRequested(ROOT))

    assert ran(stage) == [("a", "SUCCESS"), ("b", "SUCCESS"), ("c", "SUCCESS")]


def test_the_commands_after_a_pause_are_carried_out_when_it_is_over() -> None:
    stage = tasks("a: {on-success: [b, 'pause msg=\"look at b\"', c, fail]}\nb: {}\nc: {}")
    assert (ran(stage), stage.root.state_info) == ([("a", "SUCCESS"), ("b", "SUCCESS")], "look at b")

    stage.send(ResumeRequested(ROOT))

    assert ran(stage) == [("a", "SUCCESS"), ("b", "SUCCESS"), ("c", "SUCCESS")]
    assert stage.root.state == "ERROR"


def test_a_join_that_was_held_back_waits_for_the_others_all_the_same() -> None:
    stage = tasks("""
        a: {on-success: [pause, j]}
        b: {action: std.async_noop, on-success: j}
        j: {join: all}
    """)

    stage.send(ResumeRequested(ROOT))
    assert stage.states()["j"] == "WAITING"
    stage.complete("b", DONE)

    assert (stage.states()["j"], str(stage.root.state)) == ("SUCCESS", "SUCCESS")


def test_a_pause_command_of_a_task_that_ended_in_a_pause_is_dropped() -> None:
    stage = tasks("a: {action: std.async_noop, on-success: [pause, b]}\nb: {}")
    stage.send(PauseRequested(ROOT))
    stage.complete("a", DONE)

    stage.send(ResumeRequested(ROOT))

    assert (ran(stage), str(stage.root.state)) == ([("a", "SUCCESS"), ("b", "SUCCESS")], "SUCCESS")


def test_a_condition_that_fails_after_a_pause_fails_the_task_and_the_workflow() -> None:
    stage = tasks("a: {action: std.async_noop, on-success: [{b: <% $.nothing.at.all + 1 %>}]}\nb: {}")
    stage.send(PauseRequested(ROOT))

    stage.complete("a", DONE)
    paused = (ran(stage), str(stage.root.state))
    stage.send(ResumeRequested(ROOT))

    assert paused == ([("a", "ERROR")], "PAUSED")
    assert (ran(stage), str(stage.root.state)) == ([("a", "ERROR")], "ERROR")


def test_a_pause_in_the_middle_of_a_long_turn_holds_back_the_rest() -> None:
    stage = tasks("a: {with-items: 'i in [1, 2, 3, 4]'}\nb: {}", limits=Limits(steps=1))
    stage = Stage(*stage.documents.values(), limits=Limits(steps=1))
    stage.send, send = stage.send_once, stage.send  # type: ignore[method-assign,assignment]
    stage.start("w")

    stage.send_once(PauseRequested(ROOT))
    while stage.state.has_work:
        stage.send_once(TurnContinued())
    assert stage.root.state == "PAUSED" and stage.root.live
    send(ResumeRequested(ROOT))

    assert ran(stage) == [("a", "SUCCESS"), ("b", "SUCCESS")]


def test_pausing_twice_or_resuming_what_runs_changes_nothing() -> None:
    stage = tasks("a: {action: std.async_noop}")

    stage.send(ResumeRequested(ROOT, {"x": 1}))
    stage.send(PauseRequested(ROOT, "first"))
    length = len(stage.history)
    stage.send(PauseRequested(ROOT, "second"))

    assert (length, len(stage.history), stage.root.state_info) == (2, 2, "first")


def test_what_has_ended_cannot_be_paused_and_what_is_not_there_neither() -> None:
    stage = tasks("a: {}")

    with pytest.raises(Conflict, match="from SUCCESS to PAUSED"):
        stage.send(PauseRequested(ROOT))
    with pytest.raises(NotFound):
        stage.send(PauseRequested("nowhere"))
    stage.send(ResumeRequested(ROOT))

    assert stage.root.state == "SUCCESS"


def test_a_resume_merges_its_environment_deeply() -> None:
    stage = tasks(
        "a: {on-success: [pause, b]}\nb: {publish: {seen: <% env() %>}}",
        params={"env": {"region": {"name": "north", "zone": 1}}},
    )

    stage.send(ResumeRequested(ROOT, {"region": {"zone": 2}, "new": True}))

    assert stage.root.output == {"seen": {"region": {"name": "north", "zone": 2}, "new": True}}


# Sub-workflows.


def test_a_pause_goes_down_to_every_sub_workflow_and_a_resume_too() -> None:
    stage = tasks("a: {workflow: child}\nb: {workflow: child}", more=CHILD)

    stage.send(PauseRequested(ROOT))
    paused = (executions(stage), ran(stage))
    for run in stage.open_runs("t"):
        stage.send(ActionCompleted(run.id, 1, DONE))
    stage.send(ResumeRequested(ROOT))

    assert paused[0] == [("w", "PAUSED"), ("child", "PAUSED"), ("child", "PAUSED")]
    assert paused[1][:2] == [("a", "PAUSED"), ("b", "PAUSED")]
    assert {state for _, state in executions(stage)} == {"SUCCESS"}


def test_a_pause_of_a_sub_workflow_goes_up_and_to_its_siblings() -> None:
    stage = tasks("a: {workflow: child}\nb: {workflow: child}\nc: {action: std.async_noop}", more=CHILD)

    stage.send(PauseRequested(execution_of(stage, "a")))
    assert {state for _, state in executions(stage)} == {"PAUSED"}
    assert [stage.states()[name] for name in "abc"] == ["PAUSED", "PAUSED", "RUNNING"]
    stage.send(ResumeRequested(execution_of(stage, "a")))

    assert {state for _, state in executions(stage)} == {"RUNNING"}


def test_a_resume_that_leads_to_another_pause_leaves_all_of_them_paused() -> None:
    stage = tasks(
        "a: {with-items: 'i in [1, 2]', workflow: child}",
        more="child:\n  tasks:\n    t: {on-success: pause, on-complete: [pause, u]}\n    u: {}\n",
    )
    states = []

    while stage.root.state != "SUCCESS":
        states.append({state for _, state in (*executions(stage), *ran(stage)) if state != "SUCCESS"})
        check_rows(stage.state)
        stage.send(ResumeRequested(ROOT))

    assert states == [{"PAUSED"}] * 2


def test_a_sub_workflow_that_nobody_waits_for_is_paused_and_resumed_with_the_rest() -> None:
    stage = tasks("a: {workflow: child, timeout: 1, on-error: b}\nb: {action: std.async_noop}", more=CHILD)
    stage.pass_time(1)

    stage.send(PauseRequested(ROOT))
    assert executions(stage) == [("w", "PAUSED"), ("child", "PAUSED")]
    stage.send(ResumeRequested(ROOT))

    assert executions(stage) == [("w", "RUNNING"), ("child", "RUNNING")]


def test_a_sub_workflow_that_nobody_waits_for_pauses_nobody_else() -> None:
    stage = tasks("a: {workflow: child, timeout: 1, on-error: b}\nb: {action: std.async_noop}", more=CHILD)
    stage.pass_time(1)

    stage.send(PauseRequested(execution_of(stage, "a")))

    assert executions(stage) == [("w", "RUNNING"), ("child", "PAUSED")]


def test_a_paused_task_whose_sub_workflow_is_cancelled_ends_with_it() -> None:
    stage = tasks("a: {workflow: child}", more=CHILD)
    stage.send(PauseRequested(ROOT))

    stage.send(StopRequested(ROOT, "CANCELLED", "enough"))

    assert executions(stage) == [("w", "CANCELLED"), ("child", "CANCELLED")]
    assert stage.states()["a"] == "CANCELLED"


def test_two_hundred_levels_are_paused_and_resumed_from_the_lowest() -> None:
    stage = tasks(
        """
        a:
          workflow: "<% switch($.n < 199 => w, true => child) %>"
          input: {n: <% $.n + 1 %>}
        """,
        head="input: [{n: 0}]",
        more=CHILD.replace("tasks:", "input: [n]\n  tasks:"),
    )
    lowest = stage.task("t").execution_id

    stage.send(PauseRequested(lowest))
    states = {state for _, state in executions(stage)}
    stage.complete("t", DONE)
    stage.send(ResumeRequested(lowest))

    assert (states, len(stage.state.executions)) == ({"PAUSED"}, 201)
    assert {state for _, state in executions(stage)} == {"SUCCESS"}


def test_a_loop_that_cannot_be_handled_in_a_pause_fails_its_execution_at_the_resume() -> None:
    stage = document(
        "w:\n  tasks:\n    a: {with-items: 'i in [1, 2]', action: spoil}\n    b: {action: std.fail}",
        "spoil: {base: std.async_noop, output: <% $.nothing.at_all %>}",
    )
    stage.send(PauseRequested(ROOT))

    stage.complete("a", DONE, index=0)
    check_rows(stage.state)
    stage.send(ResumeRequested(ROOT))
    assert stage.root.state == "ERROR"
    stage.send(TaskRerunRequested(stage.task("b").id))
    check_rows(stage.state)


def test_a_timer_that_fires_in_a_pause_starts_a_delayed_task() -> None:
    stage = tasks("a: {action: std.async_noop, wait-before: 5}")
    stage.send(PauseRequested(ROOT))

    stage.pass_time(5)
    assert (stage.states(), len(stage.open_runs())) == ({"a": "RUNNING"}, 1)
    stage.send(TimerFired(f"{stage.task('a').id}/wait-before"))
    stage.complete("a", FAILED)
    stage.send(ResumeRequested(ROOT))

    assert stage.root.state == "ERROR"


def test_a_delay_that_the_end_of_its_execution_cut_short_ends_when_a_skip_leads_to_a_pause() -> None:
    stage = tasks("""
        a: {action: std.async_noop, publish: {x: <% $.no.such.thing + 1 %>}, on-success: pause}
        b: {wait-after: 5}
    """)
    stage.complete("a", DONE)
    assert (stage.states(), str(stage.root.state)) == ({"a": "ERROR", "b": "DELAYED"}, "ERROR")

    stage.send(TaskSkipRequested(stage.task("a").id))
    assert (stage.states()["b"], str(stage.root.state)) == ("SUCCESS", "PAUSED")
    stage.send(ResumeRequested(ROOT))

    assert stage.root.state == "SUCCESS"
