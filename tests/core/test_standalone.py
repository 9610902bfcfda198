"""Action runs that no task asked for. Mistral API v2, section 2.8."""

import pytest

from maestrale.core import Result
from maestrale.core.effects import CancelAction, RunAction
from maestrale.core.events import ActionCompleted, ActionLost, ActionRequested, ActionStarted, TimerFired
from maestrale.core.state import ActionRun
from maestrale.errors import Conflict, InvalidInput
from maestrale.expressions import Json
from maestrale.testing.stage import ROOT, Stage, rows_of

GREET = """
version: '2.0'
greet:
  input: [name, greeting: Hello]
  base: std.echo output="<% $.greeting %>, <% $.name %>!"
  output: {said: <% $ %>}
where:
  base: std.echo output=<% execution() %>
bad:
  base: std.echo output=1
  output: <% $.nothing.here %>
slow:
  base: std.async_noop
  output: {got: <% $ %>}
"""


def stage_of(action: str, *texts: str, timeout_seconds: int | None = None, **input: Json) -> Stage:
    stage = Stage(GREET, *texts, answer=lambda question: None)
    pins = {pin.name: {"document": pin.document, "id": ""} for pin in stage.pins}
    stage._answer = lambda question: next((pins[name] for name in pins if f'"{name}"' in question), None)
    stage.send(ActionRequested(run_id=ROOT, action=action, input=input, timeout_seconds=timeout_seconds))
    return stage


def run_of(stage: Stage) -> ActionRun:
    (run,) = stage.state.runs.values()
    return run


def test_a_pure_action_has_ended_at_once() -> None:
    run = run_of(stage_of("std.echo", output=[1, "two"]))

    assert (run.id, run.task_id, run.execution_id, run.root_id) == (ROOT, "", "", ROOT)
    assert (str(run.state), run.result, run.accepted) == ("SUCCESS", [1, "two"], True)


def test_an_action_that_fails_keeps_its_reason() -> None:
    run = run_of(stage_of("std.fail", error_data="why not"))

    assert (str(run.state), run.result) == ("ERROR", "why not")


def test_an_ad_hoc_action_sees_its_own_input_and_its_output_is_transformed() -> None:
    run = run_of(stage_of("greet", name="Ada"))

    assert (run.name, run.action, run.input, run.result) == (
        "greet",
        "std.echo",
        {"name": "Ada"},
        {"said": "Hello, Ada!"},
    )


def test_an_output_that_cannot_be_evaluated_fails_the_run() -> None:
    run = run_of(stage_of("bad"))

    assert str(run.state) == "ERROR"
    assert "nothing" in str(run.result)


@pytest.mark.parametrize(
    ("action", "input", "code", "says"),
    [
        ("nowhere", {}, "unknown-action", "nowhere"),
        ("std.echo", {}, "action-input", "missing=['output']"),
        ("std.echo", {"output": 1, "more": 2}, "action-input", "unexpected=['more']"),
        ("greet", {}, "action-input", "missing=['name']"),
        ("where", {}, "action-input", "no execution here"),
    ],
)
def test_a_request_that_cannot_be_met_leaves_nothing(
    action: str, input: dict[str, Json], code: str, says: str
) -> None:
    with pytest.raises(InvalidInput) as raised:
        stage_of(action, **input)

    assert raised.value.code == code
    assert says in raised.value.message


def test_a_run_that_is_dispatched_ends_with_what_is_reported_and_only_once() -> None:
    stage = stage_of("slow")
    run = run_of(stage)
    assert (str(run.state), stage.effects) == ("RUNNING", [RunAction(ROOT, 1)])
    assert not stage.state.has_ended

    stage.send(ActionCompleted(ROOT, None, Result(value=7)))

    assert (str(run_of(stage).state), run_of(stage).result) == ("SUCCESS", {"got": 7})
    assert stage.state.has_ended
    with pytest.raises(Conflict):
        stage.send(ActionCompleted(ROOT, None, Result(value=8)))
    assert rows_of(stage.replayed()) == stage.rows()


def test_a_run_ends_in_error_when_its_time_is_over() -> None:
    stage = stage_of("std.async_noop", timeout_seconds=30)

    stage.pass_time(29)
    assert str(run_of(stage).state) == "RUNNING"
    stage.pass_time(1)

    assert (str(run_of(stage).state), run_of(stage).result) == ("ERROR", "Timeout after 30 seconds")
    assert CancelAction(ROOT, 1) in stage.effects
    assert stage.state.timers == {}


def test_a_run_that_ends_in_time_leaves_no_timer() -> None:
    stage = stage_of("std.async_noop", timeout_seconds=30)

    stage.send(ActionCompleted(ROOT, None, Result(value=1)))
    stage.send(TimerFired(f"{ROOT}/action-timeout"))

    assert stage.state.timers == {}
    assert str(run_of(stage).state) == "SUCCESS"
    assert rows_of(stage.replayed()) == stage.rows()


def test_a_run_whose_worker_is_lost_is_repeated_if_that_is_safe_and_fails_otherwise() -> None:
    safe, unsafe = (
        stage_of("std.sleep", seconds=5),
        stage_of("std.http", url="http://localhost", method="POST"),
    )

    for stage in (safe, unsafe):
        stage.send(ActionStarted(ROOT, 1))
        stage.send(ActionLost(ROOT, 1))

    assert (run_of(safe).attempt, str(run_of(safe).state)) == (2, "RUNNING")
    assert (run_of(unsafe).attempt, str(run_of(unsafe).state)) == (1, "ERROR")


def test_the_same_request_again_starts_nothing() -> None:
    stage = stage_of("std.async_noop")
    before = stage.rows()

    stage.send(ActionRequested(run_id=ROOT, action="std.noop"))

    assert stage.rows() == before
