"""Action runs: late, lost and repeated answers, and the limits of what may be kept. Sections 3.6 and 4.10."""

import pytest

from maestrale.core import Limits, Result
from maestrale.core.effects import CancelAction, RunAction
from maestrale.core.events import ActionCompleted, ActionLost, ActionStarted
from maestrale.errors import Conflict, NotFound

from .staging import CANCELLED, DONE, FAILED, ran, tasks

UNSAFE = "a: {action: std.command script=true, on-error: b}\nb: {}"
SAFE = "a: {action: std.sleep seconds=1}"


def test_an_attempt_that_is_safe_to_repeat_is_repeated_when_it_was_lost() -> None:
    stage = tasks(SAFE)
    (run,) = stage.runs()
    stage.effects.clear()

    stage.send(ActionLost(run.id, 1))

    assert stage.effects == [RunAction(run.id, 2)]
    assert (stage.runs()[0].attempt, str(stage.runs()[0].state)) == (2, "RUNNING")


def test_an_attempt_that_is_not_safe_to_repeat_fails_when_it_was_lost() -> None:
    stage = tasks(UNSAFE)
    (run,) = stage.runs()
    stage.send(ActionStarted(run.id, 1))

    stage.send(ActionLost(run.id, 1))

    assert "was cut off" in str(stage.runs()[0].result)
    assert ran(stage) == [("a", "ERROR"), ("b", "SUCCESS")]


@pytest.mark.parametrize(("own_word", "attempt"), [("true", 2), ("false", 1)])
def test_the_word_of_the_task_wins_over_that_of_the_action(own_word: str, attempt: int) -> None:
    for action in ("std.command script=true", "std.sleep seconds=1"):
        stage = tasks(f"a: {{action: {action}, safe-rerun: {own_word}}}")
        stage.send(ActionStarted(stage.runs()[0].id, 1))
        stage.send(ActionLost(stage.runs()[0].id, 1))
        assert stage.runs()[0].attempt == attempt


def test_an_asynchronous_action_that_may_have_begun_is_waited_for() -> None:
    stage = tasks("a: {action: std.async_noop, safe-rerun: false}")
    (run,) = stage.runs()
    stage.send(ActionStarted(run.id, 1))

    stage.send(ActionLost(run.id, 1))
    assert stage.runs()[0].attempt == 1
    stage.send(ActionCompleted(run.id, None, DONE))

    assert stage.states() == {"a": "SUCCESS"}


@pytest.mark.parametrize("action", ["std.command script=true", "std.async_noop"])
def test_an_attempt_that_had_not_begun_has_a_successor_and_cannot_begin_any_more(action: str) -> None:
    stage = tasks(f"a: {{action: {action}, safe-rerun: false}}")
    (run,) = stage.runs()
    stage.effects.clear()

    stage.send(ActionLost(run.id, 1))
    stage.send(ActionStarted(run.id, 1))

    assert stage.effects == [RunAction(run.id, 2)]
    assert (stage.runs()[0].attempt, stage.runs()[0].started) == (2, False)


def test_what_nobody_waits_for_is_not_repeated_when_it_was_lost() -> None:
    stage = tasks("a: {action: std.sleep seconds=9, timeout: 1}")
    (run,) = stage.runs()
    stage.pass_time(1)
    assert CancelAction(run.id, 1) in stage.effects

    stage.send(ActionStarted(run.id, 1))
    assert not stage.runs()[0].started, "it must not begin any more"
    stage.send(ActionLost(run.id, 1))

    assert (str(stage.runs()[0].state), stage.runs()[0].attempt) == ("ERROR", 1)


def test_the_answer_of_an_attempt_that_was_given_up_is_ignored() -> None:
    stage = tasks(SAFE)
    (run,) = stage.runs()
    stage.send(ActionLost(run.id, 1))
    length = len(stage.history)

    stage.send(ActionCompleted(run.id, 1, FAILED))
    stage.send(ActionStarted(run.id, 1))
    stage.send(ActionLost(run.id, 1))
    assert len(stage.history) == length
    stage.send(ActionCompleted(run.id, 2, DONE))

    assert stage.states() == {"a": "SUCCESS"}


def test_a_worker_may_say_the_same_twice_but_nobody_else_may() -> None:
    stage = tasks(SAFE)
    (run,) = stage.runs()
    stage.send(ActionCompleted(run.id, 1, DONE))
    length = len(stage.history)

    stage.send(ActionCompleted(run.id, 1, FAILED))
    with pytest.raises(Conflict, match="already completed"):
        stage.send(ActionCompleted(run.id, None, FAILED))

    assert (len(stage.history), stage.runs()[0].result) == (length, "done")


def test_a_run_that_is_not_there_cannot_be_completed() -> None:
    with pytest.raises(NotFound):
        tasks(SAFE).send(ActionCompleted("nothing", None, DONE))


@pytest.mark.parametrize(
    ("result", "state", "info"),
    [
        (Result(value={"x": 1}), "SUCCESS", None),
        (Result(error={"code": 5}), "ERROR", '{"code": 5}'),
        (Result(error="broken"), "ERROR", "broken"),
        (Result(error=""), "ERROR", ""),
        (Result(cancelled=True), "CANCELLED", None),
        (Result(cancelled=True, value="why"), "CANCELLED", "why"),
    ],
)
def test_the_result_of_a_run_becomes_the_state_of_its_task(
    result: Result, state: str, info: str | None
) -> None:
    stage = tasks("a: {action: std.async_noop}")

    stage.complete("a", result)

    assert (str(stage.task("a").state), stage.task("a").state_info) == (state, info)


# What may be kept.

SMALL = Limits(field_bytes=100)


def test_a_result_that_is_too_large_fails_the_workflow_past_on_error() -> None:
    stage = tasks("a: {action: std.async_noop, on-error: b}\nb: {}", limits=SMALL)

    stage.complete("a", Result(value="x" * 200))

    assert (ran(stage), str(stage.root.state)) == ([("a", "ERROR")], "ERROR")
    assert "Field size limit exceeded" in str(stage.root.state_info)
    assert "202 bytes of JSON, and 100 are allowed" in str(stage.runs()[0].result)


def test_an_input_that_is_too_large_fails_the_workflow_before_the_action_begins() -> None:
    stage = tasks(
        "a: {action: std.echo, input: {output: <% $.x + $.x + $.x %>}, on-error: b}\nb: {}",
        head="input: [x]",
        input={"x": "x" * 50},
        limits=SMALL,
    )

    assert (ran(stage), stage.runs(), str(stage.root.state)) == ([("a", "ERROR")], [], "ERROR")


def test_a_refused_result_fails_the_workflow_with_the_reason() -> None:
    stage = tasks("a: {action: std.async_noop, on-error: b}\nb: {}")

    stage.complete("a", Result(refusal="it is no JSON"))

    assert "it is no JSON" in str(stage.root.state_info)
    assert ran(stage) == [("a", "ERROR")]


def test_a_result_that_is_not_kept_can_be_published_and_is_gone_then() -> None:
    stage = tasks("""
        a: {action: std.echo output=1, keep-result: false, publish: {x: <% task().result %>}, on-success: b}
        b: {publish: {seen: <% task(a).result %>}}
    """)

    assert stage.root.output == {"x": 1, "seen": None}


def test_a_run_that_ends_after_its_task_was_cancelled_is_recorded() -> None:
    stage = tasks("a: {action: std.async_noop, with-items: 'i in [1, 2]'}")
    stage.complete("a", CANCELLED, index=0)

    stage.complete("a", DONE)

    assert ran(stage) == [("a", "CANCELLED")]
    assert [str(run.state) for run in stage.runs()] == ["CANCELLED", "SUCCESS"]
