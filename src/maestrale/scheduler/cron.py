"""Firing cron triggers: one sleeping task for all of them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

import structlog

from maestrale.clock import Clock
from maestrale.engine import Engine, Read
from maestrale.engine.background import Background
from maestrale.errors import Conflict, Error, NotFound, Unavailable
from maestrale.ids import new_id
from maestrale.scheduler.alarm import LONGEST_SECONDS, Alarm
from maestrale.scheduler.cron_rules import after_firing, find_cron_start
from maestrale.scheduler.settings import CronSettings
from maestrale.store import Store
from maestrale.store.records import CronTriggerRecord

RETRY_SECONDS = 2.0
"""Until what the database kept from happening is tried again."""

SECRET = "cron_secret"
"""The setting of the database that ids of executions follow from; see `cron_rules.execution_id`."""

log = structlog.get_logger("maestrale.scheduler")


class CronTriggers(Background):
    """Starts the workflows of cron triggers when they are due. Use it as an asynchronous context manager.

    Leaving it in the middle of a start loses nothing and doubles nothing: see `cron_rules.execution_id`.

    Args:
        is_working: Whether the service works; while it does not, nothing fires. See `look_again`.
        on_turn: Called after each turn of a trigger: True: its workflow has started.
    """

    def __init__(
        self,
        engine: Engine,
        read: Read,
        *,
        clock: Clock,
        settings: CronSettings | None = None,
        is_working: Callable[[], bool] = lambda: True,
        on_turn: Callable[[bool], None] = lambda started: None,
    ) -> None:
        self._engine = engine
        self._read = read
        self._clock = clock
        self._settings = settings or CronSettings()
        self._is_working = is_working
        self._on_turn = on_turn
        self._alarm = Alarm()
        self._secret = ""

    @property
    def _is_enabled(self) -> bool:
        return self._settings.is_enabled

    def look_again(self) -> None:
        """Triggers have come or gone, or the service works again: what is due next may be another one."""
        self._alarm.set_off()

    async def fire_due(self) -> None:
        """Fire every trigger that is due by now, once.

        For whoever moves the clock by hand; with a clock that runs, this happens by itself.

        Raises:
            Unavailable: The database kept some of them from it; they are due still.
        """
        now = self._clock.now()
        last: CronTriggerRecord | None = None
        trouble: Unavailable | None = None
        while self._is_working() and (page := await self._list_due(now, last)):
            last = page[-1]
            trouble = await self._fire(page) or trouble
        if trouble is not None:
            raise trouble

    async def _list_due(self, now: datetime, after: CronTriggerRecord | None) -> list[CronTriggerRecord]:
        limit = self._settings.starts_at_once
        return await self._read(lambda store: store.list_due_triggers(now=now, limit=limit, after=after))

    async def _fire(self, page: Sequence[CronTriggerRecord]) -> Unavailable | None:
        """Fire some triggers at once. Returns: What kept some of them from it.

        First they start, then they go on to their next times: in between, the process may die.
        """
        secret = self._secret = self._secret or await self._keep_secret()
        troubles = await asyncio.gather(*(self._start(trigger, secret) for trigger in page))
        done = [trigger for trigger, trouble in zip(page, troubles, strict=True) if trouble is None]
        await self._engine.write(lambda store: advance(store, done, now=self._clock.now()))
        return next(filter(None, troubles), None)

    async def _keep_secret(self) -> str:
        """The secret of this database, made by the first process that needs it. It is durable before use."""
        return await self._engine.write(lambda store: store.keep_setting(SECRET, new_id()))

    async def _start(self, trigger: CronTriggerRecord, secret: str) -> Unavailable | None:
        """Start what a trigger is due for, or log why that cannot be. Returns: What it has to wait for."""
        try:
            request = await self._read(lambda store: find_cron_start(store, trigger, secret=secret))
            await self._engine.start(request)
        except Unavailable as error:
            return error
        except Error as error:
            log.error("a cron trigger could not start its workflow", **_names(trigger), error=str(error))
            self._on_turn(False)
        except Exception:
            log.exception("a cron trigger met a bug", **_names(trigger))
            self._on_turn(False)
        else:
            self._on_turn(True)
        return None

    async def _run(self) -> None:
        while True:
            self._alarm.clear()
            await self._alarm.wait(await self._fire_and_look_ahead())

    async def _fire_and_look_ahead(self) -> float:
        """Fire what is due. Returns: The seconds until there is something to do again."""
        if not self._is_working():
            return LONGEST_SECONDS
        began = self._clock.now()
        try:
            await self.fire_due()
            due_at = await self._read(lambda store: store.next_due_at())
        except Unavailable as error:
            log.warning("cron triggers have to wait for the database", error=str(error))
            return RETRY_SECONDS
        except Exception:  # A bug must not stop all triggers for good.
            log.exception("firing cron triggers failed")
            return LONGEST_SECONDS
        if due_at is None:
            return LONGEST_SECONDS
        if due_at <= began:  # It was tried and could not go on to its next time; not again at once.
            return RETRY_SECONDS
        return (due_at - self._clock.now()).total_seconds()


def advance(store: Store, fired: Sequence[CronTriggerRecord], *, now: datetime) -> None:
    """Let triggers wait for their next times, or delete those that have none, in one transaction.

    What is not due any more when it fired is left alone: somebody else has advanced or deleted it.
    """
    following: list[tuple[CronTriggerRecord, CronTriggerRecord | None]] = []
    for trigger in fired:
        try:
            following.append((trigger, after_firing(trigger, now=now)))
        except Exception:  # One trigger must not keep the others from going on.
            log.exception("a cron trigger met a bug", **_names(trigger))
    with store.writing():
        for trigger, waiting in following:
            stored = store.find_record(CronTriggerRecord, None, id=trigger.id)
            if stored is None or stored.next_execution_time != trigger.next_execution_time:
                continue
            with suppress(Conflict, NotFound):  # Another scheduler has been quicker since.
                if waiting is None:
                    store.delete_record(trigger)
                else:
                    store.update_record(trigger, waiting)


def _names(trigger: CronTriggerRecord) -> Mapping[str, str]:
    """What the log says of a trigger."""
    return {
        "trigger": trigger.name,
        "trigger_id": trigger.id,
        "workflow": trigger.workflow_name,
        "project": trigger.project_id,
        "due_at": trigger.next_execution_time.isoformat(),
    }
