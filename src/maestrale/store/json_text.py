"""Plain data to JSON text and back, without losing anything.

JSON itself has no NaN, no infinity and no half of a surrogate pair, and Python refuses to print very
long integers; yet expressions can produce all of them. Such a value, rare as it is, is written as
*escaped* JSON: a tilde, then JSON in which the odd ones stand as `{"~": [what, text]}`. No JSON text
begins with a tilde.
"""

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from maestrale.expressions import Json

T = TypeVar("T")

ESCAPED = b"~"
_ESCAPE_KEY = "~"

# Longer ones may be beyond what Python prints in decimal (sys.get_int_max_str_digits, at least 640).
_LONG_INTEGER_BITS = 2000

_ALWAYS_FINITE = frozenset({str, int, bool, type(None)})


def _plain(value: object) -> Json:
    """What msgspec does not know by itself: the mappings that are no dict."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a value of type `{type(value).__name__}` is not plain data")


_encode = msgspec.json.Encoder(enc_hook=_plain).encode


def encode(value: Json) -> bytes:
    """The text of `value`, in UTF-8.

    Raises:
        TypeError, RecursionError: It is not plain data, or is nested too deeply.
    """
    try:
        data = _encode(value)
    except ValueError:  # Half a surrogate pair, or a very long integer.
        return ESCAPED + _encode(_escape(msgspec.to_builtins(value, enc_hook=_plain)))
    if b"null" in data and not _is_finite(value):  # msgspec writes NaN and infinity as null.
        return ESCAPED + _encode(_escape(msgspec.to_builtins(value, enc_hook=_plain)))
    return data


def decoder(wanted: type[T]) -> Callable[[str | bytes], T]:
    """A function from what `encode` wrote to a value of the type `wanted`."""
    plain: Callable[[str | bytes], T] = msgspec.json.Decoder(wanted).decode

    def decode(text: str | bytes) -> T:
        if text[:1] in ("~", ESCAPED):
            return msgspec.convert(_unescape(msgspec.json.decode(text[1:])), wanted)
        return plain(text)

    return decode


def _is_finite(value: Json) -> bool:
    """Whether no float in `value` is NaN or infinite."""
    pending: list[Any] = [(value,)]
    while pending:
        values = pending.pop()
        if _ALWAYS_FINITE.issuperset(map(type, values)):
            continue
        for inner in values:
            if isinstance(inner, float):
                if not isfinite(inner):
                    return False
            elif isinstance(inner, list | tuple):
                pending.append(inner)
            elif isinstance(inner, Mapping):
                pending.append(inner.values())
            elif isinstance(inner, Struct):
                pending.append(msgspec.structs.astuple(inner))
    return True


def _escape(value: Json) -> Json:
    match value:
        case str() if not _is_unicode(value):
            return _escaped("text", value.encode("utf-8", "surrogatepass").hex())
        case bool():
            return value
        case int() if value.bit_length() > _LONG_INTEGER_BITS:
            return _escaped("integer", hex(value))
        case float() if not isfinite(value):
            return _escaped("float", repr(value))
        case list() | tuple():
            return [_escape(inner) for inner in value]
        case dict() if _ESCAPE_KEY in value or not all(map(_is_unicode, map(str, value))):
            return _escaped("mapping", [[_escape(key), _escape(inner)] for key, inner in value.items()])
        case dict():
            return {key: _escape(inner) for key, inner in value.items()}
        case _:
            return value


def _escaped(what: str, content: Json) -> Json:
    return {_ESCAPE_KEY: [what, content]}


def _unescape(value: Json) -> Json:
    match value:
        case {"~": ["text", content]}:
            return bytes.fromhex(content).decode("utf-8", "surrogatepass")
        case {"~": ["integer", content]}:
            return int(content, 16)
        case {"~": ["float", content]}:
            return float(content)
        case {"~": ["mapping", pairs]}:
            return {_unescape(key): _unescape(inner) for key, inner in pairs}
        case dict():
            return {key: _unescape(inner) for key, inner in value.items()}
        case list():
            return [_unescape(inner) for inner in value]
        case _:
            return value


def _is_unicode(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
