"""Following the events of an execution through lost connections and servers that restart."""

import asyncio
from collections.abc import AsyncGenerator, Callable

from maestrale.client.answers import NoAnswer
from maestrale.client.events import Ended, Event, event_of, messages
from maestrale.client.transport import Patience, Transport, path_of

SILENCE_SECONDS = 60.0
"""A server says that it is there more often than this, if only with a comment."""

STEADY_SECONDS = 5.0
"""A connection that held for so long was one: the next failure is the first again."""


async def watch(
    transport: Transport,
    execution_id: str,
    *,
    after: str | None,
    on_interruption: Callable[[NoAnswer], None],
) -> AsyncGenerator[Event, None]:
    """The events of an execution from the first, or from behind `after`, to the last, each one once."""
    path = path_of("executions", execution_id, "events")
    patience = Patience(transport.patience)
    seen, connected_at = after, None
    now = asyncio.get_running_loop().time
    while True:
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": seen} if seen else {})}
        try:
            async with transport.stream(path, headers=headers, silence=SILENCE_SECONDS) as chunks:
                connected_at = now()
                if chunks is None:  # All was told before.
                    return
                async for message in messages(chunks):
                    patience.renew()
                    if _is_behind(message.id, seen):
                        continue  # A server that does not know where to resume begins again.
                    event = event_of(message)
                    seen = message.id or seen
                    if event is not None:
                        yield event
                    if isinstance(event, Ended):
                        return
            raise NoAnswer("the server closed the stream of events before its end", code="answer-lost")
        except NoAnswer as error:
            if connected_at is not None and now() - connected_at > STEADY_SECONDS:
                patience.renew()
            on_interruption(error)
            await patience.wait_after(error, even_if_never_sent=connected_at is not None)


def _is_behind(position: str, seen: str | None) -> bool:
    """Whether a message was seen before. Positions are `<sequence>.<index>`; others are never behind."""
    if not position or seen is None:
        return False
    try:
        return _numbers(position) <= _numbers(seen)
    except ValueError:
        return False


def _numbers(position: str) -> tuple[int, ...]:
    return tuple(int(part) for part in position.split("."))
