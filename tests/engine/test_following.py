"""Following a tree: its past from the history, then what is committed, without a gap or a repetition."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import pytest
from msgspec.structs import replace

from maestrale.core import Changes, State, decide
from maestrale.engine import Feed, Following, Readers, Step, Story
from maestrale.engine.doubts import Doubts
from maestrale.engine.feed import BACKLOG
from maestrale.engine.ledger import Batch, Pending
from maestrale.errors import NotFound, Unavailable
from maestrale.store import StoreReader, open_reader
from maestrale.testing.stage import rows_of

from .house import ONE, House

T = TypeVar("T")


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
                steps = Story(house.engine.world, readers.run, root_id, live, pause=60).steps()
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


class Elsewhere:
    """Another node's look at what happens in a house: its feed hears nothing but what it looks for."""

    def __init__(self, house: House) -> None:
        self.is_here = False
        self.feed = Feed(lambda root_id: self.is_here)
        self.readers = _readers(house)
        self.world = house.engine.world
        self.following = Following(self.feed, self.world, self.read)

    async def read(self, work: Callable[[StoreReader], T], /) -> T:
        return await self.readers.run(work)

    @contextmanager
    def story(self, root_id: str) -> Iterator[AsyncIterator[Step | None]]:
        with self.feed.subscribe(root_id) as live:
            yield Story(self.world, self.read, root_id, live, pause=60).steps()

    async def look(self) -> None:
        await self.following.look()
        await self.following.settle()


Play: TypeAlias = Callable[[House, Elsewhere, str], Coroutine[Any, Any, None]]


def elsewhere(play: Play) -> Callable[[Path], None]:
    """A test of a tree that runs in one place and is followed in another."""

    def test(tmp_path: Path) -> None:
        async def body() -> None:
            async with House(tmp_path / "db", ONE) as house:
                there = Elsewhere(house)
                try:
                    await play(house, there, await house.start("one"))
                finally:
                    there.readers.close()

        asyncio.run(body())

    return test


@elsewhere
async def test_what_another_node_commits_is_told_after_a_look(
    house: House, there: Elsewhere, root_id: str
) -> None:
    with there.story(root_id) as steps:
        assert _numbers(await _first(steps, 2)) == [1, None]
        await house.succeed("ask", "yes")

        await there.look()

        tree = house.stored(root_id).tree
        assert tree is not None
        told = await _first(steps, tree.sequence - 1)
        assert _numbers(told) == list(range(2, tree.sequence + 1))


@elsewhere
async def test_all_who_follow_a_tree_share_what_is_read_of_it(
    house: House, there: Elsewhere, root_id: str
) -> None:
    with there.story(root_id) as one, there.story(root_id) as other:
        for steps in (one, other):
            assert _numbers(await _first(steps, 2)) == [1, None]
        await house.engine.pause(root_id, root_id=root_id)

        await there.look()

        first, second = await _first(one, 1), await _first(other, 1)
        assert _numbers(first) == [2]
        assert first[0] is second[0]


@elsewhere
async def test_a_tree_that_moves_to_and_fro_is_told_without_a_gap_or_a_repetition(
    house: House, there: Elsewhere, root_id: str
) -> None:
    async def change() -> list[Step]:
        with house.engine.feed.subscribe(root_id) as live:
            await house.engine.pause(root_id, root_id=root_id)
            await house.engine.resume(root_id, root_id=root_id)
            return live.gathered()

    with there.story(root_id) as steps:
        assert _numbers(await _first(steps, 2)) == [1, None]
        await change()
        await there.look()
        there.is_here = True  # It comes here, with two steps that nobody has looked at.
        await change()
        there.feed.publish(root_id, await change())
        await there.look()
        there.feed.publish(root_id, await change())
        there.is_here = False  # And goes again: by force, so that nobody tells how it was.
        there.feed.check_here()
        await change()
        await there.look()

        told = await _first(steps, 10)

        assert _numbers(told) == list(range(2, 12))
        state = State()
        for _, entry in house.store.read_history(root_id):
            state.apply(decide(there.world, state, entry).changes)
        last = told[-1]
        assert last is not None
        assert last.changes.executions == state.executions
        assert rows_of(state) == rows_of(house.stored(root_id))


@elsewhere
async def test_a_look_reads_only_what_is_not_told_yet(house: House, there: Elsewhere, root_id: str) -> None:
    with there.story(root_id) as steps:
        assert _numbers(await _first(steps, 2)) == [1, None]
        with closing(sqlite3.connect(house.path)) as database, database:
            database.execute("DELETE FROM history")

        for number in (2, 3, 4):
            await (house.engine.resume if number == 3 else house.engine.pause)(root_id, root_id=root_id)
            await there.look()
            assert _numbers(await _first(steps, 1)) == [number]
    await house.engine.delete(root_id, force=True)  # Without its past nothing could be made of it any more.


@elsewhere
async def test_a_tree_that_another_node_deletes_ends_what_is_told_of_it(
    house: House, there: Elsewhere, root_id: str
) -> None:
    with there.story(root_id) as steps, there.feed.expect(root_id, root_id, {"SUCCESS"}) as ended:
        assert _numbers(await _first(steps, 2)) == [1, None]
        await house.engine.delete(root_id, force=True)

        await there.look()

        with pytest.raises(NotFound):
            await _first(steps, 1)
        async with asyncio.timeout(5):
            await ended.come()


@elsewhere
async def test_a_state_of_another_nodes_tree_is_seen_by_one_look_for_all_who_wait(
    house: House, there: Elsewhere, root_id: str
) -> None:
    with ExitStack() as waits:
        waiting = [waits.enter_context(there.feed.expect(root_id, root_id, {"PAUSED"})) for _ in range(50)]
        assert not await there.following.look()
        await house.engine.pause(root_id, root_id=root_id)

        assert await there.following.look()

        async with asyncio.timeout(5):
            await asyncio.gather(*(each.come() for each in waiting))
        assert there.following.looks == 2


@elsewhere
async def test_what_was_reached_just_before_a_tree_came_here_is_seen_by_a_last_look(
    house: House, there: Elsewhere, root_id: str
) -> None:
    with there.feed.expect(root_id, root_id, {"PAUSED"}) as paused:
        await house.engine.pause(root_id, root_id=root_id)
        there.is_here = True

        await there.following.look()
        await there.following.look()

        async with asyncio.timeout(5):
            await paused.come()
        assert there.following.looks == 1


@elsewhere
async def test_what_could_not_be_committed_here_is_looked_for_where_it_may_have_been(
    house: House, there: Elsewhere, root_id: str
) -> None:
    there.is_here = True
    with there.story(root_id) as steps:
        assert _numbers(await _first(steps, 2)) == [1, None]
        await house.succeed("ask", "yes")
        await there.look()
        assert there.following.looks == 0

        there.feed.doubt([root_id])
        await there.look()

        assert _numbers(await _first(steps, 1)) == [2]
        await there.look()
        assert there.feed.elsewhere() == []


async def test_who_looks_on_here_costs_no_look(tmp_path: Path) -> None:
    async with House(tmp_path / "db", ONE) as house:
        readers = _readers(house)
        async with Following(house.engine.feed, house.engine.world, readers.run) as following:
            root_id = await house.start("one")
            with (
                house.engine.feed.subscribe(root_id) as live,
                house.engine.feed.expect(root_id, root_id, {"SUCCESS"}) as ended,
            ):
                steps = Story(house.engine.world, readers.run, root_id, live, pause=60).steps()
                assert _numbers(await _first(steps, 2)) == [1, None]
                await house.succeed("ask", "yes")
                await ended.come()
                assert following.looks == 0
        readers.close()


def test_a_step_that_the_history_told_already_does_not_come_again(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            with house.engine.feed.subscribe("root") as live:
                readers = _readers(house)
                await house.start("one", id="root")
                assert live._steps.qsize() == 1
                steps = Story(house.engine.world, readers.run, "root", live, pause=60).steps()
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


def test_a_story_whose_past_is_deleted_before_it_is_read_says_so(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            root_id, readers = await house.start("one"), _readers(house)
            with house.engine.feed.subscribe(root_id) as live:
                await house.succeed("ask", "yes")
                await house.engine.delete(root_id, force=True)
                steps = Story(house.engine.world, readers.run, root_id, live, pause=60).steps()

                with pytest.raises(NotFound, match="was deleted"):
                    await _first(steps, 1)
            readers.close()

    asyncio.run(body())


def test_who_does_not_read_is_let_go_of_and_misses_nothing_of_what_was_kept() -> None:
    async def body() -> None:
        steps = [Step(number, None, Changes()) for number in range(1, BACKLOG + 6)]  # type: ignore[arg-type]
        feed = Feed()
        with feed.subscribe("root") as slow:
            feed.publish("root", steps)

            read = [await slow.next() for _ in range(BACKLOG + 1)]

        assert read == [*steps[:BACKLOG], None]

    asyncio.run(body())
