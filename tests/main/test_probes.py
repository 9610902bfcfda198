"""What a node answers that does not have the role `api`."""

from typing import Any

import httpx
import pytest

from maestrale.cluster import ClusterSettings
from maestrale.config import ServerSettings, Settings
from maestrale.main.server import Server


def settings(*roles: str) -> Settings:
    cluster = ClusterSettings(roles=roles, beat_seconds=0.1, lease_seconds=5)
    return Settings(server=ServerSettings(port=0), cluster=cluster)


def client(server: Server) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=20)


async def test_a_node_without_the_api_tells_how_it_is_and_nothing_else(postgresql_url: str) -> None:
    async with (
        Server(settings("engine", "worker", "scheduler"), database=postgresql_url) as server,
        client(server) as asking,
    ):
        alive, ready, figures = [await asking.get(path) for path in ("/healthz", "/readyz", "/metrics")]
        refused = [
            await asking.get("/v2/executions", headers={"Accept": "application/json"}),
            await asking.post("/v2/workflows", content="version: '2.0'"),
            await asking.get("/openapi.json"),
            await asking.get("/"),
        ]

    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "missing_roles": ["api"]})
    assert figures.status_code == 200
    assert "maestrale_shards " in figures.text
    codes = [(answer.status_code, answer.headers["maestrale-error-code"]) for answer in refused]
    assert codes == [(404, "unknown-path")] * 4
    assert refused[0].json()["description"] == (
        "There is nothing at the path `/v2/executions`; this node does not have the role `api`, and answers"
        " `/healthz`, `/readyz`, `/metrics` only"
    )


@pytest.mark.parametrize(
    ("roles", "waits"),
    [(("api",), ["engine", "worker"]), (("api", "engine", "scheduler"), ["worker"])],
)
async def test_what_nobody_does_is_told_by_readiness_nodes_and_explanations(
    postgresql_url: str, roles: tuple[str, ...], waits: list[str]
) -> None:
    workflow = "version: '2.0'\nslow: {tasks: {run: {action: std.command, input: {script: 'exit 0'}}}}"
    async with Server(settings("api", "engine"), database=postgresql_url) as before, client(before) as asking:
        (await asking.post("/v2/workflows", content=workflow)).raise_for_status()
        started = await asking.post("/v2/executions", json={"workflow_name": "slow"})
        id = started.raise_for_status().json()["id"]

    async with Server(settings(*roles), database=postgresql_url) as server, client(server) as asking:
        ready = (await asking.get("/readyz")).json()
        nodes = (await asking.get("/v2/nodes")).json()
        refused = await asking.put(f"/v2/executions/{id}", json={"description": "d"})
        explained = (await asking.get(f"/v2/executions/{id}/explain")).json()

    missing = [role for role in ("api", "engine", "worker", "scheduler") if role not in roles]
    assert ready == {"status": "ready", "missing_roles": missing}
    assert nodes["missing_roles"] == missing
    assert (refused.status_code, refused.headers.get("maestrale-error-code")) == (
        (503, "no-engine") if "engine" in missing else (200, None)
    )
    kinds: list[Any] = [(wait["kind"], wait.get("role")) for wait in explained["waits"]]
    assert kinds == [*(("node", role) for role in waits), ("action-run", None)]
    assert explained["waits"][0]["text"] == (
        f"a node with the role `{waits[0]}`: none is there; start one with `--roles {waits[0]}`"
    )
