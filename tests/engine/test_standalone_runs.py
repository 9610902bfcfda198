"""Action runs that no task asked for, saved and unsaved."""

import asyncio
from pathlib import Path

import pytest

from maestrale.core import Result
from maestrale.core.status import RunState
from maestrale.engine import ActionRequest
from maestrale.errors import Conflict, InvalidInput
from maestrale.expressions import Json

from .house import House


def _request(action: str, **input: Json) -> ActionRequest:
    return ActionRequest(action=action, input=input, project_id="p1", description="by hand")


def test_a_saved_run_is_durable_dispatched_and_ends_with_what_its_worker_reports(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db") as house:
            run_id = await house.engine.start_action(_request("std.sleep", seconds=1))
            run = house.stored(run_id).runs[run_id]
            assert (run.state, run.project_id, run.description) == (RunState.RUNNING, "p1", "by hand")
            (assignment,) = house.worker.submitted
            assert (assignment.run_id, assignment.action, assignment.task_id) == (run_id, "std.sleep", "")

            await house.engine.completed(run_id, 1, Result(value=7))

            run = house.stored(run_id).runs[run_id]
            assert (run.state, run.result, run.accepted) == (RunState.SUCCESS, 7, True)
            assert house.in_memory() == []

    asyncio.run(body())


def test_a_saved_asynchronous_run_is_completed_from_outside_even_after_a_restart(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db") as house:
            run_id = await house.engine.start_action(_request("std.async_noop"))
        async with House(tmp_path / "db") as house:
            assert house.store.claim() == [run_id]
            await house.engine.adopt(run_id)

            await house.engine.complete_action(run_id, root_id=run_id, result=Result(value={"x": 1}))

            assert house.stored(run_id).runs[run_id].result == {"x": 1}
            with pytest.raises(Conflict):
                await house.engine.complete_action(run_id, root_id=run_id, result=Result(value=2))

    asyncio.run(body())


def test_an_attempt_that_a_dead_process_may_have_begun_is_not_begun_again_blindly(tmp_path: Path) -> None:
    async def body() -> None:
        post = _request("std.http", url="http://localhost", method="POST")
        async with House(tmp_path / "db") as house:
            run_id = await house.engine.start_action(post)
            assert await house.engine.started(run_id, 1)
        async with House(tmp_path / "db") as house:
            assert house.store.claim() == [run_id]
            await house.engine.adopt(run_id)
            await house.engine.settle()

            run = house.stored(run_id).runs[run_id]
            assert (run.state, house.worker.submitted) == (RunState.ERROR, [])

    asyncio.run(body())


def test_an_unsaved_run_leaves_nothing(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db") as house:
            echo = await house.engine.run_action(_request("std.echo", output="hi"))
            assert (echo.state, echo.result) == (RunState.SUCCESS, "hi")

            running = asyncio.ensure_future(
                house.engine.run_action(_request("std.http", url="http://localhost", method="POST"))
            )
            while not house.worker.submitted:  # noqa: ASYNC110 - It is a matter of one round.
                await asyncio.sleep(0)
            (assignment,) = house.worker.submitted
            assert await house.engine.started(assignment.run_id, 1)
            await house.engine.completed(assignment.run_id, 1, Result(error="no"))
            assert ((await running).state, (await running).result) == (RunState.ERROR, "no")
            await house.engine.completed(assignment.run_id, 1, Result(value="late"))  # Nobody minds.

            assert house.in_memory() == []
            assert house.store.claim() == []

    asyncio.run(body())


def test_whoever_stops_waiting_for_an_unsaved_run_ends_it(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db") as house:
            running = asyncio.ensure_future(house.engine.run_action(_request("std.sleep", seconds=9)))
            while not house.worker.submitted:  # noqa: ASYNC110 - It is a matter of one round.
                await asyncio.sleep(0)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running

            assert house.worker.cancelled == [(house.worker.submitted[0].run_id, 1)]

    asyncio.run(body())


@pytest.mark.parametrize(
    ("action", "code"), [("std.async_noop", "asynchronous-action"), ("acme.nothing", "unknown-action")]
)
def test_an_unsaved_run_that_cannot_be_is_refused(tmp_path: Path, action: str, code: str) -> None:
    async def body() -> None:
        async with House(tmp_path / "db") as house:
            with pytest.raises(InvalidInput) as raised:
                await house.engine.run_action(_request(action))
            assert (raised.value.code, house.worker.submitted) == (code, [])

    asyncio.run(body())


def test_a_refused_saved_run_leaves_nothing(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db") as house:
            with pytest.raises(InvalidInput):
                await house.engine.start_action(_request("std.echo"))
            assert (house.in_memory(), house.store.claim()) == ([], [])

    asyncio.run(body())
