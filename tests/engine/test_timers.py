"""Timers with a clock that does what clocks do."""

import asyncio
from datetime import timedelta

from maestrale.engine.timers import AT_ONCE, Timers
from maestrale.testing.clocks import NOON, FakeClock

MINUTE = timedelta(minutes=1)


class Bell:
    """Timers, and what they fired."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.fired: list[tuple[str, str]] = []
        self.timers = Timers(self.clock, lambda root_id, timer_id: self.fired.append((root_id, timer_id)))


def test_timers_fire_in_the_order_they_are_due_and_once() -> None:
    bell = Bell()
    bell.timers.set("root", "second", NOON + 2 * MINUTE)
    bell.timers.set("root", "first", NOON + MINUTE)
    bell.timers.set("root", "later", NOON + 3 * MINUTE)

    bell.timers.fire_due()
    bell.clock.advance(120)
    bell.timers.fire_due()
    bell.timers.fire_due()

    assert bell.fired == [("root", "first"), ("root", "second")]


def test_a_timer_that_is_set_anew_fires_at_its_new_time_only() -> None:
    bell = Bell()
    for due_at in (NOON + MINUTE, NOON + 5 * MINUTE, NOON + 2 * MINUTE, NOON + 2 * MINUTE):
        bell.timers.set("root", "timer", due_at)

    bell.clock.advance(60)
    bell.timers.fire_due()
    early = list(bell.fired)
    bell.clock.advance(600)
    bell.timers.fire_due()

    assert (early, bell.fired) == ([], [("root", "timer")])


def test_a_cleared_timer_does_not_fire() -> None:
    bell = Bell()
    bell.timers.set("root", "timer", NOON)
    bell.timers.clear("timer")
    bell.timers.clear("unknown")

    bell.timers.fire_due()

    assert bell.fired == []


def test_a_clock_that_was_set_back_delays_and_one_that_was_set_forward_fires_all() -> None:
    bell = Bell()
    bell.timers.set("root", "soon", NOON + MINUTE)
    bell.timers.set("root", "tomorrow", NOON + timedelta(days=1))

    bell.clock.advance(-3600)
    bell.timers.fire_due()
    early = list(bell.fired)
    bell.clock.advance(timedelta(days=30).total_seconds())
    bell.timers.fire_due()

    assert (early, bell.fired) == ([], [("root", "soon"), ("root", "tomorrow")])


def test_timeouts_that_are_cleared_long_before_they_are_due_leave_no_trace() -> None:
    bell = Bell()
    bell.timers.set("root", "kept", NOON + MINUTE)

    for number in range(50 * AT_ONCE):
        bell.timers.set("root", f"timeout-{number}", NOON + timedelta(days=1))
        bell.timers.clear(f"timeout-{number}")

    assert len(bell.timers._heap) < 2 * AT_ONCE
    bell.clock.advance(60)
    bell.timers.fire_due()
    assert bell.fired == [("root", "kept")]


def test_many_timers_that_are_due_at_once_leave_the_others_their_turn() -> None:
    async def body() -> None:
        bell = Bell()
        for number in range(3 * AT_ONCE):
            bell.timers.set("root", f"{number:04}", NOON)
        running = asyncio.create_task(bell.timers.run())

        counts = []
        while len(bell.fired) < 3 * AT_ONCE:
            await asyncio.sleep(0)
            counts.append(len(bell.fired))
        running.cancel()

        assert counts == [AT_ONCE, 2 * AT_ONCE, 3 * AT_ONCE]

    asyncio.run(body())


def test_a_timer_that_is_due_wakes_a_loop_that_sleeps() -> None:
    async def body() -> None:
        bell = Bell()
        running = asyncio.create_task(bell.timers.run())
        await asyncio.sleep(0)
        bell.timers.set("root", "timer", NOON)
        async with asyncio.timeout(5):
            while not bell.fired:  # noqa: ASYNC110 - Nothing tells.
                await asyncio.sleep(0)
        running.cancel()

    asyncio.run(body())
