"""Texts with a NUL character, which PostgreSQL has no place for.

A message of an error, a name or a description may hold one, and what is read must be what was written. So in
every text that is stored or looked for the first two characters there are, NUL and the one after it, are each
written as two. Texts that were different stay so, sort as before, and contain what they contained.
"""

from collections.abc import Sequence
from typing import Any

_NUL, _MARK = "\0", "\1"
_ESCAPED_NUL, _ESCAPED_MARK = _MARK + "\1", _MARK + "\2"


def escaped(parameters: Sequence[Any]) -> Sequence[Any]:
    """The parameters of a statement as they are written."""
    together = "".join([value for value in parameters if isinstance(value, str)])
    if _NUL not in together and _MARK not in together:
        return parameters
    return [_escape(value) if isinstance(value, str) else value for value in parameters]


def unescaped(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The rows of a query as they were before they were written."""
    if not any(_MARK in value for row in rows for value in row if value.__class__ is str):
        return rows
    return [tuple(_unescape(value) if isinstance(value, str) else value for value in row) for row in rows]


def _escape(text: str) -> str:
    return text.replace(_MARK, _ESCAPED_MARK).replace(_NUL, _ESCAPED_NUL)


def _unescape(text: str) -> str:
    """Pairs are read from the left: what ends one may look like the beginning of another."""
    first, *rest = text.split(_MARK)
    parts = [first]
    pairs = iter(rest)
    for part in pairs:
        if part.startswith("\2"):
            parts += [_MARK, part[1:]]
        else:  # The second half of `_ESCAPED_NUL` is the mark too: an empty part lies between them.
            parts += [_NUL, next(pairs)]
    return "".join(parts)
