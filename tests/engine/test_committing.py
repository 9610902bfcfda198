"""Group commit, and what a commit that fails does."""

import asyncio
from itertools import chain
from pathlib import Path

import pytest

from maestrale.core import Result
from maestrale.core.status import ExecutionState
from maestrale.errors import Conflict, InvalidInput, NotFound, Unavailable
from maestrale.store import LeaseLost, Unstorable, open_store

from .house import ONE, House, state_of_tasks

CHAIN = """
version: '2.0'
chain:
  tasks:
    first: {action: test.once, on-success: second}
    second: {action: test.safe}
    waits: {action: test.once}
"""

LATE = "00000000-0000-4000-8000-00000000000a"


def test_what_comes_during_a_commit_goes_into_one_transaction(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            house.store.hold()
            first = asyncio.create_task(house.engine.start(house.request(id="first")))
            await house.store.wait_held()
            more = [asyncio.create_task(house.engine.start(house.request(id=f"more-{n}"))) for n in range(5)]
            for _ in range(10):
                await asyncio.sleep(0)  # Each start looks first whether it was there already.
            house.store.let_go()
            await asyncio.gather(first, *more)

            assert house.store.transactions[0] == ["first"]
            assert sorted(chain(*house.store.transactions[1:])) == [f"more-{n}" for n in range(5)]

    asyncio.run(body())


def test_starts_that_come_together_are_one_transaction(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            roots = await asyncio.gather(*(house.engine.start(house.request()) for _ in range(20)))

            assert len(house.store.transactions) == 1
            assert set(house.store.transactions[0]) == set(roots)

    asyncio.run(body())


def test_an_effect_waits_for_its_commit_and_the_next_event_does_not(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", CHAIN) as house:
            root_id = await house.start("chain")
            house.store.hold()
            first = asyncio.create_task(house.succeed("first"))
            await house.store.wait_held()
            second = asyncio.create_task(house.engine.pause(root_id, root_id=root_id))
            await asyncio.sleep(0)

            decided = house.engine._trees._ledger.state(root_id)
            assert (decided.root.state, house.stored(root_id).root.state) == ("PAUSED", "RUNNING")
            assert not first.done()
            assert not second.done()
            assert house.worker.attempts == [("first", 1), ("waits", 1)]

            house.store.let_go()
            await asyncio.gather(first, second)

            assert house.stored(root_id).root.state == "PAUSED"
            assert house.worker.attempts == [("first", 1), ("waits", 1), ("second", 1)]

    asyncio.run(body())


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_commit_that_fails_costs_no_step_and_doubles_none(tmp_path: Path, when: str) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", CHAIN) as house:
            root_id = await house.start("chain")
            waits, first = house.worker.last("waits"), house.worker.last("first")
            house.store.fail_next(when)

            with pytest.raises(Unavailable):
                await house.engine.started(first.run_id, first.attempt)
            assert await house.engine.started(first.run_id, first.attempt)
            assert await house.engine.started(first.run_id, first.attempt)
            house.store.fail_next(when)
            with pytest.raises(Unavailable):
                await house.succeed("first")
            await house.succeed("first")
            await house.succeed("second")
            await house.succeed("waits")

            state = house.stored(root_id)
            assert (state.root.state, state_of_tasks(state)) == (
                "SUCCESS",
                {"first": "SUCCESS", "second": "SUCCESS", "waits": "SUCCESS"},
            )
            assert house.worker.attempts.count(("first", 1)) == 1
            assert house.worker.attempts.count(("waits", 1)) == 1
            assert house.run_of(root_id, "waits").id == waits.run_id
            # The rows do not tell that it was this very attempt that has ended the run.
            assert set(house.worker.cancelled) <= {(first.run_id, 1)}
            assert [error.code for error in house.troubles] == ["unavailable"] * 2

    asyncio.run(body())


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_start_whose_commit_fails_is_repeated_with_its_id(tmp_path: Path, when: str) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            house.store.fail_next(when)
            with pytest.raises(Unavailable):
                await house.engine.start(house.request(id=LATE))
            assert await house.start(id=LATE) == LATE
            await house.succeed("ask", "yes")

            assert house.stored(LATE).root.output == {"said": "yes"}
            assert house.worker.attempts == [("ask", 1)]

    asyncio.run(body())


def test_who_waits_for_the_end_of_a_tree_that_never_began_is_told(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            house.store.hold()
            house.store.fail_next("before")
            start = asyncio.create_task(house.engine.start(house.request(id=LATE)))
            await house.store.wait_held()
            ended = asyncio.create_task(house.engine.wait_ended(LATE))
            await asyncio.sleep(0)
            house.store.let_go()

            with pytest.raises(Unavailable):
                await start
            async with asyncio.timeout(5):
                with pytest.raises(NotFound):
                    await ended

    asyncio.run(body())


def test_while_the_database_is_away_callers_are_told_and_later_all_goes_on(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            root_id = await house.start()
            house.store.is_away = True
            for _ in range(3):
                async with asyncio.timeout(5):
                    with pytest.raises(Unavailable):
                        await house.engine.pause(root_id, root_id=root_id)
            house.store.is_away = False
            ended = asyncio.create_task(house.engine.wait_ended(root_id))
            await house.succeed("ask", 1)

            assert (await ended).state is ExecutionState.SUCCESS
            assert house.worker.attempts == [("ask", 1)]

    asyncio.run(body())


def test_a_tree_that_another_node_took_is_let_go_and_the_others_go_on(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            lost, kept = await house.start(), await house.start()
            lost_run, kept_run = house.worker.submitted
            ended = asyncio.create_task(house.engine.wait_ended(lost))
            with open_store(f"sqlite:///{house.path}") as other:
                house.store.release([lost])
                other.claim_tree(lost)

                with pytest.raises(LeaseLost):
                    await house.engine.pause(lost, root_id=lost)
                with pytest.raises(Conflict):
                    await ended
                await house.engine.completed(lost_run.run_id, lost_run.attempt, Result(value="late"))
                assert not await house.engine.started(lost_run.run_id, lost_run.attempt)
                with pytest.raises(Conflict) as caught:
                    await house.engine.pause(lost, root_id=lost)
                again = await house.engine.start(house.request(id=lost))
                await house.engine.completed(kept_run.run_id, kept_run.attempt, Result(value="mine"))

            assert (caught.value.code, again) == ("being-run", lost)
            assert house.worker.cancelled == [(lost_run.run_id, 1)]
            assert house.worker.attempts == [("ask", 1)] * 2
            assert house.stored(lost).root.state == "RUNNING"
            assert house.stored(kept).root.output == {"said": "mine"}
            assert (house.in_memory(), len(house.engine._trees._custody._doubts)) == ([], 0)

    asyncio.run(body())


def test_a_request_that_cannot_be_stored_is_refused_and_the_tree_goes_on(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            root_id = await house.start()
            house.store.fail_next("before", Unstorable("half a character", root_ids=[root_id]))
            with pytest.raises(InvalidInput):
                await house.engine.pause(root_id, root_id=root_id)
            await house.engine.settle()
            await house.succeed("ask", "yes")

            assert house.stored(root_id).root.output == {"said": "yes"}
            assert (house.troubles, house.worker.attempts) == ([], [("ask", 1)])

    asyncio.run(body())


@pytest.mark.parametrize("result", [Result(value="half: \ud800"), Result(error={"half": "\ud800"})])
def test_a_result_that_cannot_be_stored_fails_its_execution(tmp_path: Path, result: Result) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            root_id = await house.start()
            await house.end("ask", result)

            root = house.stored(root_id).root
            assert root.state == "ERROR"
            assert "cannot be stored" in (root.state_info or "")

    asyncio.run(body())


def test_what_cannot_be_stored_and_nobody_asked_for_is_told_to_who_waits(tmp_path: Path) -> None:
    async def body() -> None:
        text = "version: '2.0'\nslow:\n  tasks:\n    a: {action: std.noop, wait-before: 5}\n"
        async with House(tmp_path / "db", text) as house:
            root_id = await house.start("slow")
            ended = asyncio.create_task(house.engine.wait_ended(root_id))
            await asyncio.sleep(0)
            error = Unstorable("too deep", root_ids=[root_id])
            house.store.fail_next("before", error)
            house.clock.advance(5)
            await house.engine.settle()

            with pytest.raises(Unstorable):
                await ended
            assert (house.troubles, house.in_memory()) == ([error], [])

    asyncio.run(body())
