"""A service outside that does what actions ask, and notes every call with its idempotency key."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from random import Random

from msgspec import Struct


class Noted(Struct, frozen=True):
    """A call that has come in. `what` is the step of an execution that it was made for."""

    what: str
    key: str


class Notary:
    """Answers `GET /do?what=…` after a while with what it was asked, as JSON."""

    def __init__(self, chance: Random, *, longest: float) -> None:
        self._chance = chance
        self._longest = longest
        self._server: asyncio.Server | None = None
        self.noted: list[Noted] = []

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()

    def keys(self) -> Counter[str]:
        """How often each key came."""
        return Counter(each.key for each in self.noted)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            request, *lines = head.splitlines()
            headers = {name.lower(): value.strip() for name, _, value in (it.partition(":") for it in lines)}
            what = request.split()[1].partition("what=")[2]
            self.noted.append(Noted(what, headers.get("idempotency-key", "")))
            await asyncio.sleep(self._chance.random() ** 3 * self._longest)
            self._answer(writer, {"done": what})
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # The node is gone.
        finally:
            writer.close()

    def _answer(self, writer: asyncio.StreamWriter, body: Mapping[str, str]) -> None:
        data = json.dumps(body).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n"
        writer.write(f"{head}connection: close\r\n\r\n".encode() + data)
