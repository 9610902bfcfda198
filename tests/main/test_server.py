"""A server with all its parts, inside of this process."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from maestrale.api import ApiSettings
from maestrale.config import ServerSettings, Settings
from maestrale.engine import StartRequest
from maestrale.errors import InvalidInput, Unavailable
from maestrale.lang import parse
from maestrale.main import Node
from maestrale.main.server import Server

ASKS = """
version: '2.0'
asks:
  output: {answer: <% $.answer %>}
  tasks:
    approve: {action: std.async_noop, publish: {answer: <% task().result %>}}
"""

ANY_PORT = Settings(server=ServerSettings(port=0))


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/server.db"


async def leave_executions(database: str, count: int) -> list[str]:
    """Unfinished executions that nobody runs any more."""
    definitions = parse(ASKS).definitions
    assert definitions is not None
    async with Node(database) as node:
        pins = await node.engine.deploy("asks.yaml", ASKS, definitions)
        return [await node.engine.start(StartRequest(workflow="asks", pins=pins)) for _ in range(count)]


def client(server: Server) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=20)


async def wait_ready(asking: httpx.AsyncClient) -> None:
    while (await asking.get("/readyz")).status_code != 200:
        pass


async def test_every_unfinished_execution_is_taken_over_before_the_server_is_ready(database: str) -> None:
    left = await leave_executions(database, 40)

    with capture_logs() as log:
        async with Server(ANY_PORT, database=database) as server, client(server) as asking:
            await wait_ready(asking)
            trees = server.node.engine.load.trees
            owners = {summary.pid for summary in server.node.store.list_roots() if summary.is_alive}

    told = [event for event in log if event["event"] == "took over unfinished executions"]
    assert trees == len(left)
    assert len(owners) == 1
    assert [event["count"] for event in told] == [40]


async def test_an_execution_that_cannot_be_read_does_not_keep_the_others_from_going_on(database: str) -> None:
    left = await leave_executions(database, 3)
    _break(database, left[1])

    with capture_logs() as log:
        async with Server(ANY_PORT, database=database) as server, client(server) as asking:
            await wait_ready(asking)
            trees = server.node.engine.load.trees

    broken = [event for event in log if event["event"] == "an execution cannot go on yet"]
    assert trees == 2
    assert {(event["log_level"], event["root_execution_id"]) for event in broken} == {("error", left[1])}


def _break(database: str, root_id: str) -> None:
    import sqlite3

    with sqlite3.connect(database.removeprefix("sqlite:///")) as connection:
        connection.execute("UPDATE tasks SET state = 'NO STATE' WHERE root_id = ?", (root_id,))
    connection.close()


async def test_a_stream_of_events_ends_cleanly_when_the_server_stops(database: str) -> None:
    [execution_id] = await leave_executions(database, 1)
    server = Server(ANY_PORT, database=database)
    await server.__aenter__()
    async with client(server) as asking:
        await wait_ready(asking)
        async with asking.stream("GET", f"/v2/executions/{execution_id}/events") as stream:
            texts = stream.aiter_text()
            first = await anext(texts)
            stopping = asyncio.ensure_future(server.__aexit__())
            rest = [text async for text in texts]  # Raises if the end of the text is missing.
        await stopping

    assert stream.status_code == 200
    assert "retry" in first
    assert "event: execution" in first + "".join(rest)


async def test_two_servers_cannot_listen_on_one_port(database: str) -> None:
    async with Server(ANY_PORT, database=database) as first:
        port = int(first.url.rpartition(":")[2])
        second = Server(Settings(server=ServerSettings(port=port)), database=database)

        with pytest.raises(Unavailable) as raised:
            await second.__aenter__()

        assert raised.value.code == "port-taken"


async def test_a_database_in_memory_is_refused() -> None:
    with pytest.raises(InvalidInput) as raised:
        await Server(ANY_PORT, database="sqlite://").__aenter__()

    assert raised.value.code == "memory-not-shared"


@pytest.mark.parametrize(
    ("host", "auth_mode", "warnings"),
    [("127.0.0.1", "none", 0), ("0.0.0.0", "none", 1), ("0.0.0.0", "trusted-headers", 0)],
)
async def test_a_server_that_lets_everybody_in_warns(
    database: str, host: str, auth_mode: Any, warnings: int
) -> None:
    settings = Settings(server=ServerSettings(host=host, port=0), api=ApiSettings(auth_mode=auth_mode))

    with capture_logs() as log:
        async with Server(settings, database=database):
            pass

    assert [event["log_level"] for event in log] == ["warning"] * warnings


async def test_on_localhost_a_server_listens_on_every_address_of_that_name(database: str) -> None:
    settings = Settings(server=ServerSettings(host="localhost", port=0))

    async with Server(settings, database=database) as server, client(server) as asking:
        assert (await asking.get("/v2/")).json() == {"uri": f"{server.url}/v2"}
