"""A server over a small application, and a client that speaks to it byte by byte."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from maestrale.config import ServerSettings
from maestrale.main.http_server import App, HttpServer
from maestrale.main.listening import bind

DEADLINE = 20.0
"""Seconds until a test gives up; nothing takes nearly as long."""

HELLO = b"GET /hello HTTP/1.1\r\nHost: here\r\n\r\n"


class Client(NamedTuple):
    """A connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self) -> bytes:
        """The status line and the headers of the next answer."""
        async with asyncio.timeout(DEADLINE):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def rest(self) -> bytes:
        """All that comes until the server closes."""
        async with asyncio.timeout(DEADLINE):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""

    async def ask(self, request: bytes = HELLO, *, length: int = 5) -> bytes:
        """The whole answer to a request whose body has that length."""
        await self.send(request)
        head = await self.head()
        async with asyncio.timeout(DEADLINE):
            return head + await self.reader.readexactly(length)


class Place:
    """A running server."""

    def __init__(self, server: HttpServer, port: int) -> None:
        self.server = server
        self._port = port
        self._clients: list[Client] = []

    async def connect(self) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self._port))
        self._clients.append(client)
        return client

    def close(self) -> None:
        for client in self._clients:
            client.writer.close()


@asynccontextmanager
async def serving(app: App, settings: ServerSettings | None = None) -> AsyncIterator[Place]:
    chosen = settings or ServerSettings()
    sockets = bind("127.0.0.1", 0)
    place = Place(HttpServer(app, sockets, chosen), sockets[0].getsockname()[1])
    await place.server.start()
    try:
        yield place
    finally:
        place.close()
        await place.server.stop(0)


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ")[1])
