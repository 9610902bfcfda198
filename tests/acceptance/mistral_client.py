"""The `mistral` program of OpenStack, unmodified, and a server of ours that it talks to."""

import contextlib
import io
import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import httpx

from tests.cli.processes import DEADLINE, Maestrale

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # What the libraries of OpenStack are warned of is their business.
    from mistralclient.api import client as library
    from mistralclient.api.base import APIException
    from mistralclient.shell import MistralShell

__all__ = [
    "DURATION_SIGN",
    "TIME",
    "APIException",
    "Mistral",
    "MistralShell",
    "Printed",
    "an_id",
    "eventually",
    "library",
    "normalised",
    "normalised_data",
    "program",
    "serving",
    "without_openstack",
]

T = TypeVar("T")

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
DURATION = re.compile(r"\b\d:\d\d:\d\d\b")

TIME = "YYYY-MM-DD hh:mm:ss"
"""Stands for any time in what `normalised` gives."""

DURATION_SIGN = "h:mm:ss"
"""Stands for any duration there."""


def an_id(number: int) -> str:
    """What stands for the first, the second … id there."""
    return f"00000000-0000-0000-0000-{number:012}"


def normalised(text: str) -> str:
    """Put signs of the same width for ids, times and durations, so that a printed table keeps its form.

    Ids are numbered as they come, so that equal ones stay equal.
    """
    numbers: dict[str, str] = {}
    text = UUID.sub(lambda found: numbers.setdefault(found[0], an_id(len(numbers) + 1)), text)
    return DURATION.sub(DURATION_SIGN, STAMP.sub(TIME, text))


def normalised_data(data: Any) -> Any:
    return json.loads(normalised(json.dumps(data)))


def eventually(look: Callable[[], T], is_there: Callable[[T], object] = bool) -> T:
    """What is seen once it is there: an execution goes on by itself while the client looks.

    It asks again at once; each question is a request to the server.
    """
    end = time.monotonic() + DEADLINE / 2
    while not is_there(seen := look()):
        assert time.monotonic() < end, f"this stays as it is: {seen}"
    return seen


class Printed(NamedTuple):
    """What a command printed, and how it ended."""

    code: int
    stdout: str
    stderr: str


class Mistral:
    """The program with all its commands, called in this process: it is the same code, and starts faster.

    Args:
        base: The address of the API, `/v2` included.
        options: Global options of the program, given with every command.
        shell: The program.
    """

    def __init__(self, base: str, *options: str, shell: type[MistralShell] = MistralShell) -> None:
        self.base = base
        self._options = ("--os-mistral-url", base, *options)
        self._shell = shell

    def __call__(self, *arguments: str) -> Printed:
        stdout, stderr = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr), _a_process_of_its_own():
            try:
                code = self._shell().run([*self._options, *arguments])
            except SystemExit as end:  # How the parser of the arguments leaves.
                code = end.code
        return Printed(int(code or 0), stdout.getvalue(), stderr.getvalue())

    def told(self, *arguments: str) -> str:
        """The output of a command that has to succeed."""
        printed = self(*arguments)
        assert (printed.code, printed.stderr) == (0, ""), printed
        return printed.stdout

    def table(self, *arguments: str) -> str:
        """The table that a command prints for people, normalised."""
        return normalised(self.told(*arguments))

    def raw(self, *arguments: str) -> Any:
        """The same values as data, as they are."""
        return json.loads(self.told(*arguments, "-f", "json"))

    def rows(self, *arguments: str) -> Any:
        """The same values as data, normalised."""
        return normalised_data(self.raw(*arguments))

    def refused(self, *arguments: str) -> str:
        """The message of a command that the server has to refuse."""
        printed = self(*arguments)
        assert printed.code == 1, printed
        assert printed.stderr.startswith("ERROR (app) "), printed
        return printed.stderr.removeprefix("ERROR (app) ").rstrip("\n")

    def ended(self, execution_id: str, until: str = "done") -> dict[str, Any]:
        """The execution, once it has ended: the only thing here that is not asked through the program."""
        parameters = {"wait": "30", "until": until}
        answer = httpx.get(f"{self.base}/executions/{execution_id}", params=parameters, timeout=DEADLINE)
        assert answer.status_code == 200, answer.text
        execution: dict[str, Any] = answer.json()
        return execution


@contextlib.contextmanager
def _a_process_of_its_own() -> Iterator[None]:
    """Hide from the program what a process of its own would not see, and take back what it changes."""
    root, variables = logging.getLogger(), dict(os.environ)
    handlers, level = root.handlers[:], root.level
    root.handlers = []
    os.environ.clear()
    os.environ.update(without_openstack(variables))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # What the libraries of OpenStack are warned of is their business.
            yield
    finally:
        os.environ.clear()
        os.environ.update(variables)
        root.handlers = handlers
        root.setLevel(level)


def without_openstack(variables: Mapping[str, str]) -> dict[str, str]:
    """The environment without what would send the program to a real cloud."""
    return {name: value for name, value in variables.items() if not name.startswith(("OS_", "MISTRAL"))}


def program(name: str, *arguments: str, home: Path, **variables: str) -> Printed:
    """Run an installed program as a process of its own."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name(name)), *arguments],
        env={**without_openstack(os.environ), "HOME": str(home), "LANG": "C.UTF-8", "TZ": "UTC", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    return Printed(done.returncode, done.stdout, done.stderr)


@contextlib.contextmanager
def serving(home: Path, **settings: str) -> Iterator[str]:
    """A server in a process of its own, with a new database. It must have met no error of its own.

    Args:
        settings: By their names, as in `auth_mode="trusted-headers"`.

    Yields:
        The address of its API.
    """
    maestrale = Maestrale(home)
    maestrale.variables = {f"MAESTRALE_{name.upper()}": value for name, value in settings.items()}
    server = maestrale.start("server", "--port", "0", "--database", maestrale.database)
    try:
        line = server.wait_for_line("http://127.0.0.1:")
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found is not None, line
        yield f"{found[0]}/v2"
        server.signal(signal.SIGTERM)
        ended = server.end()
        assert ended.code == 0, ended
        assert [line for line in ended.stderr.splitlines() if '"level":"error"' in line] == []
    finally:
        maestrale.end_all()
