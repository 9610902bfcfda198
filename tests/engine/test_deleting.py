"""Deleting trees, also while something is under way for them, and while the database does not answer."""

import asyncio
from pathlib import Path

import pytest

from maestrale.core import Result
from maestrale.core.status import ExecutionState
from maestrale.errors import Conflict, Forbidden, NotFound, Unavailable
from maestrale.store import open_store

from .house import ONE, House

SLOW = "version: '2.0'\nslow:\n  tasks:\n    a: {action: test.once, wait-before: 5}\n"


def test_what_has_not_ended_is_deleted_only_by_force_and_what_runs_for_it_is_ended(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            root_id = await house.start("one")
            with pytest.raises(Forbidden):
                await house.engine.delete(root_id)
            waiting = asyncio.ensure_future(house.engine.wait_ended(root_id))
            await asyncio.sleep(0)

            await house.engine.delete(root_id, force=True)

            with pytest.raises(NotFound):
                await waiting
            assignment = house.worker.last("ask")
            assert house.worker.cancelled == [(assignment.run_id, 1)]
            assert house.store.load_tree(root_id) is None
            await house.engine.completed(assignment.run_id, 1, Result(value="late"))
            with pytest.raises(NotFound):
                await house.engine.delete(root_id, force=True)
            assert house.in_memory() == []

    asyncio.run(body())


def test_what_has_ended_is_deleted_without_force(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            root_id = await house.start("one")
            await house.succeed("ask")

            await house.engine.delete(root_id)

            assert house.store.load_tree(root_id) is None

    asyncio.run(body())


def test_what_has_ended_and_is_not_in_memory_is_deleted_without_being_read(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            root_id = await house.start("one")
            await house.succeed("ask")
            house.store.cannot_load = True

            with house.engine.feed.subscribe(root_id) as live:
                deleted = asyncio.create_task(house.engine.delete(root_id))
                await asyncio.sleep(0)
                again = asyncio.create_task(house.engine.delete(root_id))
                rerun = asyncio.create_task(house.engine.pause(root_id, root_id=root_id))
                await deleted
                house.store.cannot_load = False

                with pytest.raises(NotFound):
                    await live.next()
            for late in (again, rerun):
                with pytest.raises(NotFound) as caught:
                    await late
                assert caught.value.code == "unknown-execution"
            assert house.store.load_tree(root_id) is None
            assert not house.engine.holds(root_id)

    asyncio.run(body())


def test_whether_a_tree_that_was_not_in_memory_is_deleted_may_stay_unknown(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            root_id = await house.start("one")
            await house.succeed("ask")
            house.store.is_away = True
            with pytest.raises(Unavailable):
                await house.engine.delete(root_id)
            house.store.is_away = False

            await house.engine.delete(root_id)

            assert (house.store.load_tree(root_id), house.engine.holds(root_id)) == (None, False)

    asyncio.run(body())


def test_what_comes_while_a_tree_is_read_and_deleted_does_not_bring_it_back(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            root_id = await house.start("one")
        async with House(tmp_path / "db", ONE) as house:
            deleted, paused, adopted = await asyncio.gather(
                house.engine.delete(root_id, force=True),
                house.engine.pause(root_id, root_id=root_id),
                house.engine.adopt(root_id),
                return_exceptions=True,
            )
            await house.engine.settle()

            assert (deleted, type(paused), type(adopted)) == (None, NotFound, NotFound)
            assert (house.in_memory(), house.troubles) == ([], [])
            # The attempt was given out as the tree was read, and ended as it was deleted.
            assert len(house.worker.submitted) == 1
            assert (house.worker.held, len(house.engine._trees.attempts)) == (set(), 0)
            assert house.store.load_tree(root_id) is None

    asyncio.run(body())


def test_what_is_deleted_leaves_no_timer(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", SLOW) as house:
            root_id = await house.start("slow")
            assert house.engine.load.timers == 1

            deleted = asyncio.create_task(house.engine.delete(root_id, force=True))
            await asyncio.sleep(0)
            assert house.engine.holds(root_id)  # Until it is gone, whoever looks on is told of it here.
            await deleted

            assert (house.engine.load.timers, house.engine.holds(root_id)) == (0, False)

    asyncio.run(body())


def test_a_tree_that_could_not_be_deleted_goes_on(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", SLOW, ONE) as house:
            slow, one = await house.start("slow"), await house.start("one")
            ended = asyncio.create_task(house.engine.wait_ended(one))
            with house.engine.feed.subscribe(one) as live:
                house.store.is_away = True
                for root_id in (slow, one):
                    deleted = asyncio.create_task(house.engine.delete(root_id, force=True))
                    await asyncio.sleep(0)
                    late = asyncio.create_task(house.engine.wait_ended(root_id))
                    with pytest.raises(Unavailable):
                        await deleted
                house.store.is_away = False
                house.clock.advance(5)
                await house.engine.settle()
                await house.engine.settle()  # The timer was set again as the tree was read again.
                await house.succeed("ask", "yes")

                assert (await ended).state is ExecutionState.SUCCESS
                assert (await late).state is ExecutionState.SUCCESS
                assert [step.sequence for step in live.gathered()] == [2]
            assert house.worker.attempts == [("ask", 1), ("a", 1)]
            assert house.worker.cancelled == []

    asyncio.run(body())


def test_a_report_that_comes_while_a_tree_is_not_deleted_after_all_counts(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            root_id = await house.start("one")
            house.store.hold()
            paused = asyncio.create_task(house.engine.pause(root_id, root_id=root_id))
            await house.store.wait_held()
            deleted = asyncio.create_task(house.engine.delete(root_id, force=True))
            await asyncio.sleep(0)
            run_id = house.worker.last("ask").run_id
            reported = asyncio.create_task(house.engine.completed(run_id, 1, Result(value="yes")))
            await asyncio.sleep(0)
            deleted.cancel()  # Whoever wanted it has gone away.
            house.store.let_go()
            await asyncio.gather(paused, reported)
            await house.engine.resume(root_id, root_id=root_id)

            with pytest.raises(asyncio.CancelledError):
                await deleted
            assert house.stored(root_id).root.output == {"said": "yes"}
            assert house.in_memory() == []

    asyncio.run(body())


def test_a_timer_that_fires_while_a_tree_is_not_deleted_after_all_counts(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", SLOW) as house:
            root_id = await house.start("slow")
            house.store.hold()
            noted = asyncio.create_task(
                house.engine.update_execution(root_id, root_id=root_id, description="new")
            )
            await house.store.wait_held()
            deleted = asyncio.create_task(house.engine.delete(root_id, force=True))
            await asyncio.sleep(0)
            house.clock.advance(5)
            house.engine._trees._timers.fire_due()
            deleted.cancel()
            house.store.let_go()
            await noted
            await house.engine.settle()

            assert house.worker.attempts == [("a", 1)]

    asyncio.run(body())


def test_a_tree_whose_end_is_being_committed_is_deleted_after_it(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            root_id = await house.start("one")
            ended = asyncio.create_task(house.engine.wait_ended(root_id))
            house.store.hold()
            run_id = house.worker.last("ask").run_id
            reported = asyncio.create_task(house.engine.completed(run_id, 1, Result(value="yes")))
            await house.store.wait_held()
            deleted = asyncio.create_task(house.engine.delete(root_id))
            await asyncio.sleep(0)
            paused = asyncio.create_task(house.engine.pause(root_id, root_id=root_id))
            await asyncio.sleep(0)
            house.store.let_go()
            await asyncio.gather(reported, deleted)

            with pytest.raises(NotFound):  # It waited for what becomes of the tree.
                await paused
            assert (await ended).output == {"said": "yes"}
            assert (house.store.load_tree(root_id), house.in_memory()) == (None, [])

    asyncio.run(body())


def test_what_had_not_ended_as_it_is_stored_is_not_deleted_without_force(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            root_id = await house.start("one")
            house.store.hold()
            house.store.fail_next("before")
            run_id = house.worker.last("ask").run_id
            reported = asyncio.create_task(house.engine.completed(run_id, 1, Result(value="yes")))
            await house.store.wait_held()
            deleted = asyncio.create_task(house.engine.delete(root_id))
            await asyncio.sleep(0)
            house.store.let_go()

            with pytest.raises(Unavailable):
                await reported
            with pytest.raises(Forbidden):  # It was looked at again, as it is stored.
                await deleted
            assert house.stored(root_id).root.state is ExecutionState.RUNNING

    asyncio.run(body())


def test_a_tree_that_another_process_took_is_not_deleted(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            root_id = await house.start("one")
            with open_store(f"sqlite:///{house.path}") as other:
                house.store.release([root_id])
                other.claim_tree(root_id)
                with pytest.raises(Conflict) as raised:
                    await house.engine.delete(root_id, force=True)
                await house.engine.settle()

            assert (raised.value.code, house.in_memory()) == ("being-run", [])
            assert house.worker.held == set()
            assert house.stored(root_id).root.state is ExecutionState.RUNNING

    asyncio.run(body())
