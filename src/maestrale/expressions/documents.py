"""Mistral's functions that turn text into data and data into text, for both languages."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from datetime import date, datetime, timedelta
from typing import Any

from maestrale.errors import InvalidInput
from maestrale.expressions.limits import OverLimit, check_items, check_text
from maestrale.expressions.scope import Json

DOCUMENT_LIMIT = 4 * 1024 * 1024
"""Characters in a JSON text that is read: it is read in one step."""

_DUMPED_LEVELS = 3
_ALL_LEVELS = 1_000_000


def json_parse(text: Any) -> Json:
    """The data in a JSON text."""
    if isinstance(text, (str, bytes)) and len(text) > DOCUMENT_LIMIT:
        raise OverLimit(f"it would read a document of more than {DOCUMENT_LIMIT} characters")
    return json.loads(text)


def _can_be_hashed(mapping: object) -> bool:
    return type(mapping).__hash__ is not None


def json_dump(value: Any, *, is_frozen: Callable[[Any], bool] = _can_be_hashed) -> str:
    """JSON text with an indent of four, keys in their order, ASCII with escapes.

    Of frozen mappings nested in each other the fourth is written as null. That is Mistral's
    behaviour, and texts made by it are compared with older ones.

    Args:
        is_frozen: Tells which mappings are frozen.
    """
    text = json.dumps(_Thaw(levels=_DUMPED_LEVELS, is_frozen=is_frozen).thaw(value, 0), indent=4)
    check_text(len(text))
    return text


def json_ready(value: Any) -> Any:
    """`value` with all that Python's JSON writer does not know turned into lists, mappings and text."""
    return _Thaw(levels=_ALL_LEVELS).thaw(value, 0)


def yaml_parse(text: Any) -> Json:
    """The data in a YAML text of the hardened dialect."""
    from maestrale.expressions import yaml_dialect

    if not isinstance(text, str):
        raise InvalidInput("`yaml_parse` takes text")
    return yaml_dialect.load(text)


def yaml_dump(value: Any) -> str:
    """YAML text in block style, keys sorted, ASCII with escapes."""
    from maestrale.expressions import yaml_dialect

    text = yaml_dialect.dump(_Thaw(levels=None).thaw(value, 0))
    check_text(len(text))
    return text


class _Thaw:
    """One walk that takes data out of its frozen forms, counting what it visits.

    `levels` is how many frozen mappings within each other are kept, for JSON, which also writes any
    collection as a list and instants as text; None keeps all, for YAML, which has sets and instants of
    its own and refuses iterators.
    """

    def __init__(self, *, levels: int | None, is_frozen: Callable[[Any], bool] = _can_be_hashed) -> None:
        self._levels = levels
        self._is_frozen = is_frozen
        self._visited = 0
        self._length = 0

    def thaw(self, value: Any, level: int) -> Any:
        self._visited += 1
        check_items(self._visited)
        if isinstance(value, str):
            self._length += len(value)
            check_text(self._length)  # What is shared in the data is written as often as it occurs.
            return value
        if value is None or isinstance(value, (int, float)):
            return value
        if isinstance(value, Mapping):
            inner = level + 1 if self._is_frozen(value) else level
            if self._levels is not None and inner > self._levels:
                return None
            return {key: self.thaw(item, inner) for key, item in value.items()}
        if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
            return [self.thaw(item, level) for item in value]
        return self._thaw_other(value, level)

    def _thaw_other(self, value: Any, level: int) -> Any:
        if self._levels is None:
            if isinstance(value, (Set, timedelta)) or not isinstance(value, date):
                raise InvalidInput("`yaml_dump` takes plain data: make a list of an iterator or a set first")
            return value
        if isinstance(value, date):
            return value.isoformat() if not isinstance(value, datetime) else _instant(value)
        if isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray)):
            return [self.thaw(item, level) for item in value]
        raise InvalidInput("`json_dump` takes plain data, no timespans or other objects")


def _instant(value: datetime) -> str:
    return value.replace(tzinfo=None).isoformat(timespec="microseconds")
