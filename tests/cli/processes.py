"""Running the real command as a process of its own."""

import json
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

DEADLINE = 60.0
"""Seconds until a test gives up; nothing takes nearly as long."""


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        assert self.stdout, self
        return json.loads(self.stdout)


class Running:
    """A command under way."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._seen: list[str] = []
        self._stdout = b""
        self._threads = [
            threading.Thread(target=self._read_stderr, daemon=True),
            threading.Thread(target=self._read_stdout, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _read_stderr(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._lines.put(line.decode())
        self._lines.put(None)

    def _read_stdout(self) -> None:
        assert self.process.stdout is not None
        self._stdout = self.process.stdout.read()

    def wait_for_line(self, *parts: str) -> str:
        """The next line on stderr that has all the parts in it."""
        deadline = time.monotonic() + DEADLINE
        while True:
            line = self._lines.get(timeout=max(deadline - time.monotonic(), 0.01))
            assert line is not None, f"the command ended without a line with {parts}: {self._seen}"
            self._seen.append(line)
            if all(part in line for part in parts):
                return line

    def said(self) -> str:
        """What it has written to stderr so far."""
        while True:
            try:
                line = self._lines.get_nowait()
            except queue.Empty:
                return "".join(self._seen)
            if line is None:
                self._lines.put(None)
                return "".join(self._seen)
            self._seen.append(line)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """As the power failing does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(DEADLINE)

    def end(self) -> Ended:
        """Wait for its end."""
        code = self.process.wait(DEADLINE)
        for thread in self._threads:
            thread.join(DEADLINE)
        while (line := self._lines.get(timeout=DEADLINE)) is not None:
            self._seen.append(line)
        self._lines.put(None)
        return Ended(code, self._stdout.decode(), "".join(self._seen))


class Maestrale:
    """The command, with a home and a database of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.database_file = home / "maestrale.db"
        self.database = f"sqlite:///{self.database_file}"
        self.variables: dict[str, str] = {}
        self._running: list[Running] = []

    def start(self, *arguments: str, stdin: bytes | None = None, **options: Any) -> Running:
        process = subprocess.Popen(
            [sys.executable, "-m", "maestrale", *arguments],
            cwd=self.home,
            env=self.environment(),
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        )
        if process.stdin is not None:
            process.stdin.write(stdin or b"")
            process.stdin.close()
        running = Running(process)
        self._running.append(running)
        return running

    def __call__(self, *arguments: str, stdin: bytes | None = None, **options: Any) -> Ended:
        return self.start(*arguments, stdin=stdin, **options).end()

    def environment(self) -> Mapping[str, str]:
        source = Path(__file__).parents[2] / "src"
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(source),
            "HOME": str(self.home),
            "MAESTRALE_DATABASE": self.database,
            "TZ": "UTC",
            "LANG": "C.UTF-8",
            **self.variables,
        }

    def write(self, name: str, text: str) -> str:
        (self.home / name).write_text(text)
        return name

    def end_all(self) -> None:
        for running in self._running:
            if running.process.poll() is None:
                running.kill()


class Gate:
    """A named pipe by which a script in a workflow and a test wait for each other."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path

    def wait_until_entered(self) -> str:
        """Wait until a script writes to the pipe; what it wrote."""
        # Open for both directions, it is neither waited for a writer nor at its end without one.
        pipe = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)
        try:
            ready, _, _ = select.select([pipe], [], [], DEADLINE)
            assert ready, f"nobody wrote to `{self.path}`"
            return os.read(pipe, 4096).decode()
        finally:
            os.close(pipe)

    def open(self, text: str = "go\n") -> None:
        """Let the script that reads the pipe go on."""
        self.path.write_text(text)


def id_of(ended: Ended) -> str:
    """The id of the execution that a command told on stderr."""
    return next(line for line in ended.stderr.splitlines() if " execution " in line).split(" execution ")[1][
        :36
    ]


def lines_with(text: str, parts: Sequence[str]) -> list[str]:
    return [line for line in text.splitlines() if all(part in line for part in parts)]
