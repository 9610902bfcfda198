"""A server is killed between the start of a cron trigger's workflow and the trigger's next time.

The process that is killed is the real server. It dies in the very moment in which it would advance the
trigger: the execution is on the disk, and the trigger still says that it is due.
"""

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx

from maestrale.definitions import read_upload
from maestrale.definitions.workflows import create_workflows
from maestrale.ids import DEFAULT_PROJECT
from maestrale.lang import DocumentKind
from maestrale.scheduler.cron import SECRET
from maestrale.scheduler.cron_rules import execution_id
from maestrale.store import Access, open_store
from maestrale.store.records import CronTriggerRecord

from ..cli.processes import DEADLINE, Maestrale
from .test_killed_server import start

DUE = datetime(2026, 3, 1, 12, tzinfo=UTC)

GREET = """
version: '2.0'
greet:
  input: [name]
  output: {said: <% $.name %>}
  tasks: {say: {action: std.noop}}
"""

# Runs the command line as it is, but for the end of the process.
DIE_BEFORE_ADVANCING = """
import os, signal, sys
from maestrale.scheduler import cron

def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)

cron.advance = die
from maestrale.cli.main import main
sys.exit(main(["server", "--port", "0"]))
"""


def prepare(database: str) -> CronTriggerRecord:
    """A trigger that was due a while ago."""
    with open_store(database) as store:
        upload = read_upload(GREET, DocumentKind.WORKFLOWS)
        (workflow,) = create_workflows(store, Access(), upload, now=DUE)
        trigger = CronTriggerRecord(
            id="0a1b2c3d-0000-4000-8000-00000000cafe",
            project_id=DEFAULT_PROJECT,
            created_at=DUE,
            name="nightly",
            workflow_id=workflow.id,
            workflow_name="greet",
            workflow_input={"name": "Ann"},
            pattern="0 0 1 1 *",
            next_execution_time=DUE,
            remaining_executions=5,
        )
        store.insert_record(trigger)
        return trigger


def test_a_server_killed_between_a_start_and_the_next_time_does_not_start_twice(tmp_path: Path) -> None:
    maestrale = Maestrale(tmp_path)
    trigger = prepare(maestrale.database)

    killed = subprocess.run(
        [sys.executable, "-c", DIE_BEFORE_ADVANCING],
        cwd=tmp_path,
        env=maestrale.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=DEADLINE,
        check=False,
    )
    with open_store(maestrale.database) as store:
        left = store.list_records(CronTriggerRecord)
        secret = store.get_setting(SECRET)
        begun = [root.id for root in store.list_roots()]
    try:
        _, url = start(maestrale)
        with httpx.Client(base_url=url, timeout=DEADLINE, trust_env=False) as client:
            after = advanced(client)
            executions = client.get("/v2/executions").json()["executions"]
    finally:
        maestrale.end_all()

    assert killed.returncode == -9, killed.stderr
    assert secret is not None
    id = execution_id(trigger, secret=secret)
    assert (left, begun) == ([trigger], [id])
    assert [(each["id"], each["state"]) for each in executions] == [(id, "SUCCESS")]
    assert after["next_execution_time"].endswith("-01-01 00:00:00")


def advanced(client: httpx.Client) -> dict[str, str]:
    """The trigger, once it waits for its next time."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        trigger = client.get("/v2/cron_triggers/nightly").json()
        if trigger["remaining_executions"] == 4:
            return dict(trigger)
    raise AssertionError("the trigger was not advanced")
