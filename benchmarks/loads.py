"""Workflows to measure with, and one engine on a fresh database to run them."""

import asyncio
import gc
import resource
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from maestrale.actions import Registry
from maestrale.clock import SystemClock
from maestrale.core import Changes
from maestrale.core.state import Pin
from maestrale.engine import Engine, StartRequest
from maestrale.expressions import Json
from maestrale.lang import parse
from maestrale.store import open_store


def chain(length: int, *, publish: bool = False) -> str:
    """Tasks one after the other; with `publish` each adds a variable of its own."""
    lines = ["version: '2.0'", "load:", "  tasks:"]
    for number in range(length):
        following = f", on-success: t{number + 1}" if number + 1 < length else ""
        published = f", publish: {{v{number}: {number}}}" if publish else ""
        lines.append(f"    t{number}: {{action: std.noop{published}{following}}}")
    return "\n".join(lines)


def items(count: int) -> str:
    return """
version: '2.0'
load:
  input: [items]
  tasks:
    loop:
      with-items: i in <% $.items %>
      action: std.echo output=<% $.i %>
"""


def fan(branches: int) -> str:
    """One task, so many branches, one join."""
    lines = ["version: '2.0'", "load:", "  tasks:", "    start:", "      on-success:"]
    lines += [f"        - b{number}" for number in range(branches)]
    lines += [f"    b{number}: {{action: std.noop, on-success: meet}}" for number in range(branches)]
    lines.append("    meet: {join: all}")
    return "\n".join(lines)


class Bench:
    """An engine on a database file with fsync on."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def deploy(self, text: str) -> tuple[Pin, ...]:
        definitions = parse(text).definitions
        assert definitions is not None
        return await self._engine.deploy("benchmark", text, definitions)

    async def run(self, pins: tuple[Pin, ...], **input: Json) -> str:
        """Run one execution to its end and return its state."""
        return (await self._engine.run(StartRequest(workflow="load", pins=pins, input=input))).state

    async def run_many(self, pins: tuple[Pin, ...], count: int, *, at_once: int) -> None:
        gate = asyncio.Semaphore(at_once)

        async def one() -> None:
            async with gate:
                state = await self.run(pins)
                assert state == "SUCCESS", state

        await asyncio.gather(*(one() for _ in range(count)))


@asynccontextmanager
async def bench(
    observer: Callable[[str, Changes], None] = lambda root_id, changes: None,
) -> AsyncIterator[Bench]:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        store = open_store(f"sqlite:///{folder}/benchmark.db")
        async with Engine(store, Registry.standard(), clock=SystemClock(), observer=observer) as engine:
            yield Bench(engine)
        store.close()


async def timed(work: Callable[[], object]) -> float:
    """Seconds that an awaitable made by `work` takes."""
    gc.collect()
    began = time.perf_counter()
    await work()  # type: ignore[misc]
    return time.perf_counter() - began


def peak_mib() -> float:
    """The most memory this process ever had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
