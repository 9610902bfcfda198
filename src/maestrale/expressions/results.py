"""What becomes of the value of an expression: plain data to store, or a value to put into text.

Data that the scope gave is plain already and shared, never copied; only what the expression made is
walked, and no more of it than the limits allow.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Set
from datetime import date, datetime, timedelta
from math import isfinite
from typing import Any

from maestrale.expressions.limits import DEPTH_LIMIT, ITEM_LIMIT
from maestrale.expressions.ordered_sets import OrderedSet
from maestrale.expressions.problems import EvaluationError
from maestrale.expressions.scope import Json, Layers
from maestrale.expressions.yaql.values import FrozenDict, LooseList, LooseMapping, MutableDict, MutableList

_DIGITS_LIMIT = 4300
_BITS_OF_DIGITS = _DIGITS_LIMIT * 3321928 // 1_000_000


class NotStorable(Exception):
    """A value has no form as plain data."""


def to_json(value: object) -> Json:
    """The plain data that stands for `value` when it is stored.

    Sets, tuples, iterators and views become lists, instants ISO text without their zone (as Mistral
    stores them), keys text as in JSON.

    Raises:
        EvaluationError: It holds something that JSON has no form for; the reason says what.
    """
    try:
        return plain(value)
    except NotStorable as problem:
        raise EvaluationError(
            f"The value cannot be stored: {problem}", expression="", reason=str(problem)
        ) from None


def plain(value: object, *, strict_sets: bool = False, shares_data: bool = False) -> Json:
    """`to_json` for the result of an expression.

    Args:
        strict_sets: A set whose items become lists or mappings is refused, as it is in YAQL.
        shares_data: Whatever is exactly a `dict` or a `list` is data of the scope, plain already.

    Raises:
        NotStorable: It holds something that JSON has no form for.
    """
    return _Walk(strict_sets=strict_sets, shares_data=shares_data).to_plain(value, 0)


def native(value: object) -> Any:
    """The result of a YAQL expression with its own types: what `str` makes text of.

    Mappings, lists and sets are taken out of their frozen forms, and iterators become lists.

    Raises:
        NotStorable: It is too large or too deep, or a set or a key has become something unhashable.
    """
    return _Walk(strict_sets=True, shares_data=False).to_native(value, 0)


class _Walk:
    """One walk over a result, counting what it visits."""

    __slots__ = ("_left", "_shares_data", "_strict_sets")

    def __init__(self, *, strict_sets: bool, shares_data: bool) -> None:
        self._strict_sets = strict_sets
        self._shares_data = shares_data
        self._left = ITEM_LIMIT

    def to_plain(self, value: Any, depth: int) -> Json:
        self._left -= 1
        if self._left < 0:
            raise NotStorable(f"it holds more than {ITEM_LIMIT} values")
        kind = type(value)
        if kind is str:
            return value if value.isascii() else _checked_text(value)
        if value is None or kind is bool:
            return value
        if kind is int or kind is float:
            return _checked_number(value)
        if self._shares_data and (kind is dict or kind is list):
            return value
        _check_depth(depth)
        convert = _CONVERSIONS.get(kind) or _conversion(value)
        return convert(self, value, depth + 1)

    def to_native(self, value: Any, depth: int) -> Any:
        self._left -= 1
        if self._left < 0:
            raise NotStorable(f"it holds more than {ITEM_LIMIT} values")
        if value is None or isinstance(value, (str, int, float)):
            return value
        _check_depth(depth)
        if isinstance(value, Mapping):
            return {self._member(key, depth): self.to_native(item, depth + 1) for key, item in value.items()}
        if isinstance(value, Set):
            return OrderedSet(self._member(item, depth) for item in value)
        if isinstance(value, Iterable) and not isinstance(value, bytes):
            return [self.to_native(item, depth + 1) for item in value]
        if isinstance(value, (date, timedelta, re.Pattern, bytes)):
            return value
        raise NotStorable(f"{_name(value)} is no value")

    def _member(self, value: Any, depth: int) -> Any:
        """The native value of a key, or of a member of a set. Neither can be a set itself."""
        if isinstance(value, Set):
            raise NotStorable("a set is a key or a member of a set")
        return self.to_native(value, depth + 1)

    def _loose(self, value: Any, depth: int) -> Json:
        """Plain data seen as mutable. It may be of another origin than the scope, so it is walked."""
        shares, self._shares_data = self._shares_data, False
        try:
            return self.to_plain(value.source, depth - 1)
        finally:
            self._shares_data = shares

    def _layers(self, value: Any, depth: int) -> Json:
        return dict(value)  # Its values are plain data of the scope.

    def _mapping(self, value: Any, depth: int) -> Json:
        return {_key(key): self.to_plain(item, depth) for key, item in value.items()}

    def _list(self, value: Any, depth: int) -> Json:
        return [self.to_plain(item, depth) for item in value]

    def _set(self, value: Any, depth: int) -> Json:
        items = self._list(value, depth)
        if self._strict_sets and any(isinstance(item, (list, dict)) for item in items):
            raise NotStorable("a set holds lists or mappings")
        return items

    def _unordered_set(self, value: Any, depth: int) -> Json:
        return sorted(self._set(value, depth), key=lambda item: (type(item).__name__, repr(item)))

    def _text(self, value: Any, depth: int) -> Json:
        return _checked_text(str(value))

    def _number(self, value: Any, depth: int) -> Json:
        return _checked_number(float(value) if isinstance(value, float) else int(value))

    def _instant(self, value: Any, depth: int) -> Json:
        return value.replace(tzinfo=None).isoformat(timespec="microseconds")

    def _date(self, value: Any, depth: int) -> Json:
        return value.isoformat()

    def _refuse(self, value: Any, depth: int) -> Json:
        raise NotStorable(f"{_name(value)} has no form in JSON")


_Conversion = Callable[[_Walk, Any, int], Json]

_CONVERSIONS: dict[type, _Conversion] = {
    dict: _Walk._mapping,
    list: _Walk._list,
    tuple: _Walk._list,
    OrderedSet: _Walk._set,
    Layers: _Walk._layers,
    FrozenDict: _Walk._mapping,
    MutableDict: _Walk._mapping,
    MutableList: _Walk._list,
    LooseMapping: _Walk._loose,
    LooseList: _Walk._loose,
    datetime: _Walk._instant,
    date: _Walk._date,
}


def _conversion(value: object) -> _Conversion:
    """The conversion for a value whose own type is none of the common ones."""
    if isinstance(value, str):
        return _Walk._text
    if isinstance(value, (int, float)):
        return _Walk._number
    if isinstance(value, Mapping):
        return _Walk._mapping
    if isinstance(value, (set, frozenset)):
        return _Walk._unordered_set
    if isinstance(value, Set):
        return _Walk._set
    if isinstance(value, datetime):
        return _Walk._instant
    if isinstance(value, (bytes, bytearray)) or _is_undefined(value) or not isinstance(value, Iterable):
        return _Walk._refuse
    return _Walk._list


def _check_depth(depth: int) -> None:
    if depth > DEPTH_LIMIT:
        raise NotStorable(f"it is nested more than {DEPTH_LIMIT} levels deep")


def _checked_text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise NotStorable("a text holds half of a surrogate pair, which is no character") from None
    return value


def _checked_number(value: float) -> float:
    if isinstance(value, float):
        if not isfinite(value):
            raise NotStorable("a number is infinite, or none at all (NaN)")
    elif value.bit_length() > _BITS_OF_DIGITS:
        raise NotStorable(f"an integer has more than {_DIGITS_LIMIT} digits")
    return value


def _key(key: object) -> str:
    """The text that stands for a key in JSON."""
    if isinstance(key, str):
        return _checked_text(str(key))
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    if isinstance(key, (int, float)):
        return repr(_checked_number(key))
    raise NotStorable(
        f"a key of a mapping is {_name(key)}; only text, numbers, booleans and null can be keys"
    )


def _is_undefined(value: object) -> bool:
    """Whether it is Jinja's undefined value, told without importing Jinja."""
    return any(base.__name__ == "Undefined" for base in type(value).__mro__)


def _name(value: object) -> str:
    """What kind of thing `value` is, in words."""
    if _is_undefined(value):
        return "an undefined value"
    for kind, name in _NAMES:
        if isinstance(value, kind):
            return name
    return f"an object of type `{type(value).__name__}`"


_NAMES: tuple[tuple[type, str], ...] = (
    (timedelta, "a timespan"),
    (re.Pattern, "a regular expression"),
    (bytes, "binary data"),
    (datetime, "a datetime"),
    (date, "a date"),
    (tuple, "a list"),
    (Mapping, "a mapping"),
    (Set, "a set"),
)
