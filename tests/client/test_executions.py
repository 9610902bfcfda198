"""Starting, steering, waiting for and asking about executions, on a real server."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET

from maestrale.client import (
    ActionExecutionChanged,
    Client,
    Ended,
    Event,
    ExecutionChanged,
    TaskChanged,
)
from maestrale.client.runs import Statistics
from maestrale.client.views import Edge, Node
from maestrale.errors import Forbidden, InvalidInput, NotFound

from .house import a_server, collected


async def the_run(client: Client, execution: str) -> str:
    """The id of the only action run of the execution."""
    (task,) = [task async for task in client.tasks.list(execution=execution, state="RUNNING")]
    (run,) = [run async for run in client.action_executions.list(task=task.id)]
    assert run.id is not None
    return run.id


def word(event: Event) -> tuple[str, ...]:
    match event:
        case ExecutionChanged() | TaskChanged() | ActionExecutionChanged():
            return (type(event).__name__, event.name, event.state)
        case Ended():
            return ("Ended", event.state)


async def test_the_output_of_an_execution_comes_as_data(tmp_path: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    async with a_server(tmp_path) as client:
        started = await client.executions.start(
            "greet", input={"name": "Ada"}, env={"stage": "test"}, description="a test"
        )
        execution = await client.executions.wait(started.id)

    assert (execution.state, execution.output) == ("SUCCESS", {"text": "Hello Ada"})
    assert execution.input == {"name": "Ada", "greeting": "Hello"}
    assert execution.params == {"namespace": "", "env": {"stage": "test"}}
    assert execution.description == "a test"
    assert before <= execution.created_at <= datetime.now(UTC)


async def test_a_second_start_with_one_id_gives_the_first_execution(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        first = await client.executions.start("greet", input={"name": "Ada"}, id="once")
        await client.executions.wait("once")
        second = await client.executions.start("greet", input={"name": "Grace"}, id="once")
        every = await collected(client.executions.list())

    assert (first.id, second.id, second.input) == ("once", "once", {"name": "Ada", "greeting": "Hello"})
    assert [execution.id for execution in every] == ["once"]


async def test_an_execution_can_be_started_again_from_another(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        source = await client.executions.start("greet", input={"name": "Ada"})
        again = await client.executions.start(source=source.id)
        execution = await client.executions.wait(again.id)

    assert (execution.workflow_name, execution.output) == ("greet", {"text": "Hello Ada"})


async def test_what_is_started_has_to_be_named() -> None:
    async with Client() as client:
        with pytest.raises(InvalidInput) as refused:
            await client.executions.start()

    assert refused.value.code == "nothing-to-start"


async def test_errors_keep_the_class_the_message_and_the_code_of_the_server(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        with pytest.raises(NotFound) as unknown:
            await client.executions.start("nobody")
        with pytest.raises(InvalidInput) as wrong:
            await client.executions.start("greet", input={"nmae": "Ada"})

    assert unknown.value.code == "unknown-workflow"
    assert "`nobody`" in unknown.value.message
    assert "nmae" in wrong.value.message


async def test_an_execution_pauses_resumes_and_stops(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        id = (await client.executions.start("ask")).id
        paused = await client.executions.pause(id)
        waited = await client.executions.wait(id, until="paused")
        resumed = await client.executions.resume(id)
        stopped = await client.executions.stop(id, state="ERROR", message="enough")

    assert (paused.state, waited.state, resumed.state) == ("PAUSED", "PAUSED", "RUNNING")
    assert (stopped.state, stopped.state_info) == ("ERROR", "enough")


async def test_waiting_ends_when_its_time_is_over(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        id = (await client.executions.start("ask")).id
        execution = await client.executions.wait(id, timeout=0.05)

    assert execution.state == "RUNNING"


async def test_waiting_ends_as_soon_as_the_execution_does(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        id = (await client.executions.start("ask")).id
        waiting = asyncio.ensure_future(client.executions.wait(id))
        await client.action_executions.complete(await the_run(client, id), {"answer": "yes"})
        execution = await waiting

    assert (execution.state, execution.output) == ("SUCCESS", {"answer": {"answer": "yes"}})


async def test_watching_tells_every_change_once_and_then_the_end(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        id = (await client.executions.start("ask")).id
        watching: AsyncIterator[Event] = client.executions.watch(id)
        seen = [await anext(watching), await anext(watching), await anext(watching)]
        await client.action_executions.complete(await the_run(client, id))
        seen += await collected(watching)

    words = [word(event) for event in seen]
    assert words[:3] == [
        ("ExecutionChanged", "ask", "RUNNING"),
        ("TaskChanged", "approve", "RUNNING"),
        ("ActionExecutionChanged", "std.async_noop", "RUNNING"),
    ]
    assert sorted(words[3:-1]) == [
        ("ActionExecutionChanged", "std.async_noop", "SUCCESS"),
        ("ActionExecutionChanged", "std.noop", "SUCCESS"),
        ("ExecutionChanged", "ask", "SUCCESS"),
        ("TaskChanged", "approve", "SUCCESS"),
        ("TaskChanged", "done", "SUCCESS"),
    ]
    assert words[-1] == ("Ended", "SUCCESS")


async def test_watching_goes_on_behind_a_position(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        id = (await client.executions.start("greet", input={"name": "Ada"})).id
        await client.executions.wait(id)
        every = await collected(client.executions.watch(id))
        position = every[1].position
        later = await collected(client.executions.watch(id, after=position))

    assert len(every) > 3
    assert later == every[2:]


async def test_what_is_not_there_cannot_be_watched(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        with pytest.raises(NotFound):
            await anext(client.executions.watch("nothing"))


async def test_an_explanation_names_what_is_waited_for_below_too(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        id = (await client.executions.start("calls")).id
        explanation = await client.executions.explain(id)
        (inner,) = explanation.waits[0].inside

    assert (explanation.execution_id, explanation.workflow, explanation.state) == (id, "calls", "RUNNING")
    assert [(wait.kind, wait.task and wait.task.name) for wait in explanation.waits] == [
        ("sub-workflow", "call")
    ]
    assert [(wait.kind, wait.task and wait.task.name) for wait in inner.waits] == [("action-run", "approve")]
    assert explanation.waits[0].details["count"] == 1
    assert "PUT /v2/action_executions/" in inner.waits[0].text
    assert explanation.waits[0].since.tzinfo is not None


async def test_a_graph_has_nodes_with_states_and_edges(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        id = (await client.executions.start("ask")).id
        graph = await client.executions.graph(id)
    approve, done = graph.nodes

    assert (graph.execution_id, graph.workflow, graph.state) == (id, "ask", "RUNNING")
    assert (approve.name, approve.target, approve.state, approve.run_count) == (
        "approve",
        "std.async_noop",
        "RUNNING",
        1,
    )
    assert done == Node(name="done", type="ACTION", target="std.noop")
    assert graph.edges == (Edge(source="approve", target="done", event="on-success", taken=0),)


async def test_a_report_is_a_tree_with_numbers(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        id = (await client.executions.start("calls")).id
        report = await client.executions.report(id)
        numbers = await client.executions.report(id, statistics_only=True)
    root = report.root_workflow_execution

    assert report.statistics == Statistics(
        total_tasks_count=3, running_tasks_count=2, success_tasks_count=1, estimated_time=-1
    )
    assert numbers.root_workflow_execution is None
    assert root is not None and root.task_executions is not UNSET
    assert [task.name for task in root.task_executions] == ["first", "call"]
    (child,) = root.task_executions[1].workflow_executions
    assert (child.name, child.state) == ("ask", "RUNNING")
    assert root.created_at.tzinfo is UTC


async def test_sub_executions_come_with_their_root(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        id = (await client.executions.start("calls")).id
        (call,) = await collected(client.tasks.list(execution=id, name="call"))
        below = await client.executions.list_sub_executions(id)
        of_task = await client.tasks.list_sub_executions(call.id)

    assert [execution.workflow_name for execution in below] == ["calls", "ask"]
    assert [execution.root_execution_id for execution in of_task] == [id]
    assert below[1].output is UNSET


async def test_only_what_has_ended_is_deleted_without_force(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        id = (await client.executions.start("ask")).id
        with pytest.raises(Forbidden):
            await client.executions.delete(id)
        await client.executions.delete(id, force=True)
        with pytest.raises(NotFound):
            await client.executions.get(id)


async def test_a_listing_leaves_the_output_out_unless_it_is_wanted(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        id = (await client.executions.start("greet", input={"name": "Ada"})).id
        await client.executions.wait(id)
        (bare,) = await collected(client.executions.list(roots_only=True, state="SUCCESS"))
        (full,) = await collected(client.executions.list(include_output=True, input=bare.input))

    assert bare.output is UNSET
    assert full.output == {"text": "Hello Ada"}


async def test_a_description_and_an_environment_can_be_changed(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        id = (await client.executions.start("ask", env={"a": 1})).id
        described = await client.executions.update(id, description="why")
        await client.executions.pause(id)
        changed = await client.executions.update(id, env={"b": 2})

    assert described.description == "why"
    assert changed.params == {"namespace": "", "env": {"a": 1, "b": 2}}


async def test_a_failed_task_is_run_again_or_skipped(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        id = (await client.executions.start("fails")).id
        await client.executions.wait(id)
        (failed,) = await collected(client.tasks.list(execution=id, state="ERROR"))
        with pytest.raises(InvalidInput):
            await client.tasks.rerun(failed.id, reset=False)
        await client.tasks.rerun(failed.id, env={"second": True})
        again = await client.executions.wait(id)
        skipped = await client.tasks.skip(failed.id)
        ended = await client.executions.wait(id)

    assert (again.state, again.params) == ("ERROR", {"namespace": "", "env": {"second": True}})
    assert (skipped.state, ended.state) == ("SKIPPED", "SUCCESS")


async def test_the_result_of_a_task_comes_as_data(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        id = (await client.executions.start("greet", input={"name": "Ada"})).id
        await client.executions.wait(id)
        (listed,) = await collected(client.tasks.list(execution=id))
        task = await client.tasks.get(listed.id)

    assert (listed.result, task.result) == (UNSET, "Hello Ada")
    assert (task.published, task.state, task.type) == ({"text": "Hello Ada"}, "SUCCESS", "ACTION")


async def test_an_action_runs_without_a_workflow(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        run = await client.action_executions.run("std.echo", {"output": [1, {"a": None}]})
        failed = await client.action_executions.run("std.fail")
        kept = await client.action_executions.run("std.echo", {"output": 7}, save=True, wait=True)
        assert kept.id is not None
        again = await client.action_executions.get(kept.id)

    assert (run.id, run.state, run.output) == (None, "SUCCESS", {"result": [1, {"a": None}]})
    assert failed.state == "ERROR"
    assert (kept.output, again.output) == ({"result": 7}, {"result": 7})


@pytest.mark.parametrize(("state", "expected"), [("ERROR", "ERROR"), ("CANCELLED", "CANCELLED")])
async def test_an_asynchronous_action_is_ended_from_outside(
    tmp_path: Path, state: str, expected: str
) -> None:
    async with a_server(tmp_path) as client:
        id = (await client.executions.start("ask")).id
        run = await the_run(client, id)
        paused = await client.action_executions.pause(run)
        resumed = await client.action_executions.resume(run)
        output: dict[str, Any] | None = {"why": "no"} if state == "ERROR" else None
        ended = await client.action_executions.complete(run, output, state=state)
        execution = await client.executions.wait(id)

    assert (paused.state, resumed.state, ended.state) == ("PAUSED", "RUNNING", state)
    assert execution.state == expected
