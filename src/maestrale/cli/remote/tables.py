"""Resources for people, as tables and lists of attributes; for programs, as JSON."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from maestrale.cli.columns import Row, fit, lines, terminal_width
from maestrale.cli.terminal import BOLD, paint, say, write_output
from maestrale.cli.texts import local_time, one_line, printable, to_json, value_line

WIDEST = 48
"""Characters of a cell."""


def cell(value: Any) -> str:
    """A value on one line of a table."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return local_time(value)
        case str():
            return one_line(value, most=WIDEST)
        case tuple() | list() if all(isinstance(item, str) for item in value):
            return one_line(", ".join(value), most=WIDEST)
        case tuple() | list() | Mapping():
            return one_line(to_json(value), most=WIDEST) if value else ""
    return str(value) if value is not UNSET else ""


class Column(Struct, frozen=True):
    """A column of a table. `show` makes the cell of a whole row, where an attribute alone does not."""

    title: str
    attribute: str = ""
    show: Callable[[Any], str] | None = None

    def cell(self, row: Any) -> str:
        return self.show(row) if self.show is not None else cell(getattr(row, self.attribute))


def columns(*attributes: str) -> tuple[Column, ...]:
    """Columns that are called like their attributes."""
    return tuple(Column(attribute.upper().replace("_", " "), attribute) for attribute in attributes)


def write_rows(rows: Sequence[Struct], shown: Sequence[Column], *, as_json: bool, nothing: str) -> None:
    """Write a line for each row, or all as JSON. `nothing` is said to a person where there are none.

    On a terminal, columns that are empty or have no place are left out.
    """
    if as_json:
        write_json(data_of(rows))
        return
    if not rows:
        say(nothing)
        return
    cells: list[Row] = [[column.title for column in shown]]
    cells += [[column.cell(row) for column in shown] for row in rows]
    width = terminal_width()
    if width is not None:
        cells, left_out = fit(cells, width)
        if left_out:
            say(f"too wide for this terminal: {', '.join(left_out)}; --json has everything")
    write_output("\n".join(lines(cells)))


def write_attributes(row: Struct, *, without: Sequence[str] = ()) -> None:
    """Write what is known of a row, a line for each attribute."""
    write_output("\n".join(_attribute_lines(row, without)))


def _attribute_lines(row: Struct, without: Sequence[str]) -> Iterator[str]:
    shown = {
        name: value
        for name in row.__struct_fields__
        if name not in without and (value := getattr(row, name)) not in (None, UNSET, "", (), {})
    }
    width = max(map(len, shown), default=0)
    for name, value in shown.items():
        title = paint(name.replace("_", " ").ljust(width), BOLD, stream=sys.stdout)
        yield f"{title}  {_long(value)}"


def _long(value: Any) -> str:
    match value:
        case bool() | datetime():
            return cell(value)
        case str():
            return one_line(value, most=400)
        case tuple() if all(isinstance(item, str) for item in value):
            return printable(", ".join(value))
    return value_line(value)


def data_of(row: Struct | Sequence[Struct]) -> Any:
    """A resource, or several, as plain data: instants in ISO 8601, without what the server left out."""
    return msgspec.to_builtins(row)


def write_json(value: Any) -> None:
    """Write data as JSON, over several lines."""
    write_output(to_json(value, pretty=True))
