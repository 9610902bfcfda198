"""Joins: one task where several branches meet. Section 2.7."""

import pytest

from maestrale.core import Execution, Task, rounds
from maestrale.core.events import ResumeRequested, TaskRerunRequested, TaskSkipRequested
from maestrale.core.standstill import find_standstill
from maestrale.core.state import Trigger
from maestrale.core.turn import Turn
from maestrale.testing.stage import ROOT, Stage, rows_of

from .staging import DONE, FAILED, ran, tasks

FORK = """
    a: {action: std.async_noop, on-success: j}
    b: {action: std.async_noop, on-success: j}
    c: {action: std.async_noop, on-success: j}
"""


def test_a_join_of_all_runs_once_the_last_branch_has_come() -> None:
    stage = tasks(FORK + "    j: {join: all}")

    before = []
    for name in ("b", "a", "c"):
        before.append(stage.states().get("j"))
        stage.complete(name, DONE)

    assert before == [None, "WAITING", "WAITING"]
    assert (stage.states()["j"], str(stage.root.state)) == ("SUCCESS", "SUCCESS")
    assert [t.event for t in stage.task("j").triggered_by] == ["on-success"] * 3


def test_a_join_that_failed_and_leads_to_itself_does_not_begin_again_by_itself() -> None:
    stage = tasks("""
    a: {action: std.noop, on-success: j}
    j: {join: all, on-complete: j}
""")

    assert (stage.states()["j"], str(stage.root.state)) == ("ERROR", "ERROR")


@pytest.mark.parametrize(("join", "runs_after"), [("one", 1), (1, 1), (2, 2), (3, 3)])
def test_a_join_runs_when_enough_branches_have_come(join: str | int, runs_after: int) -> None:
    stage = tasks(FORK + f"    j: {{join: {join}}}")

    seen = []
    for name in ("a", "b", "c"):
        stage.complete(name, DONE)
        seen.append(stage.states()["j"])

    assert seen == ["WAITING"] * (runs_after - 1) + ["SUCCESS"] * (4 - runs_after)


def test_a_branch_that_comes_too_late_is_noted_and_ignored() -> None:
    stage = tasks(FORK + "    j: {join: one, on-success: after}\n    after: {}")

    for name in ("a", "b", "c"):
        stage.complete(name, DONE)

    assert ran(stage)[3:] == [("j", "SUCCESS"), ("after", "SUCCESS")]
    assert stage.task("j").triggered_by == (Trigger(stage.task("a").id, "on-success"),)
    assert stage.task("j").late == tuple(Trigger(stage.task(name).id, "on-success") for name in "bc")


def test_a_join_of_all_fails_as_soon_as_one_branch_goes_another_way() -> None:
    stage = tasks(FORK + "    j: {join: all, on-error: after}\n    after: {}")

    stage.complete("a", DONE)
    stage.complete("b", FAILED)

    join = stage.task("j")
    assert (str(join.state), join.state_info) == ("ERROR", "Failed by tasks: ['b']")
    assert join.triggered_by == (Trigger(stage.task("b").id, "not triggered"),)
    assert stage.states()["after"] == "SUCCESS"


def test_a_join_of_some_fails_when_too_few_branches_are_left() -> None:
    stage = tasks(FORK + "    j: {join: 2}")

    stage.complete("a", DONE)
    stage.complete("b", FAILED)
    assert stage.states()["j"] == "WAITING"
    stage.complete("c", FAILED)

    assert (str(stage.task("j").state), stage.task("j").triggered_by) == ("ERROR", ())


def test_a_join_that_nobody_leads_to_is_never_made() -> None:
    stage = tasks(FORK + "    j: {join: one}")

    for name in ("a", "b", "c"):
        stage.complete(name, FAILED)

    assert ran(stage) == [(name, "ERROR") for name in "abc"]
    assert stage.root.state == "ERROR"


def test_a_join_fails_when_the_way_to_a_task_before_it_was_not_taken() -> None:
    stage = tasks("""
        a: {on-success: j}
        b: {action: std.async_noop, on-success: far, on-error: noop}
        far: {on-success: farther}
        farther: {on-success: j}
        j: {join: all, on-error: noop}
    """)
    assert stage.states()["j"] == "WAITING"

    stage.complete("b", FAILED)

    assert stage.states() == {"a": "SUCCESS", "b": "ERROR", "j": "ERROR"}
    assert stage.task("j").state_info == "Failed by tasks: ['farther']"
    assert stage.root.state == "SUCCESS"


def test_a_join_behind_a_join_that_never_comes_to_be_fails() -> None:
    stage = tasks("""
        a: {on-success: last}
        b: {action: std.async_noop, on-success: [{first: <% false %>}]}
        first: {join: all, on-success: between}
        between: {on-success: last}
        last: {join: all}
    """)

    stage.complete("b", DONE)

    assert stage.states() == {"a": "SUCCESS", "b": "SUCCESS", "last": "ERROR"}
    assert stage.root.state == "ERROR"


def test_both_clauses_of_a_task_may_lead_to_the_same_join() -> None:
    for result in (DONE, FAILED):
        stage = tasks("""
            a: {action: std.async_noop, on-success: j, on-error: j}
            b: {on-success: j}
            j: {join: all}
        """)
        stage.complete("a", result)
        assert stage.states()["j"] == "SUCCESS"


def test_two_clauses_of_a_task_that_both_fire_are_one_arrival() -> None:
    stage = tasks("""
        a: {on-success: j, on-complete: j}
        b: {action: std.async_noop, on-success: j}
        j: {join: 2}
    """)
    assert stage.states()["j"] == "WAITING"

    stage.complete("b", DONE)

    assert ran(stage)[2:] == [("j", "SUCCESS")]


def test_two_clauses_are_one_arrival_even_with_a_pause_between_them() -> None:
    stage = tasks("""
        a: {on-success: j, on-complete: [pause, j]}
        j: {join: one}
    """)
    assert ran(stage) == [("a", "SUCCESS"), ("j", "SUCCESS")]

    stage.send(ResumeRequested(ROOT))

    assert ran(stage) == [("a", "SUCCESS"), ("j", "SUCCESS")]


def test_a_command_that_waits_behind_a_pause_has_not_come_yet() -> None:
    stage = tasks("""
        c: {on-success: j}
        a: {on-success: [before, pause, j]}
        before: {}
        j: {join: one}
    """)

    stage.send(ResumeRequested(ROOT))

    assert ran(stage).count(("j", "SUCCESS")) == 1
    assert [t.task_id for t in stage.task("j").triggered_by] == [stage.task("c").id]


# Cycles.

CYCLE = """
    start: {on-success: [left, right]}
    left:
      publish: {n: <% $.n + 1 %>}
      on-success: j
    right: {on-success: j}
    j:
      join: all
      on-success: [{left: <% $.n < 3 %>}, {right: <% $.n < 3 %>}]
"""


def test_a_cycle_brings_a_join_a_new_round_with_a_task_of_its_own() -> None:
    stage = tasks(CYCLE, head="vars: {n: 0}")

    assert stage.root.state == "SUCCESS"
    assert [str(task.state) for task in stage.tasks("j")] == ["SUCCESS"] * 3
    assert [len(task.triggered_by) for task in stage.tasks("j")] == [2, 2, 2]


def test_a_join_that_all_must_reach_but_that_leads_to_one_of_them_fails() -> None:
    stage = tasks("""
        a: {on-success: j}
        j: {join: all, on-success: b}
        b: {on-success: j}
    """)

    assert ran(stage) == [("a", "SUCCESS"), ("j", "ERROR")]
    assert stage.task("j").state_info == "Failed by tasks: ['b']"


@pytest.mark.parametrize("order", ["ax", "xa"])
def test_joins_that_wait_for_each_other_fail(order: str) -> None:
    stage = tasks("""
        a: {action: std.async_noop, on-success: j1}
        x: {action: std.async_noop, on-success: j2}
        j1: {join: all, on-success: j2}
        j2: {join: all, on-success: j1}
    """)

    for name in order:
        stage.complete(name, DONE)

    assert {name: stage.states()[name] for name in ("j1", "j2")} == {"j1": "ERROR", "j2": "ERROR"}
    assert stage.root.state == "ERROR"


def test_a_join_that_leads_to_itself_fails_once_nothing_else_can_come() -> None:
    stage = tasks("""
        a: {action: std.async_noop, on-success: j}
        j: {join: all, on-error: noop, on-success: [{j: <% true %>}]}
    """)

    stage.complete("a", DONE)

    assert ran(stage) == [("a", "SUCCESS"), ("j", "ERROR")]
    assert stage.root.state == "SUCCESS"


def test_what_a_failed_join_led_to_comes_round_again_as_a_new_round() -> None:
    stage = tasks(
        """
        a: {on-success: [j, b]}
        b:
          action: std.fail
          on-error:
            publish: {global: {n: <% $.n + 1 %>}}
            next: [{j: <% $.n > 1 %>}]
        j: {join: all, on-error: again, on-success: end}
        again: {on-success: b}
        end: {}
        """,
        head="vars: {n: 0}",
    )

    assert [str(task.state) for task in stage.tasks("j")] == ["ERROR", "SUCCESS"]
    assert (stage.states()["end"], str(stage.root.state)) == ("SUCCESS", "ERROR")


# Inbound tasks that run more than once.

TWICE = """
    a: {on-success: x}
    b: {action: std.async_noop, on-success: x}
    x: {on-success: j}
    z: {action: std.async_noop, on-success: j}
    j: {join: all}
"""


def test_an_inbound_task_that_comes_twice_counts_once() -> None:
    stage = tasks(TWICE)

    stage.complete("b", DONE)

    assert (stage.states()["j"], stage.task("j").arrived) == ("WAITING", 1)
    assert list(find_standstill(stage.world, stage.state)) == []

    stage.complete("z", DONE)

    assert (stage.states()["j"], stage.task("j").arrived) == ("SUCCESS", 2)


def test_a_second_round_counts_who_came_to_the_first_that_failed() -> None:
    stage = tasks("""
        x: {on-success: j}
        z: {action: std.async_noop, on-success: j}
        a: {on-success: y}
        b: {action: std.async_noop, on-success: y}
        y: {action: std.async_noop, on-success: j, on-error: noop}
        j: {join: all, on-error: noop}
    """)
    stage.complete("y", FAILED)
    stage.complete("b", DONE)
    stage.complete("y", DONE)
    assert [(str(task.state), task.arrived) for task in stage.tasks("j")] == [("ERROR", 1), ("WAITING", 2)]

    stage.complete("z", DONE)

    assert [str(task.state) for task in stage.tasks("j")] == ["ERROR", "SUCCESS"]
    assert stage.root.state == "SUCCESS"


def test_a_branch_that_has_come_counts_while_the_same_task_runs_once_more() -> None:
    stage = tasks("""
        a: {on-success: x}
        b: {action: std.async_noop, on-success: [x, j]}
        x: {action: std.async_noop, on-success: j}
        j: {join: all}
    """)
    stage.complete("x", DONE)

    stage.complete("b", DONE)

    first, second = stage.tasks("x")
    assert (str(second.state), stage.states()["j"]) == ("RUNNING", "SUCCESS")
    assert stage.task("j").triggered_by[1] == Trigger(first.id, "on-success")


def test_a_round_that_counted_on_a_branch_looks_again_when_that_leads_no_further() -> None:
    stage = tasks(
        """
        a: {on-success: x}
        b: {action: std.async_noop, on-success: y, on-error: y}
        x: {on-complete: j}
        y: {join: one, on-complete: j}
        j: {join: all, action: std.async_noop, publish: {n: <% $.n + 1 %>}, on-complete: [{x: <% $.n < 2 %>}]}
    """,
        head="vars: {n: 0}",
    )
    stage.complete("b", FAILED)
    stage.send(TaskRerunRequested(stage.task("b").id))
    stage.complete("j", DONE)
    assert [str(task.state) for task in stage.tasks("j")] == ["SUCCESS", "WAITING"]

    stage.complete("b", DONE)

    assert [str(task.state) for task in stage.tasks("j")] == ["SUCCESS", "RUNNING"]


def test_what_a_cycle_brings_to_a_join_that_failed_does_not_revive_it() -> None:
    stage = tasks("""
        a: {on-complete: j, on-skip: k}
        k: {join: all, on-error: j}
        j: {join: all, on-complete: k}
    """)

    assert ran(stage) == [("a", "SUCCESS"), ("j", "ERROR"), ("k", "ERROR")]
    assert [stage.tasks("k")[0].id] == [trigger.task_id for trigger in stage.task("j").late]


def test_joins_that_lack_each_other_fail_while_other_branches_are_under_way() -> None:
    stage = tasks("""
        a: {on-success: j, on-complete: k}
        b: {action: std.async_noop, on-complete: j}
        k: {join: all, on-error: j}
        j: {join: 3, on-complete: k}
    """)

    assert stage.states() == {"a": "SUCCESS", "b": "RUNNING", "j": "ERROR", "k": "SUCCESS"}


def test_what_follows_from_a_join_that_failed_has_the_variables_of_those_that_came() -> None:
    stage = tasks("""
        a: {publish: {x: 1}, on-success: j}
        b: {action: std.fail, on-success: j}
        j: {join: all, on-error: report}
        report: {publish: {seen: <% $.x %>}}
    """)

    assert stage.task("report").published == {"seen": 1}


def test_a_way_that_a_command_cut_off_stays_cut_off_when_the_execution_goes_on() -> None:
    stage = tasks("""
        a: {action: std.fail, on-success: j}
        b: {on-success: [fail, c]}
        c: {on-error: j}
        j: {join: all}
    """)

    stage.send(TaskSkipRequested(stage.task("a").id))

    assert (stage.task("j").state_info, str(stage.root.state)) == ("Failed by tasks: ['c']", "ERROR")


def test_a_start_task_that_has_run_opens_no_way_to_a_later_round() -> None:
    stage = tasks("""
        a: {action: std.fail, on-error: b}
        b: {on-complete: c}
        c: {on-complete: j}
        j: {join: 2, on-complete: j}
    """)
    for _ in range(2):
        stage.send(TaskRerunRequested(stage.task("a").id))

    assert [str(task.state) for task in stage.tasks("j")] == ["ERROR", "ERROR"]
    assert stage.root.state == "ERROR"


# Joins and policies.


def test_policies_before_a_task_apply_to_joins_too() -> None:
    stage = tasks("a: {on-success: j}\nj: {join: all, wait-before: 5}")
    assert stage.states()["j"] == "DELAYED"

    stage.pass_time(5)

    assert stage.states()["j"] == "SUCCESS"


def test_a_join_whose_action_fails_is_retried_like_any_task() -> None:
    stage = tasks("a: {on-success: j}\nj: {join: all, action: std.fail, retry: {count: 2, delay: 1}}")

    stage.pass_time(10)

    assert [str(run.state) for run in stage.runs("j")] == ["ERROR"] * 3


def test_a_join_that_failed_has_nothing_to_repeat() -> None:
    stage = tasks("""
        a: {on-success: j}
        b: {on-error: j}
        j: {join: all, retry: {count: 3, delay: 1}}
    """)

    assert (stage.states()["j"], stage.runs("j"), stage.state.timers) == ("ERROR", [], {})


def test_a_join_inherits_the_variables_of_all_who_came() -> None:
    stage = tasks("""
        a: {publish: {x: {left: 1}}, on-success: j}
        b: {publish: {x: {right: 2}}, on-success: j}
        j: {join: all, publish: {sum: <% $.x.left + $.x.right %>}}
    """)

    assert stage.task("j").published == {"sum": 3}


def test_the_join_of_many_branches_does_not_look_at_them_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    judge = rounds.judge

    def counted(turn: Turn, execution: Execution, join: Task) -> rounds.Judgement:
        looks.append(join.name)
        return judge(turn, execution, join)

    monkeypatch.setattr(rounds, "judge", counted)
    branches = "\n".join(f"b{number}: {{on-success: j}}" for number in range(300))

    stage: Stage = tasks(branches + "\nj: {join: all}")

    assert stage.root.state == "SUCCESS"
    assert len(looks) <= 2, "once when the first comes, once when the last does"


def test_a_join_that_is_run_again_while_what_its_failure_led_to_is_under_way_counts_it() -> None:
    stage = tasks("""
        a: {publish: {x: 1}, on-success: j}
        b: {action: std.async_noop, publish: {y: 2}, on-success: j}
        start: {action: std.fail, on-error: [{b: <% false %>}]}
        j: {join: all, on-error: b, publish: {seen: "<% $.x %>"}}
    """)
    assert stage.states()["j"] == "ERROR"

    stage.send(TaskRerunRequested(stage.task("j").id))
    stage.complete("b", DONE)

    assert (stage.states()["j"], stage.task("j").published) == ("SUCCESS", {"seen": 1})
    assert stage.replayed().tasks == stage.state.tasks


def test_a_join_that_failed_waits_for_the_others_once_the_branch_it_failed_for_was_skipped() -> None:
    stage = tasks(FORK + "    j: {join: all}")
    stage.complete("c", DONE)
    stage.complete("a", FAILED)
    assert stage.states()["j"] == "ERROR"
    stage.send(TaskSkipRequested(stage.task("a").id))
    assert (stage.states()["j"], stage.task("j").state_info) == ("WAITING", "Task is waiting.")

    stage.complete("b", DONE)

    assert (stage.states()["j"], str(stage.root.state)) == ("SUCCESS", "SUCCESS")


def test_a_join_that_still_lacks_a_branch_fails_again_and_says_for_which() -> None:
    stage = tasks(FORK + "    j: {join: all, on-error: handler}\n    handler: {}")
    stage.complete("a", DONE)
    for name in ("b", "c"):
        stage.complete(name, FAILED)
    assert stage.task("j").state_info == "Failed by tasks: ['b']"

    stage.send(TaskRerunRequested(stage.task("b").id))
    stage.complete("b", DONE)

    assert stage.task("j").state_info == "Failed by tasks: ['c']"
    assert [str(task.state) for task in stage.tasks("handler")] == ["SUCCESS", "SUCCESS"]

    stage.send(TaskSkipRequested(stage.task("c").id))

    assert (stage.states()["j"], str(stage.root.state)) == ("SUCCESS", "SUCCESS")
    assert stage.rows() == rows_of(stage.replayed())
