"""Deleting many trees without holding anybody up."""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Literal, TypeAlias

import structlog

from maestrale.clock import monotonic
from maestrale.engine import Engine
from maestrale.errors import Conflict, Forbidden, NotFound, Unavailable
from maestrale.store import Ended

Kind: TypeAlias = Literal["execution", "action_run"]
"""What the root of a tree is."""

ListMore: TypeAlias = Callable[[Ended | None], Awaitable[list[Ended]]]
"""Lists some of the trees behind the one it is given; none: that was all."""

Rest: TypeAlias = Callable[[float], Awaitable[None]]
"""Lets so many seconds pass."""

MOST_FAILURES = 5
"""Damaged trees in a row before the round ends: then the whole database is."""

log = structlog.get_logger("maestrale.scheduler")


class Deletions:
    """One round of deletions.

    One tree is deleted after the other, each in a transaction of its own, and after each batch there is a
    rest as long as that took: commits of others wait for one tree at most.

    Args:
        batch_size: How many are deleted without a rest; 0: all.
        is_working: Once it says no, nothing more is deleted.
        on_deleted: Called for each tree that was deleted.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        batch_size: int,
        is_working: Callable[[], bool],
        on_deleted: Callable[[Kind], None],
        rest: Rest,
    ) -> None:
        self.counts: Counter[Kind] = Counter()
        self._engine = engine
        self._batch_size = batch_size
        self._is_working = is_working
        self._on_deleted = on_deleted
        self._rest = rest
        self._in_batch = 0
        self._batch_began = monotonic()
        self._failures = 0

    async def delete_all(self, kind: Kind, list_more: ListMore) -> None:
        """Delete all that is listed.

        Raises:
            Unavailable: The database did not answer.
        """
        last: Ended | None = None
        while self._is_working() and (page := await list_more(last)):
            last = page[-1]
            for ended in page:
                if not self._is_working():
                    return
                await self._delete(kind, ended)
                await self._rest_after_batch()

    async def _delete(self, kind: Kind, ended: Ended) -> None:
        try:
            await self._engine.delete(ended.id)
        except (NotFound, Conflict, Forbidden):
            return  # Somebody else was quicker: it is deleted, runs again, or belongs to another process.
        except Unavailable as error:
            self._failures += 1
            if error.code != "database-damaged" or self._failures == MOST_FAILURES:
                raise
            log.error("what has expired cannot be deleted", root_id=ended.id, error=str(error))
            return
        self._failures = 0
        self.counts[kind] += 1
        self._on_deleted(kind)

    async def _rest_after_batch(self) -> None:
        self._in_batch += 1
        if self._in_batch == self._batch_size:
            await self._rest(monotonic() - self._batch_began)
            self._in_batch, self._batch_began = 0, monotonic()
