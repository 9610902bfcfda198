"""Text."""

import string as alphabets
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from maestrale.expressions import limits
from maestrale.expressions.yaql.failures import Failure
from maestrale.expressions.yaql.kinds import TEXT, kind_of
from maestrale.expressions.yaql.showing import show
from maestrale.expressions.yaql.signatures import (
    ANY,
    BOOL,
    BOTH,
    DICT,
    INT,
    ITER,
    METHOD,
    NUM,
    STR,
    calling,
    overload,
)
from maestrale.expressions.yaql.values import MutableList

ToText = Callable[[Any], str]

_WORDS = {None: "null", True: "true", False: "false"}


@overload("str", ANY("value"))
def to_text(value: Any) -> str:
    return _WORDS[value] if value is None or isinstance(value, bool) else show(value)


@overload("isString", ANY("arg"))
def is_text(value: Any) -> bool:
    return kind_of(value) == TEXT


@overload("concat", STR("args", many=True))
def concatenate(*args: str) -> str:
    return limits.join("", args)


@overload("join", ITER("sequence"), STR("separator"), calling("str", 1), forms=METHOD)
def join(items: Iterable[Any], separator: str, as_text: ToText) -> str:
    return limits.join(separator, map(as_text, items))


@overload("join", STR("separator"), ITER("sequence"), calling("str", 1), forms=METHOD)
def join_to(separator: str, items: Iterable[Any], as_text: ToText) -> str:
    return join(items, separator, as_text)


@overload("toUpper", STR("string"), forms=METHOD)
def to_upper(text: str) -> str:
    return text.upper()


@overload("toLower", STR("string"), forms=METHOD)
def to_lower(text: str) -> str:
    return text.lower()


@overload("toCharArray", STR("string"), forms=METHOD)
def to_characters(text: str) -> tuple[str, ...]:
    limits.check_items(len(text))
    return tuple(text)


_SEPARATOR = STR("separator", default=None, nullable=True)
_MAX_SPLITS = INT("maxSplits", default=-1)


@overload("split", STR("string"), _SEPARATOR, _MAX_SPLITS, forms=METHOD)
def split(text: str, separator: str | None, max_splits: int) -> MutableList:
    return MutableList(limits.split(text, separator, max_splits))


@overload("rightSplit", STR("string"), _SEPARATOR, _MAX_SPLITS, forms=METHOD)
def right_split(text: str, separator: str | None, max_splits: int) -> MutableList:
    return MutableList(limits.split(text, separator, max_splits, right=True))


_CHARS = STR("chars", default=None, nullable=True)


@overload("trim", STR("string"), _CHARS, forms=METHOD)
def trim(text: str, characters: str | None) -> str:
    return text.strip(characters)


@overload("trimLeft", STR("string"), _CHARS, forms=METHOD)
def trim_left(text: str, characters: str | None) -> str:
    return text.lstrip(characters)


@overload("trimRight", STR("string"), _CHARS, forms=METHOD)
def trim_right(text: str, characters: str | None) -> str:
    return text.rstrip(characters)


@overload("norm", STR("string", nullable=True), _CHARS, forms=BOTH)
def norm(text: str | None, characters: str | None) -> str | None:
    return None if text is None else text.strip(characters) or None


@overload("isEmpty", STR("string", nullable=True), BOOL("trim", default=True), _CHARS, forms=BOTH)
def is_empty(text: str | None, is_trimmed: bool, characters: str | None) -> bool:
    return not (text.strip(characters) if text and is_trimmed else text)


_COUNT = INT("count", default=-1)


@overload("replace", STR("string"), STR("old"), STR("new"), _COUNT, forms=METHOD)
def replace(text: str, old: str, new: str, count: int) -> str:
    return limits.replace(text, old, new, count)


@overload("replace", STR("string"), calling("str", 1), DICT("replacements"), _COUNT, forms=METHOD)
def replace_each(text: str, as_text: ToText, replacements: Mapping[Any, Any], count: int) -> str:
    for old, new in replacements.items():
        text = limits.replace(text, as_text(old), as_text(new), count)
    return text


@overload("substring", STR("string"), INT("start"), INT("length", default=-1), forms=METHOD)
def substring(text: str, start: int, length: int) -> str:
    if start < 0:
        start += len(text)
    # A start that is still negative counts from the end once more; Mistral does so.
    return text[start : start + (len(text) if length < 0 else length)]


@overload("indexOf", STR("string"), STR("sub"), INT("start", default=0), forms=METHOD)
def index_of(text: str, part: str, start: int) -> int:
    return text.find(part, start)


@overload("indexOf", STR("string"), STR("sub"), INT("start"), INT("length"), forms=METHOD)
def index_within(text: str, part: str, start: int, length: int) -> int:
    return text.find(part, *_bounds(text, start, length))


@overload("lastIndexOf", STR("string"), STR("sub"), INT("start", default=0), forms=METHOD)
def last_index_of(text: str, part: str, start: int) -> int:
    return text.rfind(part, start)


@overload("lastIndexOf", STR("string"), STR("sub"), INT("start"), INT("length"), forms=METHOD)
def last_index_within(text: str, part: str, start: int, length: int) -> int:
    return text.rfind(part, *_bounds(text, start, length))


def _bounds(text: str, start: int, length: int) -> tuple[int, int]:
    if start < 0:
        start += len(text)
    return start, start + (len(text) - start if length < 0 else length)


@overload("startsWith", STR("string"), STR("prefixes", many=True), forms=METHOD)
def starts_with(text: str, *prefixes: str) -> bool:
    return text.startswith(prefixes)


@overload("endsWith", STR("string"), STR("suffixes", many=True), forms=METHOD)
def ends_with(text: str, *suffixes: str) -> bool:
    return text.endswith(suffixes)


@overload("hex", NUM("num", nullable=True))
def to_hexadecimal(number: Any) -> str:
    return hex(number)


_ALPHABETS: dict[str, str | None] = {
    "digits": alphabets.digits,
    "hexdigits": alphabets.hexdigits,
    "asciiLowercase": alphabets.ascii_lowercase,
    "asciiUppercase": alphabets.ascii_uppercase,
    "asciiLetters": alphabets.ascii_letters,
    "letters": None,
    "octdigits": alphabets.octdigits,
    "punctuation": alphabets.punctuation,
    "printable": alphabets.printable,
    "lowercase": None,
    "uppercase": None,
    "whitespace": alphabets.whitespace,
}
"""The sets of characters; None: its name is known, and it depends on the machine, so there is none."""


@overload("characters", *(BOOL(name, default=False, nullable=True) for name in _ALPHABETS))
def characters(*chosen: bool | None) -> tuple[str, ...]:
    found: set[str] = set()
    for (name, alphabet), is_chosen in zip(_ALPHABETS.items(), chosen, strict=True):
        if is_chosen and alphabet is None:
            raise Failure(f"function `characters` has no `{name}`: use one of those that begin with `ascii`")
        found.update(alphabet if is_chosen and alphabet else "")
    return tuple(sorted(found))
