"""When a node begins no more, for whom, and when it begins again."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from msgspec.structs import replace

from maestrale.actions import Registry, action
from maestrale.config import ServerSettings, Settings
from maestrale.config.objects import OverloadSettings, WorkerSettings
from maestrale.main.overload import LOOK_SECONDS, Overload, Pressure
from maestrale.main.server import Server


class Gauge:
    """A node whose queues and whose time a test sets."""

    def __init__(self, **settings: int) -> None:
        self.pressure = Pressure()
        self.changes = 0
        self._seconds = 0.0
        self.overload = Overload(
            OverloadSettings(**settings),
            lambda: self.pressure,
            on_change=self._count,
            now=lambda: self._seconds,
        )

    def _count(self) -> None:
        self.changes += 1

    def at(self, project_id: str = "p", **pressure: Any) -> str | None:
        """Why no work of a project is begun once there is this to do."""
        self._seconds += LOOK_SECONDS
        self.pressure = Pressure(**pressure)
        return self.overload.why(project_id)


def test_work_is_refused_at_the_bound_and_begun_again_well_below() -> None:
    gauge = Gauge(most_steps=100)

    reasons = [gauge.at(steps=steps) for steps in (99, 100, 99, 80, 79, 99)]

    why = "{} decisions wait to be committed".format
    assert reasons == [None, why(100), why(99), why(80), None, None]
    assert gauge.changes == 2


def test_memory_is_full_before_it_ends() -> None:
    gauge = Gauge(memory_bytes=100 * 2**20)

    held = [gauge.at(rss=megabytes * 2**20) is not None for megabytes in (84, 85, 70, 67)]

    assert held == [False, True, True, False]


def test_a_project_whose_actions_wait_is_refused_and_the_others_are_not() -> None:
    gauge = Gauge(most_waiting_actions=100)

    reason = gauge.at("busy", actions={"busy": 1_000_000, "quiet": 49})

    assert reason == "1,000,000 actions of project `busy` wait for a free place"
    assert (gauge.overload.why("quiet"), gauge.overload.is_overloaded) == (None, False)
    assert gauge.at("quiet", actions={"busy": 1_000_000, "also": 50}) == "100 actions wait for a free place"
    assert gauge.overload.is_overloaded
    assert gauge.at("busy", actions={}) is None


def test_messages_of_other_nodes_count_and_a_bound_of_0_is_none() -> None:
    assert Gauge(most_messages=10).at(messages=10) == "10 messages of other nodes wait"
    assert (
        Gauge(most_messages=0, most_steps=0, most_waiting_actions=0).at(
            messages=10**9, steps=10**9, actions={"p": 10**9}
        )
        is None
    )


def test_what_was_just_measured_is_not_measured_again() -> None:
    gauge = Gauge(most_steps=10)
    assert gauge.at(steps=0) is None

    gauge.pressure = Pressure(steps=10)

    assert gauge.overload.why("p") is None
    assert gauge.at(steps=10) is not None


HANGS = """
version: '2.0'
hangs:
  input: [count]
  tasks:
    loop:
      with-items: i in <% range(0, $.count) %>
      action: test.hang
"""


@action("test.hang")
async def hang() -> None:
    """Never ends by itself."""
    await asyncio.Event().wait()


def a_server(tmp_path: Path, **overload: int) -> Server:
    settings = replace(
        Settings(server=ServerSettings(port=0)),
        overload=OverloadSettings(**overload),
        worker=WorkerSettings(slots=8, drain_seconds=0),
    )
    database = f"sqlite:///{tmp_path}/overload.db"
    return Server(settings, database=database, registry=Registry([hang], plugins=True))


def of(server: Server, project: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=server.url, trust_env=False, timeout=20, headers={"X-Project-Id": project}
    )


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110 - Nothing tells.
        await asyncio.sleep(0)


async def test_a_full_queue_is_refused_at_the_door_until_it_is_shorter(tmp_path: Path) -> None:
    async with (
        a_server(tmp_path, most_waiting_actions=20) as server,
        of(server, "busy") as busy,
        of(server, "quiet") as quiet,
    ):
        for project in (busy, quiet):
            assert (await project.post("/v2/workflows", content=HANGS)).status_code == 201
        start = {"workflow_name": "hangs", "input": {"count": 15}}
        started = (await busy.post("/v2/executions", json=start)).json()["id"]
        await until(lambda: server.node.worker.waiting_by_project == {"busy": 11})
        server._overload._looked_at = None

        refused = await busy.post("/v2/executions", json=start)
        action_refused = await busy.post("/v2/action_executions", json={"name": "test.hang"})
        seen = await busy.get(f"/v2/executions/{started}")
        other = await quiet.post("/v2/executions", json={**start, "input": {"count": 1}})
        deleted = await busy.delete(f"/v2/executions/{started}?force=true")
        await until(lambda: not server.node.worker.waiting)
        server._overload._looked_at = None
        again = await busy.post("/v2/executions", json=start)
        metrics = (await quiet.get("/metrics")).text

    assert refused.status_code == action_refused.status_code == 503
    assert (refused.headers["Retry-After"], refused.headers["Maestrale-Error-Code"]) == ("5", "overloaded")
    assert "11 actions of project `busy` wait for a free place; nothing was started" in refused.text
    assert [each.status_code for each in (seen, other, deleted, again)] == [200, 201, 204, 201]
    assert 'maestrale_requests_refused_total{reason="overloaded"} 2.0' in metrics


async def test_an_execution_whose_actions_hang_leaves_places_to_others(tmp_path: Path) -> None:
    async with a_server(tmp_path) as server, of(server, "busy") as busy, of(server, "quiet") as quiet:
        for project, count in ((busy, 1000), (quiet, 1)):
            assert (await project.post("/v2/workflows", content=HANGS)).status_code == 201
            start = {"workflow_name": "hangs", "input": {"count": count}}
            assert (await project.post("/v2/executions", json=start)).status_code == 201
        await until(lambda: server.node.worker.running == 5)

        assert server.node.worker.waiting_by_project == {"busy": 996}
