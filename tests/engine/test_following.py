"""Following a tree: its past from the history, then what is committed, without a gap or a repetition."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from maestrale.core import Changes, State
from maestrale.engine import Readers, Step, Story, Subscription
from maestrale.engine.doubts import Doubts
from maestrale.engine.feed import BACKLOG
from maestrale.engine.ledger import Batch, Pending
from maestrale.errors import NotFound, Unavailable
from maestrale.store import open_reader
from maestrale.testing.stage import rows_of

from .house import ONE, House


async def _first(steps: AsyncIterator[Step | None], count: int) -> list[Step | None]:
    """So many steps; none of them may be long in coming."""
    async with asyncio.timeout(5):
        return [await anext(steps) for _ in range(count)]


def _numbers(steps: list[Step | None]) -> list[int | None]:
    return [None if step is None else step.sequence for step in steps]


def _readers(house: House) -> Readers:
    return Readers(lambda: open_reader(f"sqlite:///{house.path}"))


def test_a_story_has_the_past_then_the_present_and_its_fold_is_the_stored_tree(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            root_id, readers = await house.start("one"), _readers(house)
            with house.engine.feed.subscribe(root_id) as live:
                steps = Story(
                    house.engine.world, readers.run, root_id, live, pause=60, is_here=lambda: True
                ).steps()
                past = await _first(steps, 2)
                await house.succeed("ask", "yes")
                present = await _first(steps, len(house.stored(root_id).tree.sequence * [0]) - 1)  # type: ignore[union-attr]
            readers.close()
            told = [step for step in [*past, *present] if step is not None]
            assert _numbers(past) == [1, None]
            assert [step.sequence for step in told] == list(range(1, len(told) + 1))
            state = State()
            for step in told:
                state.apply(step.changes)
            assert rows_of(state) == rows_of(house.stored(root_id))

    asyncio.run(body())


def test_what_another_process_commits_is_found_in_the_history(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            root_id, readers = await house.start("one"), _readers(house)
            deaf = Subscription()  # Nobody publishes to it, as nobody does for what runs elsewhere.
            steps = Story(
                house.engine.world, readers.run, root_id, deaf, pause=0.01, is_here=lambda: False
            ).steps()
            assert _numbers(await _first(steps, 2)) == [1, None]
            await house.succeed("ask", "yes")
            async with asyncio.timeout(5):
                found = [step async for step in _until_quiet(steps)]
            readers.close()
            assert [step.sequence for step in found] == list(range(2, len(found) + 2))

    asyncio.run(body())


def test_steps_that_were_not_published_here_are_told_before_the_next_that_is(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            root_id, readers = await house.start("one"), _readers(house)
            late = Subscription()  # This node takes the tree over: it publishes only what comes then.
            steps = Story(
                house.engine.world, readers.run, root_id, late, pause=60, is_here=lambda: True
            ).steps()
            assert _numbers(await _first(steps, 2)) == [1, None]
            with house.engine.feed.subscribe(root_id) as live:
                await house.engine.pause(root_id, root_id=root_id)
                await house.engine.resume(root_id, root_id=root_id)
                await house.engine.pause(root_id, root_id=root_id)
                late.put(live.gathered()[-1])
            assert _numbers(await _first(steps, 3)) == [2, 3, 4]
            readers.close()

    asyncio.run(body())


async def _until_quiet(steps: AsyncIterator[Step | None]) -> AsyncIterator[Step]:
    some = False
    async for step in steps:
        if step is not None:
            some = True
            yield step
        elif some:
            return


def test_a_step_that_the_history_told_already_does_not_come_again(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            with house.engine.feed.subscribe("root") as live:
                readers = _readers(house)
                await house.start("one", id="root")
                assert live._steps.qsize() == 1
                steps = Story(
                    house.engine.world, readers.run, "root", live, pause=60, is_here=lambda: True
                ).steps()
                assert _numbers(await _first(steps, 2)) == [1, None]
                await house.succeed("ask")
                assert _numbers(await _first(steps, 1)) == [2]
                readers.close()

    asyncio.run(body())


@pytest.mark.parametrize(("when", "told"), [("after", [2]), ("before", [])])
def test_a_step_whose_commit_only_seemed_to_fail_is_told_once_that_is_known(
    tmp_path: Path, when: str, told: list[int]
) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            root_id = await house.start("one")
            with house.engine.feed.subscribe(root_id) as live:
                house.store.fail_next(when)
                with pytest.raises(Unavailable):
                    await house.engine.pause(root_id, root_id=root_id)
                await house.engine.settle()
                assert [step.sequence for step in live.gathered()] == told

                await house.engine.pause(root_id, root_id=root_id)
                await house.engine.resume(root_id, root_id=root_id)
                assert [*told, *(step.sequence for step in live.gathered())] == [2, 3]
            observed = [changes.executions[root_id].state for _, changes in house.seen if changes.executions]
            assert observed == ["RUNNING", "PAUSED", "RUNNING"]

    asyncio.run(body())


def test_a_step_of_another_node_is_not_taken_for_the_own_one_of_that_number(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            root_id = await house.start("one")
            (stored,) = (entry for _, entry in house.store.read_history(root_id))
            doubts = Doubts()
            for seed, is_stored in ((stored.seed, True), ("another", False)):
                step = Step(1, replace(stored, seed=seed), Changes())
                doubts.note(Batch({root_id: Pending(root_id=root_id, steps=[step])}))
                assert doubts.is_stored(house.store, root_id) is is_stored

    asyncio.run(body())


def test_a_story_ends_with_the_engine_and_tells_of_a_deletion(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            gone, kept = await house.start("one"), await house.start("one")
            with house.engine.feed.subscribe(gone) as one, house.engine.feed.subscribe(kept) as other:
                await house.engine.delete(gone, force=True)
                with pytest.raises(NotFound):
                    await one.next()
                assert len(house.engine.feed) == 2
                await house.engine.__aexit__(None, None, None)
                assert await other.next() is None
                assert await other.next() is None
            assert len(house.engine.feed) == 0

    asyncio.run(body())


def test_who_does_not_read_is_let_go_of_and_misses_nothing_of_what_was_kept() -> None:
    async def body() -> None:
        slow = Subscription()
        step = Step(1, None, None)  # type: ignore[arg-type]
        for _ in range(BACKLOG + 5):
            slow.put(step)

        read = [await slow.next() for _ in range(BACKLOG + 1)]

        assert read == [step] * BACKLOG + [None]

    asyncio.run(body())
