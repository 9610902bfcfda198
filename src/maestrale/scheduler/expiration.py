"""Deleting what has ended and is old, or more than is to be kept.

Source: Mistral v2, section 7.4. Action runs without a task, which Mistral keeps for ever, go by their age.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from maestrale.clock import Clock, monotonic
from maestrale.engine import Engine, Read
from maestrale.engine.background import Background
from maestrale.errors import Unavailable
from maestrale.scheduler.deletions import Deletions, Kind, Rest
from maestrale.scheduler.settings import ExpirationSettings
from maestrale.store import Boundary, StoreReader

RETRY_SECONDS = 60.0
"""Until the next look where the service is paused, or the database did not answer."""

PAGE = 500
"""Trees listed at a time."""

log = structlog.get_logger("maestrale.scheduler")


class Expiration(Background):
    """Looks now and then for what has expired. Use it as an asynchronous context manager.

    Args:
        is_working: Whether the service works; while it does not, nothing is deleted.
        on_deleted: Called for each execution or action run that was deleted.
        rest: Lets time pass between two batches.
    """

    def __init__(
        self,
        engine: Engine,
        read: Read,
        *,
        clock: Clock,
        settings: ExpirationSettings,
        is_working: Callable[[], bool] = lambda: True,
        on_deleted: Callable[[Kind], None] = lambda kind: None,
        rest: Rest = asyncio.sleep,
    ) -> None:
        self._engine = engine
        self._read = read
        self._clock = clock
        self._settings = settings
        self._is_working = is_working
        self._on_deleted = on_deleted
        self._rest = rest

    @property
    def _is_enabled(self) -> bool:
        return self._settings.interval_minutes > 0

    async def _run(self) -> None:
        while True:
            pause = await self._evaluate_or_log()
            await asyncio.sleep(pause)

    async def _evaluate_or_log(self) -> float:
        """Delete what has expired. Returns: The seconds until the next time."""
        retry = min(RETRY_SECONDS, self._settings.interval_minutes * 60.0)
        if not self._is_working():
            return retry
        try:
            await self.evaluate()
        except Unavailable as error:
            log.warning("what has expired cannot be deleted yet", error=str(error))
            return retry
        except Exception:  # A bug must not end it for good.
            log.exception("deleting what has expired failed")
        return self._settings.interval_minutes * 60.0

    async def evaluate(self) -> None:
        """Delete what has expired by now.

        Raises:
            Unavailable: The database did not answer.
        """
        began = monotonic()
        deletions = Deletions(
            self._engine,
            batch_size=self._settings.batch_size,
            is_working=self._is_working,
            on_deleted=self._on_deleted,
            rest=self._rest,
        )
        try:
            await self._delete_executions(deletions)
            await self._delete_runs(deletions)
        finally:
            if counts := deletions.counts:
                log.info(
                    "deleted what had expired",
                    executions=counts["execution"],
                    action_runs=counts["action_run"],
                    seconds=round(monotonic() - began, 3),
                )

    async def _delete_executions(self, deletions: Deletions) -> None:
        boundary = await self._read(self._boundary)
        if boundary is None:
            return
        states = self._settings.states
        await deletions.delete_all(
            "execution",
            lambda last: self._read(
                lambda store: store.list_ended_executions(states, boundary, after=last, limit=PAGE)
            ),
        )

    async def _delete_runs(self, deletions: Deletions) -> None:
        if not self._settings.older_than_minutes:
            return
        states, before = self._settings.states, self._oldest_kept()
        await deletions.delete_all(
            "action_run",
            lambda last: self._read(
                lambda store: store.list_ended_runs(states, before=before, after=last, limit=PAGE)
            ),
        )

    def _boundary(self, store: StoreReader) -> Boundary | None:
        """Up to where executions have expired, for their age or their number. None: none has."""
        settings = self._settings
        boundaries: list[Boundary] = []
        if settings.older_than_minutes:
            boundaries.append(Boundary(self._oldest_kept(), ""))
        if settings.max_finished_executions:
            found = store.find_boundary(settings.states, keep=settings.max_finished_executions)
            boundaries += [] if found is None else [found]
        return max(boundaries, default=None)

    def _oldest_kept(self) -> datetime:
        return self._clock.now() - timedelta(minutes=self._settings.older_than_minutes)
