"""What must hold for every workflow, whatever happens to it. `Play` asks the laws after every event."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from maestrale.core import ActionRun, Entry, Limits, Result, State, Timer, decide
from maestrale.core.events import ActionCompleted, TimerFired, TurnContinued
from maestrale.core.status import TaskState
from maestrale.lang import parse
from maestrale.testing import laws
from maestrale.testing.happenings import Happening, Play, scripts
from maestrale.testing.stage import Stage, rows_of
from maestrale.testing.workflows import UNORDERED, Program, lone_actions, programs

EVERYTHING = st.one_of(programs(), programs(), programs(), lone_actions())
"""Whatever makes a tree: workflows, and actions that are run by themselves."""

SLICES = st.sampled_from([250, 3, 1])


def played(program: Program, script: tuple[Happening, ...], steps: int = 250) -> Play:
    play = Play(program, steps=steps)
    play.perform(script)
    play.finish()
    return play


@given(programs())
def test_every_generated_workflow_is_valid(program: Program) -> None:
    assert [parse(text).errors for text in program.texts] == [(), ()]


@given(EVERYTHING, scripts(), SLICES)
def test_whatever_happens_the_laws_hold_and_everything_ends(
    program: Program, script: tuple[Happening, ...], steps: int
) -> None:
    play = Play(program, steps=steps)

    play.perform(script)

    assert play.finish(), "a small workflow ends within the budget of events"


def test_a_join_revived_by_a_branch_that_was_run_again_breaks_no_law() -> None:
    text = """
version: '2.0'
main:
  tasks:
    a: {action: std.async_noop, on-success: j}
    b: {action: std.async_noop, on-success: j}
    j: {join: all, action: std.async_noop}
"""
    play = Play(Program(texts=(text,), workflow="main"))

    play.perform((Happening("succeed"), Happening("fail")))
    play.perform((Happening("rerun"), Happening("succeed")))

    assert play.states() == {"a": "SUCCESS", "b": "SUCCESS", "j": "RUNNING"}


def test_an_ended_task_that_nobody_repaired_must_not_go_on() -> None:
    stage = Stage(
        """
version: '2.0'
main:
  tasks:
    a: {on-success: j}
    b: {action: std.fail, on-success: j}
    j: {join: all}
"""
    )
    stage.start("main")
    before = laws.copy_of(stage.state)
    join = replace(stage.task("j"), state=TaskState.WAITING, reruns=1)
    after = {
        **before,
        "tree": replace(before["tree"], sequence=before["tree"].sequence + 1),
        "tasks": {**before["tasks"], join.id: join},
    }

    with pytest.raises(laws.LawBroken, match="an ended task stays ended"):
        laws.check_moves(before, after)


@given(EVERYTHING, scripts(), SLICES)
def test_folding_the_history_gives_exactly_the_rows_at_every_point_of_it(
    program: Program, script: tuple[Happening, ...], steps: int
) -> None:
    play = played(program, script, steps)

    state = State()
    for entry, copy in zip(play.history, play.copies, strict=True):
        state.apply(decide(play.world, state, entry).changes)
        laws.check_same(laws.copy_of(state), copy, "folding the history gives the rows")

    assert rows_of(play.replayed()) == play.rows()


@given(EVERYTHING, scripts(), st.data())
def test_a_tree_that_was_loaded_from_its_rows_decides_as_one_that_was_not(
    program: Program, script: tuple[Happening, ...], data: st.DataObject
) -> None:
    play = played(program, script)
    position = data.draw(st.integers(0, len(play.history) - 1))
    state = State()
    for entry in play.history[:position]:
        state.apply(decide(play.world, state, entry).changes)

    loaded = laws.reloaded(state)
    next_entry: Entry = play.history[position]
    expected, got = (decide(play.world, each, next_entry) for each in (state, loaded))

    assert got == expected


# The order of things.


def answer_of(stage: Stage, run: ActionRun) -> Result:
    """How a run ends: by what it is, not by when it ends."""
    task = stage.state.tasks[run.task_id]
    number = sum(map(ord, task.name)) + (run.index or 0) + task.attempt
    if number % 4 == 0:
        return Result(error=f"{task.name} failed")
    return Result(value=[task.name, run.index])


Chooser = Callable[[int], int]


def outcome(program: Program, *, steps: int, choose: Chooser) -> dict[str, Any]:
    """Run a program to its end; `choose` picks what happens next among so many things."""
    stage = Stage(*program.texts, limits=Limits(steps=steps))
    stage.start(program.workflow, program.input, program.params)
    for _ in range(2_000):
        happen = _happenings(stage)
        if not happen:
            return laws.outcome_of(stage.state)
        happen[choose(len(happen))]()
    raise AssertionError("it does not end")


def _happenings(stage: Stage) -> Sequence[Callable[[], object]]:
    found: list[Callable[[], object]] = []
    if stage.state.has_work:
        found.append(lambda: stage.send_once(TurnContinued()))
    for run in stage.open_runs():
        event = ActionCompleted(run.id, run.attempt, answer_of(stage, run))
        found.append(partial(stage.send_once, event))
    fire = (partial(_fire, stage, timer) for timer in stage.state.timers.values())
    return [*found, *fire]


def _fire(stage: Stage, timer: Timer) -> None:
    """Let time pass until the timer is due; others may be due by then too, and fire later."""
    stage.clock.advance_to(timer.due_at)
    stage.send_once(TimerFired(timer.id))


@given(programs(UNORDERED), st.sampled_from([3, 1]), st.lists(st.integers(0, 20), max_size=40))
def test_neither_the_length_of_a_turn_nor_the_order_of_answers_changes_the_outcome(
    program: Program, steps: int, order: list[int]
) -> None:
    picks = iter(order)

    one = outcome(program, steps=250, choose=lambda count: 0)
    other = outcome(program, steps=steps, choose=lambda count: next(picks, 0) % count)

    assert other == one
