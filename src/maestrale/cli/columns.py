"""Rows of cells as lines with columns, as wide as the terminal they are written to."""

import shutil
import sys
from collections.abc import Sequence

from maestrale.cli.terminal import is_terminal

GAP = 2
"""Spaces between two columns."""

Row = Sequence[str]


def terminal_width() -> int | None:
    """The columns of the terminal that stdout is; None: it is none, and a line may be as long as it likes."""
    return shutil.get_terminal_size().columns if is_terminal(sys.stdout) else None


def lines(rows: Sequence[Row]) -> list[str]:
    """A line for each row, with cells under cells."""
    widths = _widths(rows)
    return [
        (" " * GAP).join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def fits(rows: Sequence[Row], width: int) -> bool:
    """Whether no line is longer."""
    return _length(_widths(rows)) <= width


def fit(rows: Sequence[Row], width: int) -> tuple[list[Row], list[str]]:
    """The columns that have a place beside each other, and the titles of those that have none.

    Columns without a value say nothing and go first. Of the others each has its place if it fits beside those
    before it; the first one has it in any case.

    Args:
        rows: The titles, then the rows.
    """
    kept: list[int] = []
    left_out: list[str] = []
    widths = _widths(rows)
    for index, title in enumerate(rows[0]):
        if not any(row[index] for row in rows[1:]):
            continue
        if kept and _length([widths[each] for each in (*kept, index)]) > width:
            left_out.append(title)
        else:
            kept.append(index)
    return [[row[index] for index in kept] for row in rows], left_out


def _widths(rows: Sequence[Row]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def _length(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)
