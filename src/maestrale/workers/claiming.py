"""Running what other nodes decide about."""

import asyncio
from collections.abc import Callable, Collection
from functools import cached_property

import structlog

from maestrale.engine import Assignment
from maestrale.engine.background import Background
from maestrale.engine.backoff import Backoff
from maestrale.errors import Unavailable
from maestrale.store import json_text
from maestrale.store.assignments import AssignmentRow, AttemptKey
from maestrale.workers.local import LocalWorker
from maestrale.workers.queue import Writer
from maestrale.workers.reports import RoutedReports

log = structlog.get_logger("maestrale.workers")

_decode = json_text.decoder(Assignment)


class QueueWorker(Background):
    """Claims attempts that wait in the database, and has the local worker run them.

    It claims no more than would begin at once, and only actions that it has. Enter it inside the engine,
    and call `look` with each beat and each hint: without that it asks the database for nothing, except that
    it claims more where the last claim has left something and a place has become free.

    Args:
        local: Runs them. Its reports are `reports`.
        write: `Engine.write`.
        node_id: The number of this node. None: it has none now, or its lease has ended; nothing is claimed.
        names: What this node is called: attempts that have another target are left to others.
    """

    def __init__(
        self,
        local: LocalWorker,
        reports: RoutedReports,
        write: Writer,
        *,
        node_id: Callable[[], int | None],
        names: Collection[str] = (),
    ) -> None:
        self._local = local
        self._reports = reports
        self._write = write
        self._node_id = node_id
        self._names = tuple(names)
        self._kept: set[AttemptKey] = set()
        """Run here for trees that this node has given away; the engine reports of them."""
        self._ended: set[AttemptKey] = set()
        """Ended, and their owner is to delete the row."""
        self._unwanted: set[AttemptKey] = set()
        """Ended, and nobody else deletes the row."""
        self._last_project = ""
        self._must_check = False
        self._may_claim = False
        self._has_more = False
        self._wake = asyncio.Event()
        self._backoff = Backoff()
        reports.on_end = self._on_end

    @cached_property
    def _actions(self) -> tuple[list[str], list[str]]:
        """Plugins are imported for it: only where something is to be claimed."""
        return self._local.actions

    @property
    def running(self) -> int:
        """How many attempts of other nodes' trees are under way here."""
        return len(self._reports.errands) + len(self._kept)

    def look(self, queued: int | None) -> None:
        """Claim if attempts wait, and find out what was called back. Never waits.

        Args:
            queued: How many wait, as the last view of the cluster tells (`View.queued`). None: not known.
        """
        if queued is not None:
            self._may_claim = queued > 0
        self._must_check = self._must_check or bool(self._reports.errands or self._kept or self._unwanted)
        if self._may_claim or self._must_check:
            self._wake.set()

    def keep(self, rows: Collection[AssignmentRow]) -> None:
        """These attempts run here, and their trees have been given to another node."""
        self._kept.update(row.key for row in rows)

    def drop(self) -> None:
        """This node's number is no node's any more: end what it has claimed. Others have given it up."""
        for key in [*self._reports.errands, *self._kept]:
            self._reports.forget(key)
            self._local.cancel(*key)
        for keys in (self._kept, self._ended, self._unwanted):
            keys.clear()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._work()
                self._backoff.succeeded()
            except Unavailable:
                self._must_check = True  # What was written may be stored: a claim above all.
                self._backoff.failed()
                await self._backoff.wait()
                self._wake.set()
            except Exception:
                log.exception("claiming work failed")

    async def _work(self) -> None:
        node_id = self._node_id()
        if node_id is None or self._local.is_closed:
            return  # What was cut off at the end has its row still: it is given up once this node is gone.
        if self._must_check:
            self._must_check = False
            await self._check(node_id)
        if self._may_claim:
            await asyncio.sleep(0)  # An attempt leaves its place just after its report.
            await self._claim(node_id)

    # What it has.

    def _on_end(self, key: AttemptKey, is_wanted: bool) -> None:
        (self._ended if is_wanted else self._unwanted).add(key)
        # While some wait here for a place, the next beat is soon enough to look for those of other trees.
        if self._has_more and not self._local.waiting:
            self._may_claim = True
            self._wake.set()

    async def _check(self, node_id: int) -> None:
        """Compare what runs here with what is to run here."""
        self._see_ends()
        errands, kept, ended = set(self._reports.errands), set(self._kept), set(self._ended)
        unwanted = set(self._unwanted)
        if unwanted:
            await self._write(lambda store: store.assignments.let_go(worker=node_id, drop=unwanted))
            self._unwanted -= unwanted
        rows = set(await self._write(lambda store: store.assignments.claimed(node_id)))
        for key in (errands | kept) - rows:
            self._reports.forget(key)
            self._kept.discard(key)
            self._local.cancel(*key)
        self._ended -= ended - rows
        # Claimed by a transaction whose answer was lost: nobody has begun them. What runs here is known to
        # this node only a moment after its row is written, where its tree has just been given away.
        unknown = {key for key in rows - errands - kept - ended if not self._local.holds(*key)}
        if unknown:
            await self._write(lambda store: store.assignments.let_go(worker=node_id, release=unknown))

    def _see_ends(self) -> None:
        """Find what has ended and had nothing to report, such as the beginning of an asynchronous action."""
        for key in [key for key in self._reports.errands if not self._local.holds(*key)]:
            self._reports.forget(key)
            self._unwanted.add(key)
        over = {key for key in self._kept if not self._local.holds(*key)}
        self._kept -= over
        self._ended |= over

    # What it takes on.

    async def _claim(self, node_id: int) -> None:
        self._may_claim = self._has_more = False
        crowded = self._local.crowded
        for actions, room in zip(self._actions, self._local.room, strict=True):
            if not room:
                self._has_more = True
                continue
            rows = await self._claim_some(node_id, actions, room, crowded)
            for row in rows:
                self._reports.add(row)
                self._local.submit(_decode(row.body))
            self._has_more = self._has_more or len(rows) == room
        if crowded and not self._local.waiting:  # Those that waited have begun meanwhile.
            self._may_claim = True
            self._wake.set()
        self._has_more = self._has_more or self._local.waiting > 0

    async def _claim_some(
        self, node_id: int, actions: list[str], limit: int, crowded: Collection[str]
    ) -> list[AssignmentRow]:
        after = self._last_project
        rows = await self._write(
            lambda store: store.assignments.claim(
                worker=node_id,
                limit=limit,
                actions=actions,
                names=self._names,
                after=after,
                not_of=crowded,
            )
        )
        if rows:
            self._last_project = rows[-1].project_id
        return rows
