"""Which trees this node has: taken from the database, read again, let go of, deleted."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial

from msgspec import Struct, field

from maestrale.core import Event, State
from maestrale.core.effects import Effect
from maestrale.core.status import ENDED_RUN
from maestrale.engine.assignments import Assignment
from maestrale.engine.attempts import Attempts
from maestrale.engine.backoff import Backoff
from maestrale.engine.bugs import report
from maestrale.engine.doubts import Doubts
from maestrale.engine.ends import Ends
from maestrale.engine.feed import Feed
from maestrale.engine.ledger import Batch, Ledger, Pending
from maestrale.engine.recovery import attempts_lost, effects_due
from maestrale.engine.refusals import not_kept, refuse
from maestrale.engine.routing import Receipt
from maestrale.engine.store_thread import StoreThread
from maestrale.engine.timers import Timers
from maestrale.errors import Error, Forbidden, NotFound, Unavailable
from maestrale.store import LeaseLost, Store, TreeRows
from maestrale.store.ownership import NotOwned

DAMAGED = "database-damaged"
"""The code of what concerns one tree, however well the database answers for others."""

READ_AT_ONCE = 50
"""Trees that are read in one go; the thread of the store has other work in between."""


class Deletion(Struct, frozen=True):
    """A tree that is being deleted. `over` is set once it is decided whether it is gone; `postponed` happened
    meanwhile, and counts only if it is not."""

    over: asyncio.Event = field(default_factory=asyncio.Event)
    postponed: list[Event] = field(default_factory=list)


class Loaded(Struct, frozen=True):
    """A tree as it is stored, and whether a commit of which nobody knew is part of that."""

    rows: TreeRows
    has_doubted: bool


class Custody:
    """See the module. What it takes, it takes into the ledger.

    Args:
        backoff: How long to wait before a tree is read again.
        owns: Whether this node may take a tree; see `Router`.
        why_closed: Why nothing is decided any more; None: it is.
        on_taken: Called with what the rows of a tree ask for: effects to carry out, events to decide.
        on_stored: Called with steps whose commit had failed, and which are stored all the same.
        on_trouble: Called with the error that keeps a tree from being read, or took it from this node.
    """

    def __init__(
        self,
        store: Store,
        thread: StoreThread,
        ledger: Ledger,
        attempts: Attempts,
        timers: Timers,
        *,
        backoff: Backoff,
        owns: Callable[[str], bool],
        why_closed: Callable[[], Unavailable | None],
        on_taken: Callable[[str, list[Effect], Iterable[Event]], None],
        on_stored: Callable[[Pending], None],
        on_trouble: Callable[[Error], None],
    ) -> None:
        self.ends = Ends()
        self.feed = Feed(self._sees)
        self._store = store
        self._thread = thread
        self._ledger = ledger
        self._attempts = attempts
        self._timers = timers
        self._backoff = backoff
        self._owns = owns
        self._why_closed = why_closed
        self._on_taken = on_taken
        self._on_stored = on_stored
        self._on_trouble = on_trouble
        self._doubts = Doubts()
        self._reloading: dict[str, asyncio.Task[None]] = {}
        self._deletions: dict[str, Deletion] = {}

    def check_open(self) -> None:
        """Raises: Unavailable: Nothing is decided any more."""
        if (closed := self._why_closed()) is not None:
            raise closed

    def _sees(self, root_id: str) -> bool:
        """Whether nobody but this node commits what becomes of the tree from now on.

        Of a file any process may take a tree that nobody has in memory.
        """
        return self.holds(root_id) or (self._store.is_shared and self._owns(root_id))

    def holds(self, root_id: str) -> bool:
        """Whether the tree is in memory, or will be again, or be gone, as soon as the database answers."""
        return root_id in self._ledger or root_id in self._reloading or root_id in self._deletions

    @property
    def reloading(self) -> list["asyncio.Task[None]"]:
        """What is under way to read trees again."""
        return list(self._reloading.values())

    # Taking a tree.

    async def adopt(self, root_id: str) -> bool:
        """Take a tree from the database and let it go on. False: it is not there.

        Raises:
            Conflict: Another living process runs it.
            Unavailable: The database did not answer.
        """
        found = await self.take(root_id)
        self.see_end(root_id)
        return found

    async def take(self, root_id: str) -> bool:
        """As `adopt`, and keep it even if it has ended: for whoever has an event for it. See `see_end`."""
        self.check_open()
        while (deletion := self._deletions.get(root_id)) is not None:
            await deletion.over.wait()
        if root_id in self._ledger:
            return True
        loaded = await self._thread.run(lambda: self._claim(root_id))
        self.check_open()
        if root_id in self._deletions:
            return await self.take(root_id)  # Somebody else was quicker, and is deleting what was read here.
        if root_id in self._ledger:
            return True  # Somebody else was quicker.
        if not self._owns(root_id):
            raise NotOwned(root_id, None)  # It was to be given to another node meanwhile.
        return self._receive(root_id, loaded)

    async def adopt_many(self, root_ids: Sequence[str]) -> None:
        """As `adopt`, for trees that are this node's already; those that are not there are passed over.

        One that cannot be read is told of, and does not keep the others.

        Raises:
            Unavailable: The database did not answer. Those that were read have been taken.
        """
        for first in range(0, len(root_ids), READ_AT_ONCE):
            await self._adopt_some(root_ids[first : first + READ_AT_ONCE])

    async def _adopt_some(self, root_ids: Sequence[str]) -> None:
        self.check_open()
        wanted = [id for id in root_ids if self._may_receive(id)]
        try:
            found = await self._thread.run(partial(self._read_many, wanted))
        except Unavailable as error:
            if error.code != DAMAGED:
                raise
            if len(wanted) == 1:
                self._on_trouble(error)
                return
            for root_id in wanted:
                await self._adopt_some([root_id])
            return
        self.check_open()
        for root_id, loaded in found:
            if self._may_receive(root_id):
                try:
                    self._receive(root_id, loaded)
                    self.see_end(root_id)
                except Exception as bug:  # That one tree leads to; the others have to go on.
                    report(bug, f"the execution `{root_id}` cannot go on")
                await asyncio.sleep(0)  # Others want their turn: a tree may be large.

    def _may_receive(self, root_id: str) -> bool:
        return self._owns(root_id) and not self.holds(root_id)

    def _read_many(self, root_ids: Sequence[str]) -> list[tuple[str, Loaded]]:
        return [
            (rows.tree.id, Loaded(rows, self._doubts.is_stored(self._store, rows.tree.id)))
            for rows in self._store.load_trees(root_ids)
        ]

    def _receive(self, root_id: str, loaded: Loaded | None) -> bool:
        """Take a tree as it is stored, and do what its rows ask for. False: it is not stored."""
        self._settle_doubt(root_id, loaded)
        if loaded is None:
            return False
        state = self._ledger.load(loaded.rows)
        self._attempts.learn(root_id, state)
        lost = attempts_lost(state, self._attempts.holds)
        self._on_taken(root_id, list(effects_due(state, self._attempts.holds)), lost)
        return True

    def _claim(self, root_id: str) -> Loaded | None:
        """The rows of a tree that is ours from now on: what others run must not be carried out here too."""
        try:
            self._store.claim_tree(root_id)
        except NotFound:
            return None
        rows = self._store.load_tree(root_id)
        return None if rows is None else Loaded(rows, self._doubts.is_stored(self._store, root_id))

    def _settle_doubt(self, root_id: str, loaded: Loaded | None) -> None:
        """Tell of what had been committed although nobody knew, before anything that comes after it."""
        pending = self._doubts.resolve(root_id)
        if pending is not None and loaded is not None and loaded.has_doubted:
            self._on_stored(pending)

    # Reading a tree again.

    def distrust(self, batch: Batch) -> None:
        """The commit of these decisions failed, or nobody knows: see `reload` and `give_up`."""
        self._doubts.note(batch)
        self.feed.doubt(batch.pending)

    async def read_again(self, root_id: str) -> bool:
        """Forget a tree once all that is decided about it is committed, and take it as it is stored.

        Returns, Raises: See `adopt`.
        """
        await self._wait_clean(root_id)
        if root_id in self._ledger and root_id not in self._deletions:
            self._clear_timers(root_id)
            self._ledger.forget(root_id)
        found = await self.adopt(root_id)
        if not found:
            self.let_go(root_id, unknown(root_id))
        return found

    def reload(self, root_id: str, *, pause: float = 0.0) -> None:
        """Read a tree again as soon as the database answers, and let it go on as it is stored.

        `pause`: the seconds before the first attempt, for what is known to have no use at once.
        """
        if root_id not in self._reloading:
            task = asyncio.create_task(self._take_until_done(root_id, pause))
            self._reloading[root_id] = task
            task.add_done_callback(partial(self._on_reloaded, root_id))

    def _on_reloaded(self, root_id: str, task: "asyncio.Task[None]") -> None:
        if self._reloading.get(root_id) is task:
            del self._reloading[root_id]
            self.feed.check_here(root_id)

    def _stop_reloading(self, leaves: Callable[[str], bool]) -> list[str]:
        """Do not read these any more; which were to be read."""
        stopped = list(filter(leaves, self._reloading))
        for root_id in stopped:
            self._reloading.pop(root_id).cancel()
        return stopped

    async def _take_until_done(self, root_id: str, pause: float) -> None:
        await asyncio.sleep(pause)
        while self._why_closed() is None:
            await self._backoff.wait()
            try:
                if await self.take(root_id):
                    self.see_end(root_id)
                else:
                    self.let_go(root_id, NotFound(f"`{root_id}` did not begin", code="unknown-execution"))
                return
            except Unavailable as error:
                self._on_trouble(error)
            except Error as error:  # Such as that another node runs it.
                self._on_trouble(error)
                self.let_go(root_id, error)
                return

    # Letting go of a tree.

    def see_end(self, root_id: str) -> None:
        """Tell who waits for a tree that has ended, and let go of it once nothing of it runs."""
        if root_id not in self._ledger or not self._ledger.is_clean(root_id):
            return
        state = self._ledger.state(root_id)
        if state.tree is None or not state.has_ended or state.has_work:
            return
        if state.executions:
            self.ends.resolve(state.root)
        if root_id in self._deletions:
            return  # Whoever deletes it lets go of it.
        # Sub-workflows outlive a root that was stopped; what only somebody outside ends is loaded then.
        # A run that was given up may never answer: its worker was told to end it and to say nothing.
        if not state.timers and all(
            run.state in ENDED_RUN or run.asynchronous or run.abandoned for run in state.runs.values()
        ):
            self._ledger.forget(root_id)
            self.feed.check_here(root_id)
            self._attempts.forget_ended(state)

    def give_up(self, root_id: str, error: Error) -> None:
        """What the tree decides cannot be stored, and decided again it would come to the same."""
        self._doubts.forget(root_id)
        self.ends.fail(root_id, error)

    def let_go(self, root_id: str, error: Error) -> None:
        """The tree is not ours: end what is under way for it here, and tell who waits for it.

        Who looks on goes on to, unless there is nothing to look at any more.
        """
        self._doubts.forget(root_id)
        self.ends.fail(root_id, error)
        if isinstance(error, NotFound):
            self.feed.close(root_id, error)
        self._attempts.cancel_all(root_id)

    # Trees that go to another node.

    def drop(self, leaves: Callable[[str], bool]) -> int:
        """Forget trees that have become another node's, with what is decided and what runs for them here.

        Returns: How many they were.
        """
        leaving = list(filter(leaves, self._ledger))
        for root_id in leaving:
            self._clear_timers(root_id)
            pending = self._ledger.drop(root_id)
            if pending is not None:
                refuse(pending, LeaseLost([root_id]))
        # Of those that are not in memory just now something may run, too.
        leaving += [*self._stop_reloading(leaves), *filter(leaves, self._deletions)]
        leaving = list(dict.fromkeys(leaving))
        for root_id in leaving:
            self.let_go(root_id, LeaseLost([root_id]))
        self.feed.check_here()
        return len(leaving)

    async def hand_over(self, leaves: Callable[[str], bool]) -> list[tuple[str, Assignment]]:
        """Commit what is decided about trees that this node is to give away, and forget them.

        By then it does not own them: whatever comes for them goes elsewhere. What has begun for them goes on.

        Returns: The attempts that go on here, with their trees.
        """
        for deletion in [each for root_id, each in self._deletions.items() if leaves(root_id)]:
            await deletion.over.wait()
        leaving = list(filter(leaves, self._ledger))
        for root_id in leaving:
            self._clear_timers(root_id)
        underway: list[tuple[str, Assignment]] = []
        for root_id in leaving:
            await self._wait_clean(root_id)
            if root_id in self._ledger:
                underway += self._leave(root_id, self._ledger.state(root_id))
                self._ledger.forget(root_id)
        for root_id in self._stop_reloading(leaves):
            try:
                loaded = await self._thread.run(partial(self._claim, root_id))
            except Error as error:  # What runs for it ends here: who gets the tree could not know of it.
                self.let_go(root_id, error)
                continue
            self._settle_doubt(root_id, loaded)
            if loaded is None:
                self.let_go(root_id, unknown(root_id))
            else:
                underway += self._leave(root_id, loaded.rows.state())
        self.feed.check_here()
        return underway

    def _leave(self, root_id: str, state: State) -> list[tuple[str, Assignment]]:
        """Another node goes on with the tree; what runs on for it here."""
        self._doubts.forget(root_id)
        self.ends.fail(root_id, LeaseLost([root_id]))
        self.feed.leave(root_id, state)
        return [(root_id, each) for each in self._attempts.hand_over(state)]

    def _clear_timers(self, root_id: str) -> None:
        for timer_id in self._ledger.state(root_id).timers:
            self._timers.clear(timer_id)

    # Deleting a tree.

    def postpones(self, root_id: str, event: Event) -> bool:
        """Whether the event has to wait until it is known if its tree is deleted. It is kept then."""
        deletion = self._deletions.get(root_id)
        if deletion is not None:
            deletion.postponed.append(event)
        return deletion is not None

    async def delete(self, root_id: str, *, force: bool, receipt: Receipt | None = None) -> None:
        """Delete a tree with all that it has; see `Engine.delete`.

        What comes for the tree meanwhile waits, and finds it gone, or as it was if it could not be deleted.
        """
        if not self.holds(root_id) and await self._delete_stored(root_id, receipt):
            return
        if not await self.take(root_id):
            raise unknown(root_id)
        if not self._owns(root_id):
            raise NotOwned(root_id, None)  # It is to go to another node, which is asked then.
        if not force and not self._ledger.state(root_id).has_ended:
            raise Forbidden(
                "Only completed executions can be deleted. Use --force to override this. "
                f"`{root_id}` has not ended",
                code="not-ended",
                hint="stop it first, or delete it with `force=true`",
            )
        deletion = self._deletions[root_id] = Deletion()
        try:
            await self._delete(root_id, receipt)
            self.let_go(root_id, unknown(root_id))
        except BaseException:  # The caller may have gone away, too.
            self._stays(root_id, deletion)
            raise
        finally:
            del self._deletions[root_id]
            deletion.over.set()

    async def _delete_stored(self, root_id: str, receipt: Receipt | None) -> bool:
        """Delete a tree that is not in memory and has ended: it need not be read for that, however large.

        False: something of it has not ended. Raises: NotFound, Conflict, Unavailable.
        """
        self.check_open()
        deletion = self._deletions[root_id] = Deletion()
        try:
            if not await self._thread.run(lambda: self._delete_ended(root_id, receipt)):
                return False
            self.let_go(root_id, unknown(root_id))
        finally:
            del self._deletions[root_id]
            deletion.over.set()
        return True

    def _delete_ended(self, root_id: str, receipt: Receipt | None) -> bool:
        try:
            self._store.claim_tree(root_id)
        except NotFound:
            raise unknown(root_id) from None
        if self._store.is_unfinished(root_id):
            return False
        self._delete_rows(root_id, receipt)
        return True

    def _delete_rows(self, root_id: str, receipt: Receipt | None) -> None:
        if receipt is None:
            self._store.delete_tree(root_id)
        else:
            self._store.delete_tree(root_id, done=[receipt.done], answers=[receipt.answer(None)])
            receipt.went_along = True

    async def _delete(self, root_id: str, receipt: Receipt | None) -> None:
        await self._wait_clean(root_id)
        if root_id not in self._ledger:
            raise not_kept()  # What was to be deleted is not what is stored.
        self._clear_timers(root_id)
        self._ledger.forget(root_id)
        await self._thread.run(lambda: self._delete_rows(root_id, receipt))

    async def _wait_clean(self, root_id: str) -> None:
        """Wait until nothing decided about the tree is uncommitted. It is not in memory if that failed."""
        while root_id in self._ledger and not self._ledger.is_clean(root_id):
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._ledger.attach(root_id, waiter)
            with suppress(Error):
                await waiter

    def _stays(self, root_id: str, deletion: Deletion) -> None:
        """Nobody knows whether the tree is deleted: let it go on if it is still there."""
        if root_id in self._ledger:
            asyncio.get_running_loop().call_soon(self._go_on, root_id, deletion.postponed)
        else:
            self.reload(root_id)

    def _go_on(self, root_id: str, postponed: list[Event]) -> None:
        self._on_taken(root_id, [], postponed)
        self.see_end(root_id)


def unknown(root_id: str) -> NotFound:
    return NotFound(f"there is no execution `{root_id}`", code="unknown-execution")
