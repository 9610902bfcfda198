"""Whatever happens to an execution, its explanation is true: who follows it brings it to its end."""

from collections.abc import Iterator

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from maestrale.core import Execution, Result
from maestrale.core.events import (
    ActionCompleted,
    ActionResumeRequested,
    Event,
    ResumeRequested,
    TimerFired,
    TurnContinued,
)
from maestrale.core.explaining import explain
from maestrale.core.status import ENDED_EXECUTION, RunState
from maestrale.core.waits import (
    ActionRunWait,
    AnyWait,
    Explanation,
    NothingWait,
    PauseWait,
    SubWorkflowWait,
    TimerWait,
    TurnWait,
)
from maestrale.testing import laws
from maestrale.testing.happenings import Happening, Play, scripts
from maestrale.testing.stage import ROOT
from maestrale.testing.workflows import Program, programs

SLICES = st.sampled_from([250, 3, 1])


def explained(play: Play, execution_id: str = ROOT) -> Explanation:
    return explain(play.world, play.state, execution_id, play.clock.now())


@given(programs(), scripts(), SLICES)
def test_every_execution_that_has_not_ended_waits_for_something_and_no_other_does(
    program: Program, script: tuple[Happening, ...], steps: int
) -> None:
    play = Play(program, steps=steps)
    for happening in script:
        play.perform((happening,))

        for execution in play.state.executions.values():
            found = explained(play, execution.id)
            ends = [isinstance(wait, NothingWait) for wait in found.waits]
            expected = [True] if execution.state in ENDED_EXECUTION else [False] * len(ends)
            assert (ends, bool(ends), found.tasks_left_out) == (expected, True, 0)


@given(programs(), scripts(), SLICES)
def test_everything_that_can_move_an_execution_is_named(
    program: Program, script: tuple[Happening, ...], steps: int
) -> None:
    play = Play(program, steps=steps)
    play.perform(script)

    for execution in play.state.executions.values():
        if execution.state not in ENDED_EXECUTION:
            found = explained(play, execution.id)
            assert sorted(_named_in(found)) == sorted(_movers_of(play, execution))


def _named_in(explanation: Explanation) -> Iterator[str]:
    """Every run, sub-workflow, timer and ticket that an explanation names."""
    for wait in explanation.waits:
        match wait:
            case ActionRunWait():
                yield from (run.id for run in wait.runs)
            case SubWorkflowWait():
                yield from (execution.id for execution in wait.executions)
            case TimerWait(task=task):
                assert task is not None
                yield f"{task.id}/{wait.timer}"
            case TurnWait():
                yield from (task.id for task in wait.tasks)


def _movers_of(play: Play, execution: Execution) -> Iterator[str]:
    """The same, found by looking at every row."""
    for id in play.state.tasks_in[execution.id]:
        task = play.state.tasks[id]
        if task.turn is not None and laws.lives_on(task):
            yield task.id
        if task.state.value in ("RUNNING", "PAUSED"):
            yield from (child.id for child in laws.open_children(play.state, task))
        yield from (timer.id for timer in play.state.timers.values() if timer.task_id == id)


@given(programs(), scripts(), SLICES)
def test_explaining_changes_nothing_and_is_the_same_for_a_tree_that_was_loaded(
    program: Program, script: tuple[Happening, ...], steps: int
) -> None:
    play = Play(program, steps=steps)
    play.perform(script)
    before = laws.copy_of(play.state)

    found = explained(play)

    laws.check_same(before, laws.copy_of(play.state), "explaining changes nothing")
    loaded = laws.reloaded(play.state)
    assert explain(play.world, loaded, ROOT, play.clock.now()) == found
    assert msgspec.json.decode(msgspec.json.encode(found), type=Explanation) == found


@given(programs(), scripts(), SLICES, st.integers(0, 5))
def test_who_follows_the_explanation_brings_every_execution_to_its_end(
    program: Program, script: tuple[Happening, ...], steps: int, pick: int
) -> None:
    play = Play(program, steps=steps)
    play.perform(script)

    for _ in range(2000):
        if play.has_ended:
            return
        advice = list(_advice(play, explained(play)))
        play.send_once(advice[pick % len(advice)])

    raise AssertionError(f"it does not end: {[wait.text for wait in explained(play).waits]}")


def _advice(play: Play, explanation: Explanation) -> Iterator[Event]:
    for wait in explanation.waits:
        yield from _advice_of(play, explanation, wait)


def _advice_of(play: Play, explanation: Explanation, wait: AnyWait) -> Iterator[Event]:
    """What would move an execution on, according to one of its waits."""
    match wait:
        case ActionRunWait():
            for run in wait.runs:
                if run.state is RunState.PAUSED:
                    yield ActionResumeRequested(run.id)
                else:
                    yield ActionCompleted(run.id, run.attempt, Result(value=1))
        case TimerWait(task=task):
            assert task is not None
            play.clock.advance_to(max(play.clock.now(), wait.due_at))
            yield TimerFired(f"{task.id}/{wait.timer}")
        case PauseWait():
            yield ResumeRequested(explanation.execution_id)
        case TurnWait():
            yield TurnContinued()
        case SubWorkflowWait():
            for execution in wait.executions:
                if execution.explanation is not None:
                    yield from _advice(play, execution.explanation)
