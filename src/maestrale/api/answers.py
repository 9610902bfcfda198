"""What a handler gives back where a body alone does not say it, and how bodies become bytes."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

NO_CONTENT = 204


class Answer(Struct, frozen=True):
    """A body with a status or headers of its own.

    Args:
        body: A struct or plain data, to be encoded as JSON; `bytes` go out as they are; None: no body.
        status: None: that of the endpoint.
        content_type: None: that of the endpoint.
    """

    body: Any = None
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str | None = None


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a value of type `{type(value).__name__}` cannot be sent as JSON")


_encode = msgspec.json.Encoder(enc_hook=_plain).encode


def encode(body: Any) -> bytes:
    """The JSON text of a body."""
    try:
        return _encode(body)
    except UnicodeEncodeError:  # Half a surrogate pair, which only an escape can carry.
        return json.dumps(msgspec.to_builtins(body, enc_hook=_plain)).encode()
