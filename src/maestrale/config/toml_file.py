"""A TOML file of settings, with the line that each stands on."""

import re
import tomllib
from typing import Any, NamedTuple

from maestrale.errors import InvalidInput

LINE_BREAK = "\n"
MOST_BYTES = 256 * 1024
LONGEST_STATEMENT = 200
"""Lines. Looking for the end of a longer one takes too long: what comes after it is told without its line."""

_NOTHING = re.compile(r"\s*(#.*)?")


class Entry(NamedTuple):
    """A value at the top level of a file. `place` is `<file>:<line>`."""

    value: Any
    place: str


def read_toml(path: str) -> dict[str, Entry]:
    """What a file sets, by name.

    Raises:
        InvalidInput: It cannot be read (`settings-file`), or it is no TOML (`settings-syntax`).
    """
    shown = path.encode(errors="backslashreplace").decode()
    text = _read(path, shown)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(
            f"{shown}{_place_in(str(error), text)}: this is no TOML: {_without_place(str(error))}",
            code="settings-syntax",
            hint='a setting is a line such as `port = 8989` or `host = "127.0.0.1"`',
        ) from error
    lines = _lines_of_names(text)
    return {
        name: Entry(value, f"{shown}:{lines[name]}" if name in lines else shown)
        for name, value in values.items()
    }


def _read(path: str, shown: str) -> str:
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_BYTES:,} bytes")
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        reason = f"it is no UTF-8 text, at byte {error.start}"
    except OSError as error:
        reason = error.strerror or str(error)
    except ValueError as error:
        reason = str(error)
    raise InvalidInput(
        f"the settings file `{shown}` cannot be read: {reason}",
        code="settings-file",
        hint="--config or MAESTRALE_CONFIG names it; without either there is none",
    )


def _place_in(message: str, text: str) -> str:
    found = re.search(r"\(at line (\d+), column (\d+)\)", message)
    return f":{found[1]}:{found[2]}" if found else f":{text.count(LINE_BREAK) + 1}"  # At its end.


def _without_place(message: str) -> str:
    return re.sub(r" \(at [^)]*\)$", "", message)


def _lines_of_names(text: str) -> dict[str, int]:
    """The line on which each name at the top level is set first, of a text that is TOML.

    `tomllib` keeps no places. But no statement can be read before its last line, so that the lines up to
    the first that can be read are one statement.
    """
    lines: dict[str, int] = {}
    gathered: list[str] = []
    is_in_table = False
    for number, line in enumerate(text.split(LINE_BREAK), start=1):
        if not gathered and _NOTHING.fullmatch(line):
            continue
        is_header = not gathered and line.lstrip().startswith("[")
        is_in_table = is_in_table or is_header
        gathered.append(line)
        names = _names_set_by(LINE_BREAK.join(gathered))
        if names is None:
            if len(gathered) > LONGEST_STATEMENT:
                break
            continue
        if is_header or not is_in_table:
            for name in names:
                lines.setdefault(name, number - len(gathered) + 1)
        gathered = []
    return lines


def _names_set_by(statement: str) -> list[str] | None:
    """The names at the top level. None: the statement is not whole yet."""
    try:
        return list(tomllib.loads(statement))
    except tomllib.TOMLDecodeError:
        return None
