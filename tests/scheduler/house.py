"""An engine on a database file, with cron triggers and an expiration that a test sets in motion."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self, TypeVar

from maestrale.definitions import read_upload
from maestrale.definitions.workflows import create_workflows
from maestrale.engine import Readers
from maestrale.ids import derive_id
from maestrale.lang import DocumentKind
from maestrale.scheduler import (
    CronSettings,
    CronTriggers,
    Expiration,
    ExpirationSettings,
    cron,
    cron_rules,
)
from maestrale.store import Access, StoreReader, open_reader
from maestrale.store.records import CronTriggerRecord, WorkflowRecord
from maestrale.testing.clocks import NOON, FakeClock

from ..engine.house import House

T = TypeVar("T")

ANN = Access("ann")
SECRET = "what the ids of this house follow from"
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)

ASK = """
version: '2.0'
ask:
  input: [name]
  tasks:
    approve: {action: test.outside}
"""


def execution_id(trigger: CronTriggerRecord) -> str:
    """Of what a trigger starts in such a house."""
    return cron_rules.execution_id(trigger, secret=SECRET)


class TimedHouse(House):
    """Its clock stands still at noon."""

    def __init__(
        self, path: Path, *, at_once: int = 50, clock: FakeClock | None = None, **expiration: Any
    ) -> None:
        super().__init__(path, clock=clock)
        self.is_working = True
        self.turns: list[bool] = []
        self.turned = asyncio.Event()
        self.rests: list[float] = []
        self.deleted: list[str] = []
        self.reading = 0
        self.most_reading = 0
        self.workflow: WorkflowRecord
        self.cron = CronTriggers(
            self.engine,
            self.read,
            clock=self.clock,
            settings=CronSettings(starts_at_once=at_once),
            is_working=lambda: self.is_working,
            on_turn=self._on_turn,
        )
        self.expiration = Expiration(
            self.engine,
            self.read,
            clock=self.clock,
            settings=ExpirationSettings(**expiration),
            is_working=lambda: self.is_working,
            on_deleted=self.deleted.append,
            rest=self._rest,
        )
        self._parts = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        url = f"sqlite:///{self.path}"
        self._readers = Readers(lambda: open_reader(url))
        await self.engine.write(lambda store: store.keep_setting(cron.SECRET, SECRET))
        found = self.store.find_record(WorkflowRecord, ANN, name="ask")
        self.workflow = found or await self.upload(ASK)
        return self

    async def __aexit__(self, kind: object, *error: object) -> None:
        self._readers.close()
        await super().__aexit__(kind, *error)

    async def read(self, work: Callable[[StoreReader], T], /) -> T:
        self.reading += 1
        self.most_reading = max(self.most_reading, self.reading)
        try:
            return await self._readers.run(work)
        finally:
            self.reading -= 1

    def _on_turn(self, started: bool) -> None:
        self.turns.append(started)
        self.turned.set()

    async def _rest(self, seconds: float) -> None:
        self.rests.append(seconds)

    async def upload(self, text: str) -> WorkflowRecord:
        upload = read_upload(text, DocumentKind.WORKFLOWS)
        (made,) = await self.engine.write(lambda store: create_workflows(store, ANN, upload, now=NOON))
        return made

    async def add(self, *triggers: CronTriggerRecord) -> None:
        def insert() -> None:
            with self.store.writing():
                for trigger in triggers:
                    self.store.insert_record(trigger)

        await self.engine.write(lambda store: insert())

    def trigger(self, number: int = 0, *, due: datetime = NOON, **fields: Any) -> CronTriggerRecord:
        given: dict[str, Any] = {
            "id": derive_id("trigger", number),
            "project_id": "ann",
            "created_at": NOON - MINUTE,
            "name": f"trigger-{number}",
            "workflow_id": self.workflow.id,
            "workflow_name": "ask",
            "workflow_input": {"name": "Ann"},
            "pattern": "* * * * *",
            "next_execution_time": due,
        }
        return CronTriggerRecord(**(given | fields))

    async def triggers(self) -> list[CronTriggerRecord]:
        """What is stored of them, in the order of their names."""
        found = await self._readers.run(lambda store: store.list_records(CronTriggerRecord))
        return sorted(found, key=lambda trigger: trigger.name)

    async def executions(self) -> list[str]:
        """The ids of all root executions."""
        return await self._readers.run(lambda store: [root.id for root in store.list_roots(limit=10_000)])
