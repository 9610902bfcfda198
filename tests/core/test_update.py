"""What may be changed about an execution. Section 3.4.6."""

import pytest

from maestrale.core.events import ExecutionUpdateRequested, PauseRequested, ResumeRequested
from maestrale.errors import Forbidden, NotFound
from maestrale.testing.stage import ROOT

from .staging import DONE, FAILED, tasks


def test_a_description_changes_in_any_state() -> None:
    stage = tasks("a: {action: std.async_noop}")
    stage.send(ExecutionUpdateRequested(execution_id=ROOT, description="running"))
    assert stage.root.description == "running"
    stage.complete("a", DONE)

    stage.send(ExecutionUpdateRequested(execution_id=ROOT, description="over"))

    assert (str(stage.root.state), stage.root.description) == ("SUCCESS", "over")
    before = len(stage.history)
    stage.send(ExecutionUpdateRequested(execution_id=ROOT, description="over"))
    assert len(stage.history) == before


def test_the_environment_of_a_paused_execution_is_merged_deeply_and_read_after_the_resume() -> None:
    stage = tasks(
        "a: {action: std.async_noop, on-success: b}\nb: {action: std.echo output=<% env() %>}",
        params={"env": {"x": {"y": 1}}},
    )
    stage.send(PauseRequested(ROOT))
    stage.send(ExecutionUpdateRequested(execution_id=ROOT, env={"x": {"z": "<% 2 %>"}}))
    assert stage.root.params == {"env": {"x": {"y": 1, "z": "<% 2 %>"}}, "namespace": ""}

    stage.complete("a", DONE)
    stage.send(ResumeRequested(ROOT))

    assert stage.runs("b")[0].result == {"x": {"y": 1, "z": "<% 2 %>"}}


def test_the_environment_of_a_failed_execution_may_change() -> None:
    stage = tasks("a: {action: std.async_noop}")
    stage.complete("a", FAILED)

    stage.send(ExecutionUpdateRequested(execution_id=ROOT, env={"x": 1}))

    assert stage.root.params["env"] == {"x": 1}


def test_the_environment_of_a_running_or_successful_execution_stays() -> None:
    stage = tasks("a: {action: std.async_noop}")
    with pytest.raises(Forbidden, match="IDLE, PAUSED, or ERROR"):
        stage.send(ExecutionUpdateRequested(execution_id=ROOT, env={"x": 1}, description="neither"))
    stage.complete("a", DONE)
    with pytest.raises(Forbidden):
        stage.send(ExecutionUpdateRequested(execution_id=ROOT, env={"x": 1}))

    assert (stage.root.params["env"], stage.root.description) == ({}, "")


def test_the_same_update_again_changes_nothing() -> None:
    stage = tasks("a: {action: std.async_noop}")
    stage.complete("a", FAILED)
    update = ExecutionUpdateRequested(execution_id=ROOT, env={"x": {"y": 1}}, description="new")
    stage.send(update)
    before, entries = stage.rows(), len(stage.history)

    stage.send(update)

    assert (stage.rows(), len(stage.history)) == (before, entries)


def test_an_unknown_execution_is_not_found() -> None:
    with pytest.raises(NotFound):
        tasks("a: {}").send(ExecutionUpdateRequested(execution_id="nowhere", description="x"))
