"""What has to be true once everything works again."""

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path

from maestrale.clock import monotonic

from .load import Accepted, Load
from .notary import Notary
from .postgresql import Database

SETTLE_SECONDS = 90.0
"""How long the last executions may take to end."""


async def wait_ended(database: Database, accepted: list[Accepted]) -> list[str]:
    """Wait until every execution that was accepted has ended; which have not."""
    deadline = monotonic() + SETTLE_SECONDS
    while True:
        found = await asyncio.to_thread(database.rows, "SELECT id, state FROM executions WHERE id = root_id")
        states = dict(found)
        open_ids = [
            f"{each.shape} {each.id}: {states.get(each.id, 'lost')}"
            for each in accepted
            if states.get(each.id) not in ("SUCCESS", "ERROR", "CANCELLED")
        ]
        if not open_ids or monotonic() > deadline:
            return open_ids
        await asyncio.sleep(0.2)


def faults_found(database: Database, load: Load, notary: Notary) -> list[str]:
    """Everything that is not as it has to be."""
    return [
        *load.unexpected,
        *_wrong_ends(database, load.accepted),
        *_doubled(database, notary),
        *_left_over(database),
    ]


def _wrong_ends(database: Database, accepted: list[Accepted]) -> list[str]:
    found = {
        id: (state, info, output)
        for id, state, info, output in database.rows(
            "SELECT id, state, state_info, output FROM executions WHERE id = root_id"
        )
    }
    wrong = []
    for each in accepted:
        state, info, output = found.get(each.id, ("lost", None, None))
        if state != "SUCCESS" or json.loads(output) != each.output:
            wrong.append(f"{each.shape} {each.id}: {state} {info} {output}")
    return wrong


def _doubled(database: Database, notary: Notary) -> list[str]:
    """Attempts that were made twice, and steps that were made again after their result was taken.

    The key of a call is `execution/task/run/attempt`; each step is one run, whose row has its last attempt.
    """
    last = dict(database.rows("SELECT id, attempt FROM action_runs"))
    what = {each.key: each.what for each in notary.noted}
    runs: dict[str, str] = {}
    wrong = []
    for key, count in notary.keys().items():
        run_id, attempt = key.split("/")[2:]
        if count > 1:
            wrong.append(f"the attempt `{key}` of {what[key]} was made {count} times")
        if run_id not in last or int(attempt) > last[run_id]:
            wrong.append(f"{what[key]} was called by `{key}`, which was never given out")
        if runs.setdefault(what[key], run_id) != run_id:
            wrong.append(f"{what[key]} was made by the runs {runs[what[key]]} and {run_id}")
    return wrong


def _left_over(database: Database) -> list[str]:
    """What should be empty once nothing goes on."""
    counts = {
        "messages in the inbox": "SELECT count(*) FROM inbox WHERE shard IS NOT NULL",
        "attempts for other nodes": "SELECT count(*) FROM assignments",
        "timers": "SELECT count(*) FROM timers",
        "shards without a node": "SELECT count(*) FROM shards WHERE node_id IS NULL",
    }
    wrong = []
    for what, sql in counts.items():
        [(count,)] = database.rows(sql)
        if count:
            wrong.append(f"{count} {what} are left")
    return wrong


def audit(url: str) -> list[str]:
    """What `maestrale audit --deep` finds."""
    ended = subprocess.run(
        [sys.executable, "-m", "maestrale", "audit", "--deep", "--database", url],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return (
        [] if ended.returncode == 0 else [f"audit ends with {ended.returncode}:", ended.stdout, ended.stderr]
    )


def bugs_logged(logs: Path) -> list[str]:
    """Lines of the nodes' logs that tell of a bug."""
    pattern = re.compile(r'"exception":|Traceback|"event":"[^"]*bug')
    return [
        f"{log.parent.name}: {line[:2000]}"
        for log in sorted(logs.glob("*/log"))
        for line in log.read_text().splitlines()
        if pattern.search(line)
    ]
