"""The policies of a task. Section 2.9."""

import pytest

from maestrale.core.catalogue import Result
from maestrale.core.effects import SetTimer
from maestrale.core.events import ActionCompleted, ActionLost, PauseRequested, ResumeRequested, TimerFired
from maestrale.core.state import TimerKind
from maestrale.testing.stage import ROOT, Stage

from .staging import CANCELLED, DONE, FAILED, ran, tasks


def timers(stage: Stage) -> list[str]:
    return sorted(str(timer.kind) for timer in stage.state.timers.values())


def attempts(stage: Stage, name: str = "a") -> list[str]:
    """The state of every run of a task, those that still count marked."""
    return [f"{run.state}{'*' if run.accepted else ''}" for run in stage.runs(name)]


# Retry: the table of section 2.9.4.


@pytest.mark.parametrize(
    ("result", "rules", "repeats"),
    [
        (FAILED, "", True),
        (FAILED, "break-on: <% true %>", False),
        (FAILED, "break-on: <% false %>", True),
        (FAILED, "continue-on: <% true %>", True),
        (FAILED, "continue-on: <% false %>", False),
        (FAILED, "break-on: <% true %>, continue-on: <% true %>", False),
        (FAILED, "break-on: <% false %>, continue-on: <% false %>", False),
        (DONE, "", False),
        (DONE, "break-on: <% true %>", False),
        (DONE, "continue-on: <% true %>", True),
        (DONE, "continue-on: <% false %>", False),
        (DONE, "break-on: <% true %>, continue-on: <% true %>", True),
        (CANCELLED, "continue-on: <% true %>", False),
    ],
)
def test_the_first_rule_of_retry_that_applies_decides(result: Result, rules: str, repeats: bool) -> None:
    policy = ", ".join(filter(None, ["count: 1, delay: 0", rules]))
    stage = tasks(f"a: {{action: std.async_noop, retry: {{{policy}}}}}")

    stage.complete("a", result)

    assert len(stage.runs("a")) == (2 if repeats else 1)


def test_count_counts_the_repeats_and_not_the_runs() -> None:
    stage = tasks("a: {action: std.fail, retry: {count: 3, delay: 1}}")

    stage.pass_time(10)

    assert attempts(stage) == ["ERROR", "ERROR", "ERROR", "ERROR*"]
    assert (stage.task("a").attempt, str(stage.root.state)) == (3, "ERROR")


def test_the_rules_of_retry_see_what_was_just_published() -> None:
    stage = tasks("""
        a:
          action: std.async_noop
          publish: {again: <% task().result %>}
          retry: {count: 5, delay: 0, continue-on: <% $.again %>}
    """)

    for value in (True, True, False):
        stage.complete("a", Result(value=value))

    assert (attempts(stage), stage.root.output) == (["SUCCESS", "SUCCESS", "SUCCESS*"], {"again": False})


def test_a_repeat_waits_for_its_delay_and_its_transitions_for_the_last_attempt() -> None:
    stage = tasks("a: {action: std.async_noop, retry: {count: 1, delay: 7}, on-error: b}\nb: {}")

    stage.complete("a", FAILED)
    assert ran(stage) == [("a", "DELAYED")]
    stage.pass_time(6)
    assert len(stage.runs("a")) == 1
    stage.pass_time(1)
    stage.complete("a", FAILED)

    assert ran(stage) == [("a", "ERROR"), ("b", "SUCCESS")]


def test_what_is_still_open_of_the_attempt_before_counts_for_nothing() -> None:
    stage = tasks(
        """
        a:
          with-items: i in [1, 2, 3]
          concurrency: 2
          action: <% $.name %>
          retry: {count: 1, delay: 1}
        g:
          action: std.async_noop
          on-success: {publish: {global: {name: acme.missing}}, next: h}
        h:
          action: std.async_noop
          on-success: {publish: {global: {name: std.async_noop}}}
        """,
        head="vars: {name: std.async_noop}",
    )
    stage.complete("g", DONE)
    stage.complete("a", DONE, index=0)  # The next item cannot begin: the task fails and is repeated.
    stage.complete("h", DONE)
    (open_still,) = stage.open_runs("a")
    assert (stage.states()["a"], open_still.abandoned) == ("DELAYED", True)

    stage.pass_time(1)
    stage.send(ActionCompleted(open_still.id, 1, DONE))

    items = stage.task("a").items
    assert items is not None
    assert (items.launched, items.ended) == (2, 0)


# The waits.


def test_a_wait_after_a_task_comes_once_even_with_repeats() -> None:
    stage = tasks("a: {action: std.async_noop, wait-after: 5, retry: {count: 2, delay: 1}}")

    seen = []
    for _ in range(3):
        stage.complete("a", FAILED)
        seen.append(timers(stage))
        stage.pass_time(6)

    assert seen == [["wait-after"], ["retry"], []]
    assert stage.states() == {"a": "ERROR"}


def test_a_wait_after_a_task_ends_as_the_work_did() -> None:
    stage = tasks("a: {action: std.async_noop, wait-after: 5, on-error: b}\nb: {}")

    stage.complete("a", FAILED)
    delayed = stage.task("a")
    stage.pass_time(5)

    assert (str(delayed.state), delayed.state_info) == ("DELAYED", "Delayed by 'wait-after' policy [delay=5]")
    assert (stage.task("a").state_info, stage.states()) == ("it failed", {"a": "ERROR", "b": "SUCCESS"})


def test_fail_on_looks_after_the_wait_and_its_failure_is_retried() -> None:
    stage = tasks("""
        a:
          action: std.async_noop
          wait-after: 2
          fail-on: <% task().result = bad %>
          retry: {count: 1, delay: 0}
    """)

    stage.complete("a", Result(value="bad"))
    assert stage.states() == {"a": "DELAYED"}
    stage.pass_time(2)
    stage.complete("a", Result(value="bad"))

    task = stage.task("a")
    assert (str(task.state), task.state_info) == ("ERROR", "Failed by 'fail-on' policy")
    assert len(stage.runs("a")) == 2


def test_what_a_failing_fail_on_published_is_that_of_the_success() -> None:
    stage = tasks("a: {fail-on: <% true %>, publish: {x: 1}, publish-on-error: {x: 2}}")

    assert stage.task("a").published == {"x": 1}


# Timeout.


def test_a_task_that_timed_out_ignores_the_late_answer() -> None:
    stage = tasks("a: {action: std.sleep seconds=9, timeout: 3, on-error: b}\nb: {}")
    (run,) = stage.runs("a")

    stage.pass_time(3)
    stage.send(ActionCompleted(run.id, 1, Result(value="late")))

    task, (late,) = stage.task("a"), stage.runs("a")
    assert (str(task.state), task.state_info) == ("ERROR", "Task timed out [timeout(s)=3].")
    assert (str(late.state), late.accepted, late.result) == ("ERROR", False, "Timeout after 3 seconds")
    assert late.finished_at is not None
    assert ran(stage) == [("a", "ERROR"), ("b", "SUCCESS")]


def test_a_timeout_is_retried_without_a_timer_for_the_next_attempt() -> None:
    stage = tasks("a: {action: std.async_noop, timeout: 3, retry: {count: 1, delay: 0}}")
    (first,) = stage.runs("a")

    stage.pass_time(3)
    assert (stage.states(), timers(stage)) == ({"a": "RUNNING"}, [])
    stage.send(ActionCompleted(first.id, None, Result(value="late")))
    assert stage.states() == {"a": "RUNNING"}
    stage.complete("a", DONE)

    assert attempts(stage) == ["SUCCESS", "SUCCESS*"]
    assert stage.root.state == "SUCCESS"


def test_the_worker_keeps_to_the_timeout_in_the_repeats() -> None:
    stage = tasks("a: {action: std.sleep seconds=9, timeout: <% 1 + 2 %>, retry: {count: 2, delay: 0}}")

    stage.pass_time(3)
    stage.complete("a", Result(error="Timeout after 3 seconds"))
    stage.complete("a", DONE)

    assert [(str(run.state), run.timeout_seconds) for run in stage.runs("a")] == [
        ("ERROR", None),
        ("ERROR", 3),
        ("SUCCESS", 3),
    ]
    assert stage.root.state == "SUCCESS"


@pytest.mark.parametrize(
    ("policies", "delayed_by"),
    [
        ("wait-before: 5, wait-after: 9", TimerKind.WAIT_AFTER),
        ("wait-before: 5, retry: {count: 1, delay: 9}", TimerKind.RETRY),
        ("wait-after: 5, retry: {count: 1, delay: 9}", TimerKind.RETRY),
    ],
)
def test_a_timeout_ends_the_delay_that_it_interrupts(policies: str, delayed_by: TimerKind) -> None:
    stage = tasks(f"a: {{action: std.async_noop, timeout: 3, {policies}}}")
    for run in stage.open_runs():
        stage.send(ActionCompleted(run.id, 1, DONE))

    stage.pass_time(3)
    assert timers(stage) == [delayed_by]
    begun = len(stage.runs())
    stage.pass_time(5)

    assert len(stage.runs()) == begun, "the timer of the delay before is gone"
    assert stage.states() == {"a": "DELAYED"}


def test_a_timeout_counts_while_the_task_is_held_by_a_pause() -> None:
    stage = tasks("a: {pause-before: true, timeout: 3}")

    stage.pass_time(3)
    assert (stage.states(), str(stage.root.state)) == ({"a": "ERROR"}, "PAUSED")
    stage.send(ResumeRequested(ROOT))

    assert (str(stage.root.state), stage.runs()) == ("ERROR", [])


# Pause-before and the values of policies.


def test_pause_before_holds_parallel_tasks_and_one_resume_runs_both() -> None:
    stage = tasks("a: {pause-before: true}\nb: {pause-before: true, wait-before: 9}")
    assert ran(stage) == [("a", "IDLE"), ("b", "IDLE")] and stage.root.state == "PAUSED"

    stage.send(ResumeRequested(ROOT))

    assert ran(stage) == [("a", "SUCCESS"), ("b", "SUCCESS")], "a wait before is skipped after the pause"


@pytest.mark.parametrize(
    "policy",
    [
        "wait-before: <% 'soon' %>",
        "wait-after: <% -1 %>",
        "timeout: <% 1.5 %>",
        "pause-before: <% 1 %>",
        "concurrency: <% 'all' %>",
        "retry: {count: <% 'often' %>, delay: 1}",
        "wait-before: <% 10000000000 %>",
        "wait-after: <% $.nothing.at.all + 1 %>",
    ],
)
def test_a_policy_with_a_wrong_value_fails_the_workflow_before_the_task_starts(policy: str) -> None:
    stage = tasks(f"a: {{{policy}, on-error: b}}\nb: {{}}")

    assert (ran(stage), stage.runs(), str(stage.root.state)) == ([("a", "ERROR")], [], "ERROR")
    assert str(stage.root.state_info).startswith("Failed to run task [error=")


def test_a_retry_delay_runs_out_during_a_pause() -> None:
    stage = tasks("a: {action: std.async_noop, retry: {count: 1, delay: 2}, on-success: b}\nb: {}")
    stage.complete("a", FAILED)
    stage.send(PauseRequested(ROOT))

    stage.pass_time(2)
    stage.complete("a", DONE)
    assert ran(stage) == [("a", "SUCCESS")]
    stage.send(ResumeRequested(ROOT))

    assert ran(stage) == [("a", "SUCCESS"), ("b", "SUCCESS")]


def test_a_lost_attempt_is_none_of_the_repeats() -> None:
    stage = tasks("a: {action: std.sleep seconds=1, retry: {count: 1, delay: 0}}")
    (run,) = stage.runs()

    for attempt in (1, 2, 3):
        stage.send(ActionLost(run.id, attempt))

    assert (stage.runs()[0].attempt, stage.task("a").attempt) == (4, 0)


def test_a_timer_that_fired_as_the_next_of_its_kind_was_set_does_not_end_that_one_early() -> None:
    stage = tasks("a: {action: std.async_noop, retry: {count: 2, delay: 5}}")
    stage.complete("a", FAILED)
    (timer_id,) = stage.state.timers

    stage.send(TimerFired(timer_id))
    assert (str(stage.task("a").state), stage.effects[-1]) == ("DELAYED", SetTimer(timer_id))
    stage.pass_time(5)

    assert str(stage.task("a").state) == "RUNNING"
