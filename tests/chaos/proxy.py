"""A TCP proxy in front of PostgreSQL that drops, delays and halves what goes through it."""

import asyncio
from contextlib import suppress
from random import Random

PIECE = 65_536


class Proxy:
    """Listens on loopback and passes connections on to the socket file or port of the server.

    Args:
        target: Opens a connection to the server.
    """

    def __init__(self, socket_path: str, chance: Random) -> None:
        self._socket_path = socket_path
        self._chance = chance
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.delay = 0.0
        """Seconds that each piece takes longer."""
        self.is_silent = False
        """Nothing comes through, and nobody is told."""
        self.halving = 0.0
        """How likely a piece is cut in half, and its connection with it."""

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    def cut_all(self) -> int:
        """End all connections at once; how many they were."""
        writers = list(self._writers)
        for writer in writers:
            writer.transport.abort()
        return len(writers) // 2

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        self.cut_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            behind, before = await asyncio.open_unix_connection(self._socket_path)
        except OSError:
            self._end(writer, task)
            return
        self._writers.add(before)
        try:
            ways = [
                asyncio.create_task(self._pass_on(reader, before)),
                asyncio.create_task(self._pass_on(behind, writer)),
            ]
            with suppress(asyncio.CancelledError):  # The end of the test.
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
        finally:
            self._end(before, task)
            self._end(writer, task)

    def _end(self, writer: asyncio.StreamWriter, task: "asyncio.Task[None]") -> None:
        self._writers.discard(writer)
        self._tasks.discard(task)
        with suppress(OSError):
            writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(PIECE):
                while self.is_silent:  # noqa: ASYNC110 - Somebody else says when it is over.
                    await asyncio.sleep(0.02)
                if self.delay:
                    await asyncio.sleep(self.delay * self._chance.random())
                if self.halving and self._chance.random() < self.halving:
                    writer.write(piece[: len(piece) // 2])
                    await writer.drain()
                    return
                writer.write(piece)
                await writer.drain()
