"""Figures of the service: a server process on SQLite with fsync, loaded over HTTP from this process."""

import asyncio
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.http_client import Connection, in_parallel

ONE_TASK = "version: '2.0'\none:\n  tasks:\n    only: {action: std.noop}\n"
WAITING = "version: '2.0'\nwaiting:\n  tasks:\n    only: {action: std.async_noop}\n"
START = {"workflow_name": "one"}

Body = Callable[[str], Coroutine[Any, Any, str]]


@contextmanager
def server(folder: str) -> Iterator[str]:
    """The URL of a server process of its own."""
    command = [sys.executable, "-m", "maestrale", "server", "--port", "0", "--log-level", "warning"]
    command += ["--database", f"sqlite:///{folder}/bench.db"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield _url(process)
    finally:
        process.terminate()
        process.wait(30)


def _url(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"http://[\d.]+:\d+", line):
            return found[0]
    raise AssertionError("the server did not say where it listens")


def on_server(body: Body) -> str:
    with tempfile.TemporaryDirectory() as folder, server(folder) as url:
        return asyncio.run(_with_workflows(url, body))


async def _with_workflows(url: str, body: Body) -> str:
    async with Connection(url) as connection:
        for text in (ONE_TASK, WAITING):
            await connection.call("POST", "/v2/workflows", text=text)
    return await body(url)


async def _start_many(url: str, count: int, *, at_once: int) -> float:
    """Start executions of one task; the seconds until the last has succeeded."""
    request = Connection(url).encode("POST", "/v2/executions", START)
    began = time.perf_counter()
    answers = await in_parallel(url, [request] * count, at_once=at_once)
    assert {status for status, _ in answers} == {201}
    async with Connection(url) as connection:
        for _, answer in answers[-at_once:]:
            path = f"/v2/executions/{json.loads(answer)['id']}?wait=30"
            ended = await connection.call("GET", path)
            assert ended["state"] == "SUCCESS", ended
        seconds = time.perf_counter() - began
        left = await connection.call("GET", "/v2/executions?state=neq:SUCCESS&workflow_name=one&limit=1")
        assert left["executions"] == []
    return seconds


def service_throughput() -> str:
    """One-task executions a second, accepted and finished, started 50 at a time over HTTP."""

    async def body(url: str) -> str:
        await _start_many(url, 500, at_once=50)
        seconds = [await _start_many(url, 3_000, at_once=50) for _ in range(3)]
        return f"{3_000 / statistics.median(seconds):,.0f} executions/s (budget 600)"

    return on_server(body)


def service_latency() -> str:
    """One one-task execution after the other: POST to SUCCESS seen by the caller, who waits for it."""

    async def body(url: str) -> str:
        times = []
        async with Connection(url) as connection:
            for _ in range(600):
                began = time.perf_counter()
                started = await connection.call("POST", "/v2/executions", START)
                path = f"/v2/executions/{started['id']}?wait=30"
                assert (await connection.call("GET", path))["state"] == "SUCCESS"
                times.append(1000 * (time.perf_counter() - began))
        times = sorted(times[100:])
        return f"p50 {times[len(times) // 2]:.1f} ms (budget 8), p99 {times[len(times) * 99 // 100]:.1f} ms"

    return on_server(body)


def service_reads() -> str:
    """`GET` of one execution, 20 at a time, while executions are started all the time."""

    async def body(url: str) -> str:
        async with Connection(url) as connection:
            id = (await connection.call("POST", "/v2/executions", START))["id"]
        loading = asyncio.ensure_future(_load(url))
        await asyncio.sleep(1)
        request = Connection(url).encode("GET", f"/v2/executions/{id}")
        began = time.perf_counter()
        answers = await in_parallel(url, [request] * 4_000, at_once=20)
        seconds = time.perf_counter() - began
        assert {status for status, _ in answers} == {200}
        loading.cancel()
        await asyncio.gather(loading, return_exceptions=True)
        return f"{4_000 / seconds:,.0f} reads/s (budget 1,000), while {LOAD_AT_ONCE} clients start executions"

    return on_server(body)


LOAD_AT_ONCE = 5


async def _load(url: str) -> None:
    """Start executions until cancelled."""
    request = Connection(url).encode("POST", "/v2/executions", START)
    while True:
        await in_parallel(url, [request] * 500, at_once=LOAD_AT_ONCE)


def service_watchers() -> str:
    """Throughput with 1,000 watchers of running executions, over that without, in one run."""

    async def body(url: str) -> str:
        async with Connection(url) as connection:
            start = {"workflow_name": "waiting"}
            ids = [(await connection.call("POST", "/v2/executions", start))["id"] for _ in range(100)]
        await _start_many(url, 500, at_once=50)
        without, watched = [], []
        for _ in range(3):
            without.append(await _start_many(url, 2_000, at_once=50))
            watchers = [await _watch(url, ids[number % len(ids)]) for number in range(1_000)]
            watched.append(await _start_many(url, 2_000, at_once=50))
            for watcher in watchers:
                watcher.writer.close()
        ratio = statistics.median(watched) / statistics.median(without)
        return f"{ratio:.3f} times the seconds (budget 1.1)"

    return on_server(body)


async def _watch(url: str, id: str) -> Connection:
    connection = await Connection(url).__aenter__()
    connection.writer.write(connection.encode("GET", f"/v2/executions/{id}/events"))
    await connection.reader.readuntil(b"keep-alive")
    return connection


def service_listing() -> str:
    """A page of 100 out of 1,000,000 executions, filtered by state and time, sorted by time."""
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder) / "bench.db", 1_000_000)
        with server(folder) as url:
            return asyncio.run(_list(url))


async def _list(url: str) -> str:
    filters = "state=ERROR&created_at=gt:2026-01-05&limit=100"
    found = []
    async with Connection(url) as connection:
        for sort in ("sort_keys=created_at&sort_dirs=desc", "sort_keys=created_at&sort_dirs=asc"):
            for project in ("", "&project_id=00000000-0000-4000-8000-000000000000"):
                times = []
                for _ in range(11):
                    began = time.perf_counter()
                    path = f"/v2/executions?{filters}&{sort}{project}"
                    page = await connection.call("GET", path)
                    times.append(1000 * (time.perf_counter() - began))
                    assert len(page["executions"]) == (0 if project else 100)
                found.append(statistics.median(times))
    return f"{max(found):.1f} ms, the slowest of {len(found)} ways to ask (budget 50)"


def fill(path: Path, count: int) -> None:
    """A database of so many ended executions, a tenth of them failed, a minute apart."""
    from datetime import UTC, datetime, timedelta

    from maestrale.core.state import Execution
    from maestrale.core.status import ExecutionState
    from maestrale.store import open_store
    from maestrale.store.blobs import BlobWriter
    from maestrale.store.schema import EXECUTIONS

    began = datetime(2026, 1, 1, tzinfo=UTC)
    with open_store(f"sqlite:///{path}") as store:
        for first in range(0, count, 10_000):
            rows = [
                Execution(
                    id=f"00000000-0000-4000-8000-{number:012}",
                    root_id=f"00000000-0000-4000-8000-{number:012}",
                    number=1,
                    workflow=f"nightly-{number % 50}",
                    document="d0c",
                    state=ExecutionState.ERROR if number % 10 == 0 else ExecutionState.SUCCESS,
                    input={"number": number},
                    params={"env": {}, "namespace": ""},
                    context={},
                    output={"result": number},
                    created_at=began + timedelta(seconds=10 * number),
                    updated_at=began + timedelta(seconds=10 * number + 5),
                )
                for number in range(first, min(first + 10_000, count))
            ]
            with store.writing():
                store._database.run_many(EXECUTIONS.insert.sql, EXECUTIONS.insert.encode(rows, BlobWriter()))


ALL: tuple[Callable[[], str], ...] = (
    service_throughput,
    service_latency,
    service_reads,
    service_listing,
    service_watchers,
)
