"""What the model needs to know, measured: prints the text of `figures.toml`.

What a step and what a commit costs follows from two loads: one execution at a time, where each commit holds
one step, and many, where it holds many. Of each the cheapest of some rounds counts: whatever else uses the
machine only makes it dearer.
"""

import asyncio
import statistics
import time
from collections.abc import Callable, Sequence

import psycopg
from msgspec import Struct

from benchmarks.loads import asking, chain
from benchmarks.nodes import nodes
from benchmarks.postgresql import AT_ONCE, TASKS, Round, deploy, in_process, load
from benchmarks.postgresql_server import PostgresqlServer, postgresql_server

ROUNDS = 12
HTTP_EXECUTIONS = 300
ROUND_TRIPS = 4
"""Waits for an answer in a commit: the fence, whether new trees are new, the rows, COMMIT."""

EXECUTIONS = {1: 30, 5: 100, 20: 200, AT_ONCE: 300, 200: 400}
"""How many there are in a round, by how many at a time: rounds are short, so that some are undisturbed."""

WORKFLOWS = {"inside": chain(TASKS), "asking": asking(TASKS)}


class Shape(Struct, frozen=True):
    """The work of a round for a commit, in seconds, and how many steps a commit held."""

    steps: float
    main: float
    thread: float
    server: float


def model_figures() -> str:
    """The costs that the model of many cells starts from, and the loads it is compared with, as TOML."""
    with postgresql_server() as server:
        lines = [
            "",
            f"flush = {_flush(server):.6f}",
            f"round_trips = {ROUND_TRIPS * _round_trip(server):.6f}",
        ]
        for name, text in WORKFLOWS.items():
            lines += _costs(server, name, text)
        lines += _over_http(server)
    return "\n".join(lines)


def _costs(server: PostgresqlServer, name: str, text: str) -> list[str]:
    share = 4 if name == "asking" else 1
    rounds = {
        at_once: _rounds(server, text, at_once, max(at_once, count // share))
        for at_once, count in EXECUTIONS.items()
    }
    few, many = _shape(rounds[1]), _shape(rounds[AT_ONCE])
    steps_more = many.steps - few.steps

    def a_step(each: str) -> float:
        return float(getattr(many, each) - getattr(few, each)) / steps_more

    best = rounds[AT_ONCE][0]
    steps = sum(steps for _, steps in best.commits)
    lines = [
        "",
        f"[{name}]",
        f"tasks = {TASKS}",
        f"steps = {round(TASKS * steps / best.tasks)}",
        f"decide = {a_step('main'):.6f}",
        f"encode = {a_step('thread'):.6f}",
        f"encode_commit = {few.main + few.thread - a_step('main') - a_step('thread'):.6f}",
        f"write = {a_step('server'):.6f}",
        f"write_commit = {few.server - a_step('server'):.6f}",
        f"log_bytes = {best.usage.wal_bytes / steps:.0f}",
    ]
    for at_once, each in rounds.items():
        lines += _measured(name, each, nodes=1, at_once=at_once, way="in one process")
    return lines


def _rounds(server: PostgresqlServer, text: str, at_once: int, executions: int) -> list[Round]:
    return asyncio.run(in_process(server, text, at_once, executions=executions, rounds=ROUNDS))


def _shape(rounds: Sequence[Round]) -> Shape:
    each = min(rounds, key=lambda each: each.node_seconds)
    commits = len(each.commits)
    return Shape(
        steps=sum(steps for _, steps in each.commits) / commits,
        main=(each.node_seconds - each.thread_seconds) / commits,
        thread=each.thread_seconds / commits,
        server=min(each.usage.processor_seconds for each in rounds) / commits,
    )


def _over_http(server: PostgresqlServer) -> list[str]:
    """One and two servers, and what HTTP costs them and the client."""
    lines: list[str] = []
    for count in (1, 2):
        with nodes(server.make_database(), count) as running:
            asyncio.run(deploy(running[0].url))
            asyncio.run(load(running, 200))
            rounds, clients = [], []
            for _ in range(ROUNDS):
                used, began = sum(node.processor_seconds for node in running), time.process_time()
                before = server.usage()
                seconds = asyncio.run(load(running, HTTP_EXECUTIONS))
                clients.append(time.process_time() - began)
                rounds.append(
                    Round(
                        tasks=TASKS * HTTP_EXECUTIONS,
                        seconds=seconds,
                        node_seconds=sum(node.processor_seconds for node in running) - used,
                        usage=server.usage() - before,
                    )
                )
            if count == 1:
                lines += [
                    "",
                    "[http]",
                    f"node = {min(each.node_seconds for each in rounds) / HTTP_EXECUTIONS:.6f}",
                ]
                lines += [f"client = {min(clients) / HTTP_EXECUTIONS:.6f}"]
            lines += _measured("inside", rounds, nodes=count, at_once=AT_ONCE, way="over HTTP")
    return lines


def _measured(load: str, rounds: Sequence[Round], *, nodes: int, at_once: int, way: str) -> list[str]:
    rates = sorted(each.rate for each in rounds)
    return [
        "",
        "[[measured]]",
        f'load = "{load}"',
        f'way = "{way}"',
        f"nodes = {nodes}",
        f"at_once = {at_once}",
        f"rate = {rates[-1]:.0f}",
        f"slowest = {rates[0]:.0f}",
    ]


def _flush(server: PostgresqlServer) -> float:
    """Seconds that a commit waits for the disk."""
    times: dict[str, float] = {}
    write = "INSERT INTO written VALUES (1)"
    with psycopg.connect(server.make_database(), autocommit=True) as connection:
        connection.execute("CREATE TABLE written (id BIGINT)")
        for setting in ("off", "on"):
            connection.execute(f"SET synchronous_commit = {setting}")
            times[setting] = _undisturbed_seconds(lambda: connection.execute(write))
    return times["on"] - times["off"]


def _round_trip(server: PostgresqlServer) -> float:
    with psycopg.connect(server.make_database(), autocommit=True) as connection:
        return _undisturbed_seconds(lambda: connection.execute("SELECT 1"))


def _undisturbed_seconds(work: Callable[[], object]) -> float:
    """What it takes in the better quarter of many times."""
    times = []
    for _ in range(400):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.quantiles(times, n=4)[0]


ALL: tuple[Callable[[], str], ...] = (model_figures,)


if __name__ == "__main__":
    print(model_figures())
