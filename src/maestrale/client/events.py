"""The events of an execution as they come over the wire: a stream of messages, each one a change.

Source: the stream's form is WHATWG "Server-sent events".
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import TypeAlias

import msgspec
from msgspec import Struct

from maestrale.client.decoding import unexpected
from maestrale.client.views import LoopProgress

MOST_BYTES = 16 * 1024 * 1024
"""Of one line; a server that sends more is none of ours."""


class Message(Struct, frozen=True):
    """One message of a stream. `id` is the last that was told, also by a message before."""

    id: str
    event: str
    data: str


class Change(Struct, frozen=True, kw_only=True):
    """Something changed in an execution or below.

    Args:
        position: Where in the history: `watch(id, after=position)` goes on behind it.
        at: When.
        cause: The event that the engine decided on.
    """

    position: str = ""
    at: datetime
    cause: str
    id: str
    name: str
    state: str
    state_info: str | None = None


class ExecutionChanged(Change, frozen=True, kw_only=True):
    """An execution began or changed.

    Args:
        name: That of its workflow.
        parent_task_id: None: it is the root.
        index: Which item of a loop of sub-workflows.
    """

    parent_task_id: str | None = None
    index: int | None = None


class TaskChanged(Change, frozen=True, kw_only=True):
    """`attempt` counts the retries so far; `items` is None without a loop."""

    execution_id: str
    attempt: int = 0
    items: LoopProgress | None = None


class ActionExecutionChanged(Change, frozen=True, kw_only=True):
    """`index`: which item of a loop. `attempt` counts from 1 and grows when a worker was lost."""

    execution_id: str
    task_id: str
    index: int | None = None
    attempt: int = 1


class Ended(Struct, frozen=True):
    """The execution has ended in this state, and nothing more comes."""

    state: str


Event: TypeAlias = ExecutionChanged | TaskChanged | ActionExecutionChanged | Ended

_CHANGES: dict[str, msgspec.json.Decoder[ExecutionChanged | TaskChanged | ActionExecutionChanged]] = {
    "execution": msgspec.json.Decoder(ExecutionChanged),
    "task": msgspec.json.Decoder(TaskChanged),
    "action_execution": msgspec.json.Decoder(ActionExecutionChanged),
}
_END = msgspec.json.Decoder(Ended)


def event_of(message: Message) -> Event | None:
    """The event that a message stands for. None: a kind that this client does not know.

    Raises:
        Unavailable: Its data are something else (`unexpected-answer`).
    """
    try:
        if message.event == "end":
            return _END.decode(message.data)
        decoder = _CHANGES.get(message.event)
        if decoder is None:
            return None
        return msgspec.structs.replace(decoder.decode(message.data), position=message.id)
    except msgspec.DecodeError as error:
        raise unexpected(f"of the event `{message.event}` at {message.id}: {error}") from error


async def messages(chunks: AsyncIterator[bytes]) -> AsyncIterator[Message]:
    """The whole messages of a stream; one that breaks off is none."""
    id, event = "", ""
    data: list[str] = []
    async for line in _lines(chunks):
        if not line:
            if data:
                yield Message(id, event or "message", "\n".join(data))
            event, data = "", []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "id" if "\0" not in value:
                id = value
            case "event":
                event = value
            case "data":
                data.append(value)


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """The lines of a stream, which end with CR, LF or both."""
    rest = b""
    after_cr = False
    async for chunk in chunks:
        if after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        after_cr = chunk.endswith(b"\r") if chunk else after_cr
        *whole, rest = (rest + chunk).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        if len(rest) > MOST_BYTES:
            raise unexpected(f"a line of the event stream has more than {MOST_BYTES:,} bytes")
        for line in whole:
            yield line.decode(errors="replace").removeprefix("\ufeff")
