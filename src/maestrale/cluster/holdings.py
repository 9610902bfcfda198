"""The shards whose executions this node decides: taken, given away, lost.

Everything here happens on the event loop. `ownership` is what the thread that commits checks; a shard is in
it from the moment it may be written until it is given away or found lost. Events are taken for its trees in
a shorter time: after what runs elsewhere for them is known, and until they are to be given away.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog

from maestrale.clock import monotonic
from maestrale.cluster.figures import Figures
from maestrale.cluster.telling import tell_gained, tell_given, tell_lost
from maestrale.cluster.work import Work
from maestrale.engine import Engine
from maestrale.errors import Error, Unavailable
from maestrale.ids import shard_of
from maestrale.store import Store
from maestrale.store.assignments import AssignmentRow
from maestrale.store.membership import View
from maestrale.store.ownership import ShardOwnership

RETRY_SECONDS = 0.2
"""Before the trees of a shard are read again that could not be read."""

log = structlog.get_logger("maestrale.cluster")


class Holdings:
    """See the module.

    Args:
        on_gained: Called once the trees of gained shards go on here: messages for them may be read.
        on_given: Called with the nodes that have been given shards.
    """

    def __init__(
        self,
        engine: Engine,
        ownership: ShardOwnership,
        work: Work,
        *,
        figures: Figures,
        on_gained: Callable[[], None],
        on_given: Callable[[set[int]], None],
    ) -> None:
        self._engine = engine
        self._ownership = ownership
        self._work = work
        self._figures = figures
        self._on_gained = on_gained
        self._on_given = on_given
        self._count = ownership.shard_count
        self._node_id: int | None = None
        self._held: dict[int, int] = {}
        self._coming: dict[int, int] = {}
        self._leaving: dict[int, int] = {}
        self._given: dict[int, int] = {}
        """Under which epoch a shard was given away: a view that is older shows it as ours still."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._unread = 0
        """Gained shards whose trees have not all been read yet."""

    @property
    def shards(self) -> Collection[int]:
        """Those for whose trees events are taken."""
        return self._held.keys()

    @property
    def is_busy(self) -> bool:
        """Whether shards are on their way, here or from here."""
        return bool(self._coming or self._leaving or self._unread)

    def owns(self, root_id: str) -> bool:
        return shard_of(root_id, self._count) in self._held

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def apply(self, view: View, node_id: int, gifts: Mapping[int, int]) -> None:
        """Bring what is held in line with what the database says, and begin to give away `gifts`."""
        if node_id != self._node_id:
            self._begin_anew(node_id)
        mine = {shard.id: shard.epoch for shard in view.shards if shard.node_id == node_id}
        known = {**self._held, **self._coming, **self._leaving}
        self._lose({id for id, epoch in known.items() if mine.get(id) != epoch})
        gained = {id: epoch for id, epoch in mine.items() if id not in known and self._given.get(id) != epoch}
        if gained:
            self._coming |= gained
            self._own()
            self._begin(self._take(gained))
        wanted = {id: to for id, to in gifts.items() if id in self._held}
        if wanted and not self._leaving:
            self._begin(self._give(wanted))

    def _begin_anew(self, node_id: int) -> None:
        """This is a node that has nothing yet; what the one before had is lost."""
        self._lose({*self._held, *self._coming, *self._leaving})
        self._node_id = node_id
        self._given.clear()
        self._own()

    def _own(self) -> None:
        self._ownership.hold(self._node_id, {**self._held, **self._coming, **self._leaving})

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._on_task_end)

    def _on_task_end(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (bug := task.exception()) is not None:
            log.error("moving shards met a bug", exc_info=bug)

    # Losing.

    def _lose(self, shards: Collection[int]) -> None:
        """Others have them. What is decided and not committed will not be."""
        if not shards:
            return
        was_given = all(id in self._leaving for id in shards)
        for id in shards:
            for held in (self._held, self._coming, self._leaving):
                held.pop(id, None)
        self._own()
        self._work.forget(shards)
        trees = self._engine.drop(lambda root_id: shard_of(root_id, self._count) in shards)
        if not was_given:
            tell_lost(shards, trees=trees)
            self._figures.on_lost(len(shards))

    # Taking.

    async def _take(self, shards: Mapping[int, int]) -> None:
        began = monotonic()
        self._unread += len(shards)
        try:
            await self._insist(shards, self._learn)
            still = {id: epoch for id, epoch in shards.items() if self._coming.get(id) == epoch}
            for id in still:
                del self._coming[id]
            self._held |= still
            self._on_gained()
            trees = 0

            async def adopt(shards: Collection[int]) -> None:
                nonlocal trees
                root_ids = await self._engine.write(lambda store: store.unfinished_trees(shards))
                await self._engine.adopt_many(root_ids)
                trees = len(root_ids)

            await self._insist(still, adopt)
        finally:
            self._unread -= len(shards)
        if still:
            tell_gained(still.keys(), trees=trees, seconds=monotonic() - began)
            self._figures.on_takeover(len(still), monotonic() - began)

    async def _learn(self, shards: Collection[int]) -> None:
        """What runs on other nodes for their trees must be known before it is taken for lost."""
        await self._work.learn(shards)

    async def _insist(
        self, shards: Mapping[int, int], work: Callable[[Collection[int]], Awaitable[None]]
    ) -> None:
        """Do it with those that are still ours, however long the database takes to answer."""
        while left := [id for id, epoch in shards.items() if self._epoch(id) == epoch]:
            try:
                await work(left)
                return
            except Error as error:
                log.warning("executions cannot be taken over yet", error=str(error))
            await asyncio.sleep(RETRY_SECONDS)

    def _epoch(self, shard: int) -> int | None:
        return self._held.get(shard, self._coming.get(shard))

    # Giving.

    async def _give(self, gifts: Mapping[int, int]) -> None:
        """Let go of the trees once what is decided is durable, then of the shards, in the same commit as the
        rows of what goes on here for them."""
        # Some may have been lost since they were due.
        gifts = {id: to for id, to in gifts.items() if id in self._held}
        epochs = {id: self._held.pop(id) for id in gifts}
        self._leaving |= epochs
        with suppress(Error):
            underway = await self._engine.hand_over(lambda root_id: shard_of(root_id, self._count) in epochs)
            rows = defaultdict(list)
            for root_id, assignment in underway:
                shard = shard_of(root_id, self._count)
                rows[gifts[shard]].append(self._work.row_of(root_id, shard, assignment))
            by_node: dict[int, dict[int, int]] = defaultdict(dict)
            for shard, to in gifts.items():
                if self._leaving.get(shard) == epochs[shard]:
                    by_node[to][shard] = epochs[shard]
            for to, shards in by_node.items():
                await self._give_to(to, shards, rows[to])
        for id in epochs:  # What could not be given is found to be ours with the next view, and taken again.
            self._leaving.pop(id, None)
        self._own()

    async def _give_to(self, to: int, shards: Mapping[int, int], rows: Sequence[AssignmentRow]) -> None:
        def give(store: Store) -> list[int]:
            return store.give_shards(shards, to=to, attempts=rows)

        given = await self._insist_on_giving(shards, give)
        for id in given:
            self._given[id] = shards[id]
        self._work.forget(given)
        self._work.keep([row for row in rows if row.shard in given])
        self._on_given({to})
        tell_given(given, to=to)
        self._figures.on_given(len(given))

    async def _insist_on_giving(
        self, shards: Mapping[int, int], give: Callable[[Store], list[int]]
    ) -> Sequence[int]:
        """Which are given. Until that is known they are neither ours nor others': a view that is older than
        the gift would bring them back, and the next one end what goes on here for others."""
        node_id, is_first = self._node_id, True
        while not shards.keys().isdisjoint(self._leaving):
            try:
                given = await self._engine.write(give)
            except Unavailable as error:
                log.warning("executions cannot be given away yet", error=str(error))
                is_first = False
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return given if is_first else list(shards)  # What this has not given, one before it has.
        # A view tells that others have them: as a gift, unless this node has been taken for dead.
        return list(shards) if not is_first and self._node_id == node_id else ()
