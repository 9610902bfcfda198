"""Lists of values in a statement, whose text must not differ with each length of the list."""

from collections.abc import Collection, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
Value = TypeVar("Value", str, int)

LONGEST = 512
"""The longest list of one statement."""


def listed(values: Collection[Value]) -> tuple[str, list[Value]]:
    """The list for an `IN`, with its parameters: at least one value, at most `LONGEST`."""
    given = padded(list(values))
    return f"({', '.join('?' * len(given))})", given


def padded(given: list[T]) -> list[T]:
    """At least one value, at most `LONGEST`, with the last one repeated up to a power of two.

    So there are ten texts instead of hundreds, and a database that prepares statements has each of them
    ready.
    """
    assert 0 < len(given) <= LONGEST, f"a list has from 1 to {LONGEST} values"
    length = 1 << (len(given) - 1).bit_length()
    return given + given[-1:] * (length - len(given))


def portions(values: Collection[T]) -> Iterator[list[T]]:
    """The values in parts that are no longer than a list may be."""
    rest = iter(values)
    while portion := list(islice(rest, LONGEST)):
        yield portion
