"""A server fires cron triggers and deletes what has expired."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from maestrale.config import ServerSettings, Settings
from maestrale.engine import StartRequest
from maestrale.lang import parse
from maestrale.main import Node
from maestrale.main.server import Server
from maestrale.scheduler import ExpirationSettings
from maestrale.testing.clocks import FakeClock

GREET = """
version: '2.0'
greet:
  input: [name]
  output: {said: <% $.name %>}
  tasks:
    say: {action: std.noop}
"""

ANY_PORT = Settings(server=ServerSettings(port=0))


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/server.db"


class Asking:
    """A client of a server."""

    def __init__(self, server: Server) -> None:
        self._client = httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=20)

    async def __aenter__(self) -> "Asking":
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._client.aclose()

    async def post(self, path: str, **options: Any) -> Any:
        answer = await self._client.post(path, **options)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def maintain(self, status: str) -> None:
        (await self._client.put("/maintenance", json={"status": status})).raise_for_status()
        while (await self._client.get("/maintenance")).json()["status"] != status:
            pass

    async def make_trigger(self, name: str, pattern: str = "*/5 * * * *", **more: Any) -> Any:
        given = {"workflow_name": "greet", "workflow_input": {"name": "Ann"}}
        return await self.post("/v2/cron_triggers", json={"name": name, "pattern": pattern, **given, **more})

    async def delete_trigger(self, name: str) -> None:
        (await self._client.delete(f"/v2/cron_triggers/{name}")).raise_for_status()

    async def figure(self, line: str) -> float:
        """A number of `/metrics`."""
        lines = (await self._client.get("/metrics")).text.splitlines()
        return next((float(each.rpartition(" ")[2]) for each in lines if each.startswith(f"{line} ")), 0.0)

    async def executions(self) -> list[Any]:
        answer = await self._client.get("/v2/executions?include_output=true")
        return list(answer.json()["executions"])

    async def wait_for(self, line: str, number: float) -> None:
        while await self.figure(line) < number:
            pass


STARTED = 'maestrale_cron_turns_total{outcome="started"}'
DUE = "maestrale_cron_due_timestamp_seconds"


async def test_a_trigger_made_through_the_api_fires_when_its_time_has_come(database: str) -> None:
    clock = FakeClock()
    async with Server(ANY_PORT, database=database, clock=clock) as server, Asking(server) as asking:
        await asking.post("/v2/workflows", content=GREET)
        without = await asking.figure(DUE)
        trigger = await asking.make_trigger("often")
        due = await asking.figure(DUE)
        clock.advance(300)
        await asking.make_trigger("later", "0 0 1 1 *")  # It wakes the scheduler, whose clock stood still.
        await asking.wait_for(STARTED, 1)
        [execution] = await asking.executions()
        clock.advance(300)
        await asking.delete_trigger("later")
        await asking.wait_for(STARTED, 2)

    assert (without, due) == (0.0, 1772366700.0)
    assert trigger["next_execution_time"] == "2026-03-01 12:05:00"
    assert (execution["workflow_name"], execution["state"]) == ("greet", "SUCCESS")
    assert execution["description"] == (
        f'{{"description": "Workflow execution created by cron trigger \'({trigger["id"]})\'.",'
        f' "triggered_by": {{"type": "cron_trigger", "id": "{trigger["id"]}"}}}}'
    )


async def test_a_trigger_that_is_due_in_a_maintenance_fires_once_after_it(database: str) -> None:
    clock = FakeClock()
    async with Server(ANY_PORT, database=database, clock=clock) as server, Asking(server) as asking:
        await asking.post("/v2/workflows", content=GREET)
        await asking.make_trigger("often", "* * * * *")
        await asking.maintain("PAUSED")
        clock.advance(600)
        meanwhile = await asking.executions()
        await asking.maintain("RUNNING")
        await asking.wait_for(STARTED, 1)
        executions = await asking.executions()

    assert (len(meanwhile), len(executions)) == (0, 1)


async def test_a_server_deletes_what_had_expired_before_it_began(database: str) -> None:
    definitions = parse(GREET).definitions
    assert definitions is not None
    clock = FakeClock()
    async with Node(database, clock=clock) as node:
        pins = await node.engine.deploy("greet.yaml", GREET, definitions)
        request = StartRequest(workflow="greet", pins=pins, input={"name": "Ann"})
        await node.engine.run(request)
        clock.advance(3600)
        young = await node.engine.run(request)
    settings = Settings(
        server=ServerSettings(port=0),
        expiration=ExpirationSettings(interval_minutes=60, older_than_minutes=60),
    )

    clock.advance(1)
    async with Server(settings, database=database, clock=clock) as server, Asking(server) as asking:
        await asking.wait_for('maestrale_expired_total{kind="execution"}', 1)
        left = [execution["id"] for execution in await asking.executions()]

    assert left == [young.id]
