"""The texts inside resources: timestamps, JSON in a string, identifiers that look like UUIDs.

Source: Mistral API v2; "jsonstr" is its JSON object carried in a string.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import UNSET, Meta

from maestrale.errors import InvalidInput

JsonText: TypeAlias = Annotated[str, Meta(description="The JSON text of a value, usually of an object")]
"""An attribute of a response that `json_text` made."""

JsonObjectOrText: TypeAlias = Annotated[
    Any,
    Meta(
        description="An object, or a string that holds the JSON text of one",
        extra_json_schema={"type": ["object", "string", "null"]},
    ),
]
"""An attribute of a request, to be read with `parse_json_text`."""

Timestamp: TypeAlias = Annotated[
    str, Meta(description="UTC, `YYYY-MM-DD HH:MM:SS`", examples=["2026-08-01 12:00:00"])
]
"""An attribute of a response that `timestamp` made."""

_UUID = re.compile(r"[0-9a-fA-F]{32}")
_MOST_DIGITS = 4000  # Python prints no longer integers, and its readers read none.


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a value of type `{type(value).__name__}` is not plain data")


_encode_text = json.JSONEncoder(default=_plain).encode


def json_text(value: Any) -> str | None:
    """The JSON text of plain data in Python's default style, everything beyond ASCII escaped; None for None.

    An integer that is too long for any reader becomes a string of its hexadecimal digits.
    """
    return None if value is None else json_text_of(value)


def json_text_of(value: Any) -> str:
    """As `json_text`, but None is the text `null`: for attributes that hold any value, like a result."""
    try:
        return _encode_text(value)
    except ValueError:
        return _encode_text(_shorten(value))


def _shorten(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _shorten(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_shorten(item) for item in value]
    is_long = isinstance(value, int) and value.bit_length() > _MOST_DIGITS * 3.32
    return hex(value) if is_long else value


def parse_json_text(value: Any, attribute: str) -> dict[str, Any]:
    """The object that an attribute of a request gives, as it is or as its JSON text.

    What is not given, and whatever counts as nothing (`null`, `{}`, `[]`, `0`, `""` inside the text), is
    an empty object.

    Raises:
        InvalidInput: The text is not JSON, or its value is something else than an object.
    """
    if value is UNSET or value is None:
        return {}
    if isinstance(value, str):
        value = parse_json(value, attribute)
    if not value:
        return {}
    if not isinstance(value, dict):
        raise InvalidInput(
            f"`{attribute}` has to be a JSON object, and is {_kind_of(value)}",
            code="not-an-object",
            hint='send an object, or a string that holds the JSON text of one: `"{\\"name\\": \\"value\\"}"`',
        )
    return value


def parse_json(text: str, attribute: str) -> Any:
    """The value of a JSON text. Raises: InvalidInput: it is none."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        raise InvalidInput(
            f"`{attribute}` is not JSON text: {_reason(error)}",
            code="not-json",
            hint="an empty text is not JSON either; leave the attribute out" if not text else None,
        ) from error


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeEncodeError):
        return "it has half a surrogate pair"
    return str(error)


def _kind_of(value: object) -> str:
    if isinstance(value, str):
        return "a string"
    if isinstance(value, list):
        return "an array"
    return "a boolean" if isinstance(value, bool) else "a number"


def timestamp(instant: datetime) -> str:
    """An instant as the API shows it: UTC, to the second, no zone."""
    if instant.tzinfo is not UTC:
        instant = instant.astimezone(UTC)
    return str(instant)[:19]


def timestamp_or_none(instant: datetime | None) -> str | None:
    """As `timestamp`; None for None."""
    return None if instant is None else timestamp(instant)


def parse_timestamp(text: str) -> datetime | None:
    """The instant of an ISO 8601 text, which may be a date alone. None: it is none.

    Without a zone it is in UTC.
    """
    try:
        instant = datetime.fromisoformat(text.strip())
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def is_uuid_like(text: str) -> bool:
    """Whether a text can stand where the API asks for a UUID: in any case, with dashes or without."""
    return _UUID.fullmatch(text.replace("-", "")) is not None


def check_uuid_like(text: str, attribute: str) -> str:
    """The text itself. Raises: InvalidInput: it is no UUID."""
    if not is_uuid_like(text):
        raise InvalidInput(
            f"`{attribute}` has to be a UUID, and is `{text}`",
            code="not-a-uuid",
            hint="it looks like `123e4567-e89b-42d3-a456-426614174000`",
        )
    return text
