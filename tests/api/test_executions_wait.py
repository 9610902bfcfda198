"""Long polls: `GET /v2/executions/{id}?wait=…&until=…`."""

import asyncio
from pathlib import Path

from .node_house import Client, a_service, on_a_node

WORKFLOWS = """
version: '2.0'
asks:
  tasks:
    ask: {action: test.ask}
pauses:
  tasks:
    first: {on-success: [pause, second]}
    second: {action: test.ask}
outer:
  tasks:
    call: {workflow: asks}
"""


async def complete(client: Client, execution_id: str) -> None:
    """Answer the only question of an execution."""
    (task,) = (await client.tasks(execution_id)).values()
    (run,) = await client.runs(task["id"])
    await client.put(f"/v2/action_executions/{run['id']}", state="SUCCESS")


@on_a_node()
async def test_many_waiters_are_answered_when_the_execution_ends(client: Client) -> None:
    await client.upload(WORKFLOWS)
    execution_id = await client.start("asks")

    waiter = asyncio.gather(*(client.wait(execution_id) for _ in range(20)))
    await complete(client, execution_id)

    assert [execution["state"] for execution in await waiter] == ["SUCCESS"] * 20


@on_a_node()
async def test_a_sub_execution_can_be_waited_for(client: Client) -> None:
    await client.upload(WORKFLOWS)
    await client.start("outer")
    (inner,) = (await client.get("/v2/executions?workflow_name=asks"))["executions"]

    waiter = asyncio.ensure_future(client.wait(inner["id"]))
    await complete(client, inner["id"])

    assert (await waiter)["state"] == "SUCCESS"


@on_a_node(longest_wait_seconds=0.01)
async def test_when_the_time_is_over_the_answer_is_the_execution_as_it_is(client: Client) -> None:
    await client.upload(WORKFLOWS)

    made = await client.post("/v2/executions?wait=3600", workflow_name="asks")
    read = await client.get(f"/v2/executions/{made['id']}?wait=3600&until=SUCCESS")

    assert (made["state"], read["state"]) == ("RUNNING", "RUNNING")


@on_a_node()
async def test_a_pause_can_be_waited_for_and_so_can_any_state(client: Client) -> None:
    await client.upload(WORKFLOWS)

    paused = await client.run("pauses", until="paused")
    waiter = asyncio.ensure_future(client.wait(paused["id"], until="RUNNING"))
    await client.put(f"/v2/executions/{paused['id']}", state="RUNNING")

    assert (paused["state"], (await waiter)["state"]) == ("PAUSED", "RUNNING")


@on_a_node()
async def test_what_has_come_already_is_answered_at_once(client: Client) -> None:
    await client.upload(WORKFLOWS)
    paused = await client.run("pauses", until="paused")

    read = await client.get(f"/v2/executions/{paused['id']}?wait=20&until=paused&fields=state")

    assert read == {"id": paused["id"], "state": "PAUSED"}


@on_a_node()
async def test_who_waits_for_an_execution_that_is_deleted_is_told_so(client: Client) -> None:
    await client.upload(WORKFLOWS)
    execution_id = await client.start("asks")

    waiter = asyncio.ensure_future(client.refused("GET", f"/v2/executions/{execution_id}?wait=20"))
    await asyncio.gather(waiter, client.delete(f"/v2/executions/{execution_id}?force=true"))

    assert waiter.result() == (404, "unknown-execution")


@on_a_node()
async def test_a_wait_that_cannot_be_understood_is_refused(client: Client) -> None:
    await client.upload(WORKFLOWS)
    path = f"/v2/executions/{await client.start('asks')}"

    async def refusal(query: str) -> tuple[int, str]:
        return await client.refused("GET", f"{path}?{query}")

    assert await refusal("wait=soon") == (400, "wait-seconds")
    assert await refusal("wait=-1") == (400, "wait-seconds")
    assert await refusal("wait=nan") == (400, "wait-seconds")
    assert await refusal("wait=") == (400, "wait-seconds")
    assert await refusal("until=done") == (400, "until-without-wait")
    assert await refusal("wait=1&until=later") == (400, "until-what")
    assert await client.refused("GET", "/v2/executions/none?wait=1") == (404, "unknown-execution")


def test_an_execution_that_another_process_runs_is_looked_at_now_and_then(tmp_path: Path) -> None:
    async def play() -> None:
        async with a_service(tmp_path) as runs_it, a_service(tmp_path) as looks_on:
            await runs_it.upload(WORKFLOWS)
            execution_id = await runs_it.start("asks")
            looking = asyncio.ensure_future(looks_on.wait(execution_id))
            assert await looks_on.refused("PUT", f"/v2/executions/{execution_id}", state="PAUSED") == (
                409,
                "being-run",
            )
            await complete(runs_it, execution_id)
            assert (await looking)["state"] == "SUCCESS"

    asyncio.run(play())
