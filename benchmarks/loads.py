"""Workflows to measure with, and one engine on a fresh database to run them."""

import asyncio
import gc
import resource
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from maestrale.actions import Registry, action
from maestrale.clock import SystemClock
from maestrale.core.state import Pin
from maestrale.engine import Engine, StartRequest
from maestrale.expressions import Json
from maestrale.lang import parse
from maestrale.store import open_membership, open_store
from maestrale.workers import LocalWorker


def chain(length: int, *, publish: bool = False) -> str:
    """Tasks one after the other; with `publish` each adds a variable of its own."""
    lines = ["version: '2.0'", "load:", "  tasks:"]
    for number in range(length):
        following = f", on-success: t{number + 1}" if number + 1 < length else ""
        published = f", publish: {{v{number}: {number}}}" if publish else ""
        lines.append(f"    t{number}: {{action: std.noop{published}{following}}}")
    return "\n".join(lines)


def asking(length: int) -> str:
    """A chain of tasks each of which waits for something outside: every result is a commit of its own."""
    text = chain(length).replace("std.noop", "bench.ask")
    return text.replace("  tasks:", "  task-defaults: {safe-rerun: true}\n  tasks:", 1)


@action("bench.ask")
async def ask() -> None:
    """Answers at once, and yet is an action of the kind that goes outside."""


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
    """An engine on a database with fsync on."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def deploy(self, text: str) -> tuple[Pin, ...]:
        definitions = parse(text).definitions
        assert definitions is not None
        return await self.engine.deploy("benchmark", text, definitions)

    async def run(self, pins: tuple[Pin, ...], **input: Json) -> str:
        """Run one execution to its end and return its state."""
        return (await self.engine.run(StartRequest(workflow="load", pins=pins, input=input))).state

    async def run_many(self, pins: tuple[Pin, ...], count: int, *, at_once: int) -> None:
        gate = asyncio.Semaphore(at_once)

        async def one() -> None:
            async with gate:
                state = await self.run(pins)
                assert state == "SUCCESS", state

        await asyncio.gather(*(one() for _ in range(count)))


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    """On a file of its own."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        async with bench_on(f"sqlite:///{folder}/benchmark.db") as running:
            yield running


@asynccontextmanager
async def bench_on(
    url: str, on_commit: Callable[[float, int], None] = lambda seconds, steps: None
) -> AsyncIterator[Bench]:
    """On a database that is there; on a server as its only node, which has all shards and no heart."""
    with open_store(url) as store:
        if store.shards is not None:
            with open_membership(url) as membership:
                node_id = membership.join(
                    name="benchmark", version="", roles=("engine", "worker"), url="", lease=timedelta(hours=1)
                )
                store.shards.hold(node_id, membership.claim_shards(node_id, limit=store.shard_count))
        registry = Registry([ask], plugins=True)
        async with Engine(store, registry, clock=SystemClock(), on_commit=on_commit) as engine:
            worker = LocalWorker(registry, engine)
            engine.connect(worker)
            yield Bench(engine)
            await worker.close(1.0)


async def timed(work: Callable[[], object]) -> float:
    """Seconds that an awaitable made by `work` takes."""
    gc.collect()
    began = time.perf_counter()
    await work()  # type: ignore[misc]
    return time.perf_counter() - began


def peak_mib() -> float:
    """The most memory this process ever had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
