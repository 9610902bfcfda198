"""A real server with a client of it, and a server that breaks off as a test wants."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

from maestrale.api import ApiSettings
from maestrale.api.settings import AuthMode
from maestrale.client import Client
from maestrale.config import ServerSettings, Settings
from maestrale.main.server import Server

WORKFLOWS = """
version: '2.0'

greet:
  input: [name, greeting: Hello]
  output: {text: <% $.text %>}
  tasks:
    say:
      action: std.echo output=<% $.greeting + ' ' + $.name %>
      publish: {text: <% task().result %>}

ask:
  output: {answer: <% $.answer %>}
  tasks:
    approve:
      action: std.async_noop
      publish: {answer: <% task().result %>}
      on-success: done
    done:
      action: std.noop

fails:
  tasks:
    break: {action: std.fail}

calls:
  tasks:
    first: {action: std.noop, on-success: call}
    call: {workflow: ask}
"""


@asynccontextmanager
async def a_server(folder: Path, *, auth_mode: AuthMode = "none", **options: Any) -> AsyncIterator[Client]:
    """A client of a real server on a port of its own, with `WORKFLOWS` stored."""
    settings = Settings(server=ServerSettings(port=0), api=ApiSettings(auth_mode=auth_mode))
    async with (
        Server(settings, database=f"sqlite:///{folder}/server.db") as server,
        Client(server.url, **{"patience": 5, **options}) as client,
    ):
        await client.workflows.create(WORKFLOWS)
        yield client


class Asked(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


class BreakingServer:
    """Answers each connection with the next of some texts, and closes it. Empty: without an answer."""

    def __init__(self, *answers: bytes, port: int = 0) -> None:
        self._answers = list(answers)
        self._port = port
        self.asked: list[Asked] = []
        self.has_answered_all = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.stop()

    async def start(self) -> int:
        """Listen; the port."""
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", self._port)
        port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        return port

    async def stop(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().rstrip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        method, path, _ = first.split(" ")
        self.asked.append(Asked(method, path, headers, json.loads(body) if body else None))
        writer.write(self._answers.pop(0))
        writer.close()
        if not self._answers:
            self.has_answered_all.set()


def answer(body: Any, status: int = 200, **headers: str) -> bytes:
    """An answer with a body: JSON, or bytes as they are."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Any", f"content-length: {len(data)}", "connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def stream(*texts: str) -> bytes:
    """An answer that streams events until the connection ends."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
    return head + "".join(texts).encode()


LOST = b""


def execution_data(**attributes: Any) -> dict[str, Any]:
    return {
        "id": "e1",
        "workflow_name": "greet",
        "state": "RUNNING",
        "created_at": "2026-03-01 12:00:00",
        "updated_at": "2026-03-01 12:00:00",
        **attributes,
    }


async def collected(rows: AsyncIterator[Any]) -> list[Any]:
    return [row async for row in rows]


def names(rows: Sequence[Any]) -> list[str]:
    return [row.name for row in rows]
