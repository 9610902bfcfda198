"""Pausing the whole service, and letting it work again."""

import asyncio
from pathlib import Path

from .node_house import Client, a_service, on_a_node

WORKFLOWS = """
version: '2.0'
asks:
  tasks:
    ask: {action: test.ask, on-success: next}
    next: {action: std.noop}
outer:
  tasks:
    call: {workflow: asks}
waits:
  tasks:
    wait: {action: std.noop, wait-before: 3600}
"""


async def states(client: Client) -> dict[str, str]:
    """The states of the roots, by description."""
    found = await client.get("/v2/executions?nulls=root_execution_id")
    return {execution["description"]: execution["state"] for execution in found["executions"]}


async def set_status(client: Client, status: str) -> str:
    return str((await client.put("/maintenance", status=status))["status"])


async def answer_all(client: Client) -> None:
    for run in (await client.get("/v2/action_executions?state=RUNNING"))["action_executions"]:
        await client.put(f"/v2/action_executions/{run['id']}", state="SUCCESS")


@on_a_node()
async def test_what_runs_is_paused_and_only_that_is_resumed(client: Client) -> None:
    await client.upload(WORKFLOWS)
    await client.start("waits", description="waiting")
    nested = await client.start("outer", description="nested")
    users = await client.start("waits", description="of a user")
    await client.put(f"/v2/executions/{users}", state="PAUSED")

    assert await set_status(client, "PAUSED") == "PAUSING"
    await client.wait(nested, until="PAUSED")
    await answer_all(client)
    assert await client.maintenance.settled() == "PAUSED"
    assert await states(client) == {"waiting": "PAUSED", "nested": "PAUSED", "of a user": "PAUSED"}
    assert await set_status(client, "PAUSED") == "PAUSED"

    assert await set_status(client, "RUNNING") == "RUNNING"
    assert await client.maintenance.settled() == "RUNNING"
    assert await states(client) == {"waiting": "RUNNING", "nested": "SUCCESS", "of a user": "PAUSED"}
    assert await set_status(client, "RUNNING") == "RUNNING"


@on_a_node()
async def test_it_is_pausing_until_no_task_runs_and_only_what_ends_work_is_let_in(client: Client) -> None:
    await client.upload(WORKFLOWS)
    asking = await client.start("asks", description="asking")
    cancelled = await client.start("waits", description="cancelled")

    await set_status(client, "PAUSED")
    await client.wait(asking, until="PAUSED")

    refusals = [
        await client.call("POST", "/v2/executions", json={"workflow_name": "asks"}),
        await client.call("PUT", f"/v2/executions/{asking}", json={"state": "RUNNING"}),
        await client.call("DELETE", f"/v2/executions/{asking}"),
    ]
    assert [answer.status_code for answer in refusals] == [423] * 3
    assert "PAUSING" in refusals[0].headers["server-error-message"]
    assert await client.get("/maintenance") == {"status": "PAUSING"}
    assert await set_status(client, "PAUSED") == "PAUSING"
    await client.put(f"/v2/executions/{cancelled}", state="CANCELLED")
    await answer_all(client)
    assert await client.maintenance.settled() == "PAUSED"
    assert (await client.call("PUT", "/v2/action_executions/x", json={"state": "SUCCESS"})).status_code == 423
    assert await states(client) == {"asking": "PAUSED", "cancelled": "CANCELLED"}


@on_a_node()
async def test_a_pause_that_would_take_too_long_can_be_given_up(client: Client) -> None:
    await client.upload(WORKFLOWS)
    asking = await client.start("asks", description="asking")
    await set_status(client, "PAUSED")

    assert await set_status(client, "RUNNING") == "RUNNING"
    assert await client.maintenance.settled() == "RUNNING"

    assert await states(client) == {"asking": "RUNNING"}
    await answer_all(client)
    assert (await client.wait(asking))["state"] == "SUCCESS"


@on_a_node()
async def test_a_wrong_status_and_a_caller_who_is_no_administrator_are_refused(client: Client) -> None:
    for body in ({}, {"status": "PAUSING"}, {"status": "paused"}, {"status": None}):
        assert await client.refused("PUT", "/maintenance", **body) == (400, "maintenance-status")
    assert await client.refused("PUT", "/maintenance", status=5) == (400, "wrong-attribute")
    other = client.of("other")
    assert await other.refused("PUT", "/maintenance", status="PAUSED") == (403, "admin-only")
    assert await other.get("/maintenance") == {"status": "RUNNING"}


def test_a_maintenance_outlives_the_process(tmp_path: Path) -> None:
    async def play() -> None:
        async with a_service(tmp_path) as client:
            await client.upload(WORKFLOWS)
            asking = await client.start("asks", description="asking")
            await client.start("waits", description="waiting")
            await set_status(client, "PAUSED")
            await client.wait(asking, until="PAUSED")
        async with a_service(tmp_path) as client:
            assert await client.get("/maintenance") == {"status": "PAUSING"}
            await answer_all(client)
            assert await client.maintenance.settled() == "PAUSED"
        async with a_service(tmp_path) as client:
            assert await client.get("/maintenance") == {"status": "PAUSED"}
            assert await states(client) == {"asking": "PAUSED", "waiting": "PAUSED"}
            await set_status(client, "RUNNING")
        async with a_service(tmp_path) as client:
            assert await client.maintenance.settled() == "RUNNING"
            assert await states(client) == {"asking": "SUCCESS", "waiting": "RUNNING"}

    asyncio.run(play())
