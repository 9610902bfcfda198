"""How much a small workflow suffers from what others do: latency through the API, loaded over quiet.

One server process on SQLite with fsync; this process loads it, asks it, and is the host that the actions
ask. Each load belongs to a project of its own. The same probes run before the load, in the same server.
"""

import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from msgspec import Struct

from benchmarks.http_client import Connection
from benchmarks.service import on_server

PROBES, PROBE_SECONDS = 150, 12.0
WARM_UP_SECONDS = 2.0
HUGE = json.dumps({"text": "x" * 900_000}).encode()

SMALL = "version: '2.0'\nsmall:\n  tasks:\n    only: {action: std.noop}\n"
ASKS = """
version: '2.0'
asks:
  input: [url]
  tasks:
    ask: {action: std.http, input: {url: <% $.url %>}, publish: {status: <% task().result.status %>}}
"""
MANY = """
version: '2.0'
many:
  input: [count]
  tasks:
    loop:
      with-items: i in <% range(0, $.count) %>
      action: std.echo output=<% $.i %>
"""
HANGING = """
version: '2.0'
hanging:
  input: [url, count]
  tasks:
    loop:
      with-items: i in <% range(0, $.count) %>
      action: std.http
      input: {url: <% $.url %>, timeout: 3000}
"""
LARGE = """
version: '2.0'
large:
  input: [url, count]
  tasks:
    begin: {action: std.noop, on-success: loop}
    loop:
      with-items: i in <% range(0, $.count) %>
      concurrency: 4
      action: std.http url=<% $.url %>
      on-success: again
    again: {action: std.noop, on-success: loop}
"""

Load = Callable[[str, str], Awaitable[None]]
"""What others do to the server at a URL, with a host at another; it goes on until it is cancelled."""


class Latency(Struct, frozen=True):
    """Milliseconds from the request that starts a workflow to the answer with its end."""

    median: float
    tail: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Latency":
        ordered = sorted(1000 * each for each in seconds)
        return cls(statistics.median(ordered), ordered[len(ordered) * 99 // 100])


@asynccontextmanager
async def host() -> AsyncIterator[str]:
    """Where actions ask: `/quick` answers at once, `/huge` with 900 KB, `/never` not at all."""
    waiting: set[asyncio.Task[Any] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        waiting.add(asyncio.current_task())
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                if b"/never" in head:
                    await asyncio.Event().wait()
                body = HUGE if b"/huge" in head else b"{}"
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
                writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1000)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in waiting:
            if task is not None:
                task.cancel()


async def call(
    connection: Connection, project: str, method: str, path: str, body: Any = None, text: str | None = None
) -> tuple[int, Any]:
    request = connection.encode(method, path, body, text)
    status, answer = await connection.send(
        request.replace(b"\r\n", f"\r\nX-Project-Id: {project}\r\n".encode(), 1)
    )
    return status, json.loads(answer or b"null")


async def start(connection: Connection, project: str, workflow: str, **input: Any) -> tuple[int, Any]:
    return await call(
        connection, project, "POST", "/v2/executions", {"workflow_name": workflow, "input": input}
    )


async def probe(url: str, workflow: str, input: dict[str, Any]) -> Latency:
    """One small workflow after the other, by a project that does nothing else."""
    times: list[float] = []
    async with Connection(url) as connection:
        while len(times) < PROBES and sum(times) < PROBE_SECONDS:
            began = time.perf_counter()
            body = {"workflow_name": workflow, "input": input}
            status, answer = await call(connection, "quiet", "POST", "/v2/executions?wait=50", body)
            assert (status, answer["state"]) == (201, "SUCCESS"), answer
            times.append(time.perf_counter() - began)
    return Latency.of(times)


async def compare(url: str, load: Load) -> str:
    async with host() as target, Connection(url) as connection:
        for project in ("quiet", "busy"):
            for text in (SMALL, ASKS, MANY, HANGING, LARGE):
                status, answer = await call(connection, project, "POST", "/v2/workflows", text=text)
                assert status == 201, answer
        probes: tuple[tuple[str, dict[str, Any]], ...] = (
            ("small", {}),
            ("asks", {"url": f"{target}/quick"}),
        )
        await probe(url, *probes[0])  # What is done once, such as compiling, is done.
        quiet = [await probe(url, *each) for each in probes]
        loading = asyncio.ensure_future(load(url, target))
        await asyncio.wait([loading], timeout=WARM_UP_SECONDS)
        loaded = []
        for each in probes:
            assert not loading.done(), loading.exception() or "the load is over before it was measured"
            loaded.append(await probe(url, *each))
        loading.cancel()
        await asyncio.gather(loading, return_exceptions=True)
    return "; ".join(
        f"{workflow}: p50 {after.median:.1f} ms, {after.median / before.median:.1f} times the quiet one,"
        f" p99 {after.tail:.1f} ms, {after.tail / before.tail:.1f} times"
        for (workflow, _), before, after in zip(probes, quiet, loaded, strict=True)
    )


async def giant(url: str, target: str) -> None:
    async with Connection(url) as connection:
        while True:
            status, started = await start(connection, "busy", "many", count=100_000)
            assert status == 201, started
            state = "RUNNING"
            while state == "RUNNING":
                _, state = await call(
                    connection, "busy", "GET", f"/v2/executions/{started['id']}?wait=50&fields=state"
                )
                state = state["state"]


async def hanging(url: str, target: str) -> None:
    async with Connection(url) as connection:
        for _ in range(10):
            status, started = await start(connection, "busy", "hanging", url=f"{target}/never", count=1_000)
            assert status == 201, started
    await asyncio.Event().wait()


async def large(url: str, target: str) -> None:
    async with Connection(url) as connection:
        for _ in range(2):
            status, started = await start(connection, "busy", "large", url=f"{target}/huge", count=20)
            assert status == 201, started
    await asyncio.Event().wait()


async def flood(url: str, target: str) -> None:
    async def client() -> None:
        async with Connection(url) as connection:
            while True:
                status, _ = await start(connection, "busy", "small")
                assert status in (201, 503, 429), status
                if status != 201:
                    await asyncio.sleep(1)

    await asyncio.gather(*(client() for _ in range(200)))


def _on_server(load: Load) -> str:
    return on_server(lambda url: compare(url, load))


def beside_a_giant() -> str:
    """A small workflow while another project runs with-items over 100,000 runs."""
    return _on_server(giant)


def beside_hanging_actions() -> str:
    """A small workflow while 10,000 actions of another project hang."""
    return _on_server(hanging)


def beside_large_results() -> str:
    """A small workflow while actions of another project give 900 KB each."""
    return _on_server(large)


def beside_a_flood() -> str:
    """A small workflow while 200 clients of another project start workflows."""
    return _on_server(flood)


ALL: tuple[Callable[[], str], ...] = (
    beside_a_giant,
    beside_hanging_actions,
    beside_large_results,
    beside_a_flood,
)
