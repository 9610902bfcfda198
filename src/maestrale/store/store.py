"""The front of the store: one object through which everything durable is written and read."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from maestrale.clock import Clock, SystemClock
from maestrale.core.notices import Notice
from maestrale.errors import InvalidInput
from maestrale.store import claims, documents, nodes, notices, record_rows, settings, sqlite, trees
from maestrale.store.commits import TreeCommit, prepare
from maestrale.store.database import Database
from maestrale.store.node_locks import FileLocks, NodeLocks, PrivateLocks
from maestrale.store.reader import StoreReader
from maestrale.store.record_tables import RecordRow
from maestrale.store.urls import sqlite_path

LOCK_SECONDS = 5.0
"""How long a statement waits for another program that holds the database."""


class Store(StoreReader):
    """What one database holds, through one connection.

    Synchronous, and used by one thread at a time; several stores may be open on one database, in one
    process or in many. A store that writes trees is a *node*: from its first write to its end it owns
    the trees it made or claimed, and no other node can write them.

    Every method raises `Unavailable` where the database does not answer: it is locked, full, damaged,
    read-only or its disk fails. A transaction that raised has stored nothing.
    """

    def __init__(self, database: Database, locks: NodeLocks, *, name: str, clock: Clock) -> None:
        super().__init__(database, locks)
        self._name = name
        self._clock = clock
        self._node_id: int | None = None

    @property
    def node_id(self) -> int:
        """The number of this store as a node. The first use makes it one."""
        if self._node_id is None:
            # Rolled back with the rest, the number would be given out again.
            assert not self._database.is_writing, "a store becomes a node in a transaction of its own"
            self._node_id = nodes.register_node(
                self._database, self._locks, name=self._name, now=self._clock.now()
            )
        return self._node_id

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

    def commit(self, batch: Sequence[TreeCommit]) -> None:
        """Store the changes of many trees, all or none. They are on the disk when this returns.

        Raises:
            LeaseLost: Some of the trees are not this node's any more; `root_ids` names them.
            Unstorable: A value cannot be stored; `root_ids` names the trees.
            Conflict: A tree that should be new exists (`execution-exists`), or rows differ from
                `before` (`rows-out-of-step`).
        """
        if not batch:
            return
        prepared = prepare(batch)
        node_id = self.node_id
        with self._database.writing():
            prepared.write(self._database, node_id=node_id)

    def delete_tree(self, root_id: str) -> None:
        """Delete a tree with its history, and the large values that nothing else refers to.

        Notices that are still to be sent stay, and are sent.

        Raises:
            NotFound: There is no such tree.
            Conflict: It has not ended, and another living process runs it (`being-run`).
        """
        with self._database.writing():
            if claims.is_unfinished(self._database, root_id):
                claims.check_not_run_by_others(
                    self._database, self._locks, node_id=self._node_id, root_id=root_id
                )
            trees.delete_tree(self._database, root_id)

    # Notices

    def claim_notices(self, *, limit: int) -> int:
        """Take over some notices that processes which are gone have still had to send; how many.

        Asked again and again until there are none left, it holds nobody up for long.
        """
        if not self._has_dead_owners():
            return 0
        node_id = self.node_id
        with self._database.writing():
            return notices.claim_notices(self._database, self._locks, node_id=node_id, limit=limit)

    def claim_lane(self, root_id: str, target: str) -> None:
        """Take over those of one tree for one target."""
        if not self._has_dead_owners():
            return
        node_id = self.node_id
        with self._database.writing():
            notices.claim_lane(self._database, self._locks, node_id=node_id, root_id=root_id, target=target)

    def _has_dead_owners(self) -> bool:
        """Without any there is nothing to write, and a store that has nothing to write becomes no node."""
        return bool(notices.dead_owners(self._database, self._locks, node_id=self._node_id))

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

    def put_setting(self, key: str, value: str) -> None:
        """Keep a text under a name, in the stead of the one before."""
        with self._database.writing():
            settings.put_setting(self._database, key, value)

    # Who runs what

    def claim(self, root_ids: Sequence[str] | None = None) -> list[str]:
        """Take over the unfinished trees that no living process has, and return their ids.

        This node's own count. `root_ids` None: all there are, oldest first. Trees that do not exist,
        have ended or are being run are left out.
        """
        node_id = self.node_id
        with self._database.writing():
            return claims.claim(self._database, self._locks, node_id=node_id, root_ids=root_ids)

    def claim_tree(self, root_id: str) -> None:
        """Take over one tree, finished or not.

        Raises:
            NotFound: There is no such tree.
            Conflict: Another living process has it (`being-run`).
        """
        node_id = self.node_id
        with self._database.writing():
            claims.claim_tree(self._database, self._locks, node_id=node_id, root_id=root_id)

    def release(self, root_ids: Sequence[str]) -> None:
        """Give up trees of this node, for any process to claim."""
        if self._node_id is not None and root_ids:
            with self._database.writing():
                claims.release(self._database, node_id=self._node_id, root_ids=root_ids)


def open_store(
    url: str,
    *,
    create: bool = True,
    lock_seconds: float = LOCK_SECONDS,
    name: str = "",
    clock: Clock | None = None,
) -> Store:
    """Open the database a URL names, and make it where it lacks.

    Args:
        url: `sqlite:///relative.db`, `sqlite:////absolute.db`, or `sqlite://` for one in memory.
        create: Make the file, and its directories, where there is none.
        lock_seconds: How long a statement waits for another program that holds the database.
        name: What the node is called in listings.

    Raises:
        InvalidInput: The URL is wrong (`database-url`), or the file is not one of ours
            (`database-not-ours`, `database-newer`).
        NotFound: There is no such file and `create` is False (`database-missing`).
        Unavailable: The file is damaged, locked, or cannot be read or written.
    """
    path = sqlite_path(url)
    database = sqlite.open_database(path, create=create, lock_seconds=lock_seconds)
    locks: NodeLocks = PrivateLocks() if path is None else FileLocks(f"{path}.lock")
    return Store(database, locks, name=name, clock=clock or SystemClock())


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
    path = sqlite_path(url)
    if path is None:
        raise InvalidInput(
            "a database in memory belongs to one connection, and cannot be read through another",
            code="memory-not-shared",
            hint="read through the store that made it, or use a file: `sqlite:///maestrale.db`",
        )
    database = sqlite.open_database(path, create=False, lock_seconds=lock_seconds, read_only=True)
    return StoreReader(database, FileLocks(f"{path}.lock"))
