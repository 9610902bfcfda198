"""Servers that share a PostgreSQL database, each a process of its own, and ways to ask them in turn."""

import asyncio
import contextlib
import re
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from maestrale.ids import new_id, shard_of

from ..cli.processes import DEADLINE, Maestrale, Running

QUICK = {"beat_seconds": "0.2", "lease_seconds": "5"}
"""Settings with which nodes soon have their share of the executions."""


class Cluster:
    """Some nodes. `urls` are their addresses, without `/v2`."""

    def __init__(self, urls: Sequence[str], database: str) -> None:
        self.urls = list(urls)
        self.database = database

    def client(self, number: int) -> httpx.Client:
        """Speaks to one of the nodes only."""
        return httpx.Client(base_url=self.urls[number], timeout=DEADLINE, trust_env=False)

    def wait_shared(self, takers: int) -> None:
        """Until each of so many nodes decides about some executions, and nothing moves any more."""
        with self.client(0) as client:
            deadline = time.monotonic() + DEADLINE
            while True:
                listed = client.get("/v2/nodes").raise_for_status().json()
                counts = [node["shard_count"] for node in listed["nodes"] if "engine" in node["roles"]]
                if len(counts) == takers and not listed["free_shards"] and max(counts) - min(counts) <= 1:
                    return
                assert time.monotonic() < deadline, listed
                client.get("/v2/executions/none?wait=0")

    def an_id_of(self, number: int) -> str:
        """An id for an execution that this node will decide about."""
        with self.client(number) as client:
            listed = client.get("/v2/nodes").raise_for_status().json()
        (shards,) = (node["shards"] for node in listed["nodes"] if node["is_self"])
        while shard_of(id := new_id(), listed["shard_count"]) not in shards:
            pass
        return id


@contextlib.contextmanager
def nodes(home: Path, database: str, roles: Sequence[str], **settings: str) -> Iterator[Cluster]:
    """One server for each entry of `roles`. They must have met no error of their own.

    Args:
        settings: By their names, as in `auth_mode="trusted-headers"`.
    """
    maestrale = Maestrale(home)
    maestrale.database = database
    maestrale.variables = {f"MAESTRALE_{name.upper()}": value for name, value in settings.items()}
    try:
        servers = [maestrale.start("server", "--port", "0", "--roles", each) for each in roles]
        yield Cluster([_url_of(server) for server in servers], database)
        for server in servers:
            server.signal(signal.SIGTERM)
        for server in servers:
            ended = server.end()
            assert ended.code == 0, ended
            assert [line for line in ended.stderr.splitlines() if '"level":"error"' in line] == []
    finally:
        maestrale.end_all()


def _url_of(server: Running) -> str:
    found = re.search(r'"url":"([^"]+)"', server.wait_for_line('"event":"listening"'))
    assert found is not None
    return found[1]


class RoundRobin:
    """An address behind which each connection goes to another of some servers, in turn."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._targets = cycle([(parts.hostname, parts.port) for parts in map(urlsplit, urls)])
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[Any] | None] = set()
        self.connections = 0

    def __enter__(self) -> str:
        """The address, without `/v2`."""
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(DEADLINE)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._serving.add(asyncio.current_task())  # Nobody else keeps it.
        host, port = next(self._targets)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            far_reader, far_writer = await asyncio.open_connection(host, port)
            try:
                await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
            finally:
                far_writer.close()
        writer.close()
        self._serving.discard(asyncio.current_task())

    def __exit__(self, *error: Any) -> None:
        async def end() -> None:
            assert self._server is not None
            self._server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(DEADLINE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE)
        self._loop.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes, until its end."""
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
