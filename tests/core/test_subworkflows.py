"""Sub-workflows. Section 3.8."""

import pytest

from maestrale.core import Limits
from maestrale.core.events import ActionCompleted

from .staging import DONE, FAILED, executions, ran, tasks

CHILD = """
child:
  input: [{x: 1}]
  output: {got: <% $.x %>}
  output-on-error: {stage: early}
  tasks:
    t: {action: std.async_noop}
"""


def test_the_output_of_a_sub_workflow_is_the_result_of_its_task() -> None:
    stage = tasks("a: {workflow: child, input: {x: 7}, publish: {r: <% task().result %>}}", more=CHILD)

    stage.complete("t", DONE)

    assert stage.root.output == {"r": {"got": 7}}


def test_a_sub_workflow_that_fails_fails_its_task_with_its_message() -> None:
    stage = tasks(
        "a: {workflow: child, publish-on-error: {r: <% task().result %>}, on-error: noop}", more=CHILD
    )

    stage.complete("t", FAILED)

    info = str(stage.task("a").state_info)
    assert info.startswith("Failure caused by error in tasks: t")
    assert stage.root.output == {"r": {"result": info, "stage": "early"}}


@pytest.mark.parametrize(
    ("task", "more", "fault"),
    [
        ("workflow: missing", "", "Failed to find workflow [name=missing]"),
        ("workflow: child", "child:\n  input: [x]\n  tasks:\n    t: {}\n", "missing=['x']"),
        (
            "workflow: child",
            "child:\n  vars: {v: <% $.no.such.thing + 1 %>}\n  tasks:\n    t: {}\n",
            "workflow `child`: `v` in `vars`: ",
        ),
        ("workflow: child", "child:\n  type: reverse\n  tasks:\n    t: {}\n", "Invalid task name"),
    ],
)
def test_a_sub_workflow_that_cannot_start_fails_its_task_and_leaves_nothing_behind(
    task: str, more: str, fault: str
) -> None:
    stage = tasks(f"a: {{{task}, on-error: b}}\nb: {{}}", more=more)

    assert (ran(stage), executions(stage)) == ([("a", "ERROR"), ("b", "SUCCESS")], [("w", "SUCCESS")])
    assert fault in str(stage.task("a").state_info)


def test_sub_workflows_nest_as_deep_as_the_limit_says() -> None:
    stage = tasks("a: {workflow: w}", limits=Limits(depth=3))

    assert [state for _, state in executions(stage)] == ["ERROR"] * 4
    assert "nest deeper than 3" in str(stage.root.state_info)


def test_a_sub_workflow_that_was_given_up_goes_on_and_means_nothing() -> None:
    stage = tasks("a: {workflow: child, timeout: 1, retry: {count: 1, delay: 0}}", more=CHILD)
    (first,) = stage.open_runs("t")
    stage.pass_time(1)
    (second,) = [run for run in stage.open_runs("t") if run.id != first.id]

    stage.send(ActionCompleted(first.id, 1, FAILED))
    assert stage.states()["a"] == "RUNNING"
    stage.send(ActionCompleted(second.id, 1, DONE))

    assert executions(stage) == [("w", "SUCCESS"), ("child", "ERROR"), ("child", "SUCCESS")]


def test_what_a_sub_workflow_does_not_declare_becomes_its_parameter_but_not_its_own_ones() -> None:
    stage = tasks(
        "a: {workflow: child, input: {x: 2, task_name: t, root_execution_id: forged, env: {e: 1}}}",
        more=CHILD,
    )

    child = next(each for each in stage.state.executions.values() if each.workflow == "child")
    assert child.input == {"x": 2}
    assert child.params == {
        "task_name": "t",
        "root_execution_id": stage.root.id,
        "task_execution_id": stage.task("a").id,
        "index": 0,
        "namespace": "",
        "env": {},
    }


def test_a_reverse_sub_workflow_runs_the_task_it_is_asked_for() -> None:
    stage = tasks(
        "a: {workflow: child, input: {task_name: two}}",
        more="""
child:
  type: reverse
  tasks:
    one: {publish: {x: 1}}
    two: {requires: one, publish: {y: <% $.x + 1 %>}}
    three: {requires: two}
""",
    )

    assert ran(stage) == [("a", "SUCCESS"), ("one", "SUCCESS"), ("two", "SUCCESS")]


def test_a_sub_workflow_shows_the_publishers_that_are_told_of_it_too() -> None:
    notify = [{"type": "noop"}]
    stage = tasks(
        "a: {workflow: child}", more=CHILD.replace("std.async_noop", "std.noop"), params={"notify": notify}
    )

    child = next(e for e in stage.state.executions.values() if e.parent_task_id is not None)
    assert child.params["notify"] == notify
