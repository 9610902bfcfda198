"""What is told of a value in an error: its kind, and a short excerpt without secrets.

People who write expressions need to see what was there. So they are told its kind, the names of its keys, and
a few characters of what it holds; never a value under a key that sounds like a secret, and never all of it.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import islice
from typing import Any

from maestrale.expressions.scope import SPECIAL

MASK = "***"
"""What is shown in the place of a value that may be secret."""

_LONGEST = 60
_LONGEST_NAME = 40
_KEYS = 6
_ITEMS = 4
_LEVELS = 3
_SECRET = re.compile(
    r"passwd|password|token|secret|auth|api_?key|credential|cookie|private_?key", re.IGNORECASE
)


def sounds_secret(text: str) -> bool:
    """Whether a key, or the text of an expression, names something that may be secret."""
    return _SECRET.search(text.replace("-", "_")) is not None


def describe(value: Any, kind: str, *, tells_values: bool = True) -> str:
    """A value in a few words, such as `a list of 3 items: [1, 2, "c"]`.

    Args:
        kind: What sort of value it is: "a list".
        tells_values: Whether anything may be told but kinds, sizes and names of keys.
    """
    if value is None:
        return "null"
    told = f"{kind}{_size(value)}"
    if isinstance(value, Mapping):
        names = listed(value)
        return f"{told} with {names}" if names else f"{told} without keys"
    excerpt = _excerpt(value) if tells_values else ""
    return f"{told}: {excerpt}" if excerpt else told


def listed(mapping: Mapping[Any, Any], first: Iterable[str] = ()) -> str:
    """The names of some keys of a mapping, those of `first` before the others; empty: it has none."""
    # A mapping of millions of keys costs no more than one of a few.
    authors = (key for key in islice(mapping, _KEYS * 2) if isinstance(key, str) and key not in SPECIAL)
    names = [f"`{_cut(name, _LONGEST_NAME)}`" for name in islice(dict.fromkeys((*first, *authors)), _KEYS)]
    count = len(mapping) - sum(name in mapping for name in SPECIAL)
    more = count - len(names)
    if not names:
        return ""
    what = "the key" if count == 1 else "the keys"
    return f"{what} {', '.join(names)}" + (f" and {more} more" if more > 0 else "")


def _size(value: Any) -> str:
    if isinstance(value, str):
        return f" of {len(value)} characters" if len(value) > _LONGEST else ""
    if isinstance(value, (Sequence, Set)) and not isinstance(value, bytes):
        return f" of {len(value)} item{'' if len(value) == 1 else 's'}"
    return ""


def _excerpt(value: Any) -> str:
    """The beginning of a value, as JSON. Nothing is told of what has to be computed first."""
    if not isinstance(value, (str, int, float, Sequence, Set)) or isinstance(value, bytes):
        return ""
    text = ""
    for part in _parts(value, 0):
        text += part
        if len(text) > _LONGEST:
            return _cut(text, _LONGEST)
    return text


def _parts(value: Any, level: int) -> Iterator[str]:
    match value:
        case str():
            yield json.dumps(value[: _LONGEST * 2], ensure_ascii=False)
        case bool() | None:
            yield json.dumps(value)
        case int() | float():
            yield str(value) if not isinstance(value, int) or value.bit_length() < 256 else "…"
        case Mapping() if level < _LEVELS:
            yield from _entries(value, level)
        case Sequence() | Set() if level < _LEVELS and not isinstance(value, bytes):
            yield "["
            for number, item in enumerate(islice(value, _ITEMS)):
                yield ", " if number else ""
                yield from _parts(item, level + 1)
            yield ", …]" if len(value) > _ITEMS else "]"
        case _:
            yield "…"


def _entries(mapping: Mapping[Any, Any], level: int) -> Iterator[str]:
    yield "{"
    for number, (key, item) in enumerate(islice(mapping.items(), _ITEMS)):
        name = str(key) if isinstance(key, (str, int, float)) else "…"
        yield ", " if number else ""
        yield f"{json.dumps(_cut(name, _LONGEST_NAME), ensure_ascii=False)}: "
        if sounds_secret(name):
            yield MASK
        else:
            yield from _parts(item, level + 1)
    yield ", …}" if len(mapping) > _ITEMS else "}"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
