"""Going on with what no living process runs any more."""

import asyncio
from collections import deque

import structlog

from maestrale.clock import monotonic
from maestrale.engine import Engine
from maestrale.errors import Conflict, Error, NotFound, Unavailable

AT_ONCE = 16
"""How many trees are read at the same time. The thread of the store takes them one after the other; more
would only keep requests waiting behind them."""

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 60.0
"""Seconds between attempts at what did not work."""

log = structlog.get_logger("maestrale.server")


class Adoption:
    """Takes over every unfinished tree that no living process has, and lets each go on.

    A tree that cannot be read does not keep the others: what fails is logged, and tried again for as long
    as the process lives.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: deque[str] = deque()
        self._failed: list[str] = []
        self._is_done = False

    @property
    def why_not_ready(self) -> str | None:
        """What is still to be done, for people. None: everything was tried once."""
        if self._is_done:
            return None
        return f"taking over unfinished executions, {len(self._waiting)} to go"

    async def run(self) -> None:
        """Do it, however long the database takes to answer."""
        started = monotonic()
        self._waiting.extend(await self._claim())
        count = len(self._waiting)
        await self._adopt_all()
        self._is_done = True
        if count:
            went_on = count - len(self._failed)
            seconds = round(monotonic() - started, 3)
            log.info("took over unfinished executions", count=went_on, seconds=seconds)
        pause = FIRST_PAUSE
        while self._failed:
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
            self._waiting.extend(self._failed)
            self._failed.clear()
            await self._adopt_all()

    async def _claim(self) -> list[str]:
        pause = FIRST_PAUSE
        while True:
            try:
                return await self._engine.write(lambda store: store.claim())
            except Unavailable as error:
                log.warning("unfinished executions cannot be taken over yet", error=str(error))
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _adopt_all(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(AT_ONCE, len(self._waiting))):
                group.create_task(self._adopt_some())

    async def _adopt_some(self) -> None:
        while self._waiting:
            root_id = self._waiting.popleft()
            try:
                await self._engine.adopt(root_id)
            except (NotFound, Conflict):
                pass  # It was deleted meanwhile, or another process has it.
            except Error as error:
                self._failed.append(root_id)
                log.error("an execution cannot go on yet", root_execution_id=root_id, error=str(error))
            except Exception:  # A bug that one tree leads to must not stop all the others.
                log.exception("an execution cannot go on", root_execution_id=root_id)
