"""Editing, completion and history of what is typed, by the `readline` of Python where there is one.

`readline` and not a library on top: it is there, costs nothing to load, and people know its keys. What a
library would add, colours and menus, an expression of one line does not need.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

_KEPT = 1000
"""Lines of the history that are read and kept."""

_SEPARATORS = " \t\n`~!@#%^&*()-=+[{]}\\|;:'\",<.>/?$"


def history_file() -> Path | None:
    """Where what was typed is kept. None: this user has no place for it."""
    state = os.environ.get("XDG_STATE_HOME", "")
    if state.startswith("/"):  # The XDG base directory specification has relative paths ignored.
        return Path(state) / "maestrale" / "eval_history"
    try:
        return Path.home() / ".local" / "state" / "maestrale" / "eval_history"
    except RuntimeError:
        return None


class LineEditor:
    """Reads lines from the terminal.

    Args:
        complete: The words that may stand where the text ends.
        history: Where lines are kept for the next time; None: nowhere.
    """

    def __init__(self, complete: Callable[[str], Sequence[str]], *, history: Path | None) -> None:
        self._complete = complete
        self._history = history
        self._words: list[str] = []
        self._readline = _find_readline()
        if self._readline is not None:
            self._set_up(self._readline)

    def read(self, prompt: str) -> str:
        """The next line.

        Raises:
            EOFError: There is none.
            KeyboardInterrupt: Ctrl-C.
        """
        line = input(prompt)
        if line.strip():
            self._keep(line)
        return line

    def _set_up(self, readline: ModuleType) -> None:
        for line in self._kept_lines():
            readline.add_history(line)
        readline.set_completer_delims(_SEPARATORS)
        readline.set_completer(self._completion)
        is_editline = "libedit" in (readline.__doc__ or "")
        readline.parse_and_bind("bind ^I rl_complete" if is_editline else "tab: complete")

    def _completion(self, word: str, number: int) -> str | None:
        """What `readline` puts in place of the word before the cursor: the `number`-th that fits."""
        assert self._readline is not None
        if number == 0:
            line = self._readline.get_line_buffer()[: self._readline.get_endidx()]
            self._words = self._find_words(line, word)
        return self._words[number] if number < len(self._words) else None

    def _find_words(self, line: str, word: str) -> list[str]:
        """The words for the end of the line, each from where `readline` takes it to begin."""
        found = []
        for candidate in self._complete(line):
            # Where the two begin differs in a name such as `get-all`, or in a command.
            overlap = max(size for size in range(len(candidate) + 1) if line.endswith(candidate[:size]))
            if overlap >= len(word):
                found.append(candidate[overlap - len(word) :])
        return found

    def _kept_lines(self) -> list[str]:
        if self._history is None:
            return []
        try:
            lines = self._history.read_text(encoding="utf-8", errors="replace").splitlines()
            if len(lines) > 2 * _KEPT:
                self._history.write_text("".join(f"{line}\n" for line in lines[-_KEPT:]), encoding="utf-8")
        except OSError:
            return []
        return lines[-_KEPT:]

    def _keep(self, line: str) -> None:
        """Keep a line for the next time. Where that cannot be, the prompt works all the same."""
        if self._history is None:
            return
        try:
            self._history.parent.mkdir(parents=True, exist_ok=True)
            # Expressions may hold secrets: nobody else is to read them.
            descriptor = os.open(self._history, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with open(descriptor, "a", encoding="utf-8", errors="replace") as file:
                file.write(f"{line}\n")
        except OSError:
            self._history = None


def _find_readline() -> ModuleType | None:
    try:
        import readline
    except ImportError:
        return None
    return readline
