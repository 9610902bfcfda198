"""The front of the store: one object through which everything durable is written and read."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from maestrale.clock import Clock, SystemClock
from maestrale.core.notices import Notice
from maestrale.store import documents, inbox, notices, record_rows, settings, trees
from maestrale.store.assignments import AssignmentRow, Assignments
from maestrale.store.commits import TreeCommit, prepare
from maestrale.store.database import Database
from maestrale.store.inbox import Message
from maestrale.store.mending import Mending
from maestrale.store.node_locks import FileLocks, NodeLocks, PrivateLocks
from maestrale.store.opening import LOCK_SECONDS, open_database, open_to_read
from maestrale.store.ownership import FileOwnership, Ownership, ShardOwnership, Tenure
from maestrale.store.reader import StoreReader
from maestrale.store.record_tables import RecordRow
from maestrale.store.shards import give_shards, shard_count
from maestrale.store.urls import Address, SqliteAddress, parse_url


class Store(StoreReader):
    """What one database holds, through one connection.

    Synchronous, and used by one thread at a time; several stores may be open on one database, in one
    process or in many. A store that writes trees is a *node*. On a file it is one from its first write to
    its end, and owns the trees it made or claimed; where many nodes share the database it is the node that
    `shards` was told, and owns the trees of that node's shards. No other node can write them.

    Every method raises `Unavailable` where the database does not answer: it is locked, full, damaged,
    read-only or its disk fails. A transaction that raised has stored nothing.
    """

    def __init__(self, database: Database, ownership: Ownership, *, clock: Clock) -> None:
        super().__init__(database, ownership)
        self._clock = clock

    @property
    def node_id(self) -> int:
        """The number of this store as a node. On a file the first use makes it one.

        Raises:
            Unavailable: It is none of the nodes that share the database (`not-joined`).
        """
        return self._ownership.become_node()

    @property
    def shards(self) -> ShardOwnership | None:
        """Which shards this store's node has, where many nodes share the database; None on a file."""
        return self._ownership if isinstance(self._ownership, ShardOwnership) else None

    @property
    def own_number(self) -> int | None:
        """The number of this store as a node, without becoming one."""
        return self._ownership.node_id

    @property
    def tenure(self) -> Tenure | None:
        """What this node has at this moment, for the commit of what it decides now; None on a file."""
        return self._ownership.tenure

    def close(self) -> None:
        """Close the connection and stop being a node: what it was running can be claimed."""
        super().close()

    def writing(self) -> AbstractContextManager[None]:
        """A transaction around several methods: all that they write, or nothing.

        It holds other writers up until it ends. Inside another one it is part of that: where it raises, just
        the part is undone, and whoever catches that may go on.
        """
        return self._database.writing()

    # Trees

    def commit(
        self,
        batch: Sequence[TreeCommit],
        *,
        done: Sequence[str] = (),
        answers: Sequence[Message] = (),
        tenure: Tenure | None = None,
    ) -> None:
        """Store the changes of many trees, all or none. They are on the disk when this returns.

        Args:
            tenure: What the node had when it decided: if it has lost a shard since, it may have got it back,
                and have read its trees before these changes. None: what it has now.
            done: The messages whose consequences these are: they are deleted.
            answers: Messages that are sent, in their order.

        Raises:
            LeaseLost: Some of the trees are not this node's any more; `root_ids` names them.
            Unstorable: A value cannot be stored; `root_ids` names the trees.
            Conflict: A tree that should be new exists (`execution-exists`), or rows differ from
                `before` (`rows-out-of-step`).
            MessageGone: Some of `done` are not there: somebody else has done what they ask (`message-gone`).
        """
        if not batch:
            self.settle(done, answers)
            return
        prepared = prepare(batch, shard_count=self.shard_count)
        held = tenure or self._ownership.tenure
        node_id = self._ownership.become_node() if held is None else held.node_id
        with self._database.writing():
            self._ownership.fence([commit.root_id for commit in batch], tenure=held)
            assert node_id is not None, "nobody else gets past the fence"
            self._settle(done, answers)
            prepared.write(self._database, node_id=node_id)

    def delete_tree(self, root_id: str, *, done: Sequence[str] = (), answers: Sequence[Message] = ()) -> None:
        """Delete a tree with its history, and the large values that nothing else refers to.

        Notices that are still to be sent stay, and are sent. `done` and `answers` as of `commit`.

        Raises:
            NotFound: There is no such tree.
            Conflict: It has not ended, and another living process runs it (`being-run`); or it is in a shard
                of another node, ended or not (`not-owned`, `lease-lost`).
            MessageGone: Some of `done` are not there (`message-gone`).
        """
        with self._database.writing():
            self._ownership.check_deletable(root_id)
            self._settle(done, answers)
            trees.delete_tree(self._database, root_id)

    # What nodes have for each other

    def send(self, messages: Sequence[Message]) -> None:
        """Leave messages for other nodes, in their order; for a node that is gone they are dropped.

        Those of one call are there together. One that is there already stays as it is.
        """
        self.settle((), messages)

    def receive(self, node_id: int | None, shards: Collection[int], limit: int) -> list[Message]:
        """The oldest messages for a node (None: for none) or for one of these shards. They stay."""
        return inbox.receive(self._database, node_id, shards, limit)

    def settle(self, done: Sequence[str], answers: Sequence[Message]) -> None:
        """Delete messages that are done and send others, all or nothing.

        Raises:
            MessageGone: Some of `done` are not there (`message-gone`).
        """
        if done or answers:
            with self._database.writing():
                self._settle(done, answers)

    def take_answers(self, node_id: int, limit: int) -> list[Message]:
        """The oldest messages for this very node, each of which is read once."""
        with self._database.writing():
            return inbox.take_answers(self._database, node_id, limit)

    def _settle(self, done: Sequence[str], answers: Sequence[Message]) -> None:
        if done:
            inbox.delete_done(self._database, done)
        if answers:
            inbox.send(self._database, answers)

    def give_shards(
        self, given: Mapping[int, int], *, to: int | None, attempts: Sequence[AssignmentRow] = ()
    ) -> list[int]:
        """Give shards of this node, each under the epoch that it has it; which were given.

        Between two commits, by the thread that commits: then no decision is lost. What is held in memory, the
        caller says again (`ShardOwnership.hold`).

        Args:
            to: The node that gets them. None, or gone by now: whoever takes them.
            attempts: What goes on running here for trees of these shards; kept for those that were given.
        """
        node_id = self.node_id
        with self._database.writing():
            return give_shards(self._database, node_id, given, to=to, attempts=attempts)

    @property
    def assignments(self) -> Assignments:
        """The attempts of actions that other nodes run."""
        return Assignments(self._database)

    # Notices

    def claim_notices(self, *, limit: int) -> int:
        """Take over some notices that processes which are gone have still had to send; how many.

        Asked again and again until there are none left, it holds nobody up for long.
        """
        if not self._has_dead_owners():
            return 0
        node_id = self.node_id
        with self._database.writing():
            return notices.claim_notices(self._database, self._ownership, node_id=node_id, limit=limit)

    def claim_lane(self, root_id: str, target: str) -> None:
        """Take over those of one tree for one target."""
        if not self._has_dead_owners():
            return
        node_id = self.node_id
        with self._database.writing():
            notices.claim_lane(
                self._database, self._ownership, node_id=node_id, root_id=root_id, target=target
            )

    def _has_dead_owners(self) -> bool:
        """Without any there is nothing to write, and a store that has nothing to write becomes no node."""
        return bool(notices.dead_owners(self._database, self._ownership, node_id=self._ownership.node_id))

    def delete_notices(self, sent: Iterable[Notice]) -> None:
        """Forget notices of this node that need not be sent any more."""
        node_id = self.node_id
        with self._database.writing():
            notices.delete_notices(self._database, sent, node_id=node_id)

    def delete_old_notices(self, lanes: Iterable[tuple[str, str]], *, until: datetime) -> int:
        """Forget what lanes of this node (root and target) have from that time or before; how many it was."""
        node_id = self.node_id
        with self._database.writing():
            return notices.delete_old_notices(self._database, lanes, until=until, node_id=node_id)

    # Definitions

    def put_document(self, name: str, text: str) -> str:
        """Keep the text of a definition and return its id; the same text is kept once."""
        return documents.put_document(self._database, name, text, now=self._clock.now())

    # Records

    def insert_record(self, record: RecordRow) -> None:
        """Store a new row.

        Raises:
            Conflict: There is one of that name already, or of whatever else must be unique (`name-taken`).
        """
        with self._database.writing():
            record_rows.insert_record(self._database, record)

    def update_record(self, old: RecordRow, new: RecordRow) -> None:
        """Write the fields of `new` that hold another object than those of `old`, which was read before.

        Raises:
            Conflict: Another row has the new name (`name-taken`), or somebody else has changed one of these
                fields since (`rows-out-of-step`; fields that hold data are not looked at).
            NotFound: The row has been deleted (`record-unknown`).
        """
        with self._database.writing():
            record_rows.update_record(self._database, old, new)

    def delete_record(self, record: RecordRow) -> None:
        """Delete a row, and nothing that refers to it.

        Raises:
            NotFound: It has been deleted already (`record-unknown`).
        """
        with self._database.writing():
            record_rows.delete_record(self._database, record)

    def keep_setting(self, key: str, value: str) -> str:
        """Keep a text under a name, unless there is one already; the one that is kept."""
        with self._database.writing():
            return settings.keep_setting(self._database, key, value)

    def swap_setting(self, key: str, before: str | None, after: str) -> bool:
        """Keep a text under a name in the stead of `before`; None: of none. False: there is another one."""
        with self._database.writing():
            return settings.swap_setting(self._database, key, before, after)

    @property
    def mending(self) -> Mending:
        """What an audit may put right."""
        return Mending(self._database, self._ownership)

    # Who runs what

    def claim(self, root_ids: Sequence[str] | None = None) -> list[str]:
        """Take over the unfinished trees that no living process has, and return their ids.

        This node's own count. `root_ids` None: all there are, oldest first. Trees that do not exist,
        have ended or are being run are left out. Where nodes share the database: those of our shards.
        """
        self._ownership.become_node()
        with self._database.writing():
            return self._ownership.claim(root_ids)

    def claim_tree(self, root_id: str) -> None:
        """Take over one tree, finished or not.

        Raises:
            NotFound: There is no such tree.
            Conflict: Another living process has it (`being-run`).
            NotOwned: It is in a shard of another node (`not-owned`).
        """
        self._ownership.become_node()
        with self._database.writing():
            self._ownership.claim_tree(root_id)

    def release(self, root_ids: Sequence[str]) -> None:
        """Give up trees of this node, for any process to claim. Nothing where trees are in shards."""
        if self._ownership.node_id is not None and root_ids:
            with self._database.writing():
                self._ownership.release(root_ids)


def open_store(
    url: str,
    *,
    create: bool = True,
    lock_seconds: float = LOCK_SECONDS,
    name: str = "",
    clock: Clock | None = None,
    shards: int = 0,
) -> Store:
    """Open the database a URL names, and make it where it lacks.

    Args:
        url: `sqlite:///relative.db`, `sqlite:////absolute.db`, `sqlite://` for one in memory, or
            `postgresql://user:password@host/name`.
        create: Make the file with its directories, or the tables on a server, where there are none.
        lock_seconds: How long a statement waits for another program that holds the database.
        name: What the node is called in listings.
        shards: How many shards a file has that is made here, a power of two: several nodes of one process can
            then share it, which is how they are tried out. A server's database always has them.

    Raises:
        InvalidInput: The URL is wrong (`database-url`), or the database is not one of ours
            (`database-not-ours`, `database-newer`, and of a server `database-older`).
        NotFound: There is no such file and `create` is False (`database-missing`).
        Unavailable: The file is damaged, locked, or cannot be read or written; the server does not answer.
    """
    address, present = parse_url(url), clock or SystemClock()
    database = open_database(address, create=create, lock_seconds=lock_seconds, clock=present, shards=shards)
    return Store(database, _ownership(database, address, name=name, clock=present), clock=present)


def open_reader(url: str, *, lock_seconds: float = LOCK_SECONDS) -> StoreReader:
    """Open a second connection to a database that a `Store` of this version has opened before, to read only.

    It sees what is committed at the moment it asks, waits for no writer and holds none up. It is never a
    node, and the database refuses it every write.

    Raises:
        InvalidInput: The URL is wrong (`database-url`), the file is not one of ours or has another schema
            (`database-not-ours`, `database-newer`, `database-older`), or names a database in memory, which
            ends with its only connection and cannot have a second one (`memory-not-shared`).
        NotFound: There is no such file (`database-missing`).
        Unavailable: The file is damaged, locked, or cannot be read.
    """
    address = parse_url(url)
    database = open_to_read(address, lock_seconds=lock_seconds)
    return StoreReader(database, _ownership(database, address, name="", clock=SystemClock()))


def _ownership(database: Database, address: Address, *, name: str, clock: Clock) -> Ownership:
    """What the database was made for."""
    try:
        if count := shard_count(database):
            return ShardOwnership(database, count)
    except BaseException:
        database.close()
        raise
    assert isinstance(address, SqliteAddress), "on a server there are shards"
    locks: NodeLocks = FileLocks(f"{address.path}.lock") if address.path is not None else PrivateLocks()
    return FileOwnership(database, locks, name=name, clock=clock)
