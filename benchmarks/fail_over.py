"""How long executions stand still when their node dies or stops, and how long a take-over reads.

Three servers on one PostgreSQL. Many executions are under way all the time, each of whose tasks asks a host
that answers after a while. What is measured is what the database holds: an execution moves again when its
history has an entry that was not there when its node ended.
"""

import asyncio
import contextlib
import statistics
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg
from msgspec import Struct

from benchmarks.http_client import Connection, in_parallel
from benchmarks.nodes import Node, nodes, wait_until
from benchmarks.postgresql_server import postgresql_server

NODES, EXECUTIONS, KILLS, STOPS = 3, 150, 10, 5
ANSWER_SECONDS = 0.5
QUIET_SECONDS = 3.0
"""Before each end, so that the shards are where they belong and their executions run."""

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

LOOK_SECONDS = 0.02
WATCH_SECONDS = 6.0
LIVE = (2_000, 20_000)

STEPS = """
version: '2.0'
steps:
  input: [url]
  task-defaults: {safe-rerun: true}
  tasks:
    begin: {action: std.noop, on-success: ask}
    ask: {action: std.http, input: {url: <% $.url %>}, on-success: again}
    again: {action: std.http, input: {url: <% $.url %>}, on-success: ask}
"""
WAITS = "version: '2.0'\nwaits:\n  tasks:\n    later: {action: std.async_noop}\n"

Rows = list[tuple[Any, ...]]


class Standstill(Struct, frozen=True):
    """Seconds for which the executions of a node stood still: the one in the middle, and the longest."""

    half: float
    last: float
    executions: int

    @classmethod
    def of(cls, seconds: Collection[float]) -> "Standstill":
        return cls(statistics.median(seconds), max(seconds), len(seconds))


class Cluster:
    """Servers and what the database knows of them."""

    def __init__(self, running: list[Node], database: psycopg.Connection[Any]) -> None:
        self.running = running
        self._database = database

    def rows(self, sql: str, *parameters: Any) -> Rows:
        return self._database.execute(sql, parameters).fetchall()

    def node_ids(self) -> dict[int, int]:
        """The number of each node by its process."""
        return dict(self.rows("SELECT pid, id FROM nodes"))

    def is_settled(self) -> bool:
        """Whether every server is a node, and each has its share of the shards."""
        counts: dict[int | None, int] = dict(
            self.rows("SELECT node_id, count(*) FROM shards GROUP BY node_id")
        )
        ids = [self.node_ids().get(node.pid) for node in self.running]
        return set(counts) == set(ids) and max(counts.values()) - min(counts.values()) <= 1

    def executions_of(self, node: Node) -> set[str]:
        """The unfinished executions of its shards."""
        rows = self.rows(
            "SELECT t.id FROM trees t JOIN shards s ON s.id = t.shard JOIN executions e ON e.id = t.id"
            " WHERE s.node_id = %s AND e.state = 'RUNNING'",
            self.node_ids()[node.pid],
        )
        return {id for (id,) in rows}

    def lengths(self, ids: Collection[str]) -> dict[str, int]:
        """How long the history of each is."""
        return dict(self.rows("SELECT id, sequence FROM trees WHERE id = ANY(%s)", list(ids)))

    def until_moved(self, node: Node, end: Callable[[], None]) -> Standstill:
        """End a node, and look until all its executions have moved."""
        waiting = self.executions_of(node)
        end()
        before, began = self.lengths(waiting), time.perf_counter()
        moved: list[float] = []
        while waiting:
            time.sleep(LOOK_SECONDS)
            now = self.lengths(waiting)
            gone_on = {id for id in waiting if now[id] > before[id]}
            passed = time.perf_counter() - began
            assert passed < 60, f"{len(waiting)} executions stand still for a minute"
            moved += [passed] * len(gone_on)
            waiting -= gone_on
        return Standstill.of(moved)

    def longest_gaps(self, ids: Collection[str], seconds: float) -> Standstill:
        """Watch executions for a while; the longest time for which each did not move."""
        began = time.perf_counter()
        lengths, moved_at = self.lengths(ids), dict.fromkeys(ids, began)
        gaps = dict.fromkeys(ids, 0.0)
        while (now := time.perf_counter()) - began < seconds:
            for id, length in self.lengths(ids).items():
                gaps[id] = max(gaps[id], now - moved_at[id])
                if length > lengths[id]:
                    lengths[id], moved_at[id] = length, now
            time.sleep(LOOK_SECONDS)
        return Standstill.of(gaps.values())


def fail_over() -> str:
    """Seconds from `kill -9` of one of three nodes until each of its executions moves again."""

    def measure(cluster: Cluster, node: Node) -> Standstill:
        return cluster.until_moved(node, node.kill)

    ends = _end_again_and_again(KILLS, measure)
    halves, last = sorted(each.half for each in ends), sorted(each.last for each in ends)
    return (
        f"all moved within {statistics.median(last):.2f} s, {len(ends)} kills from {last[0]:.2f} to"
        f" {last[-1]:.2f} s (budget 5), half of them within {statistics.median(halves):.2f} s;"
        f" {statistics.mean(each.executions for each in ends):.0f} executions each"
    )


def proper_stop() -> str:
    """Seconds for which an execution stands still while its node stops, over those while nothing happens."""

    def measure(cluster: Cluster, node: Node) -> Standstill:
        ids = cluster.executions_of(node)
        usual.append(cluster.longest_gaps(ids, WATCH_SECONDS))
        node.begin_stop()
        return cluster.longest_gaps(ids, WATCH_SECONDS)

    usual: list[Standstill] = []
    stops = _end_again_and_again(STOPS, measure)
    longest, before = sorted(each.last for each in stops), sorted(each.last for each in usual)
    return (
        f"at most {statistics.median(longest):.2f} s, {len(stops)} stops from {longest[0]:.2f} to"
        f" {longest[-1]:.2f} s; while nothing happens {statistics.median(before):.2f} s,"
        f" since each task takes {ANSWER_SECONDS} s"
    )


def _end_again_and_again(times: int, measure: Callable[[Cluster, Node], Standstill]) -> list[Standstill]:
    """End one node after the other under load; each is replaced before the next one ends."""
    found = []
    with (
        slow_host() as host,
        postgresql_server() as server,
        nodes(database := server.make_database(), NODES) as running,
        psycopg.connect(database, autocommit=True) as connection,
    ):
        cluster = Cluster(running, connection)
        asyncio.run(_start(running[0].url, STEPS, "steps", EXECUTIONS, {"url": host}))
        for number in range(times):
            wait_until(cluster.is_settled, "the shards are where they belong")
            time.sleep(QUIET_SECONDS)
            node = running[number % NODES]
            found.append(measure(cluster, node))
            running[number % NODES] = node.replace()
    return found


def takeover() -> str:
    """Seconds that a node reads until it goes on with 2,000 and 20,000 executions of one that was killed."""
    told = []
    with postgresql_server() as server:
        for count in LIVE:
            with nodes(server.make_database(), 1) as running:
                asyncio.run(_start(running[0].url, WAITS, "waits", count, {}))
                running[0].kill()
                node = running[0] = running[0].replace()
                wait_until(partial(_has_loaded, node, count), "they are loaded")
                seconds = _metric(node, "maestrale_takeover_seconds_sum")
                told.append(f"{count:,}: {seconds:.1f} s")
    return ", ".join(told)


def _has_loaded(node: Node, count: int) -> bool:
    return _metric(node, "maestrale_trees") == count and _metric(node, "maestrale_takeover_seconds_count") > 0


def _metric(node: Node, name: str) -> float:
    async def read() -> bytes:
        async with Connection(node.url) as connection:
            return (await connection.send(connection.encode("GET", "/metrics")))[1]

    lines = asyncio.run(read()).decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(f"{name} "))


async def _start(url: str, text: str, workflow: str, count: int, input: dict[str, Any]) -> None:
    async with Connection(url) as connection:
        await connection.call("POST", "/v2/workflows", text=text)
    body = {"workflow_name": workflow, "input": input}
    requests = [Connection(url).encode("POST", "/v2/executions", body)] * count
    answers = await in_parallel(url, requests, at_once=20)
    assert {status for status, _ in answers} == {201}


@contextmanager
def slow_host() -> Iterator[str]:
    """The URL of a host in a thread of this process that answers every request after a while."""
    loop = asyncio.new_event_loop()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(ANSWER_SECONDS)
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
                )
        writer.close()

    server = loop.run_until_complete(asyncio.start_server(answer, "127.0.0.1", 0, backlog=1000))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


ALL: tuple[Callable[[], str], ...] = (fail_over, proper_stop, takeover)
