"""Tables are as wide as the terminal."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

import pytest
from msgspec import Struct

from maestrale.cli.columns import fit, fits, lines
from maestrale.cli.remote.tables import columns, write_rows

from .processes import DEADLINE, Maestrale

ROWS = [("ID", "NAME", "TAGS", "STATE"), ("1", "greet", "", "SUCCESS"), ("22", "w", "", "ERROR")]
QUICK = "version: '2.0'\nw: {tasks: {t: {}}}\n"


def test_cells_stand_under_cells() -> None:
    assert lines(ROWS) == ["ID  NAME   TAGS  STATE", "1   greet        SUCCESS", "22  w            ERROR"]


def test_columns_without_a_value_go_first_and_then_those_without_a_place() -> None:
    def fitted(width: int) -> tuple[list[str], list[str]]:
        shown, left_out = fit(ROWS, width)
        return lines(shown), left_out

    assert fitted(18) == (["ID  NAME   STATE", "1   greet  SUCCESS", "22  w      ERROR"], [])
    assert fitted(17) == (["ID  NAME", "1   greet", "22  w"], ["STATE"])
    assert fit([("ID", "NAME", "N"), ("1", "greet", "2")], 6) == ([["ID", "N"], ["1", "2"]], ["NAME"])
    assert fitted(1) == (["ID", "1", "22"], ["NAME", "STATE"])


def test_the_longest_line_says_whether_a_table_fits() -> None:
    assert (fits(ROWS, 24), fits(ROWS, 23)) == (True, False)


def test_a_list_on_a_narrow_terminal_has_the_beginnings_of_ids(maestrale: Maestrale) -> None:
    maestrale("run", maestrale.write("w.yaml", QUICK))
    (whole,) = maestrale("list").stdout.splitlines()[1:]

    (narrow,) = _on_a_terminal(maestrale, 60, "list").splitlines()[1:]
    (wide,) = _on_a_terminal(maestrale, 120, "list").splitlines()[1:]

    assert wide == whole
    assert narrow.split() == [whole[:8], *whole.split()[1:]]


class Thing(Struct, frozen=True):
    id: str
    name: str
    tags: tuple[str, ...] = ()
    state: str = "SUCCESS"


def test_a_list_of_a_server_says_what_has_no_place_on_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ours, theirs = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "15")
    with open(theirs, "w", encoding="utf-8") as terminal, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", terminal)
        shown = columns("id", "name", "tags", "state")
        write_rows([Thing("1", "greet")], shown, as_json=False, nothing="there are none")
        written = os.read(ours, 65536).decode()
    os.close(ours)

    assert written.splitlines() == ["ID  NAME", "1   greet"]
    assert capsys.readouterr().err == "too wide for this terminal: STATE; --json has everything\n"


def _on_a_terminal(maestrale: Maestrale, columns: int, *arguments: str) -> str:
    """What a command writes to a terminal of that width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "maestrale", *arguments],
        cwd=maestrale.home,
        env={**maestrale.environment(), "TERM": "xterm", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
    )
    os.close(theirs)
    assert process.wait(DEADLINE) == 0
    written = os.read(ours, 65536).decode()
    os.close(ours)
    return written
