"""What an execution waits for, case by case. Properties: `test_explaining_properties`."""

from datetime import timedelta
from textwrap import indent
from typing import Any

import msgspec
import pytest

from maestrale.core import Limits
from maestrale.core.events import (
    ActionCompleted,
    ActionPauseRequested,
    ActionStarted,
    PauseRequested,
    StopRequested,
    TaskRerunRequested,
)
from maestrale.core.explaining import MOST_LEVELS, MOST_LISTED, MOST_TASKS, explain
from maestrale.core.state import Changes
from maestrale.core.waits import (
    ActionRunWait,
    AnyWait,
    Arrival,
    Explanation,
    FailedTask,
    FreeSlotWait,
    HeldCommand,
    HeldTask,
    JoinWait,
    MissingInbound,
    Named,
    NothingWait,
    OpenExecution,
    OpenRun,
    PauseWait,
    SubWorkflowWait,
    TimerWait,
    TurnWait,
)
from maestrale.errors import NotFound
from maestrale.testing.stage import ROOT, Stage

from .staging import DONE, FAILED, tasks

ONE_STEP = Limits(steps=1)

FORK = """
    a: {action: std.async_noop, on-success: j}
    b: {action: std.async_noop, on-success: j}
    c: {action: std.async_noop, on-success: j}
"""


def explained(stage: Stage, execution_id: str = ROOT) -> Explanation:
    return explain(stage.world, stage.state, execution_id, stage.clock.now())


def waits(stage: Stage) -> tuple[AnyWait, ...]:
    return explained(stage).waits


def only(stage: Stage) -> Any:
    (wait,) = waits(stage)
    return wait


def kinds(explanation: Explanation) -> list[str]:
    """The kinds of the waits as they are in JSON, with the task of each."""
    data = msgspec.to_builtins(explanation)
    return [f"{wait['kind']} {(wait['task'] or {}).get('name', '-')}" for wait in data["waits"]]


def named(stage: Stage, name: str) -> Named:
    return Named(stage.task(name).id, name)


# Actions.


def test_an_asynchronous_action_waits_to_be_completed_through_the_api() -> None:
    stage = tasks("ask: {action: std.async_noop}")
    (run,) = stage.runs()

    assert explained(stage) == Explanation(
        execution_id=ROOT,
        workflow="w",
        state=stage.root.state,
        waits=(
            ActionRunWait(
                text=(
                    "`ask` waits since 2026-03-01 12:00:00 UTC for action `std.async_noop` "
                    f"to be completed through the API with PUT /v2/action_executions/{run.id}."
                ),
                since=stage.clock.now(),
                task=named(stage, "ask"),
                runs=(
                    OpenRun(
                        id=run.id,
                        action="std.async_noop",
                        attempt=1,
                        state=run.state,
                        started=False,
                        safe_rerun=True,
                        asynchronous=True,
                        index=None,
                        since=stage.clock.now(),
                    ),
                ),
                count=1,
            ),
        ),
    )


def test_an_action_that_no_worker_has_begun_waits_for_one_and_one_that_runs_for_its_end() -> None:
    stage = tasks("a: {action: std.command command=true}")
    (run,) = stage.runs()

    before = only(stage)
    stage.clock.advance(5)
    stage.send(ActionStarted(run.id, 1))
    after = only(stage)

    assert (before.text, after.text) == (
        "`a` waits since 2026-03-01 12:00:00 UTC for a worker to begin action `std.command`.",
        "`a` runs action `std.command` since 2026-03-01 12:00:05 UTC and goes on when it ends.",
    )
    assert (before.runs[0].started, after.runs[0].started) == (False, True)


def test_what_a_task_has_given_up_is_not_waited_for() -> None:
    stage = tasks("a: {action: std.async_noop, timeout: 5, retry: {count: 1, delay: 60}}")

    stage.pass_time(5)

    assert kinds(explained(stage)) == ["timer a"]
    assert [run.abandoned for run in stage.open_runs()] == [True]


def test_a_repeated_action_says_which_attempt_it_is() -> None:
    stage = tasks("a: {action: std.async_noop, safe-rerun: true}")
    run = stage.runs()[0]
    changed = msgspec.structs.replace(run, attempt=3)
    stage.state.apply(Changes(runs={run.id: changed}))

    assert only(stage).text.startswith(
        "`a` waits since 2026-03-01 12:00:00 UTC for action `std.async_noop` (attempt 3)"
    )


def test_a_paused_action_tells_how_it_is_resumed_and_why_its_execution_is_paused() -> None:
    stage = tasks("a: {action: std.async_noop}")
    (run,) = stage.runs()
    stage.send(ActionPauseRequested(run.id))

    pause, action = waits(stage)

    assert isinstance(pause, PauseWait) and isinstance(action, ActionRunWait)
    assert (pause.cause, pause.origin) == ("action-run", Named(run.id, "std.async_noop"))
    assert action.text == (
        "`a` waits for action `std.async_noop`, which is paused since 2026-03-01 12:00:00 UTC; "
        f'resume it: PUT /v2/action_executions/{run.id} with state "RUNNING".'
    )


# Loops.


def loop(count: int, concurrency: int) -> Stage:
    return tasks(f"""
        each:
          with-items: i in <% range({count}).toList() %>
          concurrency: {concurrency}
          action: std.async_noop
    """)


def test_items_without_a_free_slot_are_one_wait_with_a_count() -> None:
    stage = loop(7, 2)
    stage.complete("each", DONE)

    running, slot = waits(stage)

    assert isinstance(running, ActionRunWait)
    assert (running.count, [run.index for run in running.runs]) == (2, [1, 2])
    assert slot == FreeSlotWait(
        text=(
            "4 items wait for a free slot of `each`: 2 run, and its `concurrency` is 2; "
            "each end lets one begin."
        ),
        since=stage.clock.now(),
        task=named(stage, "each"),
        concurrency=2,
        running=2,
        waiting=4,
    )


def test_a_long_loop_is_one_wait_that_lists_its_oldest_items() -> None:
    stage = loop(300, 0)
    for index in (0, 3, 299):
        stage.complete("each", DONE, index=index)

    wait = only(stage)

    assert wait.count == 297
    assert [run.index for run in wait.runs] == [1, 2, *range(4, MOST_LISTED + 2)]
    assert wait.text == (
        "`each` waits for 297 runs of `std.async_noop`, the oldest since 2026-03-01 12:00:00 UTC, "
        f"to be completed through the API with PUT /v2/action_executions/{wait.runs[0].id}."
    )


# Timers.


@pytest.mark.parametrize(
    ("policy", "timer", "text"),
    [
        ("wait-before: 90", "wait-before", "`a` begins by its `wait-before` at 2026-03-01 12:01:30 UTC"),
        ("wait-after: 90", "wait-after", "`a` has done its work and ends by its `wait-after` at"),
        (
            "retry: {count: 2, delay: 90}, action: std.fail",
            "retry",
            "`a` waits to be repeated (repeat 1) by its `retry` at 2026-03-01 12:01:30 UTC (in 1 min 20 s).",
        ),
    ],
)
def test_a_delayed_task_waits_for_its_timer(policy: str, timer: str, text: str) -> None:
    stage = tasks(f"a: {{{policy}}}")
    begun = stage.clock.now()
    stage.pass_time(10)

    wait = only(stage)

    assert isinstance(wait, TimerWait)
    assert (wait.timer, wait.since, wait.due_at) == (timer, begun, begun + timedelta(seconds=90))
    assert wait.text.startswith(text) and wait.text.endswith("(in 1 min 20 s).")


def test_a_timeout_is_waited_for_beside_the_action_that_it_bounds() -> None:
    stage = tasks("a: {action: std.async_noop, timeout: 5}")

    assert kinds(explained(stage)) == ["action-run a", "timer a"]
    assert waits(stage)[1].text == (
        "`a` fails by its `timeout` of 5 s unless it ends before 2026-03-01 12:00:05 UTC (in 5 s)."
    )


def test_a_timer_that_is_overdue_says_so() -> None:
    stage = tasks("a: {wait-before: 5}")
    stage.clock.advance(60)

    assert only(stage).text == (
        "`a` begins by its `wait-before` at 2026-03-01 12:00:05 UTC, which has passed: "
        "a node that runs sees to it at once."
    )


# Joins.


def test_a_join_tells_which_branches_have_come_and_what_is_with_the_others() -> None:
    stage = tasks("""
        a: {action: std.async_noop, on-success: j}
        b: {action: std.async_noop, on-success: j}
        c: {action: std.async_noop, on-success: d}
        d: {on-success: j}
        e: {action: std.async_noop, on-success: j}
        j: {join: 3}
    """)
    stage.complete("a", DONE)
    stage.complete("e", FAILED)

    *_, wait = waits(stage)

    assert wait == JoinWait(
        text=(
            "Join `j` waits since 2026-03-01 12:00:00 UTC: it has 1 of its 4 inbound tasks and needs 3; "
            "not there: `b` (RUNNING), `d` (can still come from `c`), `e` (ERROR, it led elsewhere)."
        ),
        since=stage.clock.now(),
        task=named(stage, "j"),
        needed=3,
        inbound=4,
        arrived=1,
        came=(Arrival(named(stage, "a"), "on-success"),),
        missing=(
            MissingInbound(
                name="b", task_id=stage.task("b").id, state=stage.task("b").state, never=None, ways=()
            ),
            MissingInbound(name="d", task_id=None, state=None, never=None, ways=("c",)),
            MissingInbound(
                name="e",
                task_id=stage.task("e").id,
                state=stage.task("e").state,
                never="not triggered",
                ways=(),
            ),
        ),
        late=(),
    )


def test_a_wide_join_lists_the_first_of_its_branches_and_counts_all() -> None:
    names = [f"t{number}" for number in range(40)]
    branches = "\n".join(f"{name}: {{action: std.async_noop, on-success: j}}" for name in names)
    stage = tasks(f"{branches}\nj: {{join: all}}")
    for name in names[:15]:
        stage.complete(name, DONE)

    *_, wait = waits(stage)

    assert isinstance(wait, JoinWait)
    assert (wait.needed, wait.inbound, wait.arrived) == (40, 40, 15)
    assert [arrival.task.name for arrival in wait.came] == names[:MOST_LISTED]
    assert [missing.name for missing in wait.missing] == names[15 : 15 + MOST_LISTED]
    assert wait.text.endswith("`t18` (RUNNING), `t19` (RUNNING) and 20 more.")


# Pauses.


def test_a_pause_by_request_tells_what_it_holds_and_how_to_resume() -> None:
    stage = tasks("a: {action: std.async_noop, on-success: b}\nb: {}")
    stage.send(PauseRequested(ROOT, "the disk is full"))
    stage.complete("a", DONE)

    assert waits(stage) == (
        PauseWait(
            text=(
                "The execution is paused by a request (the disk is full) since 2026-03-01 12:00:00 UTC and "
                "keeps 1 of its tasks from going on; "
                f'resume it: PUT /v2/executions/{ROOT} with state "RUNNING".'
            ),
            since=stage.clock.now(),
            cause="request",
            origin=None,
            message="the disk is full",
            held=(HeldTask(named(stage, "a"), stage.task("a").state, "transitions"),),
            held_count=1,
            commands=(),
            command_count=0,
        ),
    )


def test_a_pause_command_names_its_task_and_the_transitions_it_holds_back() -> None:
    stage = tasks("a: {on-success: ['pause msg=\"look\"', b, c]}\nb: {}\nc: {}")

    wait = only(stage)

    assert (wait.cause, wait.origin, wait.message) == ("command", named(stage, "a"), "look")
    assert wait.commands == (
        HeldCommand(named(stage, "a"), "b", "on-success"),
        HeldCommand(named(stage, "a"), "c", "on-success"),
    )


def test_a_pause_command_that_holds_nothing_back_cannot_be_told_from_a_request() -> None:
    by_command = tasks("a: {on-success: pause}\nb: {action: std.async_noop}")
    by_request = tasks("a: {on-error: pause}\nb: {action: std.async_noop}")
    by_request.send(PauseRequested(ROOT))

    first = [waits(stage)[0] for stage in (by_command, by_request)]

    assert all(isinstance(wait, PauseWait) for wait in first)
    assert [(wait.cause, wait.origin) for wait in first if isinstance(wait, PauseWait)] == [
        ("request-or-command", named(by_command, "a")),
        ("request", None),
    ]


def test_pause_before_names_the_task_it_holds() -> None:
    stage = tasks("a: {pause-before: true}")
    stage.clock.advance(60)

    wait = only(stage)

    assert (wait.cause, wait.origin) == ("pause-before", named(stage, "a"))
    assert wait.held == (HeldTask(named(stage, "a"), stage.task("a").state, "start"),)
    assert wait.since == stage.task("a").created_at


def test_a_paused_execution_still_waits_for_what_runs_on() -> None:
    stage = tasks(FORK + "    d: {wait-before: 5}\n    j: {join: all}")
    stage.complete("c", DONE)
    stage.send(PauseRequested(ROOT))

    assert kinds(explained(stage)) == ["pause -", "action-run a", "action-run b", "timer d", "join j"]


def test_items_that_a_pause_keeps_from_starting_are_held() -> None:
    stage = loop(3, 1)
    stage.send(PauseRequested(ROOT))
    stage.complete("each", DONE)

    wait = only(stage)

    assert wait.held == (HeldTask(named(stage, "each"), stage.task("each").state, "items"),)


def test_a_join_that_has_its_branches_is_held_by_the_pause_and_waits_for_nothing_else() -> None:
    stage = tasks("a: {action: std.async_noop, on-success: [x, j]}\nx: {}\nj: {join: one}", limits=ONE_STEP)
    (run,) = stage.open_runs()
    stage.send_once(ActionCompleted(run.id, 1, DONE))  # This turn only starts `x`; the join has its own turn
    stage.send(PauseRequested(ROOT))  # when the execution is paused.

    wait = only(stage)

    assert wait.held == (
        HeldTask(named(stage, "x"), stage.task("x").state, "transitions"),
        HeldTask(named(stage, "j"), stage.task("j").state, "join"),
    )


CALL = """
    call: {workflow: child}
    other: {action: std.async_noop}
"""
CHILD = "child: {tasks: {ask: {action: std.async_noop}}}"


def child_of(stage: Stage) -> str:
    return next(id for id, each in stage.state.executions.items() if each.workflow == "child")


@pytest.mark.parametrize("where", ["parent", "sub-workflow"])
def test_a_pause_that_began_elsewhere_in_the_tree_names_the_execution_where_it_began(where: str) -> None:
    stage = tasks(CALL, more=CHILD)
    child = child_of(stage)
    began, other, name = (ROOT, child, "w") if where == "parent" else (child, ROOT, "child")
    stage.send(PauseRequested(began, "look"))

    pauses = [explained(stage, id).waits[0] for id in (began, other)]

    assert [(wait.cause, wait.origin) for wait in pauses if isinstance(wait, PauseWait)] == [
        ("request", None),
        (where, Named(began, name)),
    ]


# Sub-workflows.


def test_a_sub_workflow_tells_what_it_waits_for_itself() -> None:
    stage = tasks(CALL, more=CHILD)
    child = child_of(stage)

    first, second = waits(stage)

    assert first == SubWorkflowWait(
        text=(
            "`call` waits since 2026-03-01 12:00:00 UTC for sub-workflow `child`, which is RUNNING: "
            f"GET /v2/executions/{child}/explain."
        ),
        since=stage.clock.now(),
        task=named(stage, "call"),
        executions=(
            OpenExecution(
                id=child,
                workflow="child",
                state=stage.state.executions[child].state,
                index=None,
                explanation=explained(stage, child),
            ),
        ),
        count=1,
    )
    assert kinds(explained(stage, child)) == ["action-run ask"]
    assert second.task == named(stage, "other")


def test_sub_workflows_far_down_are_named_and_not_looked_into() -> None:
    stage = tasks(
        "again: {workflow: '<% switch($.n < 20 => w, true => child) %>', input: {n: <% $.n + 1 %>}}",
        head="input: [{n: 0}]",
        more="child: {input: [n], tasks: {ask: {action: std.async_noop}}}",
    )

    depth, here = 0, explained(stage)
    while here is not None:
        (wait,) = here.waits
        assert isinstance(wait, SubWorkflowWait)
        depth, below = depth + 1, wait.executions[0]
        here = below.explanation  # type: ignore[assignment]

    assert depth == MOST_LEVELS


def test_many_sub_workflows_of_many_tasks_give_a_small_explanation_that_counts_what_it_leaves_out() -> None:
    names = [f"t{number}" for number in range(30)]
    loops = "\n".join(f"{name}: {{with-items: i in <% range(12) %>, workflow: child}}" for name in names)
    stage = tasks(loops, more=CHILD)

    found = explained(stage)

    listed = [wait for wait in found.waits if isinstance(wait, SubWorkflowWait)]
    assert (len(listed), found.tasks_left_out) == (30, 0)
    assert {(wait.count, len(wait.executions)) for wait in listed} == {(12, MOST_LISTED)}
    assert msgspec.json.encode(found).count(b'"kind"') <= MOST_TASKS


# Turns.


def test_what_has_its_turn_coming_goes_on_by_itself() -> None:
    stage = tasks_unfinished("\n".join(f"t{number}: {{}}" for number in range(12)), steps=2)
    first = [Named(task.id, task.name) for task in stage.tasks() if task.turn is not None]

    (wait,) = waits(stage)

    assert wait == TurnWait(
        text=(
            "`t0`, `t1`, `t2`, `t3`, `t4` and 7 more wait since 2026-03-01 12:00:00 UTC for nothing but "
            "their turn, which comes by itself."
        ),
        since=stage.clock.now(),
        tasks=tuple(first[:MOST_LISTED]),
        count=12,
    )


def tasks_unfinished(text: str, *, steps: int) -> Stage:
    """A workflow `w` whose first turn is over, and no other."""
    stage = Stage(f"version: '2.0'\nw:\n  tasks:\n{indent(text, '    ')}", limits=Limits(steps=steps))
    stage.send_once(stage.start_event("w"))
    return stage


# Ends.


def test_an_execution_that_succeeded_waits_for_nothing() -> None:
    stage = tasks("a: {}")

    assert only(stage) == NothingWait(
        text="The execution ended in SUCCESS at 2026-03-01 12:00:00 UTC.",
        since=stage.clock.now(),
        state=stage.root.state,
        reason=None,
    )


def test_an_execution_that_failed_tells_why_and_how_to_run_the_failed_task_again() -> None:
    stage = tasks("a: {action: std.async_noop}\nb: {}")
    stage.complete("a", FAILED)
    task = stage.task("a")

    assert only(stage) == NothingWait(
        text=(
            "The execution ended in ERROR at 2026-03-01 12:00:00 UTC because: "
            "Failure caused by error in tasks: a; "
            f'run again what failed (`a`): PUT /v2/tasks/{task.id} with state "RUNNING" and reset true, '
            'or with state "SKIPPED" to go on without it.'
        ),
        since=stage.clock.now(),
        state=stage.root.state,
        reason=stage.root.state_info,
        failed=(FailedTask(named(stage, "a"), "it failed", False),),
        failed_count=1,
    )


@pytest.mark.parametrize(("work", "more"), [("action: std.async_noop", ""), ("workflow: child", CHILD)])
def test_the_reason_of_a_failed_loop_is_that_of_the_first_item_that_failed(work: str, more: str) -> None:
    stage = tasks(f"a: {{with-items: 'i in [1, 2]', {work}}}", more=more)
    name = "a" if not more else "ask"
    stage.complete(name, DONE)
    stage.complete(name, FAILED)

    (failed,) = only(stage).failed

    expected = "it failed" if not more else stage.tasks("ask")[1].state_info
    assert failed.reason is not None and failed.reason.startswith("One or more actions had failed. Item 1: ")
    assert str(expected) in failed.reason


def test_following_the_advice_for_a_failed_execution_makes_it_run_again() -> None:
    stage = tasks("a: {action: std.async_noop}")
    stage.complete("a", FAILED)

    stage.send(TaskRerunRequested(only(stage).failed[0].task.id))

    assert kinds(explained(stage)) == ["action-run a"]


def test_what_cannot_be_run_again_says_why() -> None:
    stage = tasks("call: {workflow: child, on-error: noop}", more=CHILD)
    child = child_of(stage)
    stage.complete("ask", FAILED)

    (wait,) = explained(stage, child).waits

    assert isinstance(wait, NothingWait)
    assert (str(stage.root.state), wait.failed_count) == ("SUCCESS", 1)
    assert wait.refusal == (
        f"Can't change workflow execution state from SUCCESS to RUNNING. [workflow=w, execution_id={ROOT}]"
    )
    assert wait.text.endswith("its failed tasks cannot be run again: " + wait.refusal.rstrip(".") + ".")


def test_a_cancelled_execution_without_failed_tasks_says_that_nothing_can_be_run_again() -> None:
    stage = tasks("a: {action: std.async_noop}")
    stage.send(StopRequested(ROOT, "CANCELLED", "enough"))

    assert only(stage).text == (
        "The execution ended in CANCELLED at 2026-03-01 12:00:00 UTC because: enough; "
        "what is still done for 1 of its tasks is recorded and leads nowhere; "
        "no task failed that could be run again."
    )


def test_an_execution_that_does_not_exist_is_not_found() -> None:
    stage = tasks("a: {}")

    with pytest.raises(NotFound) as caught:
        explained(stage, "nobody")

    assert caught.value.code == "unknown-execution"


def test_an_execution_that_hangs_is_told_to_be_a_bug() -> None:
    stage = tasks("a: {wait-before: 5}")
    (timer,) = stage.state.timers
    stage.state.apply(Changes(timers={timer: None}))  # No event does that.

    wait = only(stage)

    assert isinstance(wait, NothingWait)
    assert wait.text.startswith(
        "The execution is RUNNING and nothing is known that would move it on (`a: DELAYED`)"
    )
