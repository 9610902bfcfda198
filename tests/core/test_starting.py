"""How executions begin and end. Sections 1.3.1, 3.4.1 to 3.4.3, 6.2."""

from typing import Any

import pytest

from maestrale.core import Limits
from maestrale.core.ending import INFO_LIMIT
from maestrale.core.events import ExecutionRequested, StopRequested
from maestrale.errors import InvalidInput
from maestrale.testing.stage import ROOT

from .staging import DONE, FAILED, ran, tasks


@pytest.mark.parametrize(
    ("head", "options", "fault"),
    [
        ("input: [x]", {}, "missing=['x']"),
        ("input: [x]", {"input": {"x": 1, "y": 2}}, "unexpected=['y']"),
        ("vars: {v: <% $.no.such.thing + 1 %>}", {}, "workflow `w`: `v` in `vars`"),
        ("type: reverse", {}, "Invalid task name"),
        ("type: reverse", {"params": {"task_name": "zzz"}}, "task_name=zzz"),
        ("", {"params": {"env": 5}}, "Unexpected value type for environment"),
        ("", {"params": {"env": {"x": "<% $.no.such.thing + 1 %>"}}}, "`x` in `env`"),
    ],
)
def test_a_request_that_is_wrong_is_refused_and_nothing_is_kept(
    head: str, options: dict[str, Any], fault: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        tasks("a: {}", head=head, **options)

    assert fault in refused.value.message


def test_the_same_request_again_starts_nothing() -> None:
    stage = tasks("a: {action: std.async_noop}")
    event = stage.history[0].event
    assert isinstance(event, ExecutionRequested)

    stage.send(event)

    assert (len(stage.history), ran(stage)) == (1, [("a", "RUNNING")])


def test_defaults_are_data_and_variables_see_the_input() -> None:
    stage = tasks(
        "a: {}",
        head="input: [x, {y: '<% 1 + 1 %>'}]\nvars: {z: <% $.x + 1 %>}\n"
        "output: {y: '<% $.y %>', z: <% $.z %>}",
        input={"x": 1},
    )

    assert stage.root.output == {"y": "<% 1 + 1 %>", "z": 2}


@pytest.mark.parametrize(
    ("evaluate", "expected"),
    [
        ({}, {"a": 1, "b": [1], "c": ["<% env().a %>"]}),
        ({"evaluate_env": True}, {"a": 1, "b": [1], "c": ["<% env().a %>"]}),
        ({"evaluate_env": False}, {"a": 1, "b": ["<% env().a %>"], "c": "<% env().b %>"}),
    ],
)
def test_the_environment_is_evaluated_once_unless_that_is_not_wanted(
    evaluate: dict[str, Any], expected: dict[str, Any]
) -> None:
    env = {"a": 1, "b": ["<% env().a %>"], "c": "<% env().b %>"}

    stage = tasks("a: {publish: {seen: <% env() %>}}", params={"env": env, **evaluate})

    assert stage.root.params == {"env": expected, "namespace": "", **evaluate}
    assert stage.root.output == {"seen": expected}


def test_only_what_the_target_requires_runs_in_a_reverse_workflow() -> None:
    stage = tasks(
        """
        one: {publish: {x: 1}}
        two: {action: std.async_noop, publish: {y: 2}}
        three: {requires: [one, two], publish: {z: <% $.x + $.y %>}}
        four: {requires: three}
        """,
        head="type: reverse",
        params={"task_name": "three"},
    )

    stage.complete("two", DONE)

    assert ran(stage) == [("one", "SUCCESS"), ("two", "SUCCESS"), ("three", "SUCCESS")]
    assert stage.root.output == {"x": 1, "y": 2, "z": 3}


def test_a_requirement_that_fails_ends_a_reverse_workflow_once_nothing_runs() -> None:
    stage = tasks(
        """
        one: {action: std.async_noop}
        two: {action: std.async_noop}
        three: {requires: [one, two]}
        """,
        head="type: reverse",
        params={"task_name": "three"},
    )
    stage.complete("one", FAILED)
    assert stage.root.state == "RUNNING"

    stage.complete("two", DONE)

    assert (str(stage.root.state), stage.states()) == ("ERROR", {"one": "ERROR", "two": "SUCCESS"})


def test_an_error_that_is_not_handled_fails_the_workflow_when_all_has_run() -> None:
    stage = tasks("""
        a: {action: std.fail, on-complete: b}
        b: {action: std.async_noop, on-success: c}
        c: {}
    """)
    assert stage.root.state == "RUNNING"

    stage.complete("b", DONE)

    assert (str(stage.root.state), ran(stage)[2]) == ("ERROR", ("c", "SUCCESS"))
    assert str(stage.root.state_info).startswith("Failure caused by error in tasks: a\n\n  a [task_ex_id=")


def test_an_output_that_cannot_be_evaluated_fails_the_workflow() -> None:
    stage = tasks("a: {}", head="output: {x: <% $.no.such.thing + 1 %>}")

    info = str(stage.root.state_info)
    assert (str(stage.root.state), stage.root.output) == ("ERROR", {"result": info})
    assert info.startswith("Failed to check and complete [wf_ex_id=")


def test_an_output_on_error_that_cannot_be_evaluated_names_the_first_cause_too() -> None:
    stage = tasks("a: {on-success: 'fail msg=first'}", head="output-on-error: {x: <% $.no.such.thing + 1 %>}")

    stage = tasks("a: {action: std.async_noop}", head="output-on-error: {x: <% $.no.such.thing + 1 %>}")
    stage.send(StopRequested(ROOT, "ERROR", "first"))

    assert "Cause: 'first'" in str(stage.root.state_info)
    assert stage.root.output == {"result": stage.root.state_info}


def test_a_reason_that_is_too_long_is_cut() -> None:
    stage = tasks("a: {action: std.async_noop}")

    stage.send(StopRequested(ROOT, "CANCELLED", "x" * 100_000))

    info = str(stage.root.state_info)
    assert (len(info), info[-5:]) == (INFO_LIMIT, "xx...")


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_a_long_chain_is_cut_into_turns_and_comes_to_the_same(steps: int) -> None:
    chain = "\n".join(f"t{number}: {{on-success: t{number + 1}}}" for number in range(20)) + "\nt20: {}"

    one, many = tasks(chain), tasks(chain, limits=Limits(steps=steps))

    assert ran(many) == ran(one)
    assert (len(one.history), len(many.history) > 20 / steps) == (1, True)
