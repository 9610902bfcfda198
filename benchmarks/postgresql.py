"""Figures on a real PostgreSQL with fsync: chains of ten tasks, 50 at a time, and what a task costs."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import IO

from msgspec import Struct

from benchmarks.http_client import Connection, in_parallel
from benchmarks.loads import Bench, asking, bench_on, chain, timed
from benchmarks.nodes import Node, nodes, thread_seconds
from benchmarks.postgresql_server import PostgresqlServer, Usage, postgresql_server
from benchmarks.waits import Waits
from maestrale.core.state import Pin
from maestrale.store.postgresql import PostgresqlDatabase

TASKS, AT_ONCE = 10, 50
EXECUTIONS, ROUNDS = 2_000, 5
OVER_HTTP = 1_000


class Round(Struct, frozen=True, kw_only=True):
    """One measured round. Times are seconds.

    Args:
        node_seconds: Of processors, in all threads of the nodes; `thread_seconds`: without the main one.
        commits: How long each took and how many steps it held.
    """

    tasks: int
    seconds: float
    node_seconds: float
    usage: Usage
    thread_seconds: float = 0.0
    commits: Sequence[tuple[float, int]] = ()

    @property
    def rate(self) -> float:
        return self.tasks / self.seconds

    def told(self) -> str:
        """What a task costs, in microseconds of processors and in bytes."""
        node, server = self.node_seconds / self.tasks, self.usage.processor_seconds / self.tasks
        return (
            f"a task: {1e6 * node:.0f} µs of a processor in the node, {1e6 * server:.0f} µs in PostgreSQL,"
            f" {self.usage.wal_bytes / self.tasks:,.0f} bytes of its log"
        )


def postgresql_chains() -> str:
    """Tasks a second: executions of ten tasks in a chain, 50 at a time, one engine in this process."""
    with postgresql_server() as server:
        rounds = asyncio.run(in_process(server, chain(TASKS), AT_ONCE, executions=EXECUTIONS, rounds=ROUNDS))
    rates = sorted(each.rate for each in rounds)
    best = max(rounds, key=lambda each: each.rate)
    seconds = statistics.median(each for each, _ in best.commits)
    steps = statistics.mean(each for _, each in best.commits)
    return (
        f"{rates[-1]:,.0f} tasks/s, {ROUNDS} rounds from {rates[0]:,.0f} (budget 1,500); {best.told()};"
        f" {len(best.commits)} commits of {steps:.0f} steps, {1000 * seconds:.1f} ms each"
    )


def postgresql_commits() -> str:
    """The same with 1 to 200 executions at a time: size and time of commits, and what a task costs."""
    lines = []
    with postgresql_server() as server:
        for at_once in (1, 5, 20, 50, 200):
            executions = 40 * min(at_once, 50)
            rounds = asyncio.run(in_process(server, chain(TASKS), at_once, executions=executions, rounds=3))
            best = max(rounds, key=lambda each: each.rate)
            steps = statistics.mean(steps for _, steps in best.commits)
            seconds = statistics.median(seconds for seconds, _ in best.commits)
            lines.append(
                f"\n  {at_once:3} at a time: {best.rate:6,.0f} tasks/s, commits of {steps:5.1f} steps"
                f" in {1000 * seconds:5.1f} ms; {best.told()}"
            )
    return "".join(lines)


async def in_process(
    server: PostgresqlServer, text: str, at_once: int, *, executions: int, rounds: int
) -> list[Round]:
    """Run executions of a workflow of `TASKS` tasks, so many at a time, with one engine in this process."""
    commits: list[tuple[float, int]] = []
    async with bench_on(server.make_database(), lambda *commit: commits.append(commit)) as runner:
        pins = await runner.deploy(text)
        await runner.run_many(pins, 2 * at_once, at_once=at_once)
        return [await _round(server, runner, pins, executions, at_once, commits) for _ in range(rounds)]


async def _round(
    server: PostgresqlServer,
    runner: Bench,
    pins: tuple[Pin, ...],
    executions: int,
    at_once: int,
    commits: list[tuple[float, int]],
) -> Round:
    commits.clear()
    before, main, threads = server.usage(), *thread_seconds()
    seconds = await timed(lambda: runner.run_many(pins, executions, at_once=at_once))
    main_after, threads_after = thread_seconds()
    return Round(
        tasks=TASKS * executions,
        seconds=seconds,
        node_seconds=main_after - main + threads_after - threads,
        thread_seconds=threads_after - threads,
        usage=server.usage() - before,
        commits=tuple(commits),
    )


def postgresql_traffic() -> str:
    """What goes over the connection, 50 executions at a time: actions inside the turn, and outside."""
    with postgresql_server() as server, tempfile.TemporaryFile("w+") as trace:
        told = [
            f"\n  {kind}: {asyncio.run(_traced(server.make_database(), text, trace))}"
            for kind, text in (("inside", chain(TASKS)), ("outside", asking(TASKS)))
        ]
    return "".join(told)


async def _traced(url: str, text: str, trace: IO[str]) -> str:
    """Let the driver write down every message of its protocol."""
    executions, commits = 500, 0

    def count(seconds: float, steps: int) -> None:
        nonlocal commits
        commits += 1

    async with bench_on(url, count) as runner:
        pins = await runner.deploy(text)
        await runner.run_many(pins, 2 * AT_ONCE, at_once=AT_ONCE)
        database = runner.engine._store._database
        assert isinstance(database, PostgresqlDatabase)
        connection = database._get_connection().pgconn
        trace.seek(0)
        trace.truncate()
        commits = 0
        connection.trace(trace.fileno())
        await runner.run_many(pins, executions, at_once=AT_ONCE)
        connection.untrace()
    trace.seek(0)
    messages = [line.split("\t") for line in trace]
    tasks = TASKS * executions
    to_server = [line for line in messages if line[1] == "F"]
    statements = sum(line[3].startswith("Execute") for line in to_server)
    waits = sum(line[3].startswith("ReadyForQuery") for line in messages)
    sent = sum(int(line[2]) for line in to_server)
    received = sum(int(line[2]) for line in messages) - sent
    return (
        f"a task: {statements / tasks:.2f} statements, {sent / tasks:,.0f} bytes sent,"
        f" {received / tasks:,.0f} received; {waits / commits:.1f} waits for a commit"
    )


# Over HTTP, with servers as processes of their own.


def postgresql_service() -> str:
    """Tasks a second: the same chains, started over HTTP by 50 clients that wait, one server process."""
    with postgresql_server() as server, nodes(server.make_database(), 1) as running:
        asyncio.run(deploy(running[0].url))
        asyncio.run(load(running, 200))
        rounds = [_measure(server, running) for _ in range(ROUNDS)]
    best = max(rounds, key=lambda each: each.rate)
    slowest = min(each.rate for each in rounds)
    return f"{best.rate:,.0f} tasks/s, {ROUNDS} rounds from {slowest:,.0f} (budget 1,500); {best.told()}"


def postgresql_two_nodes() -> str:
    """The same load with two servers over that with one, turn by turn on one PostgreSQL."""
    with (
        postgresql_server() as server,
        nodes(server.make_database(), 1) as one,
        nodes(server.make_database(), 2) as two,
    ):
        for cluster in (one, two):
            asyncio.run(deploy(cluster[0].url))
            asyncio.run(load(cluster, 200))
        pairs = [(_measure(server, one), _measure(server, two)) for _ in range(ROUNDS)]
    ratios = sorted(two.rate / one.rate for one, two in pairs)
    of_one, of_two = (max((pair[i] for pair in pairs), key=lambda each: each.rate) for i in (0, 1))
    return (
        f"{statistics.median(ratios):.2f} times the tasks/s (budget 1), {ROUNDS} pairs from {ratios[0]:.2f}"
        f" to {ratios[-1]:.2f}; one at best {of_one.rate:,.0f} tasks/s, two {of_two.rate:,.0f}"
        f"\n  one: {of_one.told()}\n  two: {of_two.told()}"
    )


def postgresql_waits() -> str:
    """What PostgreSQL's processes wait for, with one server and with two on the same database."""
    lines = []
    with postgresql_server() as server:
        for count in (1, 2):
            url = server.make_database()
            with nodes(url, count) as running:
                asyncio.run(deploy(running[0].url))
                asyncio.run(load(running, 200))
                waits = Waits(url)
                with waits.watch():
                    seconds = asyncio.run(load(running, OVER_HTTP))
                rate = TASKS * OVER_HTTP / seconds
                lines.append(f"\n  {count} of them: {rate:,.0f} tasks/s; {waits.told(TASKS * OVER_HTTP)}")
    return "".join(lines)


async def deploy(url: str) -> None:
    async with Connection(url) as connection:
        await connection.call("POST", "/v2/workflows", text=chain(TASKS))


def _measure(server: PostgresqlServer, running: Sequence[Node]) -> Round:
    before, used = server.usage(), sum(node.processor_seconds for node in running)
    seconds = asyncio.run(load(running, OVER_HTTP))
    return Round(
        tasks=TASKS * OVER_HTTP,
        seconds=seconds,
        node_seconds=sum(node.processor_seconds for node in running) - used,
        usage=server.usage() - before,
    )


async def load(running: Sequence[Node], executions: int) -> float:
    """Run executions, each client waiting for the end of one before it starts the next; the seconds."""
    count = len(running)
    began = time.perf_counter()
    answers = await asyncio.gather(
        *(_start(node.url, executions // count, at_once=AT_ONCE // count) for node in running)
    )
    seconds = time.perf_counter() - began
    for status, body in (answer for each in answers for answer in each):
        assert status == 201, (status, body)
        assert b'"state":"SUCCESS"' in body, body
    return seconds


async def _start(url: str, executions: int, *, at_once: int) -> list[tuple[int, bytes]]:
    request = Connection(url).encode("POST", "/v2/executions?wait=50", {"workflow_name": "load"})
    return await in_parallel(url, [request] * executions, at_once=at_once)


ALL: tuple[Callable[[], str], ...] = (
    postgresql_chains,
    postgresql_commits,
    postgresql_traffic,
    postgresql_service,
    postgresql_two_nodes,
    postgresql_waits,
)
