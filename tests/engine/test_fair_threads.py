"""Threads that projects share."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from maestrale.engine.fair_threads import FairThreads
from maestrale.engine.shares import TooManyRequests
from maestrale.errors import Unavailable


class Gate:
    """Work that stands until it is let through; `begun` has the names in their order."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self._open = threading.Semaphore(0)
        self._came = threading.Semaphore(0)

    def work(self, name: str) -> Callable[[], str]:
        def stand() -> str:
            self.begun.append(name)
            self._came.release()
            self._open.acquire()
            return name

        return stand

    def let_through(self, count: int = 1) -> None:
        self._open.release(count)

    def wait_begun(self, count: int) -> None:
        for _ in range(count):
            assert self._came.acquire(timeout=10)


def threads(
    play: Callable[[FairThreads, Gate], Awaitable[None]], *, most_waiting: int = 100, wait_seconds: float = 60
) -> None:
    """Play with three threads, of which one project may have two."""

    async def body() -> None:
        gate = Gate()
        fair = FairThreads(3, of_one=2, most_waiting=most_waiting, name="test", wait_seconds=wait_seconds)
        try:
            async with asyncio.timeout(20):
                await play(fair, gate)
        finally:
            gate.let_through(1000)
            fair.close()

    asyncio.run(body())


async def asked(fair: FairThreads, gate: Gate, *names: str) -> list[asyncio.Task[str]]:
    """Ask for work whose project is the first letter of its name."""
    tasks = [asyncio.create_task(fair.run(gate.work(name), name[0])) for name in names]
    await asyncio.sleep(0)
    return tasks


def test_a_project_has_its_part_of_the_threads_and_another_finds_one_at_once() -> None:
    async def play(fair: FairThreads, gate: Gate) -> None:
        await asked(fair, gate, "a1", "a2", "a3", "a4")
        gate.wait_begun(2)
        await asked(fair, gate, "b1")
        gate.wait_begun(1)

        assert (sorted(gate.begun[:2]), gate.begun[2:]) == (["a1", "a2"], ["b1"])

    threads(play)


def test_projects_that_wait_take_turns_and_the_node_itself_has_a_turn_too() -> None:
    async def play(fair: FairThreads, gate: Gate) -> None:
        tasks = await asked(fair, gate, "x1", "x2", "y1")
        gate.wait_begun(3)
        tasks += await asked(fair, gate, "a1", "a2", "a3", "b1")
        own = asyncio.create_task(fair.run(gate.work("own")))
        await asyncio.sleep(0)
        for _ in range(5):
            gate.let_through()
            gate.wait_begun(1)
        gate.let_through(3)

        assert await asyncio.gather(*tasks, own) == ["x1", "x2", "y1", "a1", "a2", "a3", "b1", "own"]
        assert gate.begun[3:] == ["a1", "b1", "own", "a2", "a3"]

    threads(play)


def test_more_than_may_wait_is_refused_and_what_others_ask_is_not() -> None:
    async def play(fair: FairThreads, gate: Gate) -> None:
        await asked(fair, gate, "a1", "a2")
        gate.wait_begun(2)
        await asked(fair, gate, "a3", "a4")

        with pytest.raises(TooManyRequests, match="2 of its requests wait already"):
            await fair.run(gate.work("a5"), "a")
        await asked(fair, gate, "b1")
        gate.wait_begun(1)

    threads(play, most_waiting=2)


def test_who_waits_too_long_is_refused_and_never_begins() -> None:
    async def play(fair: FairThreads, gate: Gate) -> None:
        tasks = await asked(fair, gate, "a1", "a2")
        gate.wait_begun(2)

        with pytest.raises(TooManyRequests, match="this one has waited"):
            await fair.run(gate.work("a3"), "a")
        gate.let_through(2)

        assert await asyncio.gather(*tasks) == ["a1", "a2"], "what has begun may take as long as it takes"
        assert sorted(gate.begun) == ["a1", "a2"]

    threads(play, wait_seconds=0.01)


def test_what_nobody_waits_for_any_more_is_passed_over() -> None:
    async def play(fair: FairThreads, gate: Gate) -> None:
        tasks = await asked(fair, gate, "a1", "a2", "a3", "a4")
        gate.wait_begun(2)
        tasks[2].cancel()
        await asyncio.sleep(0)
        gate.let_through(2)
        gate.wait_begun(1)

        assert gate.begun[2:] == ["a4"]

    threads(play)


def test_what_the_work_raises_is_raised() -> None:
    async def play(fair: FairThreads, gate: Gate) -> None:
        with pytest.raises(ZeroDivisionError):
            await fair.run(lambda: 1 / 0, "a")
        assert await fair.run(lambda: 1, "a") == 1

    threads(play)


def test_at_the_end_everything_that_waits_is_done_and_nothing_more_is_taken() -> None:
    async def play(fair: FairThreads, gate: Gate) -> None:
        tasks = await asked(fair, gate, "a1", "a2", "a3", "a4", "b1")
        gate.let_through(5)
        fair.close()

        assert await asyncio.gather(*tasks) == ["a1", "a2", "a3", "a4", "b1"]
        with pytest.raises(Unavailable, match="ending"):
            await fair.run(gate.work("late"), "a")

    threads(play)
