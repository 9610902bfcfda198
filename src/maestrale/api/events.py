"""The events of an execution, as they happened and as they happen: `GET /v2/executions/{id}/events`.

Server-sent events. Each tells the new state of one row; its id, `sequence.index`, is the same for ever,
so that a stream that broke goes on from `Last-Event-ID` without a gap and without a repetition.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from typing import Any, TypeAlias

import msgspec
import structlog
from msgspec import Struct
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from maestrale.api.call import Call
from maestrale.api.endpoint import Endpoint
from maestrale.core import ActionRun, Execution, Task
from maestrale.core.state import Items
from maestrale.core.status import ENDED_EXECUTION
from maestrale.engine import Step, Story
from maestrale.errors import Error, InvalidInput, NotFound
from maestrale.store import StoreReader
from maestrale.store.listing_tables import EXECUTIONS
from maestrale.wire.events import ActionEvent, EndEvent, ExecutionEvent, LoopEvent, TaskEvent

_log = structlog.get_logger("maestrale.api")

KEEP_ALIVE_SECONDS = 15.0
"""How often a comment shows that the stream lives."""

SEND_SECONDS = 30.0
"""How long a client may refuse to read before the stream ends."""

Position: TypeAlias = tuple[int, int]
"""A step's number in its tree, and the place of an event in the step."""

_END = 1_000_000_000
"""Stands behind every event of a step: the place of the last event of a stream."""

_POSITION = re.compile(r"(\d{1,18})\.(\d{1,18})")

Row: TypeAlias = Execution | Task | ActionRun


Word: TypeAlias = tuple[object, ...]
"""What an event tells of a row: as long as this stays, there is nothing to tell."""


class Telling(Struct):
    """What a stream has told so far: which executions it is about, and the last word on each row."""

    execution_id: str
    executions: set[str]
    tasks: set[str]
    told: dict[str, Word]

    def events(self, step: Step) -> Iterator[tuple[Position, str, bytes]]:
        """The position, the kind and the data of each event of a step."""
        at = step.entry.at.isoformat()
        cause = type(step.entry.event).__name__
        changes = step.changes
        rows: list[Row] = [*changes.executions.values(), *changes.tasks.values(), *changes.runs.values()]
        # In the order they were made: a task comes behind its execution, and before those it starts.
        for index, row in enumerate(sorted(rows, key=lambda row: row.number)):
            word = _word(row)
            if self._is_about(row) and self.told.get(row.id) != word:
                self.told[row.id] = word
                yield (step.sequence, index), *_event(row, at, cause)

    def _is_about(self, row: Row) -> bool:
        match row:
            case Execution():
                if row.id == self.execution_id or row.parent_task_id in self.tasks:
                    self.executions.add(row.id)
                return row.id in self.executions
            case Task():
                if row.execution_id in self.executions:
                    self.tasks.add(row.id)
                return row.id in self.tasks
            case ActionRun():
                return row.task_id in self.tasks

    def end(self, step: Step) -> tuple[Position, str, bytes] | None:
        """The last event, if the execution ends in this step."""
        execution = step.changes.executions.get(self.execution_id)
        if execution is None or execution.state not in ENDED_EXECUTION:
            return None
        return (step.sequence, _END), "end", msgspec.json.encode(EndEvent(state=str(execution.state)))


def _word(row: Row) -> Word:
    match row:
        case Execution():
            return row.state, row.state_info
        case Task():
            return row.state, row.state_info, row.attempt, _loop(row.items)
        case ActionRun():
            return row.state, row.attempt


def _loop(items: Items | None) -> LoopEvent | None:
    if items is None:
        return None
    return LoopEvent(
        total=items.total,
        running=items.running,
        succeeded=items.succeeded,
        failed=items.failed,
        cancelled=items.cancelled,
    )


def _event(row: Row, at: str, cause: str) -> tuple[str, bytes]:
    event: ExecutionEvent | TaskEvent | ActionEvent
    match row:
        case Execution():
            kind = "execution"
            event = ExecutionEvent(
                at=at,
                cause=cause,
                id=row.id,
                name=row.workflow,
                state=str(row.state),
                state_info=row.state_info,
                parent_task_id=row.parent_task_id,
                index=row.index,
            )
        case Task():
            kind = "task"
            event = TaskEvent(
                at=at,
                cause=cause,
                id=row.id,
                name=row.name,
                state=str(row.state),
                state_info=row.state_info,
                execution_id=row.execution_id,
                attempt=row.attempt,
                items=_loop(row.items),
            )
        case ActionRun():
            kind = "action_execution"
            event = ActionEvent(
                at=at,
                cause=cause,
                id=row.id,
                name=row.name,
                state=str(row.state),
                execution_id=row.execution_id,
                task_id=row.task_id,
                index=row.index,
                attempt=row.attempt,
            )
    return kind, msgspec.json.encode(event)


_STREAM_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


class EventStream(Response):
    """A response that goes on until its text ends or its reader goes away."""

    def __init__(self, texts: AsyncGenerator[bytes, None]) -> None:
        super().__init__(media_type="text/event-stream", headers=_STREAM_HEADERS)
        del self.headers["content-length"]  # It is not known.
        self._texts = texts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        writing = asyncio.ensure_future(self._write(send))
        leaving = asyncio.ensure_future(_wait_gone(receive))
        try:
            await asyncio.wait([writing, leaving], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (writing, leaving):
                task.cancel()
            await asyncio.gather(writing, leaving, return_exceptions=True)

    async def _write(self, send: Send) -> None:
        async with aclosing(self._texts) as texts:
            try:
                async for text in texts:
                    if not await _is_taken(send, text):
                        return
            except Error:
                pass  # It was deleted, or cannot be followed here: the client asks again and is told.
            except Exception:
                _log.exception("event stream failed", request_id=self.headers.get("x-openstack-request-id"))
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _is_taken(send: Send, text: bytes) -> bool:
    """Send a part of the stream. False: the client is gone, or does not read."""
    try:
        # Who does not read holds up this stream alone, and not for ever.
        async with asyncio.timeout(SEND_SECONDS):
            await send({"type": "http.response.body", "body": text, "more_body": True})
    except OSError:  # A `TimeoutError` is one, too.
        return False
    return True


async def _wait_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def get_events(call: Call) -> Response:
    execution_id = call.path["id"]
    told = _position(call.request.headers.get("last-event-id"))

    def work(store: StoreReader) -> tuple[str, bool] | None:
        row = store.find_row(EXECUTIONS, call.access, execution_id, ("root_id", "finished_at"))
        return None if row is None else (row["root_id"], _has_told_the_end(store, row, told))

    found = await call.backend.read(work)
    if found is None:
        raise NotFound(f"there is no execution `{execution_id}`", code="unknown-execution")
    root_id, is_over = found
    if is_over:
        return Response(status_code=204)  # A browser stops asking then.
    return EventStream(_texts(call, execution_id, root_id, told))


def _has_told_the_end(store: StoreReader, row: Mapping[str, Any], told: Position) -> bool:
    """Whether the client knows the present end of an execution: not an earlier one, after which it was run
    again."""
    sequence, index = told
    if index != _END or row["finished_at"] is None:
        return False
    step = next(iter(store.read_history(row["root_id"], after=sequence - 1)), None)
    return step is not None and step[0] == sequence and step[1].at == row["finished_at"]


def _position(text: str | None) -> Position:
    if not text:
        return (0, 0)
    found = _POSITION.fullmatch(text)
    if found is None:
        raise InvalidInput(
            f"`Last-Event-ID: {text[:50]}` is no id of an event of this stream",
            code="event-id",
            hint="leave it out to get all events, or send the id of the last event that was read",
        )
    return int(found[1]), int(found[2])


async def _texts(call: Call, execution_id: str, root_id: str, told: Position) -> AsyncGenerator[bytes, None]:
    backend = call.backend
    telling = Telling(execution_id, set(), set(), {})
    with backend.engine.feed.subscribe(root_id) as live:
        story = Story(
            backend.engine.world,
            backend.read,
            root_id,
            live,
            pause=KEEP_ALIVE_SECONDS,
        )
        yield b"retry: 1000\n\n"
        end: tuple[Position, str, bytes] | None = None
        is_past = True  # What ended may have been run again since.
        async for step in story.steps():
            if step is None:
                is_past = False
                yield b": keep-alive\n\n"
            else:
                fresh = [event for event in telling.events(step) if event[0] > told]
                if fresh:
                    yield b"".join(_text(*event) for event in fresh)
                if execution_id in step.changes.executions:
                    end = telling.end(step)
            if end is not None and not is_past:
                yield _text(*end)
                return


def _text(position: Position, kind: str, data: bytes) -> bytes:
    sequence, index = position
    return b"id: %d.%d\nevent: %b\ndata: %b\n\n" % (sequence, index, kind.encode(), data)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v2/executions/{id}/events",
        summary="Follow an execution: everything that happened, then what happens, as server-sent events",
        description="Events of the kinds `execution`, `task` and `action_execution` tell the new state of "
        "one row each; `end` comes last. A stream that broke is resumed with the header `Last-Event-ID`.",
        tag="executions",
        handler=get_events,
        result=Mapping[str, Any],
        content_type="text/event-stream",
        statuses=(400, 404),
        takes_seconds=False,
    ),
)
