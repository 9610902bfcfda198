"""Attributes of a body become a struct: each has the type that the resource gives it, or is named.

Clients write some types in several ways: a boolean may be a word, an integer a string of digits, an
object the JSON text of one.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, get_args

import msgspec
from msgspec import UNSET, Struct, UnsetType

from maestrale.api.endpoint import Endpoint
from maestrale.errors import InvalidInput
from maestrale.wire.formats import JsonObjectOrText, JsonText, parse_json_text

TRUE_WORDS = frozenset({"true", "yes", "on", "t", "y", "1"})
FALSE_WORDS = frozenset({"false", "no", "off", "f", "n", "0"})
"""Source: Mistral API v2, booleans in bodies."""

LOWEST, HIGHEST = -(2**63), 2**63 - 1
"""The integers that a column of a database holds."""

_PLACE = re.compile(r" - at `\$\.?(.*)`$", re.DOTALL)


class StructReader:
    """Makes structs of one type. What is null in the body is not given to it."""

    def __init__(self, struct: type[Struct]) -> None:
        fields = msgspec.structs.fields(struct)
        self.names = frozenset(field.encode_name for field in fields)
        self._type = struct
        self._words = _word_readers(struct)
        self._objects = tuple(field.encode_name for field in fields if _is(JsonObjectOrText, field.type))

    def read(self, values: dict[str, Any]) -> Struct:
        """Raises: InvalidInput: an attribute is not what it has to be."""
        for name, read in self._words.items():
            if isinstance(values.get(name), str | int):
                values[name] = read(name, values[name])
        try:
            return msgspec.convert(values, self._type)
        except msgspec.ValidationError as error:
            raise _wrong_attribute(error) from error

    def check(self, values: dict[str, Any]) -> None:
        """Go on if the attributes are what they have to be, down to the objects that come as JSON text.

        Raises:
            InvalidInput: One is not.
        """
        self.read(values)
        for name in self._objects:
            parse_json_text(values.get(name), name)


def ignored_struct(endpoint: Endpoint) -> type[Struct]:
    """The attributes that the body of an endpoint may have and that mean nothing there.

    What responses have as the JSON text of an object may be the object itself, as in any request.
    """
    assert isinstance(endpoint.body, type)
    assert issubclass(endpoint.body, Struct)
    used = {field.encode_name for field in msgspec.structs.fields(endpoint.body)}
    types: dict[str, Any] = {}
    for struct in endpoint.ignored:
        for field in msgspec.structs.fields(struct):
            name = field.encode_name
            if name not in used and name not in endpoint.read_only:
                is_object = _is(JsonText, field.type) or _is(JsonObjectOrText, field.type)
                types.setdefault(name, JsonObjectOrText if is_object else field.type)
    fields = [(name, each | UnsetType, UNSET) for name, each in types.items()]
    return msgspec.defstruct(f"{endpoint.body.__name__}Ignored", fields, kw_only=True)


def _is(wanted: Any, annotation: Any) -> bool:
    """Whether a type is the wanted one, or has it beside null and what stands for a missing attribute."""
    return bool(annotation == wanted or wanted in get_args(annotation))


def _word_readers(struct: type[Struct]) -> Mapping[str, Callable[[str, str | int], object]]:
    """How a word or a number is read where an attribute is a boolean or an integer, and takes no string."""
    info = msgspec.inspect.type_info(struct)
    assert isinstance(info, msgspec.inspect.StructType)
    readers: dict[str, Callable[[str, str | int], object]] = {}
    for field in info.fields:
        kinds = _kinds(field.type)
        if any(isinstance(kind, msgspec.inspect.StrType | msgspec.inspect.AnyType) for kind in kinds):
            continue
        if any(isinstance(kind, msgspec.inspect.BoolType) for kind in kinds):
            readers[field.encode_name] = _boolean
        elif any(isinstance(kind, msgspec.inspect.IntType) for kind in kinds):
            readers[field.encode_name] = _integer
    return readers


def _kinds(kind: msgspec.inspect.Type) -> tuple[msgspec.inspect.Type, ...]:
    if isinstance(kind, msgspec.inspect.Metadata):
        return _kinds(kind.type)
    return kind.types if isinstance(kind, msgspec.inspect.UnionType) else (kind,)


def _boolean(name: str, word: str | int) -> bool:
    if isinstance(word, bool):
        return word
    lower = word.strip().lower() if isinstance(word, str) else ""
    if lower in TRUE_WORDS or lower in FALSE_WORDS:
        return lower in TRUE_WORDS
    raise InvalidInput(
        f"the attribute `{name}` has to be a boolean, and is `{word}`",
        code="wrong-attribute",
        hint="send `true` or `false`",
    )


def _integer(name: str, word: str | int) -> int:
    digits = word.strip() if isinstance(word, str) else word
    if isinstance(digits, str) and digits.isascii() and digits.removeprefix("-").isdigit():
        digits = int(digits[:20])  # Enough to be beyond the bounds.
    if isinstance(digits, int) and not isinstance(digits, bool) and LOWEST <= digits <= HIGHEST:
        return digits
    raise InvalidInput(
        f"the attribute `{name}` has to be an integer of at most 64 bits, and is `{word}`",
        code="wrong-attribute",
    )


def _wrong_attribute(error: msgspec.ValidationError) -> InvalidInput:
    text = str(error)
    place = _PLACE.search(text)
    if place is None:  # An attribute lacks: the text names it.
        return InvalidInput(text.replace("Object missing required field", "the body lacks the attribute"))
    reason = text[: place.start()]
    return InvalidInput(
        f"the attribute `{place[1]}` is wrong: {reason[:1].lower()}{reason[1:]}", code="wrong-attribute"
    )
