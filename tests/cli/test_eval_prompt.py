"""The prompt of `maestrale eval`, on a terminal of our own."""

import os
import re
import select
import stat
import subprocess
import sys
from collections.abc import Iterator

import pytest

from .processes import DEADLINE, Maestrale
from .test_eval import FOR_EVER, WORKFLOW
from .test_terminal import Terminal


class Person:
    """Somebody at a terminal who reads before they type."""

    def __init__(self, maestrale: Maestrale, *arguments: str) -> None:
        self._terminal = Terminal()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "maestrale", "eval", *arguments],
            cwd=maestrale.home,
            env={**maestrale.environment(), "TERM": "xterm", "NO_COLOR": "1"},
            stdin=self._terminal.slave,
            stdout=self._terminal.slave,
            stderr=self._terminal.slave,
            start_new_session=True,
            preexec_fn=_own_the_terminal,
        )
        os.close(self._terminal.slave)

    def sees(self, pattern: str) -> "Person":
        """Wait for a text, and forget what came up to it."""
        while not self._saw(pattern):
            assert self._read(DEADLINE), f"there was no {pattern!r} in {self._terminal.text!r}"
        return self

    def sees_first(self, wanted: str, other: str) -> bool:
        """Wait for one of two texts: whether it was the first."""
        self.sees(f"(?=(?:{wanted}|{other}))")
        return self._saw(f"^{wanted}")

    def interrupts_until(self, pattern: str) -> "Person":
        """Press Ctrl-C until a text comes.

        Python's `readline` sees one that comes at the same moment as another key only with the next key.
        """
        for _ in range(int(DEADLINE)):
            self.types("\x03")
            while self._read(1.0):
                if self._saw(pattern):
                    return self
        raise AssertionError(f"there was no {pattern!r} in {self._terminal.text!r}")

    def _saw(self, pattern: str) -> bool:
        found = re.search(pattern, self._terminal.text)
        if found is not None:
            self._terminal.text = self._terminal.text[found.end() :]
        return found is not None

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._terminal.master], [], [], seconds)
        if ready:
            self._terminal.text += os.read(self._terminal.master, 65536).decode(errors="replace")
        return bool(ready)

    def types(self, text: str) -> "Person":
        os.write(self._terminal.master, text.encode())
        return self

    def leaves(self) -> int:
        self.types("\x04")
        self._terminal.read_all()
        return self.process.wait(DEADLINE)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(DEADLINE)
        os.close(self._terminal.master)


def _own_the_terminal() -> None:
    """Make stdin the terminal of the session, so that Ctrl-C comes as a signal."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture
def person(maestrale: Maestrale) -> Iterator[Person]:
    data = "{vms: [{name: a, id: 1}, {name: b, id: 2}], n: 1}"
    somebody = Person(maestrale, "--data", data)
    somebody.sees("on the data given.*\n.*> ")
    yield somebody
    somebody.end()


def test_an_expression_is_answered_and_a_fault_shows_its_place(person: Person) -> None:
    person.types("$.n + 1\r").sees(r"\n2\r\n.*> ")
    person.types("$.n +\r").sees(r"error: .*\[yaql-syntax\]\r\n  \$\.n \+\r\n       \^\r\n.*> ")
    person.types("{{ _.vms[1].name }}\r").sees(r"\nb\r\n.*> ")

    assert person.leaves() == 0


def test_tab_completes_variables_keys_under_the_cursor_and_functions(person: Person) -> None:
    person.types("$.vm\t[0].na\t\r").sees(r"\$\.vms\[0\]\.name\r\n").sees(r"a\r\n.*> ")
    person.types("$.vms.where($.na\t = b).len(\t)\r").sees(r"\n1\r\n.*> ")
    person.types("json_d\t$.n)\r").sees(r"json_dump\(\$\.n\)\r\n").sees(r"1\r\n.*> ")
    person.types("{{ _.vms | leng\t }}\r").sees(r"\n2\r\n.*> ")

    assert person.leaves() == 0


def test_ctrl_c_clears_the_line_and_stops_an_evaluation(person: Person) -> None:
    person.types("$.junk").sees(r"\$\.junk").interrupts_until("> ")
    person.types("$.n\r").sees(r"\n1\r\n.*> ")
    # What comes before the evaluation has begun only clears the line, and the line is typed again.
    while not person.types(f"{FOR_EVER}\r").sees(r"sum\(\)\r\n").types("\x03").sees_first("stopped", "\n> "):
        pass
    person.types("$.n\r").sees(r"\n1\r\n.*> ")

    assert person.leaves() == 0


def test_commands_help_list_keys_and_leave(person: Person) -> None:
    person.types(":help\r").sees(r":keys \[EXPR\]").sees("> ")
    person.types(":keys\r").sees(r"n    1\r\nvms  \[").sees("> ")
    person.types(":keys $.vms\r").sees(r"a list of 2; its first item:\r\nid    1\r\nname  a\r\n.*> ")
    person.types(":kyes\r").sees(r"no command `:kyes` \[unknown-command\]\r\n  hint: did you mean `:keys`\?")
    person.sees("> ").types(":quit\r")

    assert person.process.wait(DEADLINE) == 0


def test_what_was_typed_is_there_the_next_time_and_nobody_else_can_read_it(maestrale: Maestrale) -> None:
    first = Person(maestrale, "--data", "{n: 41}")
    first.sees("> ").types("$.n + 1\r").sees(r"\n42\r\n.*> ")
    assert first.leaves() == 0
    first.end()

    second = Person(maestrale, "--data", "{n: 1}")
    second.sees("> ").types("\x1b[A\r").sees(r"\n2\r\n.*> ")
    assert second.leaves() == 0
    second.end()

    file = maestrale.home / ".local" / "state" / "maestrale" / "eval_history"
    assert file.read_text() == "$.n + 1\n$.n + 1\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_prompt_stands_on_a_task_and_knows_the_names_of_tasks(maestrale: Maestrale) -> None:
    maestrale("run", maestrale.write("w.yaml", WORKFLOW), "main", "-i", 'names=["x"]')
    shown = maestrale("show", "--json").json
    person = Person(maestrale, "--execution", shown["execution"], "--task", "first")

    person.sees(r"on task `first` \(SUCCESS\) of .*\n.*> ")
    person.types("$.vm\t.len()\r").sees(r"\n2\r\n.*> ")
    person.types("task('last\t).state\r").sees(r"task\('last-one'\)\.state\r\n").sees(r"ERROR\r\n.*> ")

    assert person.leaves() == 0
    person.end()
