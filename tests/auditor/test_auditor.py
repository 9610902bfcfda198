"""The audit in a server finds what stands still there, and has it go on."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Self, TypeVar

import pytest
from msgspec.structs import replace

from maestrale.auditor import Auditor, AuditSettings
from maestrale.core import Changes, Result
from maestrale.engine import Readers
from maestrale.errors import Unavailable
from maestrale.store import StoreReader, open_reader

from ..engine.house import House

T = TypeVar("T")

WAITING = """
version: '2.0'
waiting:
  tasks:
    outside: {action: test.outside, on-success: after}
    after: {action: test.safe}
    slow: {action: test.once}
    later: {action: test.safe, wait-before: 3600}
"""


class WatchedHouse(House):
    """A house with an auditor, whose rounds a test begins."""

    def __init__(self, path: Path, *, repairs: bool = True) -> None:
        super().__init__(path, WAITING)
        self.reads = 0
        self.is_working = True
        self.rounds: list[Mapping[str, int]] = []
        self.repaired: list[str] = []
        self.rests: list[float] = []
        self.auditor = Auditor(
            self.engine,
            self.read,
            settings=AuditSettings(repairs=repairs),
            is_working=lambda: self.is_working,
            on_round=lambda counts: self.rounds.append(dict(counts)),
            on_repair=self.repaired.append,
            rest=self._rest,
        )

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        url = f"sqlite:///{self.path}"
        self._readers = Readers(lambda: open_reader(url))
        return self

    async def __aexit__(self, kind: object, *error: object) -> None:
        self._readers.close()
        await super().__aexit__(kind, *error)

    async def read(self, work: Callable[[StoreReader], T], /) -> T:
        self.reads += 1
        return await self._readers.run(work)

    async def _rest(self, seconds: float) -> None:
        self.rests.append(seconds)

    async def audit(self) -> list[str]:
        """The codes of what one round finds."""
        found = [finding.code for finding in await self.auditor.audit()]
        await self.engine.settle()
        return found

    async def reads_of_a_round(self) -> int:
        before = self.reads
        await self.audit()
        return self.reads - before


def in_house(tmp_path: Path, play: Callable[[WatchedHouse], Any], **options: Any) -> None:
    async def run() -> None:
        async with WatchedHouse(tmp_path / "trees.db", **options) as house:
            await play(house)

    asyncio.run(run())


def test_nothing_is_found_where_everything_is_in_order(tmp_path: Path) -> None:
    async def play(house: WatchedHouse) -> None:
        await house.start("waiting")
        assert await house.audit() == []

        await house.succeed("slow")
        assert await house.audit() == []
        assert (house.rounds, house.repaired) == ([{}, {}], [])

    in_house(tmp_path, play)


def test_what_has_not_changed_is_not_read_again(tmp_path: Path) -> None:
    async def play(house: WatchedHouse) -> None:
        idle = await house.reads_of_a_round()
        await house.start("waiting")
        first, second = await house.reads_of_a_round(), await house.reads_of_a_round()
        await house.succeed("slow")
        third = await house.reads_of_a_round()

        # The list of live trees has two pages where there is a tree: the second says that this was all.
        assert (idle, first, second, third) == (1, 3, 2, 3)

    in_house(tmp_path, play)


# What goes wrong in memory, what it is called, and how it is seen that it was put right.


def lose_attempt(house: WatchedHouse, root_id: str) -> None:
    house.worker.held.clear()


def lose_timer(house: WatchedHouse, root_id: str) -> None:
    house.engine._trees._timers._due.clear()


def lose_tree(house: WatchedHouse, root_id: str) -> None:
    house.engine._trees._ledger.forget(root_id)


def lose_turn(house: WatchedHouse, root_id: str) -> None:
    """A task is still to have its turn, in memory and in the database, and nobody thinks of it."""
    state = house.engine._trees._ledger.state(root_id)
    task = next(task for task in state.tasks.values() if task.name == "slow")
    state.agenda.append((10_000, task.id))


def change_memory(house: WatchedHouse, root_id: str) -> None:
    state = house.engine._trees._ledger.state(root_id)
    state.apply(Changes(executions={root_id: replace(state.root, live=7)}))


LOSSES: Mapping[str, Callable[[WatchedHouse, str], None]] = {
    "attempt-not-under-way": lose_attempt,
    "timer-not-set": lose_timer,
    "not-in-memory": lose_tree,
    "turn-not-given": lose_turn,
    "memory-differs": change_memory,
}


@pytest.mark.parametrize("code", LOSSES)
def test_what_stands_still_goes_on_once_it_was_found_twice(tmp_path: Path, code: str) -> None:
    async def play(house: WatchedHouse) -> None:
        root_id = await house.start("waiting")
        LOSSES[code](house, root_id)

        found = [await house.audit(), await house.audit(), await house.audit()]

        assert found == [[code], [code], []]
        assert (house.rounds, house.repaired) == ([{code: 1}, {code: 1}, {}], [code])
        await bring_to_its_end(house, root_id)

    in_house(tmp_path, play)


async def bring_to_its_end(house: WatchedHouse, root_id: str) -> None:
    house.clock.advance(timedelta(hours=1).total_seconds())
    await house.engine.settle()
    (outside,) = [run for run in house.stored(root_id).runs.values() if run.asynchronous]
    if "slow" in [name for name, _ in house.worker.attempts]:
        await house.succeed("slow")
    await house.succeed("later")
    await house.engine.complete_action(outside.id, root_id=root_id, result=Result())
    await house.engine.settle()
    await house.succeed("after")
    assert str(house.stored(root_id).root.state) in ("SUCCESS", "ERROR")


def test_where_repairs_are_switched_off_it_only_tells(tmp_path: Path) -> None:
    async def play(house: WatchedHouse) -> None:
        root_id = await house.start("waiting")
        lose_tree(house, root_id)

        assert [await house.audit() for _ in range(3)] == [["not-in-memory"]] * 3
        assert house.repaired == []

    in_house(tmp_path, play, repairs=False)


def test_what_another_process_has_left_goes_on_here(tmp_path: Path) -> None:
    async def play(house: WatchedHouse) -> None:
        async with House(tmp_path / "trees.db", WAITING) as other:
            root_id = await other.start("waiting")
            assert await house.audit() == []  # It is being run.

        assert [await house.audit() for _ in range(3)] == [["nobody-runs-it"], ["nobody-runs-it"], []]
        assert house.engine.holds(root_id)

    in_house(tmp_path, play)


def test_what_waits_only_for_somebody_outside_after_its_end_need_not_be_in_memory(tmp_path: Path) -> None:
    async def play(house: WatchedHouse) -> None:
        root_id = await house.start("waiting")
        await house.succeed("slow")
        await house.engine.stop(root_id, root_id=root_id, state="CANCELLED")
        await house.engine.settle()

        assert not house.engine.holds(root_id)
        assert await house.audit() == []

    in_house(tmp_path, play)


def test_while_the_service_is_paused_nothing_is_looked_at(tmp_path: Path) -> None:
    async def play(house: WatchedHouse) -> None:
        await house.start("waiting")
        house.is_working = False

        assert await house.auditor._audit_or_log() == 60.0
        assert (house.reads, house.rounds) == (0, [])

    in_house(tmp_path, play)


def test_a_round_that_the_database_ends_is_tried_again(tmp_path: Path) -> None:
    async def play(house: WatchedHouse) -> None:
        async def read(work: Callable[[StoreReader], T], /) -> T:
            raise Unavailable("the database is away")

        await house.start("waiting")
        auditor = Auditor(house.engine, read, settings=AuditSettings())

        assert await auditor._audit_or_log() == 60.0

    in_house(tmp_path, play)
