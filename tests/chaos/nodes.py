"""The nodes of the cluster, as real processes that are killed, frozen, stopped and started."""

import asyncio
import re
import signal
from pathlib import Path

from ..cli.processes import Maestrale, Running


class Node:
    """One place for a server; after it has ended another process takes the place."""

    def __init__(self, home: Path, name: str, database: str, *options: str) -> None:
        home.mkdir()
        self.name = name
        self.url = ""
        self._options = options
        self._home = Maestrale(home)
        self._home.database = database
        self._log = home / "log"
        self._starts = 0
        self._process: Running | None = None
        self.is_frozen = False
        self.is_serving = False
        """Whether its present process has begun to listen."""

    async def start(self) -> None:
        """Start it; returns once it listens, or has ended because the database was away."""
        self._keep_log()
        self.is_serving = False
        self._starts += 1
        options = ["--port", "0", "--node-name", f"{self.name}-{self._starts}", *self._options]
        self._process = self._home.start("server", *options)
        await asyncio.to_thread(self._wait_listening, self._process)

    def _wait_listening(self, process: Running) -> None:
        try:
            found = re.search(r'"url":"([^"]+)"', process.wait_for_line('"event":"listening"'))
        except AssertionError:
            return  # It has ended again: its database was away.
        assert found is not None
        self.url = found[1]
        self.is_serving = True

    @property
    def is_up(self) -> bool:
        return self._process is not None and self._process.process.poll() is None

    def _keep_log(self) -> None:
        """Add what the process has said to the file of this place."""
        if self._process is not None:
            with self._log.open("a") as log:
                log.write(f"--- process {self._starts}\n{self._process.said()}")
            self._process = None

    async def kill(self) -> None:
        if self._process is not None and self.is_up:
            await asyncio.to_thread(self._process.kill)
            self.is_frozen = False

    async def stop(self) -> int:
        """Ask it to end, as an operator does; its exit code."""
        if self._process is None or not self.is_up:
            return 0
        self._process.signal(signal.SIGTERM)
        ended = await asyncio.to_thread(self._process.end)
        return ended.code

    def freeze(self) -> None:
        if self._process is not None and self.is_up:
            self._process.signal(signal.SIGSTOP)
            self.is_frozen = True

    def thaw(self) -> None:
        if self._process is not None and self.is_frozen:
            self._process.signal(signal.SIGCONT)
        self.is_frozen = False

    def end(self) -> None:
        self.thaw()
        self._home.end_all()
        self._keep_log()
