"""Notices leave with the commit that caused them: after it, once, and whatever becomes of it."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from maestrale.core import Changes, Result
from maestrale.engine import StartRequest
from maestrale.errors import InvalidInput, Unavailable

from .house import ONE, House


def house(tmp_path: Path) -> House:
    return House(tmp_path / "trees.db", ONE)


def asking(house: House, id: str | None = None) -> StartRequest:
    """An execution with a publisher."""
    return replace(house.request(id=id), params={"notify": [{"type": "noop"}]})


def events(house: House) -> list[str | None]:
    return [notice.event for notice in house.told]


def test_what_happened_is_told_once_it_is_durable(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with house(tmp_path) as here:
            here.store.hold()
            starting = asyncio.create_task(here.engine.start(asking(here)))
            await here.store.wait_held()
            early = (events(here), here.waiting_notices())
            here.store.let_go()
            await starting
            await here.succeed("ask", "hi")

            assert early == ([], 0)
            assert events(here) == [
                "WORKFLOW_LAUNCHED",
                "TASK_LAUNCHED",
                "TASK_SUCCEEDED",
                "WORKFLOW_SUCCEEDED",
            ]
            assert here.waiting_notices() == 4

    asyncio.run(scenario())


def test_what_was_not_committed_is_not_told(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with house(tmp_path) as here:
            here.store.fail_next("before")
            with pytest.raises(Unavailable):
                await here.engine.start(asking(here, "root"))
            await here.engine.settle()
            at_first = (events(here), here.waiting_notices())

            await here.engine.start(asking(here, "root"))

            assert at_first == ([], 0)
            assert events(here) == ["WORKFLOW_LAUNCHED", "TASK_LAUNCHED"]
            assert here.waiting_notices() == 2

    asyncio.run(scenario())


def test_what_was_committed_although_nobody_knew_is_told_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with house(tmp_path) as here:
            await here.engine.start(asking(here))
            assignment = here.worker.last("ask")
            here.store.fail_next("after")
            with pytest.raises(Unavailable):
                await here.engine.completed(assignment.run_id, assignment.attempt, Result(value="hi"))
            await here.engine.settle()

            assert events(here)[2:] == ["TASK_SUCCEEDED", "WORKFLOW_SUCCEEDED"]
            assert len({notice.id for notice in here.told}) == here.waiting_notices() == 4

    asyncio.run(scenario())


def test_a_deleted_execution_leaves_what_is_still_to_be_told(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with house(tmp_path) as here:
            root_id = await here.engine.start(asking(here))

            await here.engine.delete(root_id, force=True)

            assert here.waiting_notices() == 2

    asyncio.run(scenario())


def test_an_execution_with_a_wrong_publisher_leaves_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with house(tmp_path) as here:
            wrong = replace(here.request(id="root"), params={"notify": [{"type": "webhook"}]})
            with pytest.raises(InvalidInput, match="has no `url`"):
                await here.engine.start(wrong)

            assert here.store.find_execution("root") is None

    asyncio.run(scenario())


def test_an_execution_that_names_nobody_tells_nobody(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with house(tmp_path) as here:
            await here.start()
            await here.succeed("ask")

            assert (here.told, here.waiting_notices()) == ([], 0)

    asyncio.run(scenario())


def test_an_observer_that_fails_keeps_nobody_from_being_told(tmp_path: Path) -> None:
    class BadHouse(House):
        def observe(self, root_id: str, changes: Changes) -> None:
            raise RuntimeError("no")

    async def scenario() -> None:
        async with BadHouse(tmp_path / "db", ONE) as here:
            await here.engine.start(asking(here))

            assert events(here) == ["WORKFLOW_LAUNCHED", "TASK_LAUNCHED"]
            assert [str(bug) for bug in here.bugs] == ["no"]

    asyncio.run(scenario())
