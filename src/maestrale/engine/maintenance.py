"""Pausing the whole service, so that nothing runs while somebody works on what it needs.

What is running is paused execution by execution; each carries the mark of the maintenance in its
`state_info`, in the same commit that pauses it. So nothing else has to be remembered, however many there
are: whatever is paused with that mark is resumed afterwards, and nothing that somebody else has paused.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Literal, Self

import msgspec
from msgspec import Struct

from maestrale.core.status import ENDED_EXECUTION, ExecutionState, TaskState
from maestrale.engine.engine import Engine
from maestrale.engine.readers import Read
from maestrale.errors import Conflict, Error, NotFound
from maestrale.ids import new_id
from maestrale.store import Access, Condition, Order, Query, StoreReader
from maestrale.store.conditions import MOST_VALUES
from maestrale.store.listing_tables import EXECUTIONS, TASKS

Status = Literal["RUNNING", "PAUSING", "PAUSED"]
Row = Mapping[str, Any]

FIRST_LOOK_SECONDS, LATER_LOOK_SECONDS = 0.1, 2.0
"""Between two looks at whether anything runs still; the pause doubles."""

_SETTING = "maintenance"
_EVERYBODY = Access(is_admin=True)


class Record(Struct, frozen=True):
    """What outlives the process. `mark`: of the executions that are to be resumed; empty once they are."""

    status: Status = "RUNNING"
    mark: str = ""


class Maintenance:
    """Whether the service works. Use it as an asynchronous context manager, inside the engine's.

    Entered, it goes on from where the last process left it.

    Args:
        on_trouble: Called with the error when an execution can be neither paused nor resumed for now.
        on_change: Called when the service has another status.
        on_kept: Called when it is this process that has given it another one, or done what follows from it.
    """

    def __init__(
        self,
        engine: Engine,
        read: Read,
        *,
        on_trouble: Callable[[Error], None] = lambda error: None,
        on_change: Callable[[], None] = lambda: None,
        on_kept: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._read = read
        self._on_trouble = on_trouble
        self._on_change = on_change
        self._on_kept = on_kept
        self._record = Record()
        self._text: str | None = None
        """What is stored of that, as far as is known here: what it becomes is stored only in its stead."""
        self._work: asyncio.Task[None] | None = None
        self._look: asyncio.Task[None] | None = None
        self._changing = asyncio.Lock()

    @property
    def status(self) -> Status:
        return self._record.status

    @property
    def is_working(self) -> bool:
        """Whether the service does work of its own accord."""
        return self.status == "RUNNING"

    async def __aenter__(self) -> Self:
        async with self._changing:
            await self._learn()
            self._go_on()
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._look is not None:
            self._look.cancel()
            with suppress(asyncio.CancelledError):
                await self._look
        await self._stop_work()

    async def pause(self) -> Status:
        """Pause the service, if it is not paused or being paused already. Returns: its status now."""

        def pausing() -> Record:
            # Of an earlier maintenance some may still wait to be resumed: they keep their mark.
            mark = (
                self._record.mark or f"The service is in maintenance and resumes this afterwards [{new_id()}]"
            )
            return Record("PAUSING", mark)

        return await self._change(lambda: pausing() if self.status == "RUNNING" else None)

    async def resume(self) -> Status:
        """Let the service work again; what the maintenance has paused goes on in the background."""
        return await self._change(
            lambda: None if self.status == "RUNNING" else Record("RUNNING", self._record.mark)
        )

    async def _change(self, wanted: Callable[[], Record | None]) -> Status:
        """Store what is wanted in view of what is stored; None: nothing else than that."""
        async with self._changing:
            await self._stop_work()
            try:
                await self._learn()
                while (record := wanted()) is not None:
                    await self._keep(record)
            finally:
                self._go_on()
            return self.status

    async def look(self) -> Status:
        """The status as it is stored: another node may have paused the service, or let it work again.

        This node does its part then, too.
        """
        async with self._changing:
            if await self._learn():
                await self._stop_work()
                self._go_on()
            return self.status

    def look_soon(self) -> None:
        """As `look`, in the background, until it is done."""
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._insist(self.look))

    async def settled(self) -> Status:
        """The status, once what follows from it has happened: nothing runs, or all that was paused does."""
        while self._work is not None and not self._work.done():
            await asyncio.wait([self._work])
        return self.status

    async def _learn(self) -> bool:
        """Read what is stored. Returns: Whether it is something else than what was known here."""
        text = await self._read(lambda store: store.get_setting(_SETTING))
        if text == self._text:
            return False
        self._text = text
        self._record = Record() if text is None else msgspec.json.decode(text, type=Record)
        self._on_change()
        return True

    async def _keep(self, record: Record) -> bool:
        """Store it in the stead of what is known here. False: something else is stored, and is known now."""
        before, text = self._text, msgspec.json.encode(record).decode()
        if not await self._engine.write(lambda store: store.swap_setting(_SETTING, before, text)):
            await self._learn()
            return False
        self._text, self._record = text, record
        self._on_change()
        self._on_kept()
        return True

    async def _conclude(self, record: Record) -> None:
        """What was to be done in the background is done; unless somebody wants something else by now."""
        async with self._changing:
            if not await self._keep(record):
                self._go_on()

    async def _stop_work(self) -> None:
        if self._work is not None:
            self._work.cancel()
            with suppress(asyncio.CancelledError):
                await self._work
            self._work = None

    def _go_on(self) -> None:
        """Do in the background what the status asks for."""
        if self.status == "PAUSING":
            self._work = asyncio.create_task(self._pause_all())
        elif self.status == "RUNNING" and self._record.mark:
            self._work = asyncio.create_task(self._resume_all())

    async def _pause_all(self) -> None:
        mark = self._record.mark
        await self._until_done(lambda: self._pause_running(mark))
        await self._insist(lambda: self._conclude(Record("PAUSED", mark)))

    async def _resume_all(self) -> None:
        mark = self._record.mark
        await self._until_done(lambda: self._resume_paused(mark))
        await self._insist(lambda: self._conclude(Record("RUNNING")))

    async def _until_done(self, attempt: Callable[[], Awaitable[bool]]) -> None:
        """Try again and again, more and more slowly, until it is done."""
        seconds = FIRST_LOOK_SECONDS
        while True:
            try:
                if await attempt():
                    return
            except Error as error:  # Such as a database that does not answer for a while.
                self._on_trouble(error)
            await asyncio.sleep(seconds)
            seconds = min(2 * seconds, LATER_LOOK_SECONDS)

    async def _insist(self, work: Callable[[], Awaitable[object]]) -> None:
        async def attempt() -> bool:
            await work()
            return True

        await self._until_done(attempt)

    async def _pause_running(self, mark: str) -> bool:
        """Pause whatever runs. True: nothing does any more."""

        async def pause(row: Row) -> None:
            await self._engine.pause(row["id"], root_id=row["root_id"], message=mark)

        running = (Condition("state", "eq", str(ExecutionState.RUNNING)),)
        return not await self._for_each(running, pause) and not await self._read(_runs_any_task)

    async def _resume_paused(self, mark: str) -> bool:
        """Resume what the maintenance has paused. True: nothing of it is left."""

        async def resume(row: Row) -> None:
            await self._engine.resume(row["id"], root_id=row["root_id"])

        paused = (
            Condition("state", "eq", str(ExecutionState.PAUSED)),
            Condition("state_info", "eq", mark),
        )
        return not await self._for_each(paused, resume)

    async def _for_each(
        self, conditions: tuple[Condition, ...], work: Callable[[Row], Awaitable[None]]
    ) -> int:
        """Do it with the executions that fulfil the conditions, but only with the oldest of each tree, which
        takes with it what it has started. Returns: With how many.

        Raises:
            Unavailable: The database did not answer.
        """
        query = Query(
            conditions=conditions,
            order=(Order("created_at"), Order("number")),
            attributes=("id", "root_id"),
        )
        rows = await self._read(lambda store: store.list_page(EXECUTIONS, _EVERYBODY, query))
        oldest = {row["root_id"]: row for row in reversed(rows)}
        done = 0
        for row in oldest.values():
            # It may have ended or gone meanwhile, or be another process's, which does not pause.
            with suppress(Conflict, NotFound):
                await work(row)
                done += 1
        return done


def _runs_any_task(store: StoreReader) -> bool:
    """Whether a task runs whose execution has not ended."""
    live = [str(state) for state in ExecutionState if state not in ENDED_EXECUTION]
    query = Query(conditions=(Condition("state", "in", live),), attributes=("id",))
    ids = [row["id"] for row in store.list_page(EXECUTIONS, _EVERYBODY, query)]
    for first in range(0, len(ids), MOST_VALUES):
        conditions = (
            Condition("workflow_execution_id", "in", ids[first : first + MOST_VALUES]),
            Condition("state", "eq", str(TaskState.RUNNING)),
        )
        if store.list_page(TASKS, _EVERYBODY, Query(conditions=conditions, attributes=("id",), limit=1)):
            return True
    return False
