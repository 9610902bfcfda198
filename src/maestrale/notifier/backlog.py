"""What is to be sent and is in no queue: it is looked for in the database.

That is what processes that are gone have left, what found no room in memory, and whatever should have been
in a queue and is not, for a bug or because nobody knew that a commit had been done.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress

from maestrale.errors import Unavailable
from maestrale.notifier.outbox import AFTER_FAILURE_SECONDS, Outbox
from maestrale.notifier.queues import Host
from maestrale.store import Lane

LOOK_SECONDS = 60.0
"""Between two looks."""

LANES_AT_ONCE, MOST_PAGES = 500, 20
"""Lanes read at once, and how often in one look: the next one goes on from there."""


class Backlog:
    """See the module.

    Args:
        hosts: All hosts that something is to be sent to. Those that want more are given more.
        take: Makes a queue of a lane, if it has none and there is room for it.
    """

    def __init__(self, outbox: Outbox, hosts: Mapping[str, Host], take: Callable[[Lane], None]) -> None:
        self.is_claimed = False
        """Whether all is ours that processes had left which were gone when this one began."""
        self._outbox = outbox
        self._hosts = hosts
        self._take = take
        self._last: tuple[str, str] | None = None
        """The lane up to which it has come."""
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """A host wants more."""
        self._woken.set()

    async def run(self) -> None:
        """Look now and then, and give hosts more when they want it, for ever."""
        while True:
            try:
                await self.look()
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._refill_when_woken()
            except Unavailable:  # The engine tells of it.
                await asyncio.sleep(AFTER_FAILURE_SECONDS)

    async def look(self) -> None:
        """Take over what processes that are gone had still to send, and see what is in no queue.

        Raises:
            Unavailable: The database did not answer.
        """
        await self._outbox.claim()
        self.is_claimed = True
        for _ in range(MOST_PAGES):
            if not await self._read_page():
                return

    async def _refill_when_woken(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            await self.refill()

    async def refill(self) -> None:
        """Give the hosts what they want, as far as there is any. Raises: Unavailable."""
        ends = 0
        while ends < 2 and self._wanting():
            ends += not await self._read_page()
        for host in self._wanting():  # Everything was looked at, and there was room for all of it.
            host.has_more = False

    def _wanting(self) -> list[Host]:
        return [host for host in self._hosts.values() if host.wants_more]

    async def _read_page(self) -> bool:
        """Take the next lanes. False: those were the last, and the first come next."""
        lanes = await self._outbox.list_lanes(after=self._last, limit=LANES_AT_ONCE)
        for lane in lanes:
            self._take(lane)
        is_last = len(lanes) < LANES_AT_ONCE
        self._last = None if is_last else (lanes[-1].root_id, lanes[-1].target)
        return not is_last
