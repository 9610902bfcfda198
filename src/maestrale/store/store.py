"""The front of the store: one object through which trees are written and read."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from maestrale.clock import Clock, SystemClock
from maestrale.core.events import Entry
from maestrale.core.state import ActionRun, Execution, Task
from maestrale.core.status import ExecutionState
from maestrale.store import claims, documents, executions, history, nodes, sqlite, trees
from maestrale.store.commits import TreeCommit, prepare
from maestrale.store.database import Database
from maestrale.store.documents import Document
from maestrale.store.executions import RootSummary
from maestrale.store.node_locks import FileLocks, NodeLocks, PrivateLocks
from maestrale.store.trees import TreeRows
from maestrale.store.urls import sqlite_path

LOCK_SECONDS = 5.0
"""How long a statement waits for another program that holds the database."""


class Store:
    """The durable trees of one database, through one connection.

    Synchronous, and used by one thread at a time; several stores may be open on one database, in one
    process or in many. A store that writes trees is a *node*: from its first write to its end it owns
    the trees it made or claimed, and no other node can write them.

    Every method raises `Unavailable` where the database does not answer: it is locked, full, damaged,
    read-only or its disk fails. A transaction that raised has stored nothing.
    """

    def __init__(self, database: Database, locks: NodeLocks, *, name: str, clock: Clock) -> None:
        self._database = database
        self._locks = locks
        self._name = name
        self._clock = clock
        self._node_id: int | None = None

    @property
    def node_id(self) -> int:
        """The number of this store as a node. The first use makes it one."""
        if self._node_id is None:
            self._node_id = nodes.register_node(
                self._database, self._locks, name=self._name, now=self._clock.now()
            )
        return self._node_id

    def close(self) -> None:
        """Close the connection and stop being a node: what it was running can be claimed."""
        try:
            self._database.close()
        finally:
            self._locks.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

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

    def load_tree(self, root_id: str) -> TreeRows | None:
        """All rows of a tree, as one commit left them. None: there is no such tree."""
        return trees.load_tree(self._database, root_id)

    def read_history(self, root_id: str) -> Iterator[tuple[int, Entry]]:
        """The entries of a tree with their numbers, oldest first, read page by page."""
        return history.read_history(self._database, root_id)

    def delete_tree(self, root_id: str) -> None:
        """Delete a tree with its history, and the large values that nothing else refers to.

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

    # Executions and their parts, across trees

    def find_execution(self, id_or_prefix: str) -> Execution | None:
        """The execution of that id, or the only one whose id begins like that.

        Raises:
            InvalidInput: Several ids begin like that (`ambiguous-id`), or nothing was given.
        """
        return executions.find_execution(self._database, id_or_prefix)

    def latest_execution(self, *, unfinished_only: bool = False) -> Execution | None:
        """The root execution that was made last."""
        return executions.latest_execution(self._database, unfinished_only=unfinished_only)

    def list_roots(
        self, states: Collection[ExecutionState] | None = None, *, limit: int = 100, id: str | None = None
    ) -> list[RootSummary]:
        """Root executions in one of `states` (None: in any), the latest first; with `id` that one only."""
        return executions.list_roots(self._database, self._locks, states=states, limit=limit, id=id)

    def list_executions(
        self,
        *,
        id: str | None = None,
        root_id: str | None = None,
        state: str | None = None,
        from_time: datetime | None = None,
        to_time: datetime | None = None,
    ) -> list[Execution]:
        """The executions of all trees that pass every filter that is given, oldest first.

        `from_time` is included, `to_time` is not; both look at `created_at`.
        """
        return executions.list_executions(
            self._database, id=id, root_id=root_id, state=state, from_time=from_time, to_time=to_time
        )

    def list_tasks(
        self, *, execution_id: str | None = None, recursive: bool = False, state: str | None = None
    ) -> list[Task]:
        """The tasks of all trees that pass every filter that is given, oldest first.

        `recursive`: those of the sub-executions of `execution_id` too, however deep.
        """
        return executions.list_tasks(
            self._database, execution_id=execution_id, recursive=recursive, state=state
        )

    def list_runs(self, *, task_id: str | None = None, execution_id: str | None = None) -> list[ActionRun]:
        """The action runs of a task or of an execution, oldest first."""
        return executions.list_runs(self._database, task_id=task_id, execution_id=execution_id)

    # Definitions

    def put_document(self, name: str, text: str) -> str:
        """Keep the text of a definition and return its id; the same text is kept once."""
        return documents.put_document(self._database, name, text, now=self._clock.now())

    def get_document(self, document_id: str) -> Document:
        """The text of that id.

        Raises:
            NotFound: There is none.
        """
        return documents.get_document(self._database, document_id)

    # Who runs what

    def is_alive(self, node_id: int) -> bool:
        """Whether the process of that node lives. One that is merely stopped does."""
        return self._locks.is_held(node_id)

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
