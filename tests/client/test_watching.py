"""Streams of events: how they are read, and how they go on when they break."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestrale.client import Client, Ended, Event, NoAnswer, TaskChanged
from maestrale.client.events import Message, messages
from maestrale.errors import Unavailable

from .house import LOST, BreakingServer, answer, collected, stream

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def told(position: str, state: str) -> str:
    data = {
        "at": NOON.isoformat(),
        "cause": "C",
        "id": "t",
        "name": "n",
        "state": state,
        "execution_id": "e1",
    }
    return f"id: {position}\nevent: task\ndata: {json.dumps(data)}\n\n"


def seen(position: str, state: str) -> TaskChanged:
    return TaskChanged(
        position=position, at=NOON, cause="C", id="t", name="n", state=state, execution_id="e1"
    )


END = 'id: 9.0\nevent: end\ndata: {"state": "SUCCESS"}\n\n'


class Watched:
    """What a watch of `e1` gave, and what the server was asked."""

    def __init__(self, events: Sequence[Event], server: BreakingServer, interruptions: Sequence[str]) -> None:
        self.events = list(events)
        self.interruptions = list(interruptions)
        self.resumed_after = [asked.headers.get("last-event-id") for asked in server.asked]


async def watch(*answers: bytes, after: str | None = None, patience: float = 30.0) -> Watched:
    interruptions: list[str] = []
    async with BreakingServer(*answers) as server, Client(server.url, patience=patience) as client:
        events = await collected(
            client.executions.watch(
                "e1", after=after, on_interruption=lambda error: interruptions.append(error.code)
            )
        )
    return Watched(events, server, interruptions)


async def test_a_stream_that_breaks_goes_on_behind_the_last_whole_event() -> None:
    broken = stream(": keep-alive\n\n", told("1.0", "RUNNING"), told("2.0", "DELAYED")[:-9])
    watched = await watch(broken, LOST, stream(told("2.0", "DELAYED"), told("3.1", "SUCCESS"), END))

    assert watched.events == [
        seen("1.0", "RUNNING"),
        seen("2.0", "DELAYED"),
        seen("3.1", "SUCCESS"),
        Ended("SUCCESS"),
    ]
    assert watched.resumed_after == [None, "1.0", "1.0"]
    assert watched.interruptions == ["answer-lost", "answer-lost"]


async def test_a_server_that_begins_again_repeats_nothing() -> None:
    everything = [told("1.0", "RUNNING"), told("2.0", "PAUSED"), told("10.0", "SUCCESS")]
    watched = await watch(stream(*everything[:2]), stream(*everything, END.replace("9.0", "10.1")))

    assert watched.events == [
        seen("1.0", "RUNNING"),
        seen("2.0", "PAUSED"),
        seen("10.0", "SUCCESS"),
        Ended("SUCCESS"),
    ]


async def test_a_server_that_restarts_is_waited_for() -> None:
    watched = await watch(
        stream(told("1.0", "RUNNING")), answer({}, 503, retry_after="0"), stream(told("2.0", "SUCCESS"), END)
    )

    assert [event.state for event in watched.events] == ["RUNNING", "SUCCESS", "SUCCESS"]
    assert watched.resumed_after == [None, "1.0", "1.0"]


async def test_a_stream_of_which_all_is_known_is_empty() -> None:
    watched = await watch(answer(b"", 204), after="9.1000000000")

    assert (watched.events, watched.resumed_after) == ([], ["9.1000000000"])


async def test_events_of_a_later_version_are_passed_over() -> None:
    news = "id: 1.1\nevent: weather\ndata: sunny\n\n"
    watched = await watch(stream(told("1.0", "RUNNING"), news), stream(END))

    assert watched.events == [seen("1.0", "RUNNING"), Ended("SUCCESS")]
    assert watched.resumed_after == [None, "1.1"]


async def test_a_server_that_stays_away_ends_the_watch() -> None:
    with pytest.raises(NoAnswer) as gone:
        await watch(stream(told("1.0", "RUNNING")), patience=0.05)

    assert gone.value.code == "answer-lost"


async def test_an_event_that_is_not_understood_is_told_with_its_place() -> None:
    with pytest.raises(Unavailable) as odd:
        await watch(stream("id: 4.2\nevent: task\ndata: {}\n\n"))

    assert odd.value.code == "unexpected-answer"
    assert "4.2" in odd.value.message


# The form of the stream.


async def _chunks(parts: Sequence[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def read(*parts: bytes) -> list[Message]:
    return await collected(messages(_chunks(parts)))


async def test_messages_have_the_last_id_and_all_lines_of_data() -> None:
    text = (
        b"\xef\xbb\xbfid: 1\nevent: a\ndata: x\ndata:y\nother: z\n: comment\n\n"
        b"data\n\nid: 2\n\nevent: b\ndata:  z\n\ndata: cut"
    )

    assert await read(text) == [
        Message("1", "a", "x\ny"),
        Message("1", "message", ""),
        Message("2", "b", " z"),
    ]


KNOWN_LINES = ["", "id: 1", "id: é", "event: e", "data: \u2028x\x85", "data: {}", ": c", "data"]
LINES = st.lists(st.sampled_from(KNOWN_LINES), max_size=12)


@given(
    lines=LINES,
    ends=st.lists(st.sampled_from(["\n", "\r\n", "\r"]), min_size=12, max_size=12),
    cuts=st.lists(st.integers(0, 120), max_size=8),
)
def test_neither_line_ends_nor_cuts_change_what_is_read(
    lines: list[str], ends: list[str], cuts: list[int]
) -> None:
    text = "".join(line + end for line, end in zip(lines, ends, strict=False)).encode()
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    parts = [text[start:end] for start, end in pairwise(places)]

    whole = asyncio.run(read("".join(f"{line}\n" for line in lines).encode()))

    assert asyncio.run(read(*parts)) == whole
