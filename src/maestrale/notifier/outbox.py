"""The notices in the database: taken over, read, and deleted once they need not be sent any more.

Deletions are gathered, since each would cost a flush to disk. What a process that dies had not deleted yet is
sent once more, with the same id.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol, TypeVar

from maestrale.core import Notice
from maestrale.engine import Read
from maestrale.errors import Unavailable
from maestrale.store import Lane, Store

T = TypeVar("T")

GATHER_SECONDS = 0.1
AFTER_FAILURE_SECONDS = 2.0
CLAIMED_AT_ONCE = 1_000
"""Notices in one transaction."""

FORGOTTEN_AT_ONCE = 200
"""Lanes in one transaction."""


class Write(Protocol):
    """Writes with a store, away from the event loop."""

    async def __call__(self, work: Callable[[Store], T], /) -> T: ...


class Outbox:
    """See the module. Every method but `forget` raises `Unavailable` where the database does not answer."""

    def __init__(self, read: Read, write: Write) -> None:
        self._read = read
        self._write = write
        self._done: list[Notice] = []
        self._is_dirty = asyncio.Event()
        self._lock = asyncio.Lock()

    async def claim(self) -> None:
        """Take over what processes that are gone had still to send, some at a time: commits come between."""
        while await self._write(lambda store: store.claim_notices(limit=CLAIMED_AT_ONCE)):
            pass

    async def claim_lane(self, root_id: str, target: str) -> None:
        """Take over what they had in this lane."""
        await self._write(lambda store: store.claim_lane(root_id, target))

    async def list_lanes(self, *, after: tuple[str, str] | None, limit: int) -> list[Lane]:
        """Some lanes with something to send, by root and target; those behind `after`."""
        node_id = await self._get_node()
        return await self._read(lambda store: store.list_lanes(node_id, after=after, limit=limit))

    async def read(self, root_id: str, target: str, *, limit: int) -> list[Notice]:
        """The first notices of a lane, without those that need not be sent any more."""
        await self.flush()
        node_id = await self._get_node()
        return await self._read(lambda store: store.list_notices(node_id, root_id, target, limit=limit))

    async def _get_node(self) -> int:
        return await self._write(lambda store: store.node_id)  # In a cluster it may become another one.

    def forget(self, notice: Notice) -> None:
        """It need not be sent any more."""
        self._done.append(notice)
        self._is_dirty.set()

    async def forget_old(self, lanes: Iterable[tuple[str, str]], *, until: datetime) -> int:
        """Delete what these lanes have from that time or before; how many there were."""
        await self.flush()
        keys, count = list(lanes), 0
        for first in range(0, len(keys), FORGOTTEN_AT_ONCE):
            some = keys[first : first + FORGOTTEN_AT_ONCE]
            count += await self._write(lambda store, some=some: store.delete_old_notices(some, until=until))  # type: ignore[misc]
        return count

    async def flush(self) -> None:
        """Delete now what is to be forgotten."""
        async with self._lock:
            done, self._done = self._done, []
            if not done:
                return
            try:
                await self._write(lambda store: store.delete_notices(done))
            except BaseException:
                self._done = done + self._done
                self._is_dirty.set()
                raise

    async def run(self) -> None:
        """Delete, for ever."""
        while True:
            await self._is_dirty.wait()
            self._is_dirty.clear()
            await asyncio.sleep(GATHER_SECONDS)
            try:
                await self.flush()
            except Unavailable:  # The engine tells of it: it cannot commit either.
                await asyncio.sleep(AFTER_FAILURE_SECONDS)
