"""What an execution waits for, and its graph, over the wire."""

import asyncio
from pathlib import Path

from .test_events import a_service, complete, start


def test_an_execution_says_what_it_waits_for_and_what_would_move_it_on(tmp_path: Path) -> None:
    async def body() -> None:
        async with a_service(tmp_path) as client:
            id = await start(client, "outer")
            waiting = (await client.get(f"/v2/executions/{id}/explain")).json()
            await complete(client)
            ended = (await client.get(f"/v2/executions/{id}/explain")).json()
            foreign = await client.get(f"/v2/executions/{id}/explain", headers={"X-Project-Id": "other"})

            assert [wait["kind"] for wait in waiting["waits"]] == ["sub-workflow"]
            assert "PUT /v2/action_executions/" in str(waiting)
            assert (ended["state"], foreign.status_code) == ("SUCCESS", 404)

    asyncio.run(body())


def test_the_graph_of_an_execution_has_its_nodes_edges_and_states(tmp_path: Path) -> None:
    async def body() -> None:
        async with a_service(tmp_path) as client:
            id = await start(client, "outer")
            graph = (await client.get(f"/v2/executions/{id}/graph")).json()

            assert [(node["name"], node["type"], node["state"]) for node in graph["nodes"]] == [
                ("before", "ACTION", "SUCCESS"),
                ("call", "WORKFLOW", "RUNNING"),
            ]
            assert [(edge["source"], edge["target"], edge["event"]) for edge in graph["edges"]] == [
                ("before", "call", "on-success")
            ]

    asyncio.run(body())
