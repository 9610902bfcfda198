"""What has ended is deleted once it is old, or more than is to be kept."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pytest
from structlog.testing import capture_logs

from maestrale.core import Result
from maestrale.core.state import Pin
from maestrale.engine import ActionRequest, StartRequest
from maestrale.errors import Unavailable
from maestrale.scheduler.deletions import MOST_FAILURES
from maestrale.store import open_store
from maestrale.testing.clocks import NOON

from .house import MINUTE, TimedHouse

Ends = Mapping[str, tuple[Literal["SUCCESS", "ERROR", "CANCELLED"] | None, int]]
"""In which state an execution ends, and how many minutes after noon, by its id. None: it does not end."""

FOUR: Ends = {"a": ("SUCCESS", 10), "b": ("ERROR", 20), "c": ("CANCELLED", 30), "d": ("SUCCESS", 40)}


async def play(house: TimedHouse, ends: Ends) -> None:
    """Start all executions at noon, and end each at its time."""
    pin = Pin("workflow", "", "ask", house.workflow.document, house.workflow.id)
    for id in ends:
        await house.engine.start(StartRequest(workflow="ask", pins=(pin,), id=id, input={"name": "Ann"}))
    for id, (state, minute) in sorted(ends.items(), key=lambda item: item[1][1]):
        house.clock.advance_to(NOON + minute * MINUTE)
        if state is not None:
            await house.engine.stop(id, root_id=id, state=state)


def left(path: Path, ends: Ends = FOUR, *, at: int = 60, **settings: Any) -> list[str]:
    """What is left of the executions when an hour has passed and the policy was evaluated."""

    async def body() -> list[str]:
        async with TimedHouse(path / "house.db", **settings) as house:
            await play(house, ends)
            house.clock.advance_to(NOON + at * MINUTE)
            await house.expiration.evaluate()
            return sorted(await house.executions())

    return asyncio.run(body())


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({}, ["a", "b", "c", "d"]),
        ({"older_than_minutes": 60}, ["a", "b", "c", "d"]),
        ({"older_than_minutes": 40}, ["b", "c", "d"]),
        ({"older_than_minutes": 30}, ["c", "d"]),
        ({"older_than_minutes": 1}, []),
        ({"max_finished_executions": 4}, ["a", "b", "c", "d"]),
        ({"max_finished_executions": 3}, ["b", "c", "d"]),
        ({"max_finished_executions": 1}, ["d"]),
        ({"max_finished_executions": 3, "older_than_minutes": 30}, ["c", "d"]),
        ({"max_finished_executions": 1, "older_than_minutes": 30}, ["d"]),
        ({"older_than_minutes": 1, "ignored_states": ("ERROR", "CANCELLED")}, ["b", "c"]),
        ({"max_finished_executions": 1, "ignored_states": ("SUCCESS",)}, ["a", "c", "d"]),
        ({"older_than_minutes": 1, "batch_size": 0}, []),
    ],
)
def test_what_is_left_follows_from_age_number_and_state(
    tmp_path: Path, settings: dict[str, Any], kept: list[str]
) -> None:
    assert left(tmp_path, **settings) == kept


def test_what_has_not_ended_never_expires(tmp_path: Path) -> None:
    ends: Ends = {"a": (None, 1), "b": ("SUCCESS", 1)}

    assert left(tmp_path, ends, at=10**6, older_than_minutes=1, max_finished_executions=1) == ["a"]


def test_a_tree_goes_with_everything_in_it(tmp_path: Path) -> None:
    assert left(tmp_path, older_than_minutes=1) == []

    with open_store(f"sqlite:///{tmp_path}/house.db") as store:
        assert [store.load_tree(id) for id in FOUR] == [None] * 4
        assert store.list_tasks(project_id=None) == []


def test_action_runs_without_a_task_expire_by_their_age_alone(tmp_path: Path) -> None:
    async def body() -> None:
        async with TimedHouse(
            tmp_path / "house.db", older_than_minutes=30, max_finished_executions=1
        ) as house:
            request = ActionRequest(action="test.outside")
            runs = [await house.engine.start_action(request) for _ in range(3)]
            for run_id in runs[:2]:
                await house.engine.complete_action(run_id, root_id=run_id, result=Result())
                house.clock.advance(31 * 60)

            await house.expiration.evaluate()

            stored = await house.read(lambda store: [store.load_tree(id) for id in runs])
            assert [rows is None for rows in stored] == [True, True, False]
            assert house.deleted == ["action_run", "action_run"]

    asyncio.run(body())


def test_one_line_tells_what_was_deleted_and_none_that_nothing_was(tmp_path: Path) -> None:
    async def body() -> None:
        async with TimedHouse(tmp_path / "house.db", older_than_minutes=35) as house:
            await play(house, FOUR)
            house.clock.advance(20 * 60)

            with capture_logs() as log:
                await house.expiration.evaluate()
                await house.expiration.evaluate()

            [line] = log
            assert (line["event"], line["executions"], line["action_runs"]) == (
                "deleted what had expired",
                2,
                0,
            )
            assert house.deleted == ["execution", "execution"]

    asyncio.run(body())


def test_after_each_batch_others_get_their_turn(tmp_path: Path) -> None:
    async def body() -> None:
        async with TimedHouse(tmp_path / "house.db", older_than_minutes=1, batch_size=3) as house:
            await play(house, {f"e{number}": ("SUCCESS", 1) for number in range(7)})
            house.clock.advance(3600)

            await house.expiration.evaluate()

            assert await house.executions() == []
            assert len(house.rests) == 2
            assert all(seconds > 0 for seconds in house.rests)

    asyncio.run(body())


def test_a_paused_service_deletes_nothing_more(tmp_path: Path) -> None:
    async def body() -> None:
        async with TimedHouse(tmp_path / "house.db", older_than_minutes=1) as house:
            await play(house, FOUR)
            house.clock.advance(3600)
            house.is_working = False

            await house.expiration.evaluate()

            assert sorted(await house.executions()) == sorted(FOUR)

    asyncio.run(body())


def test_what_another_process_runs_is_passed_over(tmp_path: Path) -> None:
    """Its root has ended, but it belongs to a process that is there still."""

    async def body() -> None:
        path = tmp_path / "house.db"
        async with TimedHouse(path) as owner, TimedHouse(path, older_than_minutes=1) as house:
            await play(owner, {"theirs": (None, 0)})
            await play(house, {"ours": ("SUCCESS", 0)})
            await owner.engine.stop("theirs", root_id="theirs", state="SUCCESS")
            house.clock.advance(3600)

            await house.expiration.evaluate()

            assert house.deleted == ["execution"]
            assert await house.executions() == ["theirs"]

    asyncio.run(body())


def test_a_database_that_is_away_is_told_of_and_asked_again(tmp_path: Path) -> None:
    async def body() -> None:
        async with TimedHouse(tmp_path / "house.db", older_than_minutes=1) as house:
            await play(house, FOUR)
            house.clock.advance(3600)
            house.store.is_away = True
            with pytest.raises(Unavailable):
                await house.expiration.evaluate()
            house.store.is_away = False

            await house.expiration.evaluate()

            assert await house.executions() == []

    asyncio.run(body())


def test_a_damaged_execution_keeps_no_other_from_being_deleted(tmp_path: Path) -> None:
    async def body() -> None:
        async with TimedHouse(tmp_path / "house.db", older_than_minutes=1) as house:
            await play(house, FOUR)
            house.clock.advance(3600)
            house.store.damaged.add("b")

            with capture_logs() as log:
                await house.expiration.evaluate()

            assert await house.executions() == ["b"]
            assert [(line["event"], line.get("root_id")) for line in log] == [
                ("what has expired cannot be deleted", "b"),
                ("deleted what had expired", None),
            ]

    asyncio.run(body())


def test_a_database_that_is_damaged_as_a_whole_ends_the_round(tmp_path: Path) -> None:
    async def body() -> None:
        async with TimedHouse(tmp_path / "house.db", older_than_minutes=1) as house:
            ids = [f"e{number}" for number in range(9)]
            await play(house, dict.fromkeys(ids, ("SUCCESS", 1)))
            house.clock.advance(3600)
            house.store.damaged.update(ids)

            with capture_logs() as log, pytest.raises(Unavailable):
                await house.expiration.evaluate()

            assert len(log) == MOST_FAILURES - 1

    asyncio.run(body())


def test_it_looks_at_once_when_the_process_starts(tmp_path: Path) -> None:
    async def body() -> None:
        async with TimedHouse(tmp_path / "house.db", older_than_minutes=1, interval_minutes=60) as house:
            await play(house, FOUR)
            house.clock.advance(3600)

            async with house.expiration, asyncio.timeout(20):
                while len(house.deleted) < len(FOUR):  # noqa: ASYNC110 - Nothing tells.
                    await asyncio.sleep(0)

            assert await house.executions() == []

    asyncio.run(body())
