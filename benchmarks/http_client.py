"""The smallest HTTP client that can load a server on the same two cores."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit


class Connection:
    """One connection that is kept, one request at a time. Use it as an asynchronous context manager."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80

    async def __aenter__(self) -> "Connection":
        self.reader, self.writer = await asyncio.open_connection(self._host, self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    def encode(self, method: str, path: str, body: Any = None, text: str | None = None) -> bytes:
        """A request as bytes, to be sent many times."""
        kind = "text/plain" if text is not None else "application/json"
        data = text.encode() if text is not None else b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: {kind}\r\n"
        return f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data

    async def send(self, request: bytes) -> tuple[int, bytes]:
        """The status and the body of the answer."""
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        at = head.lower().find(b"content-length:")
        length = 0 if at < 0 else int(head[at + 15 : head.index(b"\r\n", at)])
        return status, await self.reader.readexactly(length)

    async def call(self, method: str, path: str, body: Any = None, text: str | None = None) -> Any:
        """The decoded body of an answer that must be a success."""
        status, answer = await self.send(self.encode(method, path, body, text))
        assert status < 300, (method, path, status, answer[:500])
        return json.loads(answer or b"null")


async def in_parallel(url: str, requests: Sequence[bytes], *, at_once: int) -> list[tuple[int, bytes]]:
    """Send all requests over so many connections; the answers, in the order of the requests."""
    answers: list[tuple[int, bytes]] = [(0, b"")] * len(requests)
    following = iter(range(len(requests)))

    async def work() -> None:
        async with Connection(url) as connection:
            for number in following:
                answers[number] = await connection.send(requests[number])

    await asyncio.gather(*(work() for _ in range(at_once)))
    return answers
