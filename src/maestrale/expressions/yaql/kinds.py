"""What kinds of values YAQL tells apart, and which one a Python value is.

A kind is one bit, so a type of the specification, which takes several, is a set of bits and a value is
checked by `KINDS[type(value)] & mask`. A value's kind follows from its Python type alone.
"""

import re
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, Sequence, Set
from datetime import datetime, timedelta
from typing import Any

NULL = 1 << 0
BOOLEAN = 1 << 1
INTEGER = 1 << 2
FLOAT = 1 << 3
TEXT = 1 << 4
LIST = 1 << 5
MAPPING = 1 << 6
SET = 1 << 7
ITERATOR = 1 << 8
VIEW = 1 << 9
"""What can be iterated again and again, and nothing else: the values of a mapping, an ordering."""
PATTERN = 1 << 10
INSTANT = 1 << 11
TIMESPAN = 1 << 12
CONTEXT = 1 << 13
RULE = 1 << 14
OTHER = 1 << 15
ORDERING = 1 << 16

ITERABLE = LIST | SET | ITERATOR | VIEW | ORDERING
NUMBER = INTEGER | FLOAT
ANYTHING = (1 << 17) - 1

NAMES = {
    NULL: "null",
    BOOLEAN: "a boolean",
    INTEGER: "an integer",
    FLOAT: "a number",
    TEXT: "text",
    LIST: "a list",
    MAPPING: "a mapping",
    SET: "a set",
    ITERATOR: "an iterator",
    VIEW: "a view",
    ORDERING: "an ordering",
    PATTERN: "a regular expression",
    INSTANT: "a datetime",
    TIMESPAN: "a timespan",
    CONTEXT: "a context",
    RULE: "a rule `a => b`",
    OTHER: "an object",
}

_BY_BASE: tuple[tuple[type, int], ...] = (
    (type(None), NULL),
    (bool, BOOLEAN),
    (int, INTEGER),
    (float, FLOAT),
    (str, TEXT),
    (Mapping, MAPPING),
    (bytes, OTHER),
    (Sequence, LIST),
    (KeysView, SET),
    (ItemsView, SET),
    (Set, SET),
    (Iterator, ITERATOR),
    (re.Pattern, PATTERN),
    (datetime, INSTANT),
    (timedelta, TIMESPAN),
    (Iterable, VIEW),
)
"""The first base of a type decides."""


class _Kinds(dict[type, int]):
    """The kind of each type met so far. There are few types, so it stays small."""

    def __missing__(self, kind: type) -> int:
        own = getattr(kind, "yaql_kind", None)
        if own is None:
            own = next((bit for base, bit in _BY_BASE if issubclass(kind, base)), OTHER)
        self[kind] = own
        return int(own)


KINDS = _Kinds()
"""The kind of the values of a type. Our own types name it themselves, as `yaql_kind`."""


def kind_of(value: Any) -> int:
    """The kind of a value."""
    return KINDS[type(value)]


def describe(mask: int) -> str:
    """The kinds in `mask`, in words."""
    if mask == ANYTHING:
        return "any value"
    if mask & INTEGER:
        mask &= ~BOOLEAN  # Where integers are taken, booleans count as such.
    known = ((ITERABLE, "a collection"), (NUMBER, "a number"))
    words = []
    for bits, word in known:
        if mask & bits == bits:
            words.append(word)
            mask &= ~bits
    words.extend(name for bit, name in NAMES.items() if mask & bit)
    return " or ".join(words)
