"""The bound on what a field holds. Section 4.10."""

import pytest

from maestrale.core import Limits, Result
from maestrale.core.events import (
    ExecutionUpdateRequested,
    PauseRequested,
    ResumeRequested,
    TaskRerunRequested,
)
from maestrale.errors import InvalidInput
from maestrale.testing.stage import ROOT, Stage

SMALL = Limits(field_bytes=100)
LARGE = "<% range(200).toList() %>"


def a_stage(tasks: str, *, head: str = "", limits: Limits = SMALL) -> Stage:
    return Stage(f"version: '2.0'\nw:\n{head}  tasks:\n{tasks}", limits=limits)


@pytest.mark.parametrize("scope", ["branch", "global"])
def test_publishing_more_than_a_field_holds_fails_the_workflow_past_on_error(scope: str) -> None:
    stage = a_stage(
        f"    a: {{on-success: {{publish: {{{scope}: {{x: {LARGE}}}}}}}, on-error: b}}\n    b: {{}}\n"
    )

    stage.start("w")

    assert (stage.states(), str(stage.root.state)) == ({"a": "ERROR"}, "ERROR")
    assert "Field size limit exceeded: what task a publishes: " in str(stage.root.state_info)


def test_an_output_that_is_too_large_fails_the_workflow() -> None:
    stage = a_stage("    a: {}\n", head=f"  output: {{x: {LARGE}}}\n")

    stage.start("w")

    assert str(stage.root.state) == "ERROR"
    assert stage.root.output == {"result": stage.root.state_info}
    assert "Field size limit exceeded: the output: " in str(stage.root.state_info)


def test_a_failure_keeps_its_reason_where_the_variables_are_too_large_for_the_output() -> None:
    text = "x" * 60
    stage = a_stage(
        f"    a: {{publish: {{a: {text}}}}}\n    b: {{publish: {{b: {text}}}}}\n"
        '    c: {on-success: fail msg="no more"}\n'
    )

    stage.start("w")

    assert stage.root.state_info == (
        "no more\nThe output has no variables: "
        "Field size limit exceeded: the output: 135 bytes of JSON, and 100 are allowed"
    )
    assert stage.root.output == {"result": stage.root.state_info}


def test_a_workflow_does_not_start_with_an_input_that_is_too_large() -> None:
    stage = a_stage("    a: {}\n", head="  input: [x]\n")

    with pytest.raises(InvalidInput, match="the input of workflow w: 208 bytes of JSON, and 100 are allowed"):
        stage.start("w", {"x": "x" * 200})

    assert stage.state.tree is None


def test_an_environment_is_measured_as_it_is_after_its_evaluation() -> None:
    stage = a_stage("    a: {}\n")

    with pytest.raises(InvalidInput, match="the parameters of workflow w: "):
        stage.start("w", params={"env": {"x": LARGE}})

    assert stage.state.tree is None


def test_an_environment_does_not_grow_beyond_what_a_field_holds() -> None:
    stage = a_stage("    a: {action: std.async_noop}\n")
    stage.start("w")
    large = {"x": "x" * 100}
    stage.send(PauseRequested(ROOT))

    for event in (
        ExecutionUpdateRequested(execution_id=ROOT, env=large),
        ResumeRequested(execution_id=ROOT, env=large),
    ):
        with pytest.raises(InvalidInput, match="the parameters of workflow w: 131 bytes"):
            stage.send(event)
    stage.send(ResumeRequested(execution_id=ROOT))
    stage.complete("a", Result(error="no"))
    with pytest.raises(InvalidInput, match="the parameters of workflow w: 131 bytes"):
        stage.send(TaskRerunRequested(stage.task("a").id, env=large))

    assert (stage.root.params["env"], str(stage.root.state)) == ({}, "ERROR")


def test_without_a_limit_everything_is_kept() -> None:
    stage = a_stage(f"    a: {{publish: {{x: {LARGE}}}}}\n", limits=Limits(field_bytes=0))

    stage.start("w")

    assert stage.root.output == {"x": list(range(200))}
