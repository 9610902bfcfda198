"""What the next owner of a tree reads off its rows. `engine.recovery`, without a database."""

from collections.abc import Callable

import pytest

from maestrale.core import Limits
from maestrale.core.effects import CancelAction, ContinueTurn, Effect, RunAction, SetTimer
from maestrale.core.events import ActionCompleted, ActionLost, ActionStarted
from maestrale.engine.recovery import attempts_lost, effects_due
from maestrale.testing.stage import Stage
from tests.core.staging import DONE, tasks


def nowhere(run_id: str, attempt: int) -> bool:
    return False


def here(run_id: str, attempt: int) -> bool:
    return True


def recovered(
    stage: Stage, holds: Callable[[str, int], bool] = nowhere
) -> tuple[list[Effect], list[ActionLost]]:
    return list(effects_due(stage.state, holds)), attempts_lost(stage.state, holds)


def stage_of(action: str, *, started: bool, more: str = "") -> tuple[Stage, str]:
    stage = tasks(f"a: {{action: {action}{more}}}")
    (run,) = stage.runs()
    if started:
        stage.send(ActionStarted(run.id, 1))
    return stage, run.id


@pytest.mark.parametrize(
    ("action", "started", "runs", "lost"),
    [
        ("std.command script=true", False, True, False),
        ("std.command script=true", True, False, True),
        ("std.sleep seconds=1", False, False, True),
        ("std.async_noop", False, True, False),
        ("std.async_noop, safe-rerun: false", True, False, False),
    ],
)
def test_what_becomes_of_an_attempt_whose_node_is_gone(
    action: str, started: bool, runs: bool, lost: bool
) -> None:
    stage, run_id = stage_of(action, started=started)

    assert recovered(stage) == (
        [RunAction(run_id, 1)] if runs else [],
        [ActionLost(run_id, 1)] if lost else [],
    )
    assert recovered(stage, here) == ([], []), "what is under way here is left alone"


@pytest.mark.parametrize("action", ["std.command script=true", "std.sleep seconds=1"])
def test_what_nobody_waits_for_never_begins_and_is_ended_where_it_runs(action: str) -> None:
    stage, run_id = stage_of(action, started=False, more=", timeout: 1")
    stage.pass_time(1)

    assert recovered(stage) == ([], [])
    assert recovered(stage, here) == ([CancelAction(run_id, 1)], [])


def test_what_has_ended_otherwise_is_ended_where_it_still_runs() -> None:
    """A commit of which nobody knew had ended it, and what was to follow from that was not carried out."""
    stage, run_id = stage_of("std.sleep seconds=1", started=False)
    stage.send(ActionCompleted(run_id, None, DONE))

    assert recovered(stage) == ([], [])
    assert recovered(stage, here) == ([CancelAction(run_id, 1)], [])


def test_timers_are_set_and_turns_are_continued() -> None:
    stage = tasks("a: {wait-before: 5}\nb: {action: std.async_noop}")
    stage.complete("b", DONE)
    timer_id = f"{stage.task('a').id}/wait-before"
    assert recovered(stage) == ([SetTimer(timer_id)], [])

    stage = tasks(
        "a: {action: std.async_noop, on-success: b}\nb: {on-success: c}\nc: {}", limits=Limits(steps=1)
    )
    (run,) = stage.runs()
    stage.send_once(ActionCompleted(run.id, 1, DONE))

    assert recovered(stage) == ([ContinueTurn()], [])
