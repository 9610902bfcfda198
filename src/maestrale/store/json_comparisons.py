"""Comparisons of stored JSON, made in Python so that they are the same whatever the database.

No database can make them: data is compared as it is shown, with its secrets masked wherever they stand in it,
and `jsonb` holds neither every text nor every number that an expression can produce.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from maestrale.expressions import Json, mask
from maestrale.store import json_text

_decode: Callable[[str | bytes], Any] = json_text.decoder(Any)


def is_among(stored: str | bytes, wanted: Sequence[Json]) -> bool:
    """Whether the JSON `stored` is the same data as one of the values in `wanted`.

    It is compared as it is shown, with its secrets masked: nobody finds one out by asking. The order of keys
    does not count; 1 is 1.0, but not true.
    """
    value = mask(_decode(stored))
    return any(value == each and _is_same(value, each) for each in wanted)


def has_all(stored: str | bytes, wanted: Sequence[str]) -> bool:
    """Whether the JSON list of texts `stored` has every one of `wanted`."""
    present: list[str] = _decode(stored)
    return set(wanted) <= set(present)


def as_stored(values: Sequence[Any]) -> list[Any]:
    """The values as they would be read again, had they been stored.

    Raises:
        TypeError, ValueError, RecursionError: They are not plain data, or nested too deeply.
    """
    stored: list[Any] = _decode(json_text.encode(list(values)))
    return stored


def _is_same(one: Json, other: Json) -> bool:
    """Whether data that Python finds equal has its truth values at the same places: to it, 1 is True."""
    if isinstance(one, Mapping):
        return all(_is_same(inner, other[key]) for key, inner in one.items())
    if isinstance(one, list):
        return all(map(_is_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool)
