"""A real HTTP server on loopback that notes what it is sent, and answers as a test says."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

HANG, DROP = "hang", "drop"
"""Answers that are none: the connection stays open and silent, or is closed."""


class Received(NamedTuple):
    """A request. Names of headers are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> str | None:
        event: str | None = json.loads(self.body)["event"]
        return event


class Receiver:
    """`answer` gives for each request a status, a status line with headers, `HANG` or `DROP`."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answer: Callable[[Received], Any] = lambda received: 200
        self.most_at_once = 0
        self.port = 0
        self._at_once = 0
        self._arrived = asyncio.Condition()
        self._let_go = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def events(self) -> list[str | None]:
        return [each.event for each in self.received]

    @property
    def ids(self) -> list[str]:
        return [each.id for each in self.received]

    async def wait_for(self, count: int) -> None:
        """Wait until it has been sent so many requests."""
        async with asyncio.timeout(10), self._arrived:
            await self._arrived.wait_for(lambda: len(self.received) >= count)

    def let_go(self) -> None:
        """Close the connections that hang."""
        self._let_go.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if not await self._take(head.decode("latin-1"), reader, writer):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _take(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        line, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in lines)}
        body = await reader.readexactly(int(headers["content-length"]))
        received = Received(line.split(" ")[1], headers, body)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        async with self._arrived:
            self.received.append(received)
            self._arrived.notify_all()
        answer = self.answer(received)
        if answer == HANG:
            await self._let_go.wait()
        self._at_once -= 1
        if answer in (HANG, DROP):
            return False
        status = f"HTTP/1.1 {answer}" + ("" if isinstance(answer, str) else " So")
        writer.write(f"{status}\r\ncontent-length: 2\r\n\r\nok".encode())
        await writer.drain()
        return True


@asynccontextmanager
async def receiving(port: int = 0) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", port)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        receiver.let_go()
        server.close()
