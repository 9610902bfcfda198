"""One function a figure. Each runs in a process of its own; see `__main__`."""

import asyncio
import gc
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks.loads import bench, chain, fan, items, peak_mib, timed
from maestrale.core import Event, Limits
from maestrale.core.events import TurnContinued
from maestrale.testing.stage import Stage

ROUNDS = 5


def cold_start() -> str:
    """`maestrale run` of one `std.noop` task, from start to exit, whole process, on a fresh database."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "noop.yaml"
        file.write_text("version: '2.0'\nnoop:\n  tasks:\n    only: {action: std.noop}\n")
        times: list[float] = []
        for number in range(2 * ROUNDS + 1):
            command = [sys.executable, "-m", "maestrale", "run", str(file), "--quiet"]
            command += ["--database", f"sqlite:///{folder}/{number}.db"]
            began = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)
            times.append(time.perf_counter() - began)
    return f"{statistics.median(times[1:]):.3f} s (budget 0.4)"


def chains_of_ten() -> str:
    """Tasks a second: 2,000 executions of ten tasks in a chain, started 50 at a time, SQLite with fsync."""

    async def measure() -> float:
        async with bench() as runner:
            pins = await runner.deploy(chain(10))
            await runner.run_many(pins, 100, at_once=50)
            return await timed(lambda: runner.run_many(pins, 2_000, at_once=50))

    return f"{20_000 / asyncio.run(measure()):,.0f} tasks/s (budget 2,000)"


def ten_thousand_items() -> str:
    """One task with-items over 10,000 pure items, each with an expression in its input."""
    return f"{_items(10_000)[0]:.2f} s (budget 3)"


def hundred_thousand_items() -> str:
    """One task with-items over 100,000 pure items: time, and memory over that of 1,000."""
    seconds, memory = _items(100_000)
    return f"{seconds:.1f} s (budget of the architecture 20), {memory:.0f} MiB more than before it began"


def _items(count: int) -> tuple[float, float]:
    async def measure() -> tuple[float, float]:
        async with bench() as runner:
            pins = await runner.deploy(items(count))
            await runner.run(pins, items=list(range(1_000)))
            before = peak_mib()
            seconds = await timed(lambda: runner.run(pins, items=list(range(count))))
            return seconds, peak_mib() - before

    return asyncio.run(measure())


def long_chain() -> str:
    """A chain of 5,000 tasks: what a task costs among the last thousand, over the first thousand."""
    return _ratio_of_chain(publish=False)


def long_publishing_chain() -> str:
    """The same where each task publishes a variable of its own."""
    return _ratio_of_chain(publish=True)


def _ratio_of_chain(*, publish: bool) -> str:
    ratios = sorted(_turn_ratio(chain(5_000, publish=publish)) for _ in range(ROUNDS))
    return f"{ratios[ROUNDS // 2]:.2f} (budget 1.5; {ROUNDS} runs: {ratios[0]:.2f} to {ratios[-1]:.2f})"


def _turn_ratio(text: str) -> float:
    """Turns of a hundred steps on the core, fifty tasks each: the last twenty over the first twenty.

    On the core alone, because the engine commits while it decides and so sees a chain in large pieces.
    """
    stage = Stage(text, limits=Limits(steps=100))
    gc.disable()
    times: list[float] = []
    event: Event = stage.start_event("load")
    while not times or stage.state.has_work:
        began = time.perf_counter()
        stage.send_once(event)
        times.append(time.perf_counter() - began)
        event = TurnContinued()
    gc.enable()
    assert stage.has_ended, "the chain has come to its end"
    return statistics.median(times[-21:-1]) / statistics.median(times[1:21])


def whole_chain() -> str:
    """A chain of 5,000 tasks with its commits: seconds a task, over those in a chain of 500."""

    async def measure() -> float:
        async with bench() as runner:
            short, long = await runner.deploy(chain(500)), await runner.deploy(chain(5_000))
            await runner.run(short)
            return await _median_ratio(lambda: runner.run(long), lambda: runner.run(short))

    return f"{asyncio.run(measure()):.2f} (budget 1.5)"


def wide_join() -> str:
    """A join of 1,000: the time a branch takes over that of a join of 100."""

    async def measure() -> float:
        async with bench() as runner:
            small, large = await runner.deploy(fan(100)), await runner.deploy(fan(1_000))
            await runner.run(small)
            return await _median_ratio(lambda: runner.run(large), lambda: runner.run(small))

    return f"{asyncio.run(measure()):.2f} (budget 1.5)"


async def _median_ratio(
    large: Callable[[], Awaitable[object]], small: Callable[[], Awaitable[object]]
) -> float:
    """What a tenth of the large one takes over the small one; turn by turn: machines change their speed."""
    return statistics.median([await timed(large) / 10 / await timed(small) for _ in range(ROUNDS)])


ALL: tuple[Callable[[], str], ...] = (
    cold_start,
    chains_of_ten,
    ten_thousand_items,
    hundred_thousand_items,
    long_chain,
    long_publishing_chain,
    whole_chain,
    wide_join,
)
