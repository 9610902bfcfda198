"""The beat of a node: a thread with a connection of its own, so that neither a long decision nor a long
commit can make the others believe that this node is dead."""

import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from maestrale.clock import monotonic
from maestrale.cluster.balance import plan
from maestrale.cluster.figures import Figures, NoFigures
from maestrale.cluster.lease import Lease
from maestrale.cluster.settings import ClusterSettings
from maestrale.cluster.telling import (
    tell_beat_failed,
    tell_buried,
    tell_forgotten,
    tell_joined,
    tell_lease_ended,
    tell_lease_held,
    tell_left,
)
from maestrale.errors import Error
from maestrale.expressions import Json
from maestrale.store import MembershipStore
from maestrale.store.membership import View

SILENT_SECONDS = 60.0
"""A node whose event loop has not moved for so long gives its shards to others, by not renewing its lease."""

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0
"""Seconds between attempts to reach a database that does not answer."""

SLACK_SECONDS = 0.02
"""Behind the end of another node's lease, before it is looked at."""

EVERYBODY = "*"


class Listener(Protocol):
    """What the beat tells, called on the event loop."""

    def on_view(self, view: View, node_id: int) -> None:
        """The state of the cluster, at least once a beat. Another `node_id` than before: this is a new node,
        and nothing is its own any more that was the old one's."""
        ...

    def on_hint(self, what: str) -> None:
        """Something waits: `inbox`, `work`, `cancel`, `settings`. It may come for nothing, or not at all."""
        ...


class Heart:
    """Joins the cluster, renews the lease, buries the dead, takes free shards, and passes hints on.

    Args:
        open_membership: Opens the thread's connection.
        version: That of the program, for people.
        url: Where the API of this node is reached.
    """

    def __init__(
        self,
        open_membership: Callable[[], MembershipStore],
        settings: ClusterSettings,
        *,
        name: str,
        version: str,
        url: str = "",
        figures: Figures | None = None,
    ) -> None:
        self._open_membership = open_membership
        self._settings = settings
        self._name = name
        self._version = version
        self._figures = figures or NoFigures()
        self.url = url
        self.load: Mapping[str, Json] = {}
        """What the next beat stores; replaced as a whole."""
        self.node_id: int | None = None
        self.lease = Lease(settings.lease_seconds)
        self._loop: AbstractEventLoop | None = None
        self._listener: Listener | None = None
        self._lives_since = 0.0
        """Since when this node has had its lease without a gap, on the monotonic clock."""
        self._is_silent = self._is_late = False
        """Whether the database does not answer, and whether that has cost the lease."""
        self._seen_at = monotonic()
        self._is_stopping = self._is_ended = self._is_due = False
        self._hints: set[str] = set()
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None
        self._store: MembershipStore | None = None

    def open(self) -> None:
        """Join, on the calling thread, so that what is wrong with the database is told at once.

        Raises:
            Error: The database does not answer, or is not ours.
        """
        self._store = self._open_membership()
        try:
            self._beat()
        except BaseException:
            self._store.close()
            raise

    def start(self, loop: AbstractEventLoop, listener: Listener) -> None:
        """Beat until `close`."""
        self._loop, self._listener = loop, listener
        self._seen_at = monotonic()
        self._is_due = True
        self._thread = threading.Thread(target=self._run, name="maestrale-heart", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Leave the cluster: what this node has is free at once, as far as the database answers."""
        self._is_ended = True
        if self._thread is not None:
            self._wake()
            self._thread.join()
        elif self._store is not None:
            self._leave(self._store)

    @property
    def is_stopping(self) -> bool:
        return self._is_stopping

    def stop_taking(self) -> None:
        """Take no more shards, and tell the others."""
        self._is_stopping = True
        self.beat_soon()

    def beat_soon(self) -> None:
        """Look at the cluster without waiting for the next beat."""
        self._is_due = True
        self._wake()

    def hint(self, what: str, to: int | str | None) -> None:
        """Tell a node, or everybody, that something waits. Never waits; several of one kind go as one."""
        if to is None:
            return
        with self._guard:
            is_first = not self._hints
            self._hints.add(f"{what} {to}")
        if is_first:
            self._wake()

    def seen(self) -> None:
        """The event loop moves."""
        self._seen_at = monotonic()

    # On the thread.

    def _wake(self) -> None:
        if self._store is not None:
            self._store.wake()

    def _run(self) -> None:
        assert self._store is not None
        pause = FIRST_PAUSE
        while not self._is_ended:
            try:
                self._wait(self._store, self._beat())
                pause = FIRST_PAUSE
            except Error as error:
                self._on_failure(error)
                threading.Event().wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
        self._leave(self._store)

    def _on_failure(self, error: Error) -> None:
        """The database did not answer; only what is new of that is told."""
        self._figures.on_beat_failed()
        if not self._is_silent:
            self._is_silent = True
            tell_beat_failed(str(error), left_seconds=self.lease.left)
        if not self._is_late and not self.lease.is_held:
            self._is_late = True
            tell_lease_ended()

    def _on_success(self, sent_at: float) -> None:
        if not self.lease.is_held:
            self._lives_since = sent_at
        self.lease.renew(sent_at)
        if self._is_silent:
            self._is_silent = self._is_late = False
            tell_lease_held()

    def _leave(self, store: MembershipStore) -> None:
        try:
            if self.node_id is not None:
                store.leave(self.node_id)
                tell_left(node_id=self.node_id)
        except Error:
            pass  # The lease ends by itself.
        finally:
            store.close()

    def _beat(self) -> float:
        """Renew the lease and do what is to be done; when the next beat is due, on the monotonic clock."""
        store, settings = self._store, self._settings
        assert store is not None
        self._is_due = False
        sent_at = monotonic()
        if sent_at - self._seen_at > SILENT_SECONDS and self._listener is not None:
            return sent_at + settings.beat_seconds
        if self.node_id is None:
            self.node_id = store.join(
                name=self._name,
                version=self._version,
                roles=settings.roles,
                url=self.url,
                lease=settings.lease,
            )
            tell_joined(node_id=self.node_id, name=self._name, roles=settings.roles)
        view = store.beat(self.node_id, lease=settings.lease, load=self.load, is_stopping=self._is_stopping)
        if view is None:  # Others have taken this node for dead.
            self.lease.refuse()
            tell_forgotten(node_id=self.node_id)
            self.node_id = None
            return self._beat()
        self._on_success(sent_at)
        self._figures.on_beat(view, node_id=self.node_id, seconds=monotonic() - sent_at)
        return self._act(store, view, self.node_id)

    def _act(self, store: MembershipStore, view: View, node_id: int) -> float:
        """Bury the dead, take what is free, and show the event loop what there is then."""
        todo = plan(view, node_id)
        # After a time without the database nobody has renewed anything: they get the time to do so.
        may_bury = monotonic() - self._lives_since > self._settings.lease_seconds
        buried = store.bury(todo.bury) if todo.bury and may_bury else []
        tell_buried(buried)
        self._figures.on_buried(len(buried))
        claimed = store.claim_shards(node_id, limit=todo.claim) if todo.claim else {}
        if buried or claimed:
            view = store.look()
        self._tell(lambda listener: listener.on_view(view, node_id))
        seconds = self._settings.beat_seconds
        if todo.look_in is not None:
            seconds = min(seconds, todo.look_in.total_seconds() + SLACK_SECONDS)
        return monotonic() + seconds

    def _wait(self, store: MembershipStore, until: float) -> None:
        """Send and take hints until the next beat is due."""
        while not (self._is_ended or self._is_due) and (seconds := until - monotonic()) > 0:
            with self._guard:
                hints, self._hints = self._hints, set()
            if hints:
                store.hint(sorted(hints))
            for what, _, to in (payload.partition(" ") for payload in store.listen(seconds)):
                if to not in (EVERYBODY, str(self.node_id)):
                    continue
                if what == "shards":
                    self._is_due = True
                else:
                    self._tell(partial(_pass_on, what))

    def _tell(self, what: Callable[[Listener], None]) -> None:
        if self._loop is not None and self._listener is not None:
            try:
                self._loop.call_soon_threadsafe(what, self._listener)
            except RuntimeError:
                self._is_ended = True  # The loop is closed: the process ends.


def _pass_on(hint: str, listener: Listener) -> None:
    listener.on_hint(hint)
