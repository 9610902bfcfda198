"""The live tree, on a terminal of our own."""

import os
import pty
import re
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .processes import DEADLINE, Gate, Maestrale
from .test_interruptions import SAFE

HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"


class Terminal:
    """A pseudo terminal and what a command wrote to it."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        termios.tcsetwinsize(self.master, (24, 100))
        self.text = ""

    def read_until(self, *patterns: str) -> None:
        """Read until every pattern was seen."""
        while not all(re.search(pattern, self.text) for pattern in patterns):
            assert self._read(), f"the command ended without {patterns}: {self.text!r}"

    def read_all(self) -> None:
        while self._read():
            pass

    def _read(self) -> bool:
        try:
            data = os.read(self.master, 65536)
        except OSError:  # Nobody has the other side open any more.
            return False
        self.text += data.decode(errors="replace")
        return bool(data)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    os.close(made.master)


def start(maestrale: Maestrale, terminal: Terminal, *arguments: str) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        [sys.executable, "-m", "maestrale", *arguments],
        cwd=maestrale.home,
        env={**maestrale.environment(), "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=terminal.slave,
    )
    os.close(terminal.slave)
    return process


def test_a_terminal_shows_a_tree_that_lives(
    maestrale: Maestrale, terminal: Terminal, gate: Callable[[str], Gate]
) -> None:
    entered, wait = gate("entered"), gate("gate")
    process = start(maestrale, terminal, "run", maestrale.write("chain.yaml", SAFE))
    entered.wait_until_entered()
    terminal.read_until(r"✓[^\n]*first", r"▶[^\n]*second")
    wait.open()
    terminal.read_all()
    output, _ = process.communicate(timeout=DEADLINE)

    assert process.returncode == 0
    assert b'"said": "once"' in output
    assert terminal.text.rindex(SHOW_CURSOR) > terminal.text.rindex(HIDE_CURSOR)
    assert re.search(r"✓[^\n]*second", terminal.text[terminal.text.rindex("first") :])


def test_an_interrupted_tree_leaves_the_terminal_as_it_was(
    maestrale: Maestrale, terminal: Terminal, gate: Callable[[str], Gate]
) -> None:
    entered, _ = gate("entered"), gate("gate")
    process = start(maestrale, terminal, "run", maestrale.write("chain.yaml", SAFE))
    entered.wait_until_entered()
    terminal.read_until(r"▶[^\n]*second")
    process.send_signal(signal.SIGINT)
    terminal.read_all()
    process.communicate(timeout=DEADLINE)

    assert process.returncode == 130
    assert terminal.text.rindex(SHOW_CURSOR) > terminal.text.rindex(HIDE_CURSOR)
    assert "maestrale resume" in terminal.text


def test_a_problem_shows_the_line_it_is_in(maestrale: Maestrale, terminal: Terminal) -> None:
    wrong = "version: '2.0'\nw:\n  tasks:\n    a:\n      on-success: [b]\n"
    process = start(maestrale, terminal, "run", maestrale.write("wrong.yaml", wrong))
    terminal.read_all()
    process.communicate(timeout=DEADLINE)

    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.text).splitlines()
    assert process.returncode == 2
    assert plain[:3] == [
        "wrong.yaml:5:20: error: task `a` continues to `b`, which is not defined [undefined-task]",
        "    5 |       on-success: [b]",
        "                           ^",
    ]


def test_a_fast_workflow_is_drawn_once(maestrale: Maestrale, terminal: Terminal, tmp_path: Path) -> None:
    process = start(
        maestrale,
        terminal,
        "run",
        maestrale.write("w.yaml", "version: '2.0'\nw: {tasks: {only: {action: std.noop}}}\n"),
    )
    terminal.read_all()
    process.communicate(timeout=DEADLINE)

    assert process.returncode == 0
    assert len(re.findall(r"✓[^\n]*only", terminal.text)) <= 2
