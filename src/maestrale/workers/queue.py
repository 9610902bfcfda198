"""The attempts that this node decides about and others run."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from itertools import islice
from typing import Protocol, TypeVar

import structlog
from msgspec.structs import replace

from maestrale.clock import Clock
from maestrale.core import Changes, Event
from maestrale.core.events import ActionCompleted, ActionStarted
from maestrale.core.status import ENDED_RUN
from maestrale.engine import Assignment, Reports
from maestrale.engine.background import Background
from maestrale.engine.backoff import Backoff
from maestrale.errors import Error, Unavailable
from maestrale.expressions import Json
from maestrale.store import Store, json_text
from maestrale.store.assignments import AssignmentRow, AttemptKey
from maestrale.workers.local import LocalWorker

T = TypeVar("T")

log = structlog.get_logger("maestrale.workers")

WRITTEN_AT_ONCE = 500
"""Attempts that one transaction writes or deletes."""

WORK = "work"
"""The hint that attempts wait."""

CANCEL = "cancel"
"""The hint to a worker that attempts which it has were called back."""


class Writer(Protocol):
    """Has something done with the store on its thread; `Engine.write` is one."""

    async def __call__(self, work: Callable[[Store], T]) -> T: ...


def row_of(
    assignment: Assignment,
    *,
    shard: int | None,
    home: int | None = None,
    worker: int | None = None,
    clock: Clock,
) -> AssignmentRow:
    """The row of an attempt. `worker`: the node that runs it already."""
    return AssignmentRow(
        run_id=assignment.run_id,
        attempt=assignment.attempt,
        root_id=assignment.root_id,
        shard=shard,
        home=home,
        project_id=assignment.project_id,
        action=assignment.action,
        target=assignment.target,
        worker=worker,
        body=json_text.encode(assignment).decode(),
        ready_at=clock.now(),
    )


class WorkQueue(Background):
    """Implements `Dispatcher` for a node of a cluster.

    What may run in this process goes to the local worker. Anything else becomes a row that a `QueueWorker` of
    another node claims: rows are written and deleted many at a time, after the commit that asked for it. If
    they are lost with this node, whoever has the tree next finds no row and gives the attempt out anew.

    Enter it inside the engine, whose observer calls `observe`. `adopt` is called for shards that were gained,
    before their trees are loaded, and `look_for_lost` whenever nodes are gone.

    Args:
        write: `Engine.write`.
        node_id: The number of this node. None: it has none now, and nothing is written.
        shard_of: The shard of a tree.
        on_lost: Decides that the worker of an attempt is gone: `Engine.lost`.
        hint: Tells a node, or with None all of them, to look at once; it may be lost.
        local: None: this node runs no actions.
        names: What this node is called as a worker: attempts with another target are not run here.
    """

    def __init__(
        self,
        write: Writer,
        *,
        node_id: Callable[[], int | None],
        shard_of: Callable[[str], int],
        on_lost: Callable[[str, str, int], Awaitable[None]],
        clock: Clock,
        hint: Callable[[str, int | None], None] = lambda what, to: None,
        local: LocalWorker | None = None,
        names: Collection[str] = (),
    ) -> None:
        self._write = write
        self._node_id = node_id
        self._shard_of = shard_of
        self._on_lost = on_lost
        self._clock = clock
        self._hint = hint
        self._local = local
        self._names = frozenset(names)
        self._held: dict[str, AssignmentRow] = {}
        """By the id of the run, without the body. It is so small that all of a node's shards fit."""
        self._queued: dict[AttemptKey, AssignmentRow] = {}
        self._doubtful: set[AttemptKey] = set()
        """Of those that are queued, the ones that may be written already: nobody knows."""
        self._over: dict[AttemptKey, None] = {}
        self._called_back: dict[AttemptKey, None] = {}
        self._must_look = False
        self._wake = asyncio.Event()
        self._backoff = Backoff()

    def __len__(self) -> int:
        """How many attempts of this node's trees wait for other nodes, or run there."""
        return len(self._held)

    # The engine's side.

    def submit(self, assignment: Assignment) -> None:
        """Implements `Dispatcher`."""
        if self._local is not None and (assignment.target is None or assignment.target in self._names):
            self._local.submit(assignment)
            return
        before = self._held.get(assignment.run_id)
        if before is not None and before.attempt == assignment.attempt:
            return
        if before is not None:
            self._finish(before)
        row = self._row_of(assignment)
        self._held[row.run_id] = replace(row, body="")
        self._queued[row.key] = row
        self._wake.set()

    def cancel(self, run_id: str, attempt: int) -> None:
        """Implements `Dispatcher`."""
        if self._local is not None:
            self._local.cancel(run_id, attempt)
        row = self._find(run_id, attempt)
        if row is not None:
            del self._held[run_id]
            if self._unqueue(row.key):
                self._called_back[row.key] = None
                self._wake.set()

    def holds(self, run_id: str, attempt: int) -> bool:
        """Implements `Dispatcher`. One whose worker is gone counts until that is decided."""
        here = self._local is not None and self._local.holds(run_id, attempt)
        return here or self._find(run_id, attempt) is not None

    def withdraw(self, run_id: str, attempt: int) -> bool:
        """Implements `Dispatcher`. A row that is written stays for whoever gets the tree; what has one and is
        here, as it was claimed or had begun before its tree came back, goes on here."""
        row = self._find(run_id, attempt)
        if self._local is not None and self._local.holds(run_id, attempt):
            return row is None and self._local.withdraw(run_id, attempt)
        if row is None:
            return False
        del self._held[run_id]
        self._unqueue(row.key)
        return True

    def observe(self, root_id: str, changes: Changes) -> None:
        """Delete the rows of runs that have ended with a commit."""
        for run_id, run in changes.runs.items():
            if run.state in ENDED_RUN and (row := self._held.pop(run_id, None)) is not None:
                self._finish(row)

    async def on_report(self, event: Event, reports: Reports) -> Json:
        """What a worker says of a run that nobody keeps, to the node that waits. `reports`: the engine."""
        match event:
            case ActionStarted(run_id, attempt) if self._find(run_id, attempt) is not None:
                return await reports.started(run_id, attempt)
            case ActionCompleted(run_id, int(attempt), result):
                row = self._find(run_id, attempt)
                if row is not None:
                    await reports.completed(run_id, attempt, result)
                    self._held.pop(run_id, None)
                    self._finish(row)
        return False

    # The cluster's side.

    async def adopt(self, shards: Collection[int]) -> None:
        """Find the attempts of shards that are this node's now. Raises: Unavailable."""
        rows = await self._write(lambda store: store.assignments.of(shards))
        self.forget(shards)
        self._held.update({row.run_id: row for row in rows})
        self.look_for_lost()

    def forget(self, shards: Collection[int]) -> None:
        """These shards are another node's."""
        gone = {run_id: row for run_id, row in self._held.items() if row.shard in shards}
        for run_id, row in gone.items():
            del self._held[run_id]
            self._unqueue(row.key)

    def look_for_lost(self) -> None:
        """Some nodes are gone, and with them what they ran: give those attempts up, soon."""
        self._must_look = True
        self._wake.set()

    def begin_anew(self) -> None:
        """This node has got another number, and has nothing."""
        for gathered in (self._held, self._queued, self._over, self._called_back):
            gathered.clear()
        self._doubtful.clear()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                if not await self._work():
                    await self._backoff.wait()
                    self._wake.set()
            except Unavailable:
                self._backoff.failed()
                await self._backoff.wait()
                self._wake.set()
            except Exception:
                log.exception("giving out work failed")

    async def _work(self) -> bool:
        """Do what there is to do. False: this node has no number now."""
        while self._queued or self._over or self._called_back or self._must_look:
            owner = self._node_id()
            if owner is None:
                return False
            if self._queued or self._over or self._called_back:
                await self._flush(owner)
            else:
                self._must_look = False
                try:
                    await self._give_up_lost(owner)
                except Unavailable:
                    self._must_look = True
                    raise
            self._backoff.succeeded()
        return True

    async def _flush(self, owner: int) -> None:
        queued = dict(islice(self._queued.items(), WRITTEN_AT_ONCE))
        over = list(islice(self._over, WRITTEN_AT_ONCE))
        called_back = list(islice(self._called_back, WRITTEN_AT_ONCE))
        rows = [replace(row, home=None if row.home is None else owner) for row in queued.values()]
        for key in queued:  # From here on, calling it back means to delete it.
            del self._queued[key]
        try:
            told = await self._write(
                lambda store: store.assignments.write(rows, over=over, called_back=called_back, owner=owner)
            )
        except BaseException:
            self._queue_again(queued)
            raise
        self._doubtful -= queued.keys()
        for key in over:
            self._over.pop(key, None)
        for key in called_back:
            self._called_back.pop(key, None)
        if rows:
            self._hint(WORK, None)
        for worker in sorted(told):
            self._hint(CANCEL, worker)

    def _queue_again(self, rows: Mapping[AttemptKey, AssignmentRow]) -> None:
        """Nobody knows whether they are written."""
        wanted = {key: row for key, row in rows.items() if self._find(*key) is not None}
        self._doubtful |= wanted.keys()
        self._queued = wanted | self._queued

    async def _give_up_lost(self, owner: int) -> None:
        for row in await self._write(lambda store: store.assignments.lost(owner=owner)):
            if self._find(*row.key) is None:
                continue  # It is over, or its shard is being adopted: then there will be another look.
            try:
                await self._on_lost(row.root_id, row.run_id, row.attempt)
            except Unavailable:
                raise
            except Error:
                self._held.pop(row.run_id, None)  # There is no such tree any more.
            self._finish(row)  # What goes on has a successor by now, or is waited for from outside.

    def _finish(self, row: AssignmentRow) -> None:
        if self._unqueue(row.key):
            self._over[row.key] = None
            self._wake.set()

    def _unqueue(self, key: AttemptKey) -> bool:
        """There is no need any more to write a row. Returns: Whether there may be one all the same."""
        may_be_written = self._queued.pop(key, None) is None or key in self._doubtful
        self._doubtful.discard(key)
        return may_be_written

    def _find(self, run_id: str, attempt: int) -> AssignmentRow | None:
        row = self._held.get(run_id)
        return row if row is not None and row.attempt == attempt else None

    def _row_of(self, assignment: Assignment) -> AssignmentRow:
        if assignment.is_kept:
            return row_of(assignment, shard=self._shard_of(assignment.root_id), clock=self._clock)
        # Which number this node has is known for certain only when the row is written.
        return row_of(assignment, shard=None, home=self._node_id() or 0, clock=self._clock)
