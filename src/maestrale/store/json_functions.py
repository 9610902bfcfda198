"""Comparisons of stored JSON that SQL itself cannot make, for databases that take functions in Python.

`stored` is what a column of JSON holds, after a reference to a blob was followed: text, or its bytes.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from maestrale.expressions import Json, mask
from maestrale.store import json_text

_decode: Callable[[str | bytes], Any] = json_text.decoder(Any)

# A query calls the functions once a row with the same `wanted`.
_WANTED_KEPT = 8


def json_among(stored: str | bytes | None, wanted: str) -> bool | None:
    """Whether `stored` is the same data as one of the values in `wanted`, a JSON list.

    It is compared as it is shown, with its secrets masked: nobody finds one out by asking. The order of keys
    does not count; 1 is 1.0, but not true. None for what is NULL, as SQL has it.
    """
    if stored is None:
        return None
    value = mask(_decode(stored))
    return any(value == each and _is_same(value, each) for each in _wanted(wanted))


def json_has_all(stored: str | bytes | None, wanted: str) -> bool | None:
    """Whether the list `stored` has every item of `wanted`, a JSON list of texts."""
    if stored is None:
        return None
    present: list[str] = _decode(stored)
    return set(_wanted(wanted)) <= set(present)


@lru_cache(maxsize=_WANTED_KEPT)
def _wanted(text: str) -> list[Any]:
    values: list[Any] = _decode(text)
    return values


def _is_same(one: Json, other: Json) -> bool:
    """Whether data that Python finds equal has its truth values at the same places: to it, 1 is True."""
    if isinstance(one, Mapping):
        return all(_is_same(inner, other[key]) for key, inner in one.items())
    if isinstance(one, list):
        return all(map(_is_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool)
