"""Servers that share a database, in this process: executions move between them, and each does its part."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from maestrale.cluster import ClusterSettings
from maestrale.cluster.settings import ROLES
from maestrale.config import ServerSettings, Settings
from maestrale.main.server import Server
from maestrale.testing.clocks import FakeClock

from ..cluster.house import until

WORKFLOWS = """
version: '2.0'
asks:
  tasks:
    ask: {action: std.async_noop}
quick:
  tasks:
    say: {action: std.noop}
"""


def created(answer: httpx.Response) -> Any:
    assert answer.status_code == 201, answer.text
    return answer.json()


def settings(*roles: str) -> Settings:
    cluster = ClusterSettings(roles=roles, beat_seconds=0.1, lease_seconds=5)
    return Settings(server=ServerSettings(port=0), cluster=cluster)


@asynccontextmanager
async def a_node(
    database: str, *roles: str, clock: FakeClock | None = None
) -> AsyncIterator[tuple[Server, httpx.AsyncClient]]:
    """A server with these roles, or all, and a client of it."""
    given = settings(*(roles or ROLES))
    async with (
        Server(given, database=database, clock=clock) as server,
        httpx.AsyncClient(base_url=server.url, timeout=30, trust_env=False) as client,
    ):
        yield server, client


@asynccontextmanager
async def a_server(
    database: str, *roles: str, clock: FakeClock | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    async with a_node(database, *roles, clock=clock) as (_, client):
        yield client


async def told(client: httpx.AsyncClient, id: str) -> list[tuple[str, str]]:
    """The id and the data of each event, to the end of the one stream."""
    found, fields = [], {}
    async with client.stream("GET", f"/v2/executions/{id}/events") as answer:
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if line:
                fields[name] = value
            elif "data" in fields:
                found.append((fields["id"], fields["data"]))
                fields = {}
    return found


async def test_one_stream_tells_all_of_an_execution_that_moves_to_and_fro(postgresql_url: str) -> None:
    async with a_server(postgresql_url) as asking:
        (await asking.post("/v2/workflows", content=WORKFLOWS)).raise_for_status()
        # A node that comes is given half of the shards: which, is not up to us.
        ids = [(await start(asking)) for _ in range(8)]
        following = [asyncio.ensure_future(told(asking, id)) for id in ids]
        await toggle(asking, ids)
        async with a_node(postgresql_url) as (comes, _):
            held = comes.node.store.shards
            assert held is not None
            for count in (1, 8, 16, 32):
                await until(lambda count=count: len(held.epochs) >= count)  # type: ignore[misc]
                await toggle(asking, ids)
            moved = [id for id in ids if held.owns(id)]
        await toggle(asking, ids)
        for id in ids:
            (await asking.put(f"/v2/executions/{id}", json={"state": "SUCCESS"})).raise_for_status()
        async with asyncio.timeout(20):
            live = await asyncio.gather(*following)

        assert live == [await told(asking, id) for id in ids]
        states = [[json.loads(data)["state"] for _, data in each] for each in live]
        assert [each.count("PAUSED") for each in states] == [6] * len(ids)
        assert 0 < len(moved) < len(ids)


async def start(client: httpx.AsyncClient) -> str:
    id: str = created(await client.post("/v2/executions", json={"workflow_name": "asks"}))["id"]
    return id


async def toggle(client: httpx.AsyncClient, ids: Sequence[str]) -> None:
    """Two more steps of each."""
    for state in ("PAUSED", "RUNNING"):
        for id in ids:
            (await client.put(f"/v2/executions/{id}", json={"state": state})).raise_for_status()


async def test_a_cron_trigger_made_at_one_node_is_fired_by_the_other(postgresql_url: str) -> None:
    clock = FakeClock()
    async with (
        a_server(postgresql_url, "engine", "worker", "scheduler", clock=clock),
        a_server(postgresql_url, "api", clock=clock) as asking,
    ):
        (await asking.post("/v2/workflows", content=WORKFLOWS)).raise_for_status()
        body = {"name": "often", "pattern": "* * * * *", "workflow_name": "quick"}
        created(await asking.post("/v2/cron_triggers", json=body))

        clock.advance(60)

        async def has_fired() -> bool:
            found = (await asking.get("/v2/executions")).json()["executions"]
            return [each["workflow_name"] for each in found] == ["quick"]

        await until(has_fired)


@pytest.mark.parametrize("save", [False, True])
async def test_an_action_is_waited_for_at_a_node_that_runs_none(postgresql_url: str, save: bool) -> None:
    async with (
        a_server(postgresql_url, "engine", "worker", "scheduler"),
        a_server(postgresql_url, "api") as asking,
    ):
        body = {
            "name": "std.command",
            "input": json.dumps({"script": "echo here"}),
            "params": json.dumps({"run_sync": True, "save_result": save}),
        }
        run = created(await asking.post("/v2/action_executions", json=body))

        assert run["state"] == "SUCCESS"
        assert json.loads(run["output"])["result"]["stdout"].strip() == "here"
