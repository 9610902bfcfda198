"""The front of the store for the thread that keeps a node's lease: a connection of its own, and no trees."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Self

from maestrale.clock import Clock
from maestrale.expressions import Json
from maestrale.store import membership, shards
from maestrale.store.database import Database
from maestrale.store.membership import View
from maestrale.store.opening import open_database
from maestrale.store.signals import NoSignals, Signals

LOCK_SECONDS = 0.5
"""Who waits longer to bury another node misses his own beats, and is buried himself. He tries again later."""

ANSWER_SECONDS = 2.0
"""A server that has not answered a beat by then gets it again, through another connection."""


class MembershipStore:
    """Who the nodes are and which shards they have. Used by one thread at a time, but for `wake`.

    Every method raises `Unavailable` where the database does not answer.
    """

    def __init__(self, database: Database, signals: Signals | None = None) -> None:
        self._database = database
        self._signals: Signals = signals or NoSignals()

    def join(self, *, name: str, version: str, roles: Sequence[str], url: str, lease: timedelta) -> int:
        """Make this process a node, with a lease from now on; its number, which nobody had before."""
        with self._database.writing():
            return membership.join(
                self._database, name=name, version=version, roles=roles, url=url, lease=lease
            )

    def beat(
        self, node_id: int, *, lease: timedelta, load: Mapping[str, Json], is_stopping: bool = False
    ) -> View | None:
        """Let a node's lease last from now on, and see everything. None: there is no such node any more.

        A lease that has ended is renewed too, as long as nobody has buried the node. On a server this is one
        statement, which waits for nobody's commit.
        """
        if self._database.dialect.writes_in_queries:
            return membership.beat(self._database, node_id, lease=lease, load=load, is_stopping=is_stopping)
        with self._database.writing():
            return membership.beat(self._database, node_id, lease=lease, load=load, is_stopping=is_stopping)

    def look(self) -> View:
        """See everything, and renew nothing."""
        return membership.look(self._database)

    def bury(self, node_ids: Sequence[int]) -> list[int]:
        """Delete those of the nodes whose lease has ended, and free their shards; which they were.

        Waits for a commit of theirs that is under way, but not for long. No later one will succeed.

        Raises:
            Unavailable: A commit of theirs takes too long; nobody is buried yet.
        """
        if not node_ids:
            return []
        with self._database.writing():
            return membership.bury(self._database, node_ids)

    def claim_shards(self, node_id: int, *, limit: int) -> dict[int, int]:
        """Take up to `limit` free shards for a node; which it got, and under which epochs.

        None where the node is gone.
        """
        with self._database.writing():
            return shards.claim_shards(self._database, node_id, limit=limit)

    def leave(self, node_id: int) -> None:
        """Be a node no more. What it still has is free."""
        with self._database.writing():
            membership.leave(self._database, node_id)

    def hint(self, payloads: Sequence[str]) -> None:
        """Tell all nodes, this one too, at once. Nothing on a file."""
        self._signals.hint(payloads)

    def listen(self, seconds: float) -> list[str]:
        """What was told since the last time. Waits until there is something, woken up, or at most so long."""
        return self._signals.listen(seconds)

    def wake(self) -> None:
        """End a wait in `listen`, or the next one. From any thread, at any time."""
        self._signals.wake()

    def close(self) -> None:
        """Close the connection. The node stays one until its lease ends; `leave` ends it at once."""
        try:
            self._signals.close()
        finally:
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_membership(
    url: str,
    clock: Clock | None = None,
    *,
    lock_seconds: float = LOCK_SECONDS,
    answer_seconds: float = ANSWER_SECONDS,
) -> MembershipStore:
    """Open a connection to a database that a `Store` has opened before, for the thread that beats.

    Args:
        clock: What a file takes for its own clock. A server has one.
        lock_seconds: How long a statement waits for what another transaction has locked; it is then
            `Unavailable`, and has changed nothing.
        answer_seconds: How long an answer may take before the connection is given up.

    Raises:
        Error: As `open_store`.
    """
    database = open_database(
        url, create=False, lock_seconds=lock_seconds, clock=clock, answer_seconds=answer_seconds
    )
    return MembershipStore(database, _signals_of(database))


def _signals_of(database: Database) -> Signals:
    if not database.dialect.writes_in_queries:
        return NoSignals()
    from maestrale.store.postgresql import PostgresqlDatabase  # A file needs no driver for servers.
    from maestrale.store.postgresql_signals import PostgresqlSignals

    assert isinstance(database, PostgresqlDatabase), "there are two kinds of databases"
    return PostgresqlSignals(database)
