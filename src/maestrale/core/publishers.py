"""Publishers: who is told what becomes of an execution, as its parameter `notify` names them.

The settings of the service may name more; they are told of every execution. Source: Mistral v2, section
7.6. Ours: what cannot be told anything is refused when the execution starts, not found out later.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Literal
from urllib.parse import urlsplit

from msgspec import Struct

from maestrale.errors import InvalidInput
from maestrale.expressions import Json
from maestrale.wire.formats import json_text_of

EVENTS = (
    "WORKFLOW_LAUNCHED",
    "WORKFLOW_PAUSED",
    "WORKFLOW_RESUMED",
    "WORKFLOW_RERUN",
    "WORKFLOW_SUCCEEDED",
    "WORKFLOW_FAILED",
    "WORKFLOW_CANCELLED",
    "TASK_LAUNCHED",
    "TASK_PAUSED",
    "TASK_RESUMED",
    "TASK_RERUN",
    "TASK_SUCCEEDED",
    "TASK_FAILED",
    "TASK_CANCELLED",
    "TASK_SKIPPED",
)
"""What a publisher can want. Which change of a state is which of them is in `notices`."""


class Publisher(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody to be told.

    Args:
        event_types: The events wanted; empty: all, and the moves that have none.
        headers: Sent along with each notice. They may hold secrets: they are never shown.
    """

    type: Literal["webhook", "noop"]
    url: str = ""
    headers: Mapping[str, str] = {}
    event_types: tuple[str, ...] = ()

    def wants(self, event: str | None) -> bool:
        return not self.event_types or event in self.event_types

    @property
    def address(self) -> str:
        """The JSON text of what a notice needs to get there; equal for publishers that are one target."""
        named = {"type": self.type, "url": self.url, "headers": dict(self.headers)}
        return json_text_of({key: value for key, value in named.items() if value})


_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OF_THE_CONNECTION = frozenset({"connection", "content-length", "host", "transfer-encoding", "upgrade"})


def check_publishers(value: Json) -> tuple[Publisher, ...]:
    """The publishers of a parameter `notify`, without the entries that are no mappings.

    Raises:
        InvalidInput: It is no list, or has a publisher that there is not or that cannot be told anything
            (`wrong-publisher`).
    """
    if value is None:
        return ()
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise _wrong(f"`notify` is a list of publishers, and not of the type {type(value).__name__}")
    publishers = []
    for number, entry in enumerate(value, start=1):
        if isinstance(entry, Mapping):
            found = _read(entry)
            if isinstance(found, str):
                raise _wrong(f"publisher {number} of `notify` {found}")
            publishers.append(found)
    return tuple(publishers)


def _wrong(message: str) -> InvalidInput:
    return InvalidInput(
        message,
        code="wrong-publisher",
        hint='a publisher looks like {"type": "webhook", "url": "https://example.org/hook"}',
    )


def stored_publishers(value: Json) -> tuple[Publisher, ...]:
    """As `check_publishers`, without what is wrong: an execution goes on with what it was started with, even
    if that is refused today."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return ()
    found = [_read(entry) for entry in value if isinstance(entry, Mapping)]
    return tuple(each for each in found if isinstance(each, Publisher))


def _read(entry: Mapping[str, Json]) -> Publisher | str:
    """The publisher, or what is wrong with it, without any value that may be a secret."""
    type_, events = entry.get("type"), entry.get("event_types")
    if type_ not in ("webhook", "noop"):
        return f"has the type {_shown(type_)}; there are `webhook` and `noop`"
    events = () if events is None else events
    if not isinstance(events, Sequence) or isinstance(events, str):
        return "has `event_types` that are no list"
    for event in events:
        if event not in EVENTS:
            return f"wants the event {_shown(event)}; there are {', '.join(EVENTS)}"
    if type_ == "noop":
        return Publisher(type="noop", event_types=tuple(events))
    url, headers = entry.get("url"), entry.get("headers") or {}
    fault = _fault_of_url(url) or _fault_of_headers(headers)
    if fault is not None:
        return fault
    return Publisher(type="webhook", url=str(url), headers=dict(headers), event_types=tuple(events))


def _shown(value: Json) -> str:
    return f"`{value[:60]}`" if isinstance(value, str) else f"of the kind {type(value).__name__}"


def _fault_of_url(url: Json) -> str | None:
    if url is None:
        return "has no `url`"
    try:
        parts = urlsplit(url) if isinstance(url, str) and url.isprintable() and " " not in url else None
        is_usable = parts is not None and parts.scheme in ("http", "https") and parts.hostname is not None
        is_usable = is_usable and (parts is None or parts.port is None or parts.port > 0)
    except ValueError:
        is_usable = False
    return None if is_usable else "has a `url` that is no http:// or https:// address"


def _fault_of_headers(headers: Json) -> str | None:
    if not isinstance(headers, Mapping):
        return "has `headers` that are no mapping"
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            return f"has a header {_shown(name)}, which is no name of a header"
        if name.lower() in _OF_THE_CONNECTION or name.lower().startswith("webhook-"):
            return f"sets the header `{name}`, which the service sets itself"
        if not isinstance(value, str) or not value.isprintable() or value != value.strip():
            return f"has a header `{name}` whose value is no text in one line"
    return None
