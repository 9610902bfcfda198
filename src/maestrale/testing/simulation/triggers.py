"""A cron trigger in the simulation, which every machine fires: none knows that it is not the one to do it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from maestrale.clock import Clock
from maestrale.core.events import ExecutionRequested
from maestrale.engine import Engine
from maestrale.ids import derive_id
from maestrale.scheduler import CronTriggers
from maestrale.store import Store, StoreReader
from maestrale.store.records import CronTriggerRecord, WorkflowRecord
from maestrale.testing.clocks import NOON
from maestrale.testing.laws import demand
from maestrale.testing.simulation.chronicle import Chronicle

T = TypeVar("T")

FIRINGS = 2
FIRST_AT = NOON + timedelta(seconds=5)


def add_trigger(store: Store, workflow: str, document: str) -> None:
    """Have a workflow start some times, a minute apart."""
    fields: dict[str, Any] = {"project_id": "<default-project>", "created_at": NOON, "name": workflow}
    record = WorkflowRecord(id=derive_id("workflow", 1), document=document, definition="", **fields)
    trigger = CronTriggerRecord(
        id=derive_id("trigger", 1),
        workflow_id=record.id,
        workflow_name=workflow,
        pattern="* * * * *",
        remaining_executions=FIRINGS,
        next_execution_time=FIRST_AT,
        **fields,
    )
    with store.writing():
        store.insert_record(record)
        store.insert_record(trigger)


def has_firings_left(store: StoreReader) -> bool:
    return bool(store.list_records(CronTriggerRecord))


def make_triggers(engine: Engine, clock: Clock) -> CronTriggers:
    """What fires them on a machine."""

    async def read(work: Callable[[StoreReader], T], /) -> T:
        return await engine.write(work)

    return CronTriggers(engine, read, clock=clock)


def check_firings(chronicle: Chronicle) -> None:
    """A trigger fires once for each of its times, whoever else fires it."""
    begun = [steps[0].entry.event for steps in chronicle.steps.values()]
    fired = [it for it in begun if isinstance(it, ExecutionRequested) and "cron_trigger" in it.description]
    demand(len(fired) == FIRINGS, "a trigger fires once for each of its times", len(fired))
