"""What is known of an execution under way, and the picture that is drawn of it."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from maestrale.cli.plain_lines import PlainLines
from maestrale.cli.progress import Progress
from maestrale.cli.rows import Picture, Row
from maestrale.core import ActionRun, Changes, Execution, Task, Timer
from maestrale.core.state import Items, TimerKind
from maestrale.core.status import ENDED_EXECUTION, ENDED_TASK, ExecutionState, RunState, TaskState
from maestrale.errors import Unavailable
from maestrale.lang import Workflow, parse_or_raise

from .trees import NOON, SECOND, a_run, a_task, a_timer, an_execution, changes

JOINING = parse_or_raise(
    """
version: '2.0'
w:
  tasks:
    a: {on-success: [meet]}
    b: {on-success: [meet]}
    meet: {join: all}
"""
).workflows["w"]


def a_progress(*rows: Execution | Task | ActionRun | Timer) -> Progress:
    progress = Progress("root")
    progress.take(changes(*rows))
    return progress


def rows_of(progress: Progress, *, limit: int = 40, seconds: int = 2) -> list[Row]:
    return Picture(progress, lambda execution: JOINING).rows(limit=limit, now=NOON + seconds * SECOND)


def test_tasks_of_sub_workflows_stand_below_the_task_that_called_them() -> None:
    progress = a_progress(
        an_execution(),
        a_task("call", type="WORKFLOW"),
        an_execution("child", number=3, parent_task_id="call"),
        a_task("step", number=4, execution_id="child"),
    )

    assert rows_of(progress) == [
        Row(0, "RUNNING", "call", ("2.0 s",)),
        Row(1, "RUNNING", "step", ("2.0 s",)),
    ]


def test_a_loop_of_sub_workflows_names_its_items() -> None:
    progress = a_progress(
        an_execution(),
        a_task("each", type="WORKFLOW", items=Items(total=2, launched=2)),
        an_execution("child", number=3, parent_task_id="each", index=0, workflow="one"),
        a_task("step", number=4, execution_id="child"),
    )

    assert rows_of(progress) == [
        Row(0, "RUNNING", "each", ("2.0 s", "0/2")),
        Row(1, "RUNNING", "[0] one", ("2.0 s",)),
        Row(2, "RUNNING", "step", ("2.0 s",)),
    ]
    assert progress.path(progress.state.tasks["step"]) == "each[0]/step"


@pytest.mark.parametrize(
    ("task", "more", "details"),
    [
        (
            a_task("t", items=Items(total=5000, launched=9, succeeded=6, failed=1)),
            [],
            ("2.0 s", "7/5,000, 1 failed"),
        ),
        (a_task("t", attempt=1), [], ("2.0 s", "attempt 2")),
        (
            a_task("t", attempt=1, state=TaskState.DELAYED),
            [a_timer("t", TimerKind.RETRY, 60)],
            ("2.0 s", "attempt 2", "tries again at {}:01:00"),
        ),
        (
            a_task("t", state=TaskState.DELAYED, started_at=None),
            [a_timer("t", TimerKind.WAIT_BEFORE, 3600)],
            ("begins at {1}:00:00",),
        ),
        (a_task("t"), [a_timer("t", TimerKind.TIMEOUT, 60)], ("2.0 s",)),
        (a_task("t", name="meet", state=TaskState.WAITING, started_at=None, arrived=1), [], ("join 1/2",)),
        (a_task("t", state=TaskState.PAUSED), [], ("2.0 s", "paused")),
        (a_task("t", state=TaskState.IDLE, held=True, started_at=None), [], ("held by pause-before",)),
        (a_task("t"), [a_run("r", "t", asynchronous=True)], ("2.0 s", "waits to be completed from outside")),
        (
            a_task("t", state=TaskState.ERROR, state_info="no\n paper", finished_at=NOON + SECOND),
            [],
            ("1.0 s", "no paper"),
        ),
        (a_task("t", state=TaskState.SUCCESS, state_info="fine", finished_at=NOON), [], ("0.0 s",)),
    ],
)
def test_a_row_says_how_long_how_far_and_what_a_task_waits_for(
    task: Task, more: list[Any], details: tuple[str, ...]
) -> None:
    [row] = rows_of(a_progress(an_execution(), task, *more))

    hours = [f"{(NOON + hours * 3600 * SECOND).astimezone():%H}" for hours in (0, 1)]
    assert row == Row(0, task.state.value, task.name, tuple(part.format(*hours) for part in details))


def test_a_join_is_shown_even_while_its_definition_cannot_be_read() -> None:
    def unreadable(execution: Execution) -> Workflow:
        raise Unavailable("the database is away")

    progress = a_progress(an_execution(), a_task("meet", state=TaskState.WAITING, started_at=None))

    [row] = Picture(progress, unreadable).rows(limit=5, now=NOON)

    assert row == Row(0, "WAITING", "meet", ("waits for other tasks",))


def test_what_does_not_fit_is_counted_and_what_runs_or_failed_is_drawn() -> None:
    ended = [a_task(f"t{n}", number=n, state=TaskState.SUCCESS, finished_at=NOON) for n in range(2, 5_000)]
    failed = a_task("broken", number=5_001, state=TaskState.ERROR, state_info="why", finished_at=NOON)
    running = a_task("busy", number=5_002)

    rows = rows_of(a_progress(an_execution(), *ended, failed, running), limit=10)

    assert rows == [
        Row(0, None, "4,999 tasks ended", ("✗ 1 ✓ 4,998",)),
        Row(0, "ERROR", "broken", ("0.0 s", "why")),
        Row(0, "RUNNING", "busy", ("2.0 s",)),
    ]


def test_what_ended_in_loops_is_left_out_before_whole_tasks_are() -> None:
    done = [
        an_execution(f"c{n}", number=n, parent_task_id="each", index=n, state=ExecutionState.SUCCESS)
        for n in range(3, 53)
    ]
    items = Items(total=50, launched=50, succeeded=50)
    each = a_task("each", type="WORKFLOW", items=items, state=TaskState.SUCCESS, finished_at=NOON)
    after = a_task("after", number=60, state=TaskState.SUCCESS, finished_at=NOON)

    rows = rows_of(a_progress(an_execution(), each, *done, after), limit=10)

    assert rows == [
        Row(0, "SUCCESS", "each", ("0.0 s", "50/50")),
        Row(1, None, "50 sub-workflows ended", ("✓ 50",)),
        Row(0, "SUCCESS", "after", ("0.0 s",)),
    ]


def test_of_many_sub_workflows_some_are_drawn_and_the_rest_counted() -> None:
    children = [an_execution(f"c{n}", number=n, parent_task_id="each", index=n) for n in range(3, 10_003)]
    done = [replace(child, state=ExecutionState.SUCCESS) for child in children[:6_000]]
    each = a_task("each", type="WORKFLOW", items=Items(total=10_000, launched=10_000, succeeded=6_000))

    rows = rows_of(a_progress(an_execution(), each, *done, *children[6_000:]), limit=20)

    assert rows[:2] == [
        Row(0, "RUNNING", "each", ("2.0 s", "6,000/10,000")),
        Row(1, None, "6,000 sub-workflows ended", ("✓ 6,000",)),
    ]
    assert rows[-1] == Row(1, None, "3,992 more under way")
    assert len(rows) == 11


def test_a_picture_never_has_more_rows_than_there_is_room() -> None:
    tasks = [a_task(f"t{n}", number=n) for n in range(2, 100)]

    rows = rows_of(a_progress(an_execution(), *tasks), limit=10)

    assert len(rows) == 10
    assert rows[-1] == Row(0, None, "more than fits here")


def test_an_abandoned_attempt_s_sub_workflow_is_not_drawn() -> None:
    progress = a_progress(
        an_execution(),
        a_task("call", type="WORKFLOW", attempt=1),
        an_execution("first", number=3, parent_task_id="call", accepted=False),
        a_task("old", number=4, execution_id="first"),
        an_execution("second", number=5, parent_task_id="call"),
        a_task("new", number=6, execution_id="second"),
    )

    assert [row.title for row in rows_of(progress)] == ["call", "new"]


STATES = st.sampled_from(list(TaskState))


@given(st.lists(st.tuples(st.integers(0, 5), STATES, st.sampled_from(list(ExecutionState))), max_size=40))
def test_the_counts_are_those_of_the_rows_whatever_happens(
    moves: list[tuple[int, TaskState, ExecutionState]],
) -> None:
    progress = a_progress(an_execution(), a_task("each", type="WORKFLOW"))
    tasks: dict[str, Task] = {}
    children: dict[str, Execution] = {}

    for number, task_state, execution_state in moves:
        task = a_task(f"t{number}", number=number, state=task_state)
        child = an_execution(f"c{number}", parent_task_id="each", state=execution_state)
        tasks[task.id], children[child.id] = task, child
        progress.take(changes(task, child))

    ended_tasks = Counter(t.state.value for t in tasks.values() if t.state in ENDED_TASK)
    ended_children = Counter(c.state.value for c in children.values() if c.state in ENDED_EXECUTION)
    assert +progress.ended["root"] == ended_tasks
    assert set(progress.live_tasks["root"]) == {
        "each",
        *(t.id for t in tasks.values() if t.state not in ENDED_TASK),
    }
    assert +progress.ended_children.get("each", Counter()) == ended_children
    assert set(progress.live_children.get("each", {})) == {
        c.id for c in children.values() if c.state not in ENDED_EXECUTION
    }


def test_an_execution_waits_for_outside_when_nothing_else_can_happen() -> None:
    outside = a_run("outside", "t", asynchronous=True)
    progress = a_progress(an_execution(), a_task("t"), a_task("u", number=4), outside, a_run("own", "u"))
    assert (progress.waits_for_outside, progress.working) == (False, 1)

    progress.take(changes(a_run("own", "u", state=RunState.SUCCESS)))
    assert (progress.waits_for_outside, progress.working) == (True, 0)
    assert list(progress.outside_runs()) == [outside]

    timer = a_timer("u", TimerKind.RETRY, 60)
    progress.take(changes(timer))
    assert not progress.waits_for_outside

    progress.take(
        Changes(timers={timer.id: None}, runs={"outside": replace(outside, state=RunState.SUCCESS)})
    )
    assert not progress.waits_for_outside


def test_an_abandoned_run_is_waited_for_by_nobody() -> None:
    progress = a_progress(an_execution(), a_task("t"), a_run("r", "t"))

    progress.take(changes(a_run("r", "t", abandoned=True)))

    assert progress.working == 0


# Lines.


def lines_of(capsys: pytest.CaptureFixture[str], progress: Progress, *batches: Changes) -> list[str]:
    lines = PlainLines(progress)
    for batch in batches:
        lines.changed(progress.take(batch))
    return [line[20:] for line in capsys.readouterr().err.splitlines()]


def test_a_task_has_a_line_when_it_begins_and_when_it_ends(capsys: pytest.CaptureFixture[str]) -> None:
    task = a_task("t", state=TaskState.IDLE, started_at=None)
    running = replace(task, state=TaskState.RUNNING, started_at=NOON)
    ended = replace(running, state=TaskState.ERROR, state_info="no paper", finished_at=NOON + SECOND)

    told = lines_of(
        capsys,
        a_progress(an_execution()),
        *map(changes, (task, running, replace(running, has_next_tasks=True), ended)),
    )

    assert told == ["▶ t RUNNING", "✗ t ERROR (1.0 s, no paper)"]


def test_a_loop_has_a_line_for_each_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    batches = [
        changes(a_task("t", items=Items(total=30, launched=30, succeeded=number))) for number in range(31)
    ]

    told = lines_of(capsys, a_progress(an_execution()), *batches)

    assert told == ["▶ t RUNNING", *(f"▶ t RUNNING ({number}/30)" for number in range(3, 31, 3))]


def test_in_a_crowd_only_what_goes_wrong_has_lines(capsys: pytest.CaptureFixture[str]) -> None:
    each = a_task("each", type="WORKFLOW", items=Items(total=51))
    child = an_execution("child", number=3, parent_task_id="each", index=7)
    fine, wrong = (
        a_task(name, execution_id="child", state=state, finished_at=NOON)
        for name, state in (("fine", TaskState.SUCCESS), ("wrong", TaskState.ERROR))
    )

    told = lines_of(capsys, a_progress(an_execution(), each, child), changes(fine, wrong))

    assert told == ["✗ each[7]/wrong ERROR (0.0 s)"]


def test_a_task_that_is_tried_again_has_a_line_with_the_attempt(capsys: pytest.CaptureFixture[str]) -> None:
    delayed = a_task(
        "t", state=TaskState.DELAYED, attempt=1, state_info="Delayed by 'retry' policy [delay=1]"
    )

    told = lines_of(capsys, a_progress(an_execution(), a_task("t")), changes(delayed))

    assert told == ["◷ t DELAYED (attempt 2, Delayed by 'retry' policy [delay=1])"]
