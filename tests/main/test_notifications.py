"""A server tells publishers: those of an execution, and those of its settings."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from maestrale.actions import HttpSettings
from maestrale.config import ServerSettings, Settings
from maestrale.core import Publisher
from maestrale.main.server import Server
from maestrale.notifier import NotifierSettings

from ..notifier.receiver import Receiver, receiving

ECHO = """
version: '2.0'
echo:
  tasks:
    say: {action: std.echo output="hi"}
"""
SETTINGS = Settings(server=ServerSettings(port=0))
EVENTS = ["WORKFLOW_LAUNCHED", "TASK_LAUNCHED", "TASK_SUCCEEDED", "WORKFLOW_SUCCEEDED"]


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/server.db"


def client(server: Server) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=20)


async def run(asking: httpx.AsyncClient, *publishers: Any) -> httpx.Response:
    """Run the workflow to its end."""
    await asking.post("/v2/workflows", content=ECHO)
    body = {"workflow_name": "echo", "params": {"notify": list(publishers)}}
    return await asking.post("/v2/executions", params={"wait": "10"}, json=body)


def hook(receiver: Receiver, **more: Any) -> dict[str, Any]:
    return {"type": "webhook", "url": f"{receiver.url}/hook", **more}


async def test_publishers_of_an_execution_and_of_the_settings_hear_what_becomes_of_it(database: str) -> None:
    async with receiving() as own, receiving() as all_:
        everybody = Publisher(type="webhook", url=f"{all_.url}/all", event_types=("WORKFLOW_SUCCEEDED",))
        settings = replace(SETTINGS, notifier=NotifierSettings(publishers=(everybody,)))
        async with Server(settings, database=database) as server, client(server) as asking:
            answer = await run(asking, hook(own), "no mapping")
            await own.wait_for(4)
            await all_.wait_for(1)

        assert (answer.status_code, own.events, all_.events) == (201, EVENTS, ["WORKFLOW_SUCCEEDED"])
        assert own.ids[3] == all_.ids[0]


async def test_what_a_server_could_not_send_is_sent_after_its_restart(database: str) -> None:
    async with receiving() as receiver:
        receiver.answer = lambda received: 503
        async with Server(SETTINGS, database=database) as server, client(server) as asking:
            await run(asking, hook(receiver))
            await receiver.wait_for(1)
        receiver.received.clear()
        receiver.answer = lambda received: 200

        async with Server(SETTINGS, database=database):
            await receiver.wait_for(4)

        assert receiver.events == EVENTS


async def test_figures_tell_how_notices_went(database: str) -> None:
    async with receiving() as receiver:
        receiver.answer = lambda received: 503
        async with Server(SETTINGS, database=database) as server, client(server) as asking:
            await run(asking, hook(receiver), {"type": "noop"})
            await receiver.wait_for(1)
            await until(asking, 'maestrale_notices_total{outcome="delivered"} 4.0')
            await until(asking, 'maestrale_notices_total{outcome="failed"} 1.0')
            await until(asking, "maestrale_notices_waiting 4.0")


async def until(asking: httpx.AsyncClient, line: str) -> None:
    """Ask for the figures until a line is among them. The test's own time limit ends it otherwise."""

    while line not in (await asking.get("/metrics")).text.splitlines():
        pass


async def test_the_rules_for_http_actions_hold_for_webhooks(database: str) -> None:
    settings = replace(SETTINGS, http=HttpSettings(denied_cidrs=("127.0.0.0/8",)))
    async with receiving() as receiver:
        async with Server(settings, database=database) as server, client(server) as asking:
            await run(asking, hook(receiver))
            await until(asking, 'maestrale_notices_total{outcome="given_up"} 4.0')

        assert receiver.received == []


@pytest.mark.parametrize("wrong", [{"type": "kafka"}, {"type": "webhook"}, {"type": "webhook", "url": "x"}])
async def test_an_execution_with_a_wrong_publisher_is_refused(database: str, wrong: dict[str, str]) -> None:
    async with Server(SETTINGS, database=database) as server, client(server) as asking:
        answer = await run(asking, wrong)
        left = (await asking.get("/v2/executions")).json()

    assert (answer.status_code, answer.headers["Maestrale-Error-Code"]) == (400, "wrong-publisher")
    assert left["executions"] == []
