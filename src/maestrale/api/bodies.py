"""Bodies of requests become structs, attribute by attribute, or texts."""

from typing import Any

import msgspec
from msgspec import Struct

from maestrale.api.endpoint import Endpoint
from maestrale.api.errors import WrongContentType
from maestrale.api.incoming import Headers, decode_utf8, media_type
from maestrale.api.struct_reader import StructReader, ignored_struct
from maestrale.errors import InvalidInput
from maestrale.expressions.suggestions import Suggestions

JSON_TYPE = "application/json"


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
        self._method = endpoint.method
        self._reader = StructReader(endpoint.body)
        self._ignored = StructReader(ignored_struct(endpoint))
        self._read_only = frozenset(endpoint.read_only)

    def read(self, headers: Headers, data: bytes) -> Struct:
        """Raises: InvalidInput, WrongContentType: it is not what the endpoint asks for."""
        self._check_content_type(headers)
        values: dict[str, Any] = {}
        without_meaning: dict[str, Any] = {}
        for name, value in _object(data).items():
            group = values if self._has_meaning(name) else without_meaning
            if value is not None:
                group[name] = value
        if without_meaning:
            self._ignored.check(without_meaning)
        return self._reader.read(values)

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

    def _has_meaning(self, name: str) -> bool:
        """Whether the operation uses an attribute. Raises: InvalidInput: it must not be there."""
        if name in self._read_only:
            raise InvalidInput(
                f"Cannot set read-only attribute `{name}`",
                code="read-only-attribute",
                hint="leave it out: the server sets it",
            )
        if name in self._reader.names:
            return True
        if name in self._ignored.names:
            return False
        raise InvalidInput(
            f"Unknown attribute `{name}` in the body",
            code="unknown-attribute",
            hint=Suggestions().hint(name, self._reader.names)
            or f"there are: {', '.join(f'`{each}`' for each in sorted(self._reader.names))}",
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
