"""Which cron triggers are due, found by the index of their next times."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from maestrale.store.blobs import BlobReader
from maestrale.store.columns import instant_parameter, instant_value
from maestrale.store.database import Database
from maestrale.store.record_tables import CRON_TRIGGERS
from maestrale.store.records import CronTriggerRecord


def list_due_triggers(
    database: Database, *, now: datetime, limit: int, after: CronTriggerRecord | None
) -> list[CronTriggerRecord]:
    """The cron triggers of all projects that are due by now, those first that have waited longest.

    `after`: only those that come behind this one.
    """
    conditions, parameters = ["next_execution_time <= ?"], [instant_parameter(now)]
    key: Sequence[Any] = ()
    if after is not None:
        conditions.append("(next_execution_time, id) > (?, ?)")
        key = (instant_parameter(after.next_execution_time), after.id)
    rows = database.rows(
        f"{CRON_TRIGGERS.select} WHERE {' AND '.join(conditions)} ORDER BY next_execution_time, id LIMIT ?",
        (*parameters, *key, limit),
    )
    return CRON_TRIGGERS.decode(rows, BlobReader(database))


def next_due_at(database: Database) -> datetime | None:
    """When the next cron trigger is due, or was. None: there is none."""
    [(soonest,)] = database.rows("SELECT min(next_execution_time) FROM cron_triggers")
    return None if soonest is None else instant_value(soonest)
