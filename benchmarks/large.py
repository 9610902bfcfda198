"""What a task costs where the database holds many.

After a checkpoint each page is logged whole when it is touched for the first time.

The rows are copies of some real ones under random ids, which is the worst for the indexes.
"""

import asyncio
from collections.abc import Callable

from benchmarks.loads import Bench, bench_on, chain, timed
from benchmarks.postgresql import AT_ONCE, TASKS
from benchmarks.postgresql_server import PostgresqlServer, postgresql_server
from maestrale.core.state import Pin

STORED = 100_000
EXECUTIONS = 1_000
TABLES = {"trees": 1, "executions": 1, "tasks": TASKS, "action_runs": TASKS, "history": 1}
"""How many rows of each an execution has."""

OF_OTHERS = ("root_id", "execution_id", "task_id", "parent_task_id")


def postgresql_large() -> str:
    """What a task costs after a checkpoint, in a new database and in one of 1,000,000 tasks."""
    with postgresql_server() as server:
        return asyncio.run(_measure(server, server.make_database()))


async def _measure(server: PostgresqlServer, url: str) -> str:
    async with bench_on(url) as runner:
        pins = await runner.deploy(chain(TASKS))
        await runner.run_many(pins, 200, at_once=AT_ONCE)
        small = await _cost(server, runner, pins)
        for table, rows in TABLES.items():
            _multiply(server, url, table, rows)
        server.rows("VACUUM ANALYZE", database=url)
        large = await _cost(server, runner, pins)
    return f"new: {small}; large: {large}"


async def _cost(server: PostgresqlServer, runner: Bench, pins: tuple[Pin, ...]) -> str:
    server.rows("CHECKPOINT")
    before = server.usage()
    await timed(lambda: runner.run_many(pins, EXECUTIONS, at_once=AT_ONCE))
    usage = server.usage() - before
    tasks = TASKS * EXECUTIONS
    return (
        f"{1e6 * usage.processor_seconds / tasks:.0f} µs of a processor,"
        f" {usage.wal_bytes / tasks:,.0f} bytes of the log"
    )


def _multiply(server: PostgresqlServer, url: str, table: str, rows: int) -> None:
    """Copy rows of a table, until there are as many as `STORED` executions have, under other ids."""
    columns = [
        name
        for (name,) in server.rows(
            f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}'", database=url
        )
    ]
    few = 100 * rows
    server.rows(
        f"INSERT INTO {table} ({', '.join(map(_quoted, columns))})"
        f" SELECT {', '.join(map(_copied, columns))}"
        f" FROM (SELECT * FROM {table} LIMIT {few}) known, generate_series(1, {STORED * rows // few}) copy",
        database=url,
    )


def _quoted(column: str) -> str:
    return f'"{column}"'


def _copied(column: str) -> str:
    if column == "id":
        return "gen_random_uuid()::text"
    if column in OF_OTHERS:
        return f'md5("{column}" || copy)::uuid::text'  # NULL where it is NULL.
    return _quoted(column)


ALL: tuple[Callable[[], str], ...] = (postgresql_large,)
