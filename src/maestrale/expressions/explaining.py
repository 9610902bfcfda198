"""What a failed expression tells the person who wrote it: why, where, what was there, what would have done.

`Explanation.reason` is one line and goes into Mistral's sentence. `Explanation.lines` are for people: the
line of the expression with a caret, what was found there and what was expected. Values are told as
`excerpts` tells them.
"""

import re
from collections.abc import Iterable, Mapping, Sized
from typing import Any

from msgspec import Struct

from maestrale.expressions.excerpts import listed
from maestrale.expressions.suggestions import Suggestions

WIDEST_LINE = 100
"""Characters of an expression that are shown above a caret."""

_WORD = re.compile(r"\$?\w+|\S|$")
_KEYS_COMPARED = 2_000


class Explanation(Struct, frozen=True, kw_only=True):
    """Why an expression failed.

    Args:
        offset: Where in the expression; None: it is not known.
        found: What was there.
        expected: What would have done, a line each.
    """

    reason: str
    offset: int | None = None
    found: str = ""
    expected: tuple[str, ...] = ()

    def lines(self, expression: str) -> tuple[str, ...]:
        """The explanation below the reason."""
        lines = [] if self.offset is None else picture(expression, self.offset)
        if self.found:
            lines.append(f"found: {self.found}")
        if self.expected:
            lines.append(f"expected: {self.expected[0]}")
            lines.extend(f"      or: {each}" for each in self.expected[1:])
        return tuple(lines)


def picture(expression: str, offset: int) -> list[str]:
    """The line of an expression in which `offset` lies, and a line with carets below the word there."""
    start = expression.rfind("\n", 0, offset) + 1
    line = expression[start:].split("\n", 1)[0]
    column = offset - start
    first = max(0, min(column - WIDEST_LINE // 2, len(line) - WIDEST_LINE))
    shown = line[first : first + WIDEST_LINE]
    word = _WORD.match(line, column)
    width = min(max(len(word[0]) if word else 1, 1), max(len(shown) - (column - first), 1))
    return [shown.replace("\t", " ").rstrip(), " " * (column - first) + "^" * width]


def missing_key(
    key: Any, mapping: Mapping[Any, Any], *, subject: str | None, is_authors: bool, offset: int | None
) -> Explanation:
    """A mapping does not have a key.

    Args:
        subject: The text of the expression that gave the mapping.
        is_authors: Whether the key stands in the expression; otherwise it may be data.
    """
    reason, close = "there is no such key", None
    if is_authors:
        close = closest(key, mapping)
        place = f" in `{subject}`" if subject and subject not in ("$", "_") else ""
        reason = f"there is no key `{key}`{place}{did_you_mean(close)}"
    names = listed(mapping, (close,) if close else ())
    return Explanation(
        reason=reason, offset=offset, found=f"a mapping with {names}" if names else "a mapping without keys"
    )


def null_subject(name: str, subject: str | None, step: str, offset: int | None) -> Explanation:
    """`subject` is null where a mapping was needed. `step` is how to go on where it may be null."""
    what = f"`{subject}` is null" if subject else "there is null"
    return Explanation(
        reason=f"{what}, so it has no `{name}`", offset=offset, found="null", expected=("a mapping", step)
    )


def out_of_range(items: Sized) -> str:
    """The reason where a list has no item of a number."""
    count = len(items)
    there = "is 1 item" if count == 1 else f"are {count} items"
    return f"an index is out of range: there {there}"


def closest(written: Any, allowed: Iterable[Any]) -> str | None:
    """The name among those allowed that looks most like what was written."""
    if not isinstance(written, str):
        return None
    names = (name for name in allowed if isinstance(name, str))
    return Suggestions(_KEYS_COMPARED).closest(written, names)


def did_you_mean(name: str | None) -> str:
    """The end of a reason that offers a name."""
    return f": did you mean `{name}`?" if name else ""
