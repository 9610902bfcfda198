"""What a cluster costs that has nothing to do: three nodes, timers and cron triggers that are far away."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.http_client import Connection, in_parallel
from benchmarks.nodes import nodes
from benchmarks.postgresql_server import PostgresqlServer, postgresql_server

NODES, TIMERS, TRIGGERS = 3, 1_000, 100
SETTLE_SECONDS, MEASURED_SECONDS = 25, 60
MOST_SHOWN = 12

WAITS = "version: '2.0'\nwaits:\n  tasks:\n    later: {action: std.noop, wait-before: 86400}\n"

_STATEMENT = re.compile(r"LOG: +(?:execute [^:]*|statement): (.*)")


def idle_cluster() -> str:
    """Queries a second of three nodes with 1,000 timers and 100 cron triggers far away."""
    with postgresql_server() as server:
        database = server.make_database()
        name = database.partition("?")[0].rpartition("/")[2]
        server.rows(f"ALTER DATABASE {name} SET log_statement = 'all'")
        with nodes(database, NODES) as running:
            asyncio.run(_fill(running[0].url))
            time.sleep(SETTLE_SECONDS)
            transactions, used = _transactions(server, name), [node.processor_seconds for node in running]
            position = len(server.log())
            time.sleep(MEASURED_SECONDS)
            transactions = _transactions(server, name) - transactions
            used = [node.processor_seconds - before for node, before in zip(running, used, strict=True)]
            statements = Counter(_shortened(it) for it in _STATEMENT.findall(server.log()[position:]))
    shares = ", ".join(f"{100 * each / MEASURED_SECONDS:.2f} %" for each in used)
    lines = [f"\n  {count:4} {statement}" for statement, count in statements.most_common(MOST_SHOWN)]
    return (
        f"{statements.total() / MEASURED_SECONDS:.2f} statements/s, {transactions / MEASURED_SECONDS:.2f}"
        f" transactions/s (budget 3); of a core: {shares}; in {MEASURED_SECONDS} s:{''.join(lines)}"
    )


async def _fill(url: str) -> None:
    async with Connection(url) as connection:
        await connection.call("POST", "/v2/workflows", text=WAITS)
        start = connection.encode("POST", "/v2/executions", {"workflow_name": "waits"})
        answers = await in_parallel(url, [start] * TIMERS, at_once=20)
        assert {status for status, _ in answers} == {201}
        for number in range(TRIGGERS):
            await connection.call("POST", "/v2/cron_triggers", _trigger(number))


def _trigger(number: int) -> dict[str, Any]:
    """A trigger that fires half a year from now."""
    at = datetime.now(UTC) + timedelta(days=180)
    pattern = f"{number % 60} 3 {at.day} {at.month} *"
    return {"name": f"yearly-{number}", "workflow_name": "waits", "pattern": pattern}


def _transactions(server: PostgresqlServer, name: str) -> int:
    [(count,)] = server.rows(
        f"SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = '{name}'"
    )
    return int(count)


def _shortened(statement: str) -> str:
    return re.sub(r"\s+", " ", statement)[:110]


ALL: tuple[Callable[[], str], ...] = (idle_cluster,)
