"""Running a failed task again, and going on without it. Section 3.5."""

import pytest

from maestrale.core import Limits, Result
from maestrale.core.events import (
    ActionCompleted,
    PauseRequested,
    ResumeRequested,
    StopRequested,
    TaskRerunRequested,
    TaskSkipRequested,
)
from maestrale.core.state import Items
from maestrale.errors import Conflict, Forbidden, InvalidInput, NotFound
from maestrale.testing.laws import check_waiting
from maestrale.testing.stage import ROOT, Stage, rows_of

from .staging import CANCELLED, DONE, FAILED, executions, ran, tasks

NESTED = """
inner:
  tasks:
    deep: {workflow: innermost, on-success: after_deep}
    after_deep: {}
innermost:
  tasks:
    t: {action: std.async_noop, on-success: after_t}
    after_t: {}
"""
LOOP = "each: {with-items: 'i in [0, 1, 2]', action: std.async_noop, publish: {all: <% task().result %>}}"
ITEMS = """
item:
  input: [i]
  tasks: {t: {action: std.async_noop}}
"""


def rerun(stage: Stage, name: str, *, reset: bool = True, **env: object) -> None:
    """Run the latest failed task of that name again."""
    failed = [task for task in stage.tasks(name) if task.state == "ERROR"]
    stage.send(TaskRerunRequested(failed[-1].id, reset, env))
    check(stage)


def skip(stage: Stage, name: str) -> None:
    stage.send(TaskSkipRequested(stage.tasks(name)[-1].id))
    check(stage)


def check(stage: Stage) -> None:
    """Nothing hangs, and the history gives the rows."""
    check_waiting(stage.world, stage.state)
    assert rows_of(stage.replayed()) == stage.rows()


# Reruns.


def test_a_task_that_is_run_again_and_succeeds_leads_on() -> None:
    stage = tasks("a: {action: std.async_noop, on-success: b}\nb: {}")
    stage.complete("a", FAILED)
    failed = stage.task("a")

    rerun(stage, "a")
    assert (str(stage.root.state), stage.root.state_info, stage.root.finished_at) == ("RUNNING", None, None)
    stage.complete("a", DONE)

    assert ran(stage) == [("a", "SUCCESS"), ("b", "SUCCESS")]
    assert (stage.task("a").id, str(stage.root.state)) == (failed.id, "SUCCESS")
    assert [run.accepted for run in stage.runs("a")] == [False, True]


def test_a_task_that_fails_again_takes_its_way_for_errors_again() -> None:
    stage = tasks("a: {action: std.async_noop, on-error: b}\nb: {action: std.fail}")
    stage.complete("a", FAILED)

    rerun(stage, "a")
    stage.complete("a", FAILED)

    assert ran(stage) == [("a", "ERROR"), ("b", "ERROR"), ("b", "ERROR")]
    assert (stage.root.unhandled, str(stage.root.state)) == (2, "ERROR")


def test_of_several_failed_tasks_each_is_run_again_by_itself() -> None:
    stage = tasks("a: {action: std.async_noop}\nb: {action: std.async_noop}")
    stage.complete("a", FAILED)
    stage.complete("b", FAILED)

    seen = []
    for name in ("a", "b"):
        rerun(stage, name)
        stage.complete(name, DONE)
        seen.append(str(stage.root.state))

    assert seen == ["ERROR", "SUCCESS"]


def test_a_failed_task_may_be_run_again_while_others_are_under_way() -> None:
    stage = tasks("a: {action: std.async_noop}\nb: {action: std.async_noop}")
    stage.complete("a", FAILED)

    rerun(stage, "a")
    stage.complete("a", DONE)
    stage.complete("b", DONE)

    assert str(stage.root.state) == "SUCCESS"


def test_the_retries_are_counted_from_the_beginning() -> None:
    stage = tasks("a: {action: std.async_noop, retry: {count: 2, delay: 1}}")
    for _ in range(3):
        stage.complete("a", FAILED)
        stage.pass_time(1)
    assert str(stage.root.state) == "ERROR"

    rerun(stage, "a")
    for _ in range(2):
        stage.complete("a", FAILED)
        stage.pass_time(1)
    assert stage.task("a").attempt == 2
    stage.complete("a", FAILED)

    assert (str(stage.root.state), len(stage.runs("a"))) == ("ERROR", 6)


def test_the_policies_before_the_task_apply_again() -> None:
    stage = tasks("a: {action: std.async_noop, wait-before: 5, timeout: 20}")
    stage.pass_time(5)
    stage.complete("a", FAILED)

    rerun(stage, "a")
    assert (stage.states()["a"], stage.open_runs("a")) == ("DELAYED", [])
    stage.pass_time(20)

    assert stage.task("a").state_info == "Task timed out [timeout(s)=20]."


def test_a_task_that_is_held_before_it_starts_is_held_again() -> None:
    stage = tasks("a: {action: std.async_noop, pause-before: true}")
    stage.send(ResumeRequested(ROOT))
    stage.complete("a", FAILED)

    rerun(stage, "a")
    assert (stage.states()["a"], str(stage.root.state)) == ("IDLE", "PAUSED")
    stage.send(ResumeRequested(ROOT))

    assert len(stage.open_runs("a")) == 1


def test_what_a_failure_published_is_gone_when_the_task_succeeds() -> None:
    stage = tasks(
        """
        a: {action: std.async_noop, publish-on-error: {x: 1}, on-error: noise, on-success: b}
        noise: {action: std.fail, on-error: more}
        more: {action: std.fail}
        b: {publish: {seen: <% $.get(x) %>}}
        """
    )
    stage.complete("a", FAILED)

    rerun(stage, "a")
    stage.complete("a", DONE)

    assert stage.task("b").published == {"seen": None}


def test_tasks_behind_an_earlier_failure_see_the_same_after_loading() -> None:
    """Contexts are remembered, and what they descend from has changed."""
    stage = tasks(
        """
        a: {action: std.async_noop, publish-on-error: {x: 1}, publish: {x: 2}, on-error: b}
        b: {action: std.fail, on-error: c}
        c: {action: std.async_noop, on-success: d, publish: {c: <% $.x %>}}
        d: {publish: {d: <% $.x %>}}
        """
    )
    stage.complete("a", FAILED)

    rerun(stage, "a")
    stage.complete("a", DONE)
    stage.complete("c", DONE)

    check(stage)
    assert (stage.task("c").published, stage.task("d").published) == ({"c": 2}, {"d": 2})


def test_an_environment_is_merged_where_the_execution_is_in_error() -> None:
    stage = tasks("a: {action: std.async_noop, publish: {env: <% env() %>}}")
    stage.complete("a", FAILED)

    rerun(stage, "a", box={"x": 1})
    stage.complete("a", FAILED)
    rerun(stage, "a")
    stage.send(StopRequested(ROOT, "CANCELLED"))
    stage.complete("a", FAILED)
    with pytest.raises(Forbidden) as refused:
        rerun(stage, "a", box={"y": 2})

    assert refused.value.code == "env-in-use"
    assert stage.root.params["env"] == {"box": {"x": 1}}


def test_the_environment_of_a_sub_workflow_is_that_of_the_root() -> None:
    stage = tasks("call: {workflow: inner}", more="inner: {tasks: {t: {action: std.async_noop}}}")
    stage.complete("t", FAILED)

    rerun(stage, "t", region="south")

    assert stage.root.params["env"] == {"region": "south"}


# What is refused.


def test_only_a_task_that_failed_is_run_again_or_skipped() -> None:
    stage = tasks("a: {action: std.async_noop}")
    before = stage.rows()

    for event in (TaskRerunRequested(stage.task("a").id), TaskSkipRequested(stage.task("a").id)):
        with pytest.raises(Conflict) as refused:
            stage.send(event)
        assert refused.value.code == "task-not-failed"
    with pytest.raises(NotFound):
        stage.send(TaskRerunRequested("no such task"))

    assert stage.rows() == before


def test_only_a_loop_keeps_items() -> None:
    stage = tasks("a: {action: std.fail}")

    with pytest.raises(InvalidInput) as refused:
        rerun(stage, "a", reset=False)

    assert refused.value.code == "rerun-reset"


@pytest.mark.parametrize("request_", [TaskRerunRequested, TaskSkipRequested])
def test_an_execution_that_succeeded_all_the_same_stays_as_it_is(request_: type) -> None:
    stage = tasks(
        "call: {workflow: inner, on-error: noop}", more="inner: {tasks: {t: {action: std.async_noop}}}"
    )
    stage.complete("t", FAILED)
    before = stage.rows()

    with pytest.raises(Conflict) as refused:
        stage.send(request_(stage.task("t").id))

    assert (refused.value.code, stage.rows()) == ("state-change", before)


@pytest.mark.parametrize("request_", [TaskRerunRequested, TaskSkipRequested])
def test_nothing_happens_where_an_execution_is_paused(request_: type) -> None:
    """Also where it is one that waits for the task's own, which has ended."""
    stage = tasks(
        "call: {workflow: inner, on-error: after}\nafter: {}\nother: {action: std.async_noop}",
        more="inner: {tasks: {t: {action: std.async_noop}, u: {action: std.async_noop}}}",
    )
    stage.complete("t", FAILED)
    stage.send(PauseRequested(ROOT))
    before = stage.rows()
    stage.send(request_(stage.task("t").id))
    assert stage.rows() == before

    stage.send(ResumeRequested(ROOT))
    stage.complete("u", DONE)
    stage.send(StopRequested(ROOT, "ERROR"))
    assert executions(stage) == [("w", "ERROR"), ("inner", "ERROR")]


# Sub-workflows.


def test_a_rerun_deep_inside_opens_all_that_wait_and_a_success_goes_on_in_all_of_them() -> None:
    stage = tasks("call: {workflow: inner, on-success: last}\nlast: {}", more=NESTED)
    stage.complete("t", FAILED)
    assert executions(stage) == [("w", "ERROR"), ("inner", "ERROR"), ("innermost", "ERROR")]

    rerun(stage, "t")
    assert executions(stage) == [("w", "RUNNING"), ("inner", "RUNNING"), ("innermost", "RUNNING")]
    assert (stage.states()["call"], stage.states()["deep"]) == ("RUNNING", "RUNNING")
    stage.complete("t", DONE)

    assert executions(stage) == [("w", "SUCCESS"), ("inner", "SUCCESS"), ("innermost", "SUCCESS")]
    assert [name for name, _ in ran(stage)] == ["call", "deep", "t", "after_t", "after_deep", "last"]
    check(stage)


def test_a_task_that_waits_again_is_not_repeated_more_often_than_its_retry_says() -> None:
    stage = tasks(
        "call: {workflow: inner, retry: {count: 1, delay: 0}}",
        more="inner: {tasks: {t: {action: std.async_noop}}}",
    )
    stage.complete("t", FAILED)
    stage.complete("t", FAILED)

    rerun(stage, "t")
    stage.complete("t", FAILED)

    assert executions(stage) == [("w", "ERROR"), ("inner", "ERROR"), ("inner", "ERROR")]


def test_a_wait_after_the_failure_is_over_when_the_sub_workflow_runs_again() -> None:
    stage = tasks(
        "call: {workflow: inner, wait-after: 10}", more="inner: {tasks: {t: {action: std.async_noop}}}"
    )
    stage.complete("t", FAILED)
    assert stage.states()["call"] == "DELAYED"

    rerun(stage, "t")
    assert (stage.states()["call"], stage.state.timers) == ("RUNNING", {})
    stage.complete("t", DONE)
    stage.pass_time(10)

    assert str(stage.root.state) == "SUCCESS"


def test_the_task_of_a_sub_workflow_starts_a_new_one() -> None:
    stage = tasks("call: {workflow: inner}", more="inner: {tasks: {t: {action: std.async_noop}}}")
    stage.complete("t", FAILED)

    rerun(stage, "call")
    stage.complete("t", DONE)

    assert executions(stage) == [("w", "SUCCESS"), ("inner", "ERROR"), ("inner", "SUCCESS")]


# Loops.


def test_with_reset_all_items_run_again() -> None:
    stage = tasks(LOOP)
    for result in (Result(value="a"), FAILED, FAILED):
        stage.complete("each", result)

    rerun(stage, "each")
    for value in "xyz":
        stage.complete("each", Result(value=value))

    assert stage.task("each").published == {"all": ["x", "y", "z"]}
    assert len(stage.runs("each")) == 6


def test_without_reset_only_the_items_that_failed_run_again() -> None:
    stage = tasks(LOOP)
    for result in (FAILED, Result(value="b"), FAILED):
        stage.complete("each", result)

    rerun(stage, "each", reset=False)
    assert [run.index for run in stage.open_runs("each")] == [0, 2]
    stage.complete("each", Result(value="a"), index=0)
    stage.complete("each", FAILED, index=2)
    assert (stage.task("each").items, len(stage.runs("each"))) == (Items(3, 0, 3, 2, 1), 5)
    rerun(stage, "each", reset=False)
    stage.complete("each", Result(value="c"))

    assert stage.task("each").published == {"all": ["a", "b", "c"]}
    assert (len(stage.runs("each")), str(stage.root.state)) == (6, "SUCCESS")


def test_items_run_again_within_the_bound_on_how_many_run() -> None:
    stage = tasks(LOOP.replace("{with", "{concurrency: 1, with"))
    for _ in range(3):
        stage.complete("each", FAILED)

    rerun(stage, "each", reset=False)

    seen = []
    for _ in range(3):
        seen.append([run.index for run in stage.open_runs("each")])
        stage.complete("each", DONE)
    assert (seen, str(stage.root.state)) == ([[0], [1], [2]], "SUCCESS")


def test_items_that_a_timeout_gave_up_and_those_never_started_run_too() -> None:
    stage = tasks(LOOP.replace("{with", "{concurrency: 1, timeout: 5, with"))
    stage.complete("each", DONE)
    stage.pass_time(5)
    assert stage.states()["each"] == "ERROR"

    rerun(stage, "each", reset=False)
    seen = []
    for _ in range(2):
        (run,) = [run for run in stage.open_runs("each") if not run.abandoned]
        seen.append(run.index)
        stage.send(ActionCompleted(run.id, run.attempt, DONE))

    assert (seen, stage.states()["each"]) == ([1, 2], "SUCCESS")
    assert str(stage.root.state) == "SUCCESS"


def test_an_item_that_ended_after_its_loop_had_failed_is_not_run_again() -> None:
    """An item whose result cannot be kept fails the loop at once; the others are still under way."""
    stage = tasks(LOOP)
    stage.complete("each", Result(refusal="too large"), index=0)
    stage.complete("each", Result(value="b"), index=1)

    rerun(stage, "each", reset=False)
    assert [run.index for run in stage.open_runs("each")] == [2, 0]
    stage.complete("each", Result(value="c"), index=2)
    stage.complete("each", Result(value="a"), index=0)

    assert stage.task("each").published == {"all": ["a", "b", "c"]}


def test_with_reset_an_item_still_under_way_counts_no_more() -> None:
    stage = tasks(LOOP)
    stage.complete("each", Result(refusal="too large"), index=0)

    rerun(stage, "each")
    for value in "vwxyz":  # The two old ones come first.
        stage.complete("each", Result(value=value))

    assert stage.task("each").published == {"all": ["x", "y", "z"]}


def test_a_loop_whose_items_all_succeeded_and_that_failed_all_the_same_ends_again() -> None:
    stage = tasks("each: {with-items: 'i in [0, 1]', action: std.echo output=1, fail-on: <% true %>}")

    rerun(stage, "each", reset=False)

    assert (stage.states()["each"], len(stage.runs("each"))) == ("ERROR", 2)


def test_the_sub_workflows_of_a_loop_are_started_again_where_they_failed() -> None:
    stage = tasks("each: {with-items: 'i in [0, 1]', workflow: item i=<% $.i %>}", more=ITEMS)
    stage.complete("t", FAILED)
    stage.complete("t", DONE)

    rerun(stage, "each", reset=False)
    stage.complete("t", DONE)

    assert [(e.index, str(e.state), e.accepted) for e in stage.state.executions.values() if e.id != ROOT] == [
        (0, "ERROR", False),
        (1, "SUCCESS", True),
        (0, "SUCCESS", True),
    ]
    assert str(stage.root.state) == "SUCCESS"


def test_a_rerun_inside_one_item_opens_the_loop_for_that_item_alone() -> None:
    stage = tasks("each: {with-items: 'i in [0, 1]', workflow: item i=<% $.i %>}", more=ITEMS)
    stage.complete("t", FAILED)
    stage.complete("t", FAILED)

    for expected in ("ERROR", "SUCCESS"):
        rerun(stage, "t")
        stage.complete("t", DONE)
        assert str(stage.root.state) == expected

    assert stage.task("each").items == Items(2, 0, 2, 2)


def test_a_loop_that_a_cancelled_item_ended_counts_what_ended_since() -> None:
    stage = tasks("each: {with-items: 'i in [0, 1, 2]', workflow: item i=<% $.i %>}", more=ITEMS)
    children = [execution.id for execution in stage.state.executions.values() if execution.id != ROOT]
    stage.send(StopRequested(children[0], "CANCELLED"))
    assert stage.states()["each"] == "CANCELLED"
    stage.complete("t", FAILED, index=None)
    stage.complete("t", DONE)
    stage.complete("t", FAILED)

    rerun(stage, "t")
    stage.complete("t", DONE)

    assert stage.task("each").items == Items(3, 0, 3, 1, 0, 1)
    assert (stage.states()["each"], str(stage.root.state)) == ("CANCELLED", "CANCELLED")
    check(stage)


# What was left behind.


def test_what_was_left_behind_when_the_execution_ended_goes_on() -> None:
    stage = tasks(
        """
        a: {action: std.async_noop, on-error: fail, on-success: noop}
        late: {action: std.async_noop, on-success: behind}
        behind: {}
        waits: {wait-before: 60}
        waits_after: {wait-after: 60}
        loop: {with-items: 'i in [0, 1]', concurrency: 1, action: std.async_noop}
        """
    )
    stage.complete("a", FAILED)
    assert str(stage.root.state) == "ERROR"
    stage.complete("late", DONE)
    stage.complete("loop", DONE)
    assert "behind" not in stage.states()

    rerun(stage, "a")
    assert {name: stage.states()[name] for name in ("behind", "waits", "waits_after", "loop")} == {
        "behind": "SUCCESS",
        "waits": "SUCCESS",
        "waits_after": "SUCCESS",
        "loop": "RUNNING",
    }
    stage.complete("loop", DONE)
    stage.complete("a", DONE)

    assert str(stage.root.state) == "SUCCESS"


def test_a_rerun_gives_the_same_in_the_smallest_turns() -> None:
    stage = tasks(LOOP, limits=Limits(steps=1))
    for _ in range(3):
        stage.complete("each", FAILED)

    rerun(stage, "each", reset=False)
    for _ in range(3):
        stage.complete("each", DONE)

    assert stage.task("each").published == {"all": ["done"] * 3}


# Joins.

JOIN = """
    a: {action: std.async_noop, publish: {a: 1}, publish-on-skip: {a: skipped}, on-success: j}
    b: {action: std.async_noop, publish: {b: 2}, publish-on-skip: {b: skipped}, on-success: j}
    j: {join: all, action: std.async_noop, publish: {seen: '<% [$.a, $.b] %>'}, on-success: after}
    after: {}
"""


@pytest.mark.parametrize(("revive", "b"), [(rerun, 2), (skip, "skipped")])
def test_a_join_that_failed_for_want_of_a_branch_runs_once_that_comes(revive: object, b: object) -> None:
    """The variables of a skipped branch are there, too (Appendix D, 18)."""
    stage = tasks(JOIN)
    stage.complete("a", DONE)
    stage.complete("b", FAILED)
    assert (stage.states()["j"], str(stage.root.state)) == ("ERROR", "ERROR")

    assert callable(revive)
    revive(stage, "b")
    if revive is rerun:
        assert stage.states()["j"] == "ERROR"
        stage.complete("b", DONE)
    assert (stage.states()["j"], stage.task("j").finished_at) == ("RUNNING", None)
    stage.complete("j", DONE)

    assert (stage.task("j").published, stage.states()["after"]) == ({"seen": [1, b]}, "SUCCESS")
    assert str(stage.root.state) == "SUCCESS"
    check(stage)


def test_a_join_that_wants_two_branches_is_revived_by_the_second() -> None:
    stage = tasks(JOIN + "    c: {action: std.async_noop, on-success: j}")
    stage.complete("a", DONE)
    for name in "bc":
        stage.complete(name, FAILED)

    skip(stage, "b")
    assert (stage.states()["j"], str(stage.root.state)) == ("ERROR", "ERROR")
    skip(stage, "c")

    assert stage.states()["j"] == "RUNNING"


def test_a_join_behind_the_task_that_a_skip_leads_to_is_revived() -> None:
    stage = tasks("""
        a: {on-success: j}
        b: {action: std.async_noop, on-success: between}
        between: {on-success: j}
        j: {join: all}
    """)
    stage.complete("b", FAILED)
    assert stage.states() == {"a": "SUCCESS", "b": "ERROR", "j": "ERROR"}

    skip(stage, "b")

    assert stage.states() == {"a": "SUCCESS", "b": "SKIPPED", "between": "SUCCESS", "j": "SUCCESS"}


def test_a_join_that_ran_and_failed_is_run_again_by_itself() -> None:
    stage = tasks(JOIN)
    for name in "ab":
        stage.complete(name, DONE)
    stage.complete("j", FAILED)

    rerun(stage, "j")
    stage.complete("j", DONE)

    assert (stage.task("j").published, str(stage.root.state)) == ({"seen": [1, 2]}, "SUCCESS")


def test_a_join_that_cannot_run_fails_again() -> None:
    stage = tasks(JOIN)
    stage.complete("a", DONE)
    stage.complete("b", FAILED)

    rerun(stage, "j")

    assert stage.task("j").state_info == "Failed by tasks: ['b']"
    assert str(stage.root.state) == "ERROR"


# Skips.

SKIPPED = """
    a:
      action: std.async_noop
      publish: {of: success}
      publish-on-error: {of: error, error: 1}
      publish-on-skip: {of: skip}
      on-success: {publish: {branch: {more: 1}}, next: [success]}
      on-error: [{error: <% false %>}]
      on-complete: [complete]
      on-skip: [%s]
    success: {publish: {seen: <% $ %>}}
    error: {}
    complete: {}
    skip: {publish: {seen: <% $ %>}}
"""


@pytest.mark.parametrize(("on_skip", "way"), [("skip", "skip"), ("{skip: <% false %>}", "success")])
def test_a_skipped_task_takes_on_skip_and_else_on_success(on_skip: str, way: str) -> None:
    stage = tasks(SKIPPED.replace("%s", on_skip))
    stage.complete("a", FAILED)
    assert stage.states() == {"a": "ERROR", "complete": "SUCCESS"}

    skip(stage, "a")

    task = stage.task("a")
    assert (str(task.state), task.state_info) == ("SKIPPED", "Task was skipped.")
    assert task.published == {"of": "skip"}
    assert ran(stage)[2:] == [(way, "SUCCESS")]
    assert stage.tasks(way)[0].triggered_by[0].event == f"on-{way}"
    assert str(stage.root.state) == "SUCCESS"


def test_no_policy_after_a_skipped_task_applies() -> None:
    stage = tasks("a: {action: std.fail, wait-after: 5, retry: {count: 1, delay: 0}, fail-on: <% true %>}")
    stage.pass_time(10)
    runs = len(stage.runs())

    skip(stage, "a")

    assert (str(stage.root.state), len(stage.runs())) == ("SUCCESS", runs)


def test_a_skip_deep_inside_opens_all_that_wait() -> None:
    stage = tasks("call: {workflow: inner, on-success: last}\nlast: {}", more=NESTED)
    stage.complete("t", FAILED)

    skip(stage, "t")

    assert (stage.states()["t"], stage.states()["last"], str(stage.root.state)) == (
        "SKIPPED",
        "SUCCESS",
        "SUCCESS",
    )


def test_what_cannot_be_published_on_a_skip_fails_the_task_and_its_execution() -> None:
    stage = tasks("a: {action: std.fail, publish-on-skip: {x: <% $.nothing.at.all + 1 %>}}")

    skip(stage, "a")

    assert (stage.states()["a"], str(stage.root.state)) == ("ERROR", "ERROR")
    assert "Failed to handle action completion" in (stage.root.state_info or "")


def test_a_skipped_task_cannot_be_run_again() -> None:
    stage = tasks("a: {action: std.fail}\nb: {action: std.fail}")
    skip(stage, "a")

    with pytest.raises(Conflict):
        stage.send(TaskRerunRequested(stage.task("a").id))


def test_a_cancelled_task_is_not_run_again() -> None:
    stage = tasks("a: {action: std.async_noop}")
    stage.complete("a", CANCELLED)

    with pytest.raises(Conflict) as refused:
        stage.send(TaskRerunRequested(stage.task("a").id))

    assert refused.value.code == "task-not-failed"
