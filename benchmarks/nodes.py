"""Servers as processes of their own, which are measured, stopped and killed."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

TICKS = os.sysconf("SC_CLK_TCK")
_TASKS = Path("/proc/self/task")


class Node:
    """One `maestrale server`, ready as soon as it is made. Its log is in `log`."""

    def __init__(self, database: str, log: IO[str], *options: str) -> None:
        self._database, self._log, self._options = database, log, options
        command = [sys.executable, "-m", "maestrale", "server", "--port", "0", "--log-level", "warning"]
        command += ["--database", database, *options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        self.url = self._wait_listening()

    def _wait_listening(self) -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if found := re.search(r"http://[\d.]+:\d+", line):
                return found[0]
        raise AssertionError("the server did not say where it listens")

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def processor_seconds(self) -> float:
        return processor_seconds(self.pid)

    def kill(self) -> None:
        """End it as a power failure does."""
        self._process.kill()
        self._process.wait()

    def replace(self) -> "Node":
        """Wait until it has ended, and start another one in its place."""
        self.end()
        return Node(self._database, self._log, *self._options)

    def begin_stop(self) -> None:
        """Ask it to end, as an operator does."""
        self._process.terminate()

    def end(self) -> None:
        """Wait until it has ended, after asking it to."""
        self._process.terminate()
        self._process.wait(60)


@contextmanager
def nodes(database: str, count: int, *options: str) -> Iterator[list[Node]]:
    """So many servers that share a database. The list may be changed: whoever is in it is ended."""
    running: list[Node] = []
    with tempfile.TemporaryFile("w+") as log:
        try:
            running += [Node(database, log, *options) for _ in range(count)]
            yield running
        except BaseException:
            log.seek(0)
            print(log.read()[-4000:], file=sys.stderr)
            raise
        finally:
            for node in running:
                node.begin_stop()
            for node in running:
                node.end()


def processor_seconds(pid: int) -> float:
    """What a process has used of a processor, with its children that have ended; 0 if there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS


def thread_seconds() -> tuple[float, float]:
    """What the main thread of this process has used of a processor, and all others that live."""
    of = {int(it.name): int((it / "schedstat").read_text().split()[0]) / 1e9 for it in _TASKS.iterdir()}
    main = of.pop(os.getpid())
    return main, sum(of.values())


def wait_until(condition: Callable[[], bool], what: str, *, seconds: float = 60) -> float:
    """Look again and again until something is so; the seconds it took."""
    began = time.perf_counter()
    while not condition():
        assert time.perf_counter() - began < seconds, f"{what} within {seconds} s"
        time.sleep(0.02)
    return time.perf_counter() - began
