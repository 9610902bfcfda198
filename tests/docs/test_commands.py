"""The commands of the pages about the service do what the pages say, and print what stands there.

A fence `console run` has commands, each with what it prints, that are run against a server; the files that
they need are the YAML of the page that has a name. After a change of what they print:
`python -m tests.docs.test_commands [PAGE …]`.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from ..cli.processes import DEADLINE, Maestrale
from .pages import FENCE, PROJECT, list_examples, list_pages

PAGES = [
    page.relative_to(PROJECT).as_posix()
    for page in list_pages()
    if "```console run" in page.read_text(encoding="utf-8")
]

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\b\d:\d\d:\d\d\b|\b\d+(?:\.\d+)? (?:s|min)\b")


class Reader:
    """Does what a page says, line by line, in an empty directory.

    The ids of the page stand for those that a server gives now: where the page prints one, the server prints
    another, and commands that name it mean that one.
    """

    def __init__(self, home: Path, url: str, variables: Mapping[str, str]) -> None:
        self._home = home
        self._ids: dict[str, str] = {}
        programs = home / "bin"
        programs.mkdir()
        shim = programs / "maestrale"
        shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m maestrale "$@"\n')
        shim.chmod(0o755)
        path = f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        self._variables = {
            **variables,
            "PATH": path,
            "MAESTRALE_URL": url,
            "OS_MISTRAL_URL": f"{url}/v2",
            "COLUMNS": "200",
        }

    def read(self, page: str) -> str:
        """The page with what its commands print now."""
        return FENCE.sub(self._fence, page)

    def _fence(self, fence: "re.Match[str]") -> str:
        if fence["info"] != "console run":
            return fence[0]
        steps = re.split(r"^(?=\$ )", fence["text"], flags=re.MULTILINE)
        return f"```console run\n{''.join(self._step(step) for step in steps if step)}```"

    def _step(self, step: str) -> str:
        line, _, expected = step.partition("\n")
        command = UUID.sub(lambda id: self._ids.get(id[0], id[0]), line.removeprefix("$ "))
        printed = self._run(command)
        self._ids |= dict(zip(UUID.findall(expected), UUID.findall(printed), strict=False))
        return f"$ {command}\n{printed}"

    def _run(self, command: str) -> str:
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self._home,
            env=self._variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}"
        return done.stdout


def normalised(page: str) -> str:
    """The page with the same sign for every time, and ids by the order in which they come."""
    numbers: dict[str, str] = {}
    text = UUID.sub(lambda id: numbers.setdefault(id[0], f"id-{len(numbers) + 1}"), page)
    return MOMENT.sub("time", text)


def now_printed(page: str, home: Path) -> str:
    """The page as it would be if it were written now."""
    text = (PROJECT / page).read_text(encoding="utf-8")
    (home / "examples").symlink_to(PROJECT / "examples")
    maestrale = Maestrale(home)
    for example in list_examples(PROJECT / page):
        if example.kind.endswith(".yaml"):
            maestrale.write(example.kind, example.text)
    server = maestrale.start("server", "--port", "0")
    try:
        found = re.search(r"http://[\w.:]+", server.wait_for_line("listening"))
        assert found is not None
        return Reader(home, found[0], maestrale.environment()).read(text)
    finally:
        maestrale.end_all()


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_print_what_stands_there(page: str, tmp_path: Path) -> None:
    written = (PROJECT / page).read_text(encoding="utf-8")

    assert normalised(now_printed(page, tmp_path)) == normalised(written)


def test_the_pages_with_commands_are_found() -> None:
    assert {"README.md", "docs/tutorial/first-service.md"} <= set(PAGES)


if __name__ == "__main__":
    for page in sys.argv[1:] or PAGES:
        with tempfile.TemporaryDirectory() as directory:
            (PROJECT / page).write_text(now_printed(page, Path(directory)), encoding="utf-8")
