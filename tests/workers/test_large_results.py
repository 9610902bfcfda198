"""How much is reported at once."""

import asyncio

from maestrale.workers.large_results import AT_ONCE_BYTES, LARGE_BYTES, LargeResults


class Reporting:
    """Reports results that are durable when a test says so."""

    def __init__(self, *sizes: int) -> None:
        self.under_way: dict[int, asyncio.Event] = {}
        turns = LargeResults()

        async def report(number: int, size: int) -> None:
            async with turns.turn(size):
                self.under_way[number] = asyncio.Event()
                try:
                    await self.under_way[number].wait()
                finally:
                    del self.under_way[number]

        self.tasks = [asyncio.create_task(report(number, size)) for number, size in enumerate(sizes)]

    async def begun(self) -> list[int]:
        for _ in range(6):
            await asyncio.sleep(0)
        return list(self.under_way)

    async def end(self, *numbers: int) -> list[int]:
        for number in numbers:
            self.under_way[number].set()
        return await self.begun()


SMALL, HALF, HUGE = LARGE_BYTES - 1, AT_ONCE_BYTES // 2, 3 * AT_ONCE_BYTES


async def test_large_results_are_reported_up_to_a_bound_in_their_order() -> None:
    reporting = Reporting(HALF, HALF, HALF, LARGE_BYTES)

    assert await reporting.begun() == [0, 1]
    assert await reporting.end(1) == [0, 2]
    assert await reporting.end(0) == [2, 3]
    assert await reporting.end(2, 3) == []


async def test_one_that_is_larger_than_the_bound_is_reported_alone_and_small_ones_never_wait() -> None:
    reporting = Reporting(HUGE, HUGE, *[SMALL] * 50)

    assert await reporting.begun() == [0, *range(2, 52)]
    assert await reporting.end(0, *range(2, 52)) == [1]
    assert await reporting.end(1) == []


async def test_one_that_is_cancelled_leaves_its_turn_to_the_next() -> None:
    reporting = Reporting(HUGE, HUGE, HUGE)
    assert await reporting.begun() == [0]

    reporting.tasks[1].cancel()
    assert await reporting.begun() == [0]
    reporting.tasks[0].cancel()

    assert await reporting.begun() == [2]
    assert await reporting.end(2) == []
