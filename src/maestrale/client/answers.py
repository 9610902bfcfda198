"""An answer of the server that says no becomes the error that it stands for."""

import html
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from maestrale.errors import Conflict, Error, Forbidden, InvalidInput, NotFound, Unavailable

_SAID = re.compile(r"(?P<message>.*?) \[(?P<code>[a-z][a-z0-9-]*)\](?:\n  hint: (?P<hint>.*))?", re.DOTALL)
"""The form of our own errors: `message [code]`, and a hint on the next line."""

_KINDS: Mapping[int, tuple[type[Error], str]] = {
    400: (InvalidInput, "refused"),
    401: (Forbidden, "unauthenticated"),
    403: (Forbidden, "forbidden"),
    404: (NotFound, "not-found"),
    405: (InvalidInput, "method-not-allowed"),
    409: (Conflict, "conflict"),
    415: (InvalidInput, "refused"),
    423: (Conflict, "maintenance"),
    500: (Unavailable, "server-error"),
}

_MARKUP = re.compile(r"<(style|script|title)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)

CODE_HEADER = "maestrale-error-code"

PASSING = frozenset({502, 503, 504})
"""The server, or a proxy before it, cannot answer now."""

MOST_CHARACTERS = 2_000


class NoAnswer(Unavailable):
    """There was no answer, for a reason that may pass.

    Args:
        never_sent: The request cannot have reached the server.
        retry_after: Seconds after which the server asks to come back.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        hint: str | None = None,
        never_sent: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, code=code, hint=hint)
        self.never_sent = never_sent
        self.retry_after = retry_after


def error_of(status: int, headers: Mapping[str, str], body: bytes, *, request: str) -> Error:
    """The error that an answer stands for, with the server's message, code and hint.

    Args:
        headers: Their names in lower case, or a mapping that does not care.
        request: What was asked, for answers that say nothing: `GET /v2/tasks`.
    """
    text = _text(headers, body) or f"the server answered `{request}` with status {status}"
    said = _SAID.fullmatch(text)
    message, hint = (said["message"], said["hint"]) if said else (text, None)
    told = headers.get(CODE_HEADER) or (said["code"] if said else None)
    if status in PASSING:
        wanted = _seconds(headers.get("retry-after"))
        return NoAnswer(message, code=told or "unavailable", hint=hint, retry_after=wanted)
    kind, usual = _KINDS.get(status, (InvalidInput if status < 500 else Unavailable, f"status-{status}"))
    return kind(message, code=told or usual, hint=hint)


def _text(headers: Mapping[str, str], body: bytes) -> str:
    """What the server says is wrong: in its JSON, in a header, or as plain or marked-up text."""
    try:
        data: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return headers.get("server-error-message", "").strip() or _plain(body.decode(errors="replace"))
    if isinstance(data, dict):
        for key in ("faultstring", "description", "title"):
            if isinstance(data.get(key), str) and data[key].strip():
                return str(data[key]).strip()
    return headers.get("server-error-message", "").strip() or (_plain(str(data)) if data else "")


def _plain(text: str) -> str:
    """Without markup, on one line: the pages of proxies are HTML."""
    shown = html.unescape(_MARKUP.sub(" ", text[: MOST_CHARACTERS * 4]))
    return " ".join(shown.split())[:MOST_CHARACTERS]


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.strip().isdecimal() else None
