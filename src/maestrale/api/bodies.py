"""Bodies of requests become structs, attribute by attribute, or texts."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from maestrale.api.endpoint import Endpoint
from maestrale.api.errors import WrongContentType
from maestrale.api.incoming import Headers, decode_utf8, media_type
from maestrale.errors import InvalidInput
from maestrale.lang.suggest import Suggestions

JSON_TYPE = "application/json"

TRUE_WORDS = frozenset({"true", "yes", "on", "t", "y", "1"})
FALSE_WORDS = frozenset({"false", "no", "off", "f", "n", "0"})
"""Source: Mistral API v2, booleans in bodies."""

LOWEST, HIGHEST = -(2**63), 2**63 - 1
"""The integers that a column of a database holds."""

_PLACE = re.compile(r" - at `\$\.?(.*)`$", re.DOTALL)


class TextBody:
    """Reads bodies that are texts, whatever content type they have."""

    def read(self, headers: Headers, data: bytes) -> str:
        """Raises: Refusal: it is not UTF-8."""
        return decode_utf8(data, "The body")


class ObjectBody:
    """Reads bodies that are one JSON object, into the struct of an endpoint."""

    def __init__(self, endpoint: Endpoint) -> None:
        assert endpoint.body is not None
        assert issubclass(endpoint.body, Struct)
        self._type = endpoint.body
        self._method = endpoint.method
        fields = msgspec.structs.fields(self._type)
        self._known = frozenset(field.encode_name for field in fields)
        self._ignored = frozenset(
            field.encode_name for struct in endpoint.ignored for field in msgspec.structs.fields(struct)
        )
        self._read_only = frozenset(endpoint.read_only)
        self._words = _word_readers(self._type)

    def read(self, headers: Headers, data: bytes) -> Struct:
        """Raises: InvalidInput, WrongContentType: it is not what the endpoint asks for."""
        self._check_content_type(headers)
        values = {
            name: value for name, value in _object(data).items() if self._wants(name) and value is not None
        }
        for name, read in self._words.items():
            if isinstance(values.get(name), str | int):
                values[name] = read(name, values[name])
        try:
            return msgspec.convert(values, self._type)
        except msgspec.ValidationError as error:
            raise _wrong_attribute(error) from error

    def _check_content_type(self, headers: Headers) -> None:
        kind = media_type(headers)
        if kind == JSON_TYPE:
            return
        hint = f"send the header `Content-Type: {JSON_TYPE}`"
        if kind:
            raise WrongContentType(f"the body has the content type `{kind}`, and has to be JSON", hint=hint)
        text = "the body has no content type, and has to be JSON"
        if self._method == "POST":  # Mistral tells the two apart like this.
            raise InvalidInput(text, code="content-type", hint=hint)
        raise WrongContentType(text, hint=hint)

    def _wants(self, name: str) -> bool:
        if name in self._read_only:
            raise InvalidInput(
                f"Cannot set read-only attribute `{name}`",
                code="read-only-attribute",
                hint="leave it out: the server sets it",
            )
        if name in self._known:
            return True
        if name in self._ignored:
            return False
        raise InvalidInput(
            f"Unknown attribute `{name}` in the body",
            code="unknown-attribute",
            hint=Suggestions().hint(name, self._known)
            or f"there are: {', '.join(f'`{each}`' for each in sorted(self._known))}",
        )


def body_reader(endpoint: Endpoint) -> TextBody | ObjectBody | None:
    """What reads the bodies of an endpoint. None: it wants none, and one that comes is not looked at."""
    if endpoint.body is None:
        return None
    return TextBody() if endpoint.body is str else ObjectBody(endpoint)


def _object(data: bytes) -> dict[str, Any]:
    if not data.strip():
        raise InvalidInput("the request has no body", code="no-body", hint="send a JSON object")
    try:
        value = msgspec.json.decode(data)
    except RecursionError as error:
        raise InvalidInput("the body is nested too deeply", code="not-json") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"the body is not JSON: {error}", code="not-json") from error
    if not isinstance(value, dict):
        raise InvalidInput(
            "the body is JSON, but not an object", code="not-an-object", hint='send one: `{"name": "value"}`'
        )
    return value


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
