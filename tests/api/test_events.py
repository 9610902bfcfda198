"""The events of an execution over a real connection: past, present, resumed, and ended."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from structlog.testing import capture_logs

from maestrale.api.events import EventStream
from maestrale.config import ServerSettings, Settings
from maestrale.main.server import Server

WORKFLOWS = """
version: '2.0'
outer:
  tasks:
    before: {action: std.noop, on-success: call}
    call: {workflow: inner}
inner:
  tasks:
    ask: {action: std.async_noop}
loop:
  tasks:
    call: {with-items: 'n in [1, 2]', workflow: inner}
spread:
  tasks:
    each: {with-items: "i in [1, 2, 3]", action: std.async_noop, retry: {count: 1, delay: 0}}
broken:
  tasks:
    ask: {action: std.async_noop}
"""


class Message(NamedTuple):
    id: str
    event: str
    data: dict[str, Any]

    @property
    def word(self) -> tuple[str, str, str]:
        return self.event, self.data.get("name", ""), self.data["state"]


@asynccontextmanager
async def a_service(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(server=ServerSettings(port=0))
    async with (
        Server(settings, database=f"sqlite:///{folder}/server.db") as server,
        httpx.AsyncClient(base_url=server.url, timeout=20, trust_env=False) as client,
    ):
        (await client.post("/v2/workflows", content=WORKFLOWS)).raise_for_status()
        yield client


async def start(client: httpx.AsyncClient, workflow: str) -> str:
    answer = await client.post("/v2/executions", json={"workflow_name": workflow})
    assert answer.status_code == 201, answer.text
    id: str = answer.json()["id"]
    return id


async def running_action(client: httpx.AsyncClient) -> str:
    answer = await client.get("/v2/action_executions?state=RUNNING")
    (action,) = answer.json()["action_executions"]
    id: str = action["id"]
    return id


async def complete(client: httpx.AsyncClient, state: str = "SUCCESS") -> None:
    id = await running_action(client)
    body = {"state": state, "output": {"x": 1}}
    (await client.put(f"/v2/action_executions/{id}", json=body)).raise_for_status()


async def messages(lines: AsyncIterator[str]) -> AsyncIterator[Message]:
    fields: dict[str, str] = {}
    async for line in lines:
        name, _, value = line.partition(": ")
        if line:
            fields[name] = value
        elif "data" in fields:
            yield Message(fields["id"], fields["event"], json.loads(fields["data"]))
            fields = {}


async def told(
    client: httpx.AsyncClient, id: str, *, count: int | None = None, after: str = ""
) -> list[Message]:
    """The messages of a stream, to its end or to the `count`-th."""
    headers = {"Last-Event-ID": after} if after else {}
    found: list[Message] = []
    async with client.stream("GET", f"/v2/executions/{id}/events", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        async for message in messages(answer.aiter_lines()):
            found.append(message)
            if len(found) == count:
                break
    return found


PAST = [
    ("execution", "outer", "RUNNING"),
    ("execution", "inner", "RUNNING"),
    ("task", "before", "SUCCESS"),
    ("task", "call", "RUNNING"),
    ("task", "ask", "RUNNING"),
    ("action_execution", "std.noop", "SUCCESS"),
    ("action_execution", "std.async_noop", "RUNNING"),
]
PRESENT = [
    ("execution", "outer", "SUCCESS"),
    ("execution", "inner", "SUCCESS"),
    ("task", "ask", "SUCCESS"),
    ("task", "call", "SUCCESS"),
    ("action_execution", "std.async_noop", "SUCCESS"),
    ("end", "", "SUCCESS"),
]


def words(told: list[Message]) -> list[tuple[str, str, str]]:
    return sorted(message.word for message in told)


def test_a_stream_tells_the_past_then_the_present_and_ends_with_the_execution(tmp_path: Path) -> None:
    async def body() -> None:
        async with a_service(tmp_path) as client:
            id = await start(client, "outer")
            assert words(await told(client, id, count=len(PAST))) == sorted(PAST)
            following = asyncio.ensure_future(told(client, id))
            await complete(client)

            live = await following

            assert words(live) == sorted(PAST + PRESENT)
            assert live[-1].event == "end"
            assert await told(client, id) == live  # The history tells the very same, ids included.
            assert len({message.id for message in live}) == len(live)

    asyncio.run(body())


def test_a_stream_goes_on_from_any_of_its_events_without_gap_or_repetition(tmp_path: Path) -> None:
    async def body() -> None:
        async with a_service(tmp_path) as client:
            id = await start(client, "outer")
            await complete(client)
            whole = await told(client, id)

            for position, message in enumerate(whole[:-1], start=1):
                assert await told(client, id, after=message.id) == whole[position:]

            answer = await client.get(f"/v2/executions/{id}/events", headers={"Last-Event-ID": whole[-1].id})
            assert (answer.status_code, answer.content) == (204, b"")

    asyncio.run(body())


def test_a_sub_execution_has_a_stream_of_its_own(tmp_path: Path) -> None:
    async def body() -> None:
        async with a_service(tmp_path) as client:
            root = await start(client, "outer")
            (inner,) = (await client.get(f"/v2/executions?root_execution_id={root}")).json()["executions"]
            await complete(client)

            found = await told(client, inner["id"])

            assert {message.data["name"] for message in found[:-1]} == {"inner", "ask", "std.async_noop"}
            assert found[-1].word == ("end", "", "SUCCESS")

    asyncio.run(body())


def test_the_sub_executions_of_a_loop_tell_which_item_they_are(tmp_path: Path) -> None:
    async def body() -> None:
        async with a_service(tmp_path) as client:
            id = await start(client, "loop")

            found = await told(client, id, count=5)

            rows = [(each.data["name"], each.data["index"]) for each in found if each.event == "execution"]
            assert rows == [("loop", None), ("inner", 0), ("inner", 1)]

    asyncio.run(body())


def test_what_is_run_again_after_its_end_is_followed_again(tmp_path: Path) -> None:
    async def body() -> None:
        async with a_service(tmp_path) as client:
            id = await start(client, "broken")
            await complete(client, "ERROR")
            first = await told(client, id)
            assert first[-1].word == ("end", "", "ERROR")
            (task,) = (await client.get(f"/v2/executions/{id}/tasks")).json()["tasks"]
            again = {"state": "RUNNING", "reset": True}
            (await client.put(f"/v2/tasks/{task['id']}", json=again)).raise_for_status()
            following = asyncio.ensure_future(told(client, id, after=first[-1].id))
            await complete(client)

            second = await following

            assert second[-1].word == ("end", "", "SUCCESS")
            assert ("task", "ask", "RUNNING") in words(second)
            # Who only comes back when it has ended again has missed as much.
            assert await told(client, id, after=first[-1].id) == second
            over = await client.get(f"/v2/executions/{id}/events", headers={"Last-Event-ID": second[-1].id})
            assert over.status_code == 204

    asyncio.run(body())


def test_a_stream_tells_how_far_a_loop_is(tmp_path: Path) -> None:
    async def body() -> None:
        async with a_service(tmp_path) as client:
            id = await start(client, "spread")
            following = asyncio.ensure_future(told(client, id))
            for _ in range(3):
                answer = await client.get("/v2/action_executions?state=RUNNING")
                run = answer.json()["action_executions"][0]["id"]
                (
                    await client.put(f"/v2/action_executions/{run}", json={"state": "SUCCESS"})
                ).raise_for_status()

            loops = [message.data["items"] for message in await following if message.event == "task"]

            assert [(loop["running"], loop["succeeded"], loop["total"]) for loop in loops] == [
                (3, 0, 3),
                (2, 1, 3),
                (1, 2, 3),
                (0, 3, 3),
            ]

    asyncio.run(body())


def test_a_stream_that_cannot_be_is_refused(tmp_path: Path) -> None:
    async def body() -> None:
        async with a_service(tmp_path) as client:
            id = await start(client, "broken")
            unknown = await client.get("/v2/executions/nowhere/events")
            wrong = await client.get(f"/v2/executions/{id}/events", headers={"Last-Event-ID": "seven"})
            foreign = await client.get(f"/v2/executions/{id}/events", headers={"X-Project-Id": "other"})

            assert (unknown.status_code, wrong.status_code, foreign.status_code) == (404, 400, 404)
            assert "seven" in wrong.json()["faultstring"]

    asyncio.run(body())


async def broken_texts() -> AsyncGenerator[bytes, None]:
    yield b"retry: 1000\n\n"
    raise ZeroDivisionError("a bug")


async def sent_by(texts: AsyncGenerator[bytes, None], *, fails: bool = False) -> list[Any]:
    """What a stream sends to a client that stays, or that is gone when the first text comes."""
    sent: list[Any] = []
    stream = EventStream(texts)
    stream.headers["X-Openstack-Request-Id"] = "req-1"

    async def send(message: Any) -> None:
        if fails and message["type"] == "http.response.body":
            raise OSError("the connection is closed")
        sent.append(message)

    async def receive() -> Any:
        await asyncio.Event().wait()

    await stream({"type": "http"}, receive, send)
    return sent


def test_a_bug_in_a_stream_ends_it_and_is_in_the_log() -> None:
    with capture_logs() as lines:
        first, *bodies = asyncio.run(sent_by(broken_texts()))

    assert dict(first["headers"]) == {
        b"content-type": b"text/event-stream; charset=utf-8",
        b"cache-control": b"no-store",
        b"x-accel-buffering": b"no",
        b"x-openstack-request-id": b"req-1",
    }
    assert [(each["body"], each["more_body"]) for each in bodies] == [
        (b"retry: 1000\n\n", True),
        (b"", False),
    ]
    (line,) = lines
    assert (line["event"], line["log_level"], line["request_id"]) == ("event stream failed", "error", "req-1")


def test_a_client_that_is_gone_ends_its_stream_without_a_word() -> None:
    with capture_logs() as lines:
        sent = asyncio.run(sent_by(broken_texts(), fails=True))

    assert ([each["type"] for each in sent], lines) == (["http.response.start"], [])


def test_a_stream_ends_when_its_execution_is_deleted(tmp_path: Path) -> None:
    async def body() -> None:
        async with a_service(tmp_path) as client:
            id = await start(client, "broken")
            async with client.stream("GET", f"/v2/executions/{id}/events") as answer:
                lines = answer.aiter_lines()
                async for line in lines:
                    if "keep-alive" in line:
                        break
                (await client.delete(f"/v2/executions/{id}?force=true")).raise_for_status()
                async with asyncio.timeout(10):
                    assert [line async for line in lines if line] == []
            assert (await client.get(f"/v2/executions/{id}/events")).status_code == 404

    asyncio.run(body())
