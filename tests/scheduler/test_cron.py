"""Cron triggers fire: each time that they are due once, whatever happens in between."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from maestrale.clock import SystemClock
from maestrale.errors import Unavailable
from maestrale.ids import new_id
from maestrale.scheduler import CronSettings, CronTriggers, cron_rules
from maestrale.scheduler.cron import RETRY_SECONDS, advance
from maestrale.scheduler.cron import SECRET as SECRET_SETTING
from maestrale.scheduler.cron_rules import find_cron_start
from maestrale.store import open_store
from maestrale.testing.clocks import NOON

from .house import ASK, MINUTE, SECOND, SECRET, TimedHouse, execution_id

DEADLINE = 20.0
"""Seconds until a test gives up; nothing takes nearly as long."""

Play = Callable[[TimedHouse], Awaitable[None]]


def in_a_house(at_once: int = 50) -> Callable[[Play], Callable[[Path], None]]:
    """Make a test of what is played in a new house."""

    def decorate(play: Play) -> Callable[[Path], None]:
        def test(tmp_path: Path) -> None:
            async def body() -> None:
                async with TimedHouse(tmp_path / "house.db", at_once=at_once) as house:
                    await play(house)

            asyncio.run(body())

        return test

    return decorate


@in_a_house()
async def test_a_trigger_that_is_due_starts_its_workflow_and_waits_for_its_next_time(
    house: TimedHouse,
) -> None:
    trigger = house.trigger(remaining_executions=2)
    await house.add(trigger, house.trigger(1, due=NOON + SECOND))

    await house.cron.fire_due()
    await house.cron.fire_due()

    state = house.stored(execution_id(trigger))
    assert await house.executions() == [execution_id(trigger)]
    assert (state.root.workflow_id, state.root.project_id) == (house.workflow.id, "ann")
    assert (state.root.input, state.root.created_at) == ({"name": "Ann"}, NOON)
    assert await house.triggers() == [
        replace(
            trigger,
            next_execution_time=NOON + MINUTE,
            remaining_executions=1,
            updated_at=NOON,
        ),
        house.trigger(1, due=NOON + SECOND),
    ]
    assert house.turns == [True]


@in_a_house()
async def test_a_trigger_fires_as_often_as_it_was_told_and_is_gone(house: TimedHouse) -> None:
    trigger = house.trigger(remaining_executions=3)
    await house.add(trigger)

    for _ in range(5):
        await house.cron.fire_due()
        house.clock.advance(60)

    times = [NOON + number * MINUTE for number in range(3)]
    due = [replace(trigger, next_execution_time=time) for time in times]
    assert await house.executions() == [execution_id(each) for each in reversed(due)]
    assert await house.triggers() == []


@in_a_house()
async def test_times_that_passed_while_nobody_was_there_are_made_up_for_once(house: TimedHouse) -> None:
    await house.add(house.trigger())
    house.clock.advance(59.5 * 60)

    await house.cron.fire_due()

    assert len(await house.executions()) == 1
    assert [trigger.next_execution_time for trigger in await house.triggers()] == [NOON + 60 * MINUTE]


@in_a_house()
async def test_a_process_that_died_between_the_start_and_the_next_time_has_started_it(
    house: TimedHouse,
) -> None:
    trigger = house.trigger(remaining_executions=2)
    await house.add(trigger)
    await house.engine.start(await house.read(lambda store: find_cron_start(store, trigger, secret=SECRET)))

    await house.cron.fire_due()

    assert await house.executions() == [execution_id(trigger)]
    assert [trigger.remaining_executions for trigger in await house.triggers()] == [1]


def test_the_next_process_goes_on_with_what_the_last_one_had_started(tmp_path: Path) -> None:
    async def body() -> None:
        path = tmp_path / "house.db"
        async with TimedHouse(path) as house:
            trigger = house.trigger(remaining_executions=1)
            await house.add(trigger)
            await house.engine.start(
                await house.read(lambda store: find_cron_start(store, trigger, secret=SECRET))
            )

        async with TimedHouse(path) as house:
            house.clock.advance(3600)
            await house.cron.fire_due()
            assert await house.executions() == [execution_id(trigger)]
            assert await house.triggers() == []

    asyncio.run(body())


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_start_of_which_nobody_knows_is_tried_again_and_happens_once(tmp_path: Path, when: str) -> None:
    async def body() -> None:
        async with TimedHouse(tmp_path / "house.db") as house:
            trigger = house.trigger()
            await house.add(trigger)
            house.store.fail_next(when)

            with pytest.raises(Unavailable):
                await house.cron.fire_due()
            due_still = await house.triggers()
            await house.cron.fire_due()

            assert due_still == [trigger]
            assert await house.executions() == [execution_id(trigger)]
            assert [each.next_execution_time for each in await house.triggers()] == [NOON + MINUTE]

    asyncio.run(body())


@in_a_house()
async def test_a_trigger_that_cannot_start_is_told_of_and_goes_on_to_its_next_time(house: TimedHouse) -> None:
    await house.add(
        house.trigger(0, workflow_id=execution_id(house.trigger()), workflow_name="gone"),
        house.trigger(1, workflow_input={"nome": "Ann"}),
        house.trigger(2),
    )

    with capture_logs() as log:
        await house.cron.fire_due()
        await house.cron.fire_due()

    told = [
        (line["log_level"], line["event"], line["trigger"], line["workflow"], line["project"], line["due_at"])
        for line in sorted(log, key=lambda line: str(line["trigger"]))
    ]
    rest = ("ann", "2026-03-01T12:00:00+00:00")
    assert told == [
        ("error", "a cron trigger could not start its workflow", "trigger-0", "gone", *rest),
        ("error", "a cron trigger could not start its workflow", "trigger-1", "ask", *rest),
    ]
    assert any("there is no workflow `gone` [unknown-workflow]" in line["error"] for line in log)
    assert any("nome" in line["error"] for line in log)
    assert sorted(house.turns) == [False, False, True]
    assert {trigger.next_execution_time for trigger in await house.triggers()} == {NOON + MINUTE}
    assert await house.executions() == [execution_id(house.trigger(2))]


@in_a_house()
async def test_a_workflow_starts_as_it_is_stored_when_the_trigger_is_due(house: TimedHouse) -> None:
    await house.add(house.trigger())

    def change() -> None:
        text = ASK.replace("approve", "sign")
        document = house.store.put_document("ask.yaml", text)
        house.store.update_record(house.workflow, replace(house.workflow, definition=text, document=document))

    await house.engine.write(lambda store: change())
    await house.cron.fire_due()

    [execution] = await house.executions()
    assert [task.name for task in house.stored(execution).tasks.values()] == ["sign"]


@in_a_house(at_once=20)
async def test_many_triggers_of_one_second_start_together_but_not_all_at_once(house: TimedHouse) -> None:
    triggers = [house.trigger(number) for number in range(200)]
    await house.add(*triggers)

    await house.cron.fire_due()

    assert sorted(await house.executions()) == sorted(map(execution_id, triggers))
    assert {trigger.next_execution_time for trigger in await house.triggers()} == {NOON + MINUTE}
    assert house.most_reading == 20
    assert len(house.store.transactions) < 100


@in_a_house()
async def test_nothing_fires_while_the_service_does_not_work_and_once_when_it_does_again(
    house: TimedHouse,
) -> None:
    await house.add(house.trigger())
    house.is_working = False

    await house.cron.fire_due()
    house.clock.advance(600)
    await house.cron.fire_due()
    meanwhile = await house.executions()
    house.is_working = True
    await house.cron.fire_due()

    assert meanwhile == []
    assert await house.executions() == [execution_id(house.trigger())]


@in_a_house()
async def test_a_trigger_that_somebody_else_has_advanced_or_deleted_is_left_alone(house: TimedHouse) -> None:
    fired = [house.trigger(0), house.trigger(1), house.trigger(2, remaining_executions=1)]
    advanced = house.trigger(0, due=NOON + 2 * MINUTE)
    last = house.trigger(2, due=NOON + 3 * MINUTE, remaining_executions=1)
    await house.add(advanced, last)

    await house.engine.write(lambda store: advance(store, fired, now=NOON))

    assert await house.triggers() == [advanced, last]


@in_a_house()
async def test_whoever_makes_a_trigger_wakes_the_one_that_waits(house: TimedHouse) -> None:
    async with house.cron, asyncio.timeout(DEADLINE):
        await house.add(house.trigger(due=NOON + 60 * MINUTE))
        house.clock.advance(3600)
        house.cron.look_again()
        await house.turned.wait()

    assert await house.executions() == [execution_id(house.trigger(due=NOON + 60 * MINUTE))]


@in_a_house()
async def test_triggers_fire_by_themselves_when_their_time_comes(house: TimedHouse) -> None:
    clock = SystemClock()
    due = clock.now() + timedelta(milliseconds=30)
    await house.add(house.trigger(due=due, remaining_executions=1))
    cron = CronTriggers(
        house.engine,
        house.read,
        clock=clock,
        on_turn=lambda started: house.turned.set(),
    )

    async with cron, asyncio.timeout(DEADLINE):
        await house.turned.wait()

    assert clock.now() >= due
    assert len(await house.executions()) == 1


@in_a_house()
async def test_triggers_go_on_after_the_database_was_away(
    house: TimedHouse,
) -> None:
    await house.add(house.trigger())
    house.store.fail_next("before")

    with capture_logs() as log:
        async with house.cron, asyncio.timeout(DEADLINE):
            while not log:  # noqa: ASYNC110 - A log wakes nobody.
                await asyncio.sleep(0)
            house.cron.look_again()
            await house.turned.wait()

    assert [line["event"] for line in log] == ["cron triggers have to wait for the database"]
    assert await house.executions() == [execution_id(house.trigger())]


@in_a_house()
async def test_triggers_that_are_switched_off_do_not_fire(house: TimedHouse) -> None:
    await house.add(house.trigger())
    off = CronTriggers(house.engine, house.read, clock=house.clock, settings=CronSettings(is_enabled=False))

    async with off:
        off.look_again()
        await house.triggers()

    assert house.most_reading == 0
    with open_store(f"sqlite:///{house.path}") as store:
        assert store.latest_execution() is None
        assert store.list_due_triggers(now=NOON, limit=5) == [house.trigger()]


@in_a_house()
async def test_a_trigger_that_meets_a_bug_on_its_way_on_keeps_no_other_from_going_on(
    house: TimedHouse,
) -> None:
    """No calendar has a time after this one."""
    last = datetime.max.replace(microsecond=0, tzinfo=UTC)
    stuck, other = house.trigger(0, due=last), house.trigger(1, due=last, remaining_executions=1)
    await house.add(stuck, other)
    house.clock.advance_to(last)

    with capture_logs() as log:
        await house.cron.fire_due()
        wait = await house.cron._fire_and_look_ahead()

    assert sorted(await house.executions()) == sorted(map(execution_id, [stuck, other]))
    assert await house.triggers() == [stuck]
    assert {(line["event"], line["trigger"]) for line in log} == {("a cron trigger met a bug", "trigger-0")}
    assert wait == RETRY_SECONDS


def test_ids_of_executions_follow_from_a_secret_that_a_database_keeps(tmp_path: Path) -> None:
    """Another project that sees the trigger cannot take the id beforehand, so that it would never start."""
    secrets = []
    for name in ("a.db", "a.db", "b.db"):
        with open_store(f"sqlite:///{tmp_path}/{name}") as store:
            secrets.append(store.keep_setting(SECRET_SETTING, new_id()))
            assert store.get_setting(SECRET_SETTING) == secrets[-1]

    assert secrets[0] == secrets[1] != secrets[2]


@in_a_house()
async def test_who_takes_an_id_that_could_be_told_keeps_no_trigger_from_firing(house: TimedHouse) -> None:
    trigger = house.trigger()
    guessed = cron_rules.execution_id(trigger, secret="")
    await house.add(trigger)
    await house.engine.start(
        replace(
            await house.read(lambda store: find_cron_start(store, trigger, secret="")), project_id="mallory"
        )
    )

    await house.cron.fire_due()

    assert sorted(await house.executions()) == sorted([guessed, execution_id(trigger)])


class Dying:
    """A database whose process dies at its `last` transaction, `before` it or `after`."""

    def __init__(self, database: Any, last: int, when: str) -> None:
        self._database = database
        self._left = last
        self._when = when

    @contextmanager
    def writing(self) -> Iterator[None]:
        if self._database.is_writing:
            with self._database.writing():
                yield
            return
        self._left -= 1
        if self._left < 0 or (self._left == 0 and self._when == "before"):
            raise Unavailable("the process is gone")
        with self._database.writing():
            yield
        if self._left == 0:
            raise Unavailable("the process is gone")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("last", range(1, 5))
def test_wherever_the_process_dies_a_trigger_fires_once(tmp_path: Path, last: int, when: str) -> None:
    """One transaction reads the secret, one starts the executions, one lets the triggers go on."""

    async def body() -> None:
        path = tmp_path / "house.db"
        async with TimedHouse(path) as house:
            triggers = [house.trigger(number, remaining_executions=2) for number in range(3)]
            await house.add(*triggers)
            house.store._database = Dying(house.store._database, last, when)
            with suppress(Unavailable):
                await house.cron.fire_due()

        async with TimedHouse(path) as house:
            await house.cron.fire_due()

            assert sorted(await house.executions()) == sorted(map(execution_id, triggers))
            assert [each.remaining_executions for each in await house.triggers()] == [1, 1, 1]

    asyncio.run(body())
