"""Disguised data, and what it tells of an expression: which parts of its value come from a secret.

An expression is evaluated on the real data and once more with every secret value replaced by another. What
comes out the same does not depend on the secrets; what differs does, whatever was done to them on the way.
A disguise has no character in common with what it stands for, in either case, so that not even a part of a
secret comes out the same.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, cycle, islice

from maestrale.expressions.scope import Json
from maestrale.expressions.secrets import KEY, is_marked, marked

_VARIETY = 5
"""Different characters of a disguise."""

_LETTERS = "qzxjkvwybfghmpucldrnsoitea"
_OTHERS = (range(0x3B1, 0x3C2), range(0x3041, 0x3097), range(0x4E00, 0x9FA6))


def disguised(value: Json) -> Json:
    """The value with every secret in it replaced by another of its kind, without marks."""
    if isinstance(value, Mapping):
        if is_marked(value):
            return disguise(value[KEY])
        return {key: disguised(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [disguised(item) for item in value]
    return value


def disguise(value: Json) -> Json:
    """Another value of the same kind, with another length, and with no character in common."""
    match value:
        case bool():
            return not value
        case str():
            return _other_text(value)
        case int():
            return _other_integer(value)
        case float():
            return 0.5 if value != 0.5 else 7.25
        case Mapping() if is_marked(value):
            return disguise(value[KEY])
        case Mapping():
            extra = _other_text("".join(map(str, value)))
            return {extra: extra} | {_other_text(str(key)): disguise(item) for key, item in value.items()}
        case list() | tuple():
            return [_other_text(""), *map(disguise, value)]
        case _:
            return _other_text("")


def _other_text(text: str) -> str:
    """One more character, none of them in the text. Which ones follows from the text alone."""
    return "".join(islice(cycle(_characters_beside(text)), len(text) + 1))


def _characters_beside(text: str) -> list[str]:
    taken = {*text, *text.lower(), *text.upper(), *text.casefold()}
    free = (letter for letter in _candidates() if not taken.intersection((letter, letter.upper())))
    return list(islice(free, _VARIETY)) or ["q"]


def _candidates() -> Iterator[str]:
    return chain(_LETTERS, map(chr, chain.from_iterable(_OTHERS)))


def _other_integer(number: int) -> int:
    """A small one: what counts to it must not take longer than it does with the real one."""
    try:
        digits = str(abs(number))
    except ValueError:  # Longer than Python prints.
        return 7
    free = next((digit for digit in "7392185460" if digit not in digits), None)
    if free is None:
        return int(digits[: len(digits) // 2 or 1]) + 1
    return int(free) if len(digits) > 1 else int(free * 2)


def compared(value: Json, other: Json) -> Json:
    """The value of an expression, with marks on what is another value where the data is disguised.

    As deep down as the shapes allow: of a mapping with the same keys single values are marked, of a list as
    long as the other one single items. What is marked already stays as it is.
    """
    if value is other or is_marked(value):
        return value
    if isinstance(value, dict) and isinstance(other, dict):
        if list(value) != list(other):
            return marked(value)
        return _same_or(value, {key: compared(item, other[key]) for key, item in value.items()})
    if isinstance(value, list) and isinstance(other, list):
        if len(value) != len(other):
            return marked(value)
        return _same_or(value, [compared(item, twin) for item, twin in zip(value, other, strict=True)])
    is_same = type(value) is type(other) and value == other
    return value if is_same else marked(value)


def _same_or(value: Json, changed: Json) -> Json:
    """The value itself where nothing in it was marked: data is shared, not copied."""
    return value if _identical(_items(value), _items(changed)) else changed


def _items(value: Json) -> Iterable[Json]:
    return value.values() if isinstance(value, Mapping) else value


def _identical(ones: Iterable[Json], others: Iterable[Json]) -> bool:
    return all(one is other for one, other in zip(ones, others, strict=True))
