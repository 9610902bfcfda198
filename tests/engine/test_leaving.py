"""Trees that go to another node while something else happens to them."""

import asyncio
from pathlib import Path

import pytest

from maestrale.clock import SystemClock
from maestrale.core.events import PauseRequested, StopRequested
from maestrale.engine import Deletion, Receipt, Request, Submission
from maestrale.errors import Error, Unavailable
from maestrale.expressions import Json
from maestrale.ids import new_id
from maestrale.store import LeaseLost
from maestrale.store.inbox import Message
from maestrale.store.ownership import NotOwned

from .house import ONE, House


class Shards:
    """Implements `Router`: all trees are this node's, or none."""

    is_ours = True
    is_current = True

    def owns(self, root_id: str) -> bool:
        return self.is_ours

    def new_id(self) -> str:
        return new_id()

    async def send(self, root_id: str, request: Request) -> Json:
        raise AssertionError("nobody is asked")


def a_receipt() -> Receipt:
    def answer(outcome: Json) -> Message:
        return Message(id="answer", shard=1, body="", sent_at=SystemClock().now())

    return Receipt(done="question", answer=answer)


async def ask(house: House, root_id: str, request: Request) -> None:
    await house.engine.serve(root_id, request, a_receipt())


def test_what_runs_for_a_lost_tree_ends_although_the_tree_is_just_being_read_again(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "lost.db", ONE) as house:
            house.engine.connect_router(Shards())
            root_id = await house.start()
            run_id = house.worker.last("ask").run_id
            house.store.fail_next("before", LeaseLost([root_id]))
            with pytest.raises(LeaseLost):
                await ask(house, root_id, Submission(PauseRequested(root_id)))

            assert house.engine.drop(lambda root_id: True) == 1

            assert house.worker.cancelled == [(run_id, 1)]
            assert not house.engine.holds(root_id)

    asyncio.run(body())


def test_what_runs_goes_on_although_its_tree_is_just_being_read_again_when_it_leaves(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "given.db", ONE) as house:
            shards = Shards()
            house.engine.connect_router(shards)
            root_id = await house.start()
            house.store.fail_next("before")
            with pytest.raises(Unavailable):
                await ask(house, root_id, Submission(PauseRequested(root_id)))

            shards.is_ours = False
            underway = await house.engine.hand_over(lambda root_id: True)

            assert underway == [(root_id, house.worker.last("ask"))]
            assert house.worker.cancelled == []
            assert not house.engine.holds(root_id)

    asyncio.run(body())


def test_what_runs_goes_on_although_its_tree_could_not_be_deleted_when_it_leaves(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "kept.db", ONE) as house:
            shards = Shards()
            house.engine.connect_router(shards)
            root_id = await house.start()
            house.store.damaged = {root_id}
            deletion = asyncio.create_task(ask(house, root_id, Deletion(force=True)))
            await asyncio.sleep(0)

            shards.is_ours = False
            underway = await house.engine.hand_over(lambda root_id: True)
            with pytest.raises(Error):
                await deletion

            assert underway == [(root_id, house.worker.last("ask"))]
            assert house.worker.cancelled == []
            assert not house.engine.holds(root_id)

    asyncio.run(body())


def test_what_cannot_be_read_when_it_leaves_ends_here(tmp_path: Path) -> None:
    """Whoever gets the tree could not know that it runs, and would give it up while it goes on."""

    async def body() -> None:
        async with House(tmp_path / "away.db", ONE) as house:
            shards = Shards()
            house.engine.connect_router(shards)
            root_id = await house.start()
            house.store.is_away = True
            with pytest.raises(Unavailable):
                await ask(house, root_id, Submission(PauseRequested(root_id)))

            shards.is_ours = False

            assert await house.engine.hand_over(lambda root_id: True) == []
            assert house.worker.cancelled == [(house.worker.last("ask").run_id, 1)]
            house.store.is_away = False

    asyncio.run(body())


def test_a_node_that_may_have_lost_a_tree_refuses_nothing_and_confirms_nothing_unchanged(
    tmp_path: Path,
) -> None:
    async def body() -> None:
        async with House(tmp_path / "stale.db", ONE) as house:
            shards = Shards()
            house.engine.connect_router(shards)
            root_id = await house.start()
            await house.engine.pause(root_id, root_id=root_id)

            shards.is_current = False
            refused = StopRequested("no such execution", "ERROR", "")
            for request in (Submission(refused), Submission(PauseRequested(root_id)), Deletion(force=False)):
                with pytest.raises(NotOwned):
                    await ask(house, root_id, request)

            # What changes something is committed, or not: the commit tells.
            await house.engine.resume(root_id, root_id=root_id)
            assert house.stored(root_id).root.state == "RUNNING"

    asyncio.run(body())
