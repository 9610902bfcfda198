"""An audit of a tree finds nothing in what decisions leave, and each damage by its name."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from maestrale.core import ActionRun, Execution, Limits, Result, State, Task, Timer, Tree, World
from maestrale.core.audit import audit_rows, audit_state
from maestrale.core.events import PauseRequested
from maestrale.core.state import Backlog, TimerKind
from maestrale.core.status import ENDED_EXECUTION, ENDED_RUN, ENDED_TASK, ExecutionState, RunState, TaskState
from maestrale.testing.happenings import Happening, Play, scripts
from maestrale.testing.stage import ROOT, Stage
from maestrale.testing.workflows import Program, lone_actions, programs

EVERYTHING = st.one_of(programs(), programs(), programs(), lone_actions())
SLICES = st.sampled_from([250, 3, 1])


class Rows(Struct):
    """The rows of a tree, to be damaged."""

    tree: Tree
    executions: list[Execution]
    tasks: list[Task]
    runs: list[ActionRun]
    timers: list[Timer]


def rows_of(state: State) -> Rows:
    assert state.tree is not None
    return Rows(
        state.tree,
        list(state.executions.values()),
        list(state.tasks.values()),
        list(state.runs.values()),
        list(state.timers.values()),
    )


def codes(world: World, rows: Rows) -> set[str]:
    return {finding.code for finding in audit_rows(world, rows)}


@given(EVERYTHING, scripts(), SLICES)
def test_nothing_is_found_wrong_with_what_decisions_leave(
    program: Program, script: tuple[Happening, ...], steps: int
) -> None:
    play = Play(program, steps=steps)
    for happening in script:
        play.perform((happening,))

        assert audit_state(play.world, play.state) == []
    assert audit_rows(play.world, rows_of(play.state)) == []


# A tree with something of everything.

FULL = """
version: '2.0'
full:
  tasks:
    start: {action: std.noop, on-success: [one, two, slow, many, below, timed]}
    one: {action: std.noop, on-success: meet}
    two: {action: std.async_noop, on-success: meet}
    meet: {join: all, action: std.noop}
    slow: {action: std.noop, wait-before: 60}
    many: {with-items: 'i in [1, 2, 3]', concurrency: 2, action: std.async_noop}
    below: {workflow: child, on-error: one}
    timed: {action: std.async_noop, timeout: 30}
child:
  tasks:
    wait: {action: std.async_noop}
"""

ALONE = """
version: '2.0'
unused:
  tasks:
    noop: {action: std.noop}
"""


def a_stage(*, steps: int = 250) -> Stage:
    stage = Stage(FULL, limits=Limits(steps=steps))
    stage.start("full")
    return stage


# Damages.


def change(rows: list[Any], id: str, **fields: Any) -> None:
    position = next(position for position, row in enumerate(rows) if row.id == id)
    rows[position] = replace(rows[position], **fields)


def task(rows: Rows, name: str) -> Task:
    return next(each for each in rows.tasks if each.name == name)


def run_of(rows: Rows, name: str) -> ActionRun:
    return next(run for run in rows.runs if run.task_id == task(rows, name).id)


def child(rows: Rows) -> Execution:
    return next(each for each in rows.executions if each.parent_task_id is not None)


def without(rows: list[Any], id: str) -> None:
    rows[:] = [row for row in rows if row.id != id]


Damage = Callable[[Rows], None]

DAMAGES: Mapping[str, tuple[str, Damage]] = {
    "a task without its execution": (
        "row-without-parent",
        lambda rows: change(rows.tasks, task(rows, "slow").id, execution_id="nowhere"),
    ),
    "a run without its task": (
        "row-without-parent",
        lambda rows: change(rows.runs, run_of(rows, "two").id, task_id="nowhere"),
    ),
    "a sub-workflow without its task": (
        "row-without-parent",
        lambda rows: without(rows.tasks, task(rows, "below").id),
    ),
    "a timer without its task": (
        "row-without-parent",
        lambda rows: change(rows.timers, rows.timers[0].id, task_id="nowhere"),
    ),
    "no root": ("root-missing", lambda rows: without(rows.executions, ROOT)),
    "a number beyond the last": (
        "number-unknown",
        lambda rows: change(rows.tasks, task(rows, "slow").id, number=10_000),
    ),
    "a number twice": (
        "number-unknown",
        lambda rows: change(rows.tasks, task(rows, "slow").id, number=task(rows, "two").number),
    ),
    "a task of another project": (
        "project-differs",
        lambda rows: change(rows.tasks, task(rows, "slow").id, project_id="theirs"),
    ),
    "a timer of another project": (
        "project-differs",
        lambda rows: change(rows.timers, rows.timers[0].id, project_id="theirs"),
    ),
    "one live task too few": ("counters-differ", lambda rows: change(rows.executions, ROOT, live=1)),
    "a failure nobody had": ("counters-differ", lambda rows: change(rows.executions, ROOT, unhandled=1)),
    "an item counted twice": (
        "loop-differs",
        lambda rows: _recount(rows, succeeded=1),
    ),
    "an item launched and not there": ("loop-differs", lambda rows: _recount(rows, launched=3)),
    "a branch counted twice": (
        "join-differs",
        lambda rows: change(rows.tasks, task(rows, "meet").id, arrived=2),
    ),
    "an end without its time": (
        "end-incomplete",
        lambda rows: change(rows.tasks, task(rows, "one").id, finished_at=None),
    ),
    "a run that goes on and has ended": (
        "end-incomplete",
        lambda rows: change(rows.runs, run_of(rows, "two").id, finished_at=rows.tasks[0].created_at),
    ),
    "an execution that goes on and has ended": (
        "end-incomplete",
        lambda rows: change(rows.executions, ROOT, finished_at=rows.tasks[0].created_at),
    ),
    "a result that counts before it is there": (
        "run-contradictory",
        lambda rows: change(rows.runs, run_of(rows, "two").id, accepted=True),
    ),
    "a run that rests and cannot": (
        "run-contradictory",
        lambda rows: change(rows.runs, run_of(rows, "two").id, state=RunState.PAUSED, asynchronous=False),
    ),
    "a delay that is none": (
        "delay-contradictory",
        lambda rows: change(rows.tasks, task(rows, "slow").id, state=TaskState.RUNNING),
    ),
    "a delay without its timer": (
        "timer-missing",
        lambda rows: without(rows.timers, f"{task(rows, 'slow').id}/{TimerKind.WAIT_BEFORE}"),
    ),
    "a timer of a task that has ended": (
        "timer-left-over",
        lambda rows: change(rows.timers, rows.timers[0].id, task_id=task(rows, "one").id),
    ),
    "a turn after the end": ("turn-left-over", lambda rows: _end_with_a_turn(rows)),
    "transitions kept without a pause": (
        "backlog-left-over",
        lambda rows: change(rows.executions, ROOT, backlog=(Backlog(rows.tasks[0].id, ()),)),
    ),
    "a pause that has not spread": (
        "pause-differs",
        lambda rows: change(rows.executions, child(rows).id, state=ExecutionState.PAUSED),
    ),
    "an open run of a task that has ended": (
        "child-left-open",
        lambda rows: _end_task(rows, "two"),
    ),
    "an open sub-workflow of a task that has ended": (
        "child-left-open",
        lambda rows: _end_task(rows, "below"),
    ),
    "an execution that has nothing to do": ("execution-overlooked", lambda rows: _end_all_tasks(rows)),
    "a task whose run has gone": (
        "task-without-work",
        lambda rows: without(rows.runs, run_of(rows, "two").id),
    ),
    "a task whose run was given up": (
        "task-without-work",
        lambda rows: change(rows.runs, run_of(rows, "two").id, abandoned=True),
    ),
    "a task that nobody begins": (
        "task-without-turn",
        lambda rows: change(rows.tasks, task(rows, "meet").id, state=TaskState.IDLE),
    ),
    "a task that nobody goes on behind": (
        "task-without-turn",
        lambda rows: change(rows.tasks, task(rows, "one").id, processed=False),
    ),
    "a join that has all it wants": ("join-overlooked", lambda rows: _bring_to_the_join(rows)),
    "a document that is gone": (
        "definition-missing",
        lambda rows: change(rows.executions, ROOT, document="nowhere"),
    ),
    "a task that its workflow has not": (
        "definition-missing",
        lambda rows: change(rows.tasks, task(rows, "slow").id, name="unheard-of"),
    ),
}


def _recount(rows: Rows, **fields: int) -> None:
    items = task(rows, "many").items
    assert items is not None
    change(rows.tasks, task(rows, "many").id, items=replace(items, **fields))


def _end_with_a_turn(rows: Rows) -> None:
    change(rows.executions, ROOT, state=ExecutionState.ERROR, output={}, finished_at=rows.tasks[0].created_at)
    change(rows.tasks, task(rows, "meet").id, turn=1)


def _end_task(rows: Rows, name: str) -> None:
    ended = {"state": TaskState.SUCCESS, "processed": True, "finished_at": rows.tasks[0].created_at}
    change(rows.tasks, task(rows, name).id, **ended)


def _end_all_tasks(rows: Rows) -> None:
    for name in {each.name for each in rows.tasks if each.execution_id == ROOT}:
        _end_task(rows, name)


def _bring_to_the_join(rows: Rows) -> None:
    _end_task(rows, "two")
    change(rows.tasks, task(rows, "two").id, next_tasks=(("meet", "on-success"),), has_next_tasks=True)


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_damage_is_found_by_its_name(damage: str) -> None:
    stage = a_stage()
    code, do = DAMAGES[damage]
    rows = rows_of(stage.state)
    assert codes(stage.world, rows) == set()

    do(rows)

    assert code in codes(stage.world, rows)


# Damages done to whatever a run has left, where they can be done.


def _of_open_runs(rows: Rows) -> Iterator[Damage]:
    live = {it.id for it in rows.executions if it.state is ExecutionState.RUNNING}
    for each in rows.tasks:
        if each.execution_id in live and each.state is TaskState.RUNNING and each.turn is None:
            own = [run.id for run in rows.runs if run.task_id == each.id and run.state not in ENDED_RUN]
            if own and each.type == "ACTION":
                yield partial(_lose_runs, own)


def _lose_runs(ids: list[str], rows: Rows) -> None:
    for id in ids:
        without(rows.runs, id)


def _of_timers(rows: Rows) -> Iterator[Damage]:
    live = {it.id for it in rows.executions if it.state not in ENDED_EXECUTION}
    for each in rows.tasks:
        if each.state is TaskState.DELAYED and each.execution_id in live and each.turn is None:
            yield partial(_lose_timers, each.id)


def _lose_timers(task_id: str, rows: Rows) -> None:
    rows.timers[:] = [timer for timer in rows.timers if timer.task_id != task_id]


def _of_turns(rows: Rows) -> Iterator[Damage]:
    live = {it.id for it in rows.executions if it.state is ExecutionState.RUNNING}
    for each in rows.tasks:
        if each.execution_id in live and each.state is TaskState.IDLE and each.turn is not None:
            yield partial(_alter, "tasks", each.id, turn=None)


def _of_counters(rows: Rows) -> Iterator[Damage]:
    for each in rows.executions:
        yield partial(_alter, "executions", each.id, live=each.live + 1)
        yield partial(_alter, "executions", each.id, cancelled=each.cancelled + 1)


def _of_ends(rows: Rows) -> Iterator[Damage]:
    for each in rows.tasks:
        if each.state in ENDED_TASK:
            yield partial(_alter, "tasks", each.id, finished_at=None)
    for run in rows.runs:
        if run.state in ENDED_RUN:
            yield partial(_alter, "runs", run.id, finished_at=None)


def _alter(kind: str, id: str, rows: Rows, **fields: Any) -> None:
    change(getattr(rows, kind), id, **fields)


ANYWHERE: Mapping[str, Callable[[Rows], Iterator[Damage]]] = {
    "task-without-work": _of_open_runs,
    "timer-missing": _of_timers,
    "task-without-turn": _of_turns,
    "counters-differ": _of_counters,
    "end-incomplete": _of_ends,
}


@given(programs(), scripts(), SLICES, st.sampled_from(sorted(ANYWHERE)), st.integers(0, 50))
def test_a_damage_is_found_whatever_the_tree_is_like(
    program: Program, script: tuple[Happening, ...], steps: int, code: str, pick: int
) -> None:
    play = Play(program, steps=steps)
    play.perform(script)
    rows = rows_of(play.state)
    damages = list(ANYWHERE[code](rows))
    if not damages:
        return

    damages[pick % len(damages)](rows)

    assert code in codes(play.world, rows)


def test_a_lone_run_whose_time_is_bounded_needs_its_timer() -> None:
    play = Play(Program(texts=(ALONE,), action="std.async_noop", timeout_seconds=5))
    rows = rows_of(play.state)
    assert codes(play.world, rows) == set()

    rows.timers.clear()

    assert codes(play.world, rows) == {"timer-missing"}


def test_what_is_paused_waits_for_whoever_resumes_it_and_is_no_fault() -> None:
    stage = a_stage()

    stage.send(PauseRequested(ROOT))
    stage.complete("two", Result(value=1))

    assert audit_state(stage.world, stage.state) == []


def test_a_finding_tells_no_data_of_users() -> None:
    stage = a_stage()
    rows = rows_of(stage.state)
    change(rows.executions, ROOT, live=0, context={"word": "hush-hush"}, input={"word": "hush-hush"})

    found = audit_rows(stage.world, rows)

    assert [finding.code for finding in found] == ["counters-differ"]
    assert "hush" not in str(found)


def test_time_does_not_make_a_fault() -> None:
    stage = a_stage()

    stage.clock.advance(timedelta(days=400).total_seconds())

    assert audit_state(stage.world, stage.state) == []
