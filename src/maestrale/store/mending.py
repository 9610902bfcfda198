"""What an audit may put right in a database. Each operation is one transaction, and writes no tree that
somebody runs: whoever takes the tree over afterwards finds it mended.
"""

from collections.abc import Sequence

from maestrale.core.state import State
from maestrale.errors import Conflict, NotFound
from maestrale.store.auditing import OF_A_TREE, Auditing
from maestrale.store.blobs import BlobWriter
from maestrale.store.database import Database
from maestrale.store.ownership import Ownership
from maestrale.store.schema import EXECUTIONS, RUNS, TASKS, TIMERS, TREES


class Mending:
    """See the module. Used by one thread at a time, like the store it comes from."""

    def __init__(self, database: Database, ownership: Ownership) -> None:
        self._database = database
        self._ownership = ownership
        self._auditing = Auditing(database, ownership)

    def rewrite_tree(self, state: State, *, sequence: int) -> None:
        """Let a tree have exactly these rows. Its history, its node and its shard stay.

        Args:
            sequence: Of the row of the tree, as it was read.

        Raises:
            Conflict: A living node runs it (`being-run`), or it has gone on (`rows-out-of-step`).
            NotFound: There is no such tree.
        """
        tree = state.tree
        assert tree is not None
        blobs = BlobWriter()
        inserts = [
            (table.insert.sql, table.insert.encode(list(rows.values()), blobs))
            for table, rows in (
                (EXECUTIONS, state.executions),
                (TASKS, state.tasks),
                (RUNS, state.runs),
                (TIMERS, state.timers),
            )
            if rows
        ]
        changed = tuple(column.name not in TREES.key for column in TREES.columns)
        plan = TREES.update(changed, "sequence = ?")
        [values] = plan.encode([tree], blobs)
        with self._database.writing():
            self._check_idle(tree.id)
            if not self._database.run(plan.sql, (*values, sequence)):
                raise Conflict(
                    f"`{tree.id}` has gone on meanwhile",
                    code="rows-out-of-step",
                    hint="audit it again",
                )
            for table in (EXECUTIONS, TASKS, RUNS, TIMERS):
                self._database.run(f"DELETE FROM {table.name} WHERE root_id = ?", (tree.id,))
            for sql, rows in inserts:
                self._database.run_many(sql, rows)
            for statement in blobs.statements():
                self._database.run_many(*statement)

    def _check_idle(self, root_id: str) -> None:
        """Raise where a living node has the tree. Whoever takes it from now on waits for the transaction."""
        database, is_shared = self._database, self._ownership.shard_count > 0
        source = (
            "SELECT s.node_id FROM trees t JOIN shards s ON s.id = t.shard"
            if is_shared
            else ("SELECT t.node_id FROM trees t")
        )
        lock = database.dialect.locking("FOR UPDATE")
        found = database.rows(f"{source} WHERE t.id = ?{lock}", (root_id,))
        if not found:
            raise NotFound(f"there is no execution `{root_id}`", code="execution-unknown")
        living = {node.id for node in self._auditing.list_nodes() if node.is_alive}
        if found[0][0] in living:
            raise _being_run(f"`{root_id}` is being run by node {found[0][0]}")

    def delete_stray_rows(self, root_id: str) -> None:
        """Delete the rows of a tree that has no row of its own. One that has stays."""
        with self._database.writing():
            for table in OF_A_TREE:
                self._database.run(
                    f"DELETE FROM {table} WHERE root_id = ? AND NOT EXISTS"
                    " (SELECT 1 FROM trees WHERE id = ?)",
                    (root_id, root_id),
                )

    def delete_unused_blobs(self, blob_ids: Sequence[str]) -> None:
        """Delete large values that no tree refers to."""
        database = self._database
        lock = database.dialect.locking("FOR UPDATE")
        with database.writing():
            for id in sorted(
                blob_ids
            ):  # In the order in which commits lock them: see `BlobWriter.statements`.
                database.rows(f"SELECT 1 FROM blobs WHERE id = ?{lock}", (id,))
                database.run(
                    "DELETE FROM blobs WHERE id = ?"
                    " AND NOT EXISTS (SELECT 1 FROM blob_refs WHERE blob_id = ?)",
                    (id, id),
                )

    def register_blobs(self, root_id: str, blob_ids: Sequence[str]) -> None:
        """Note that a tree refers to large values, so that they stay as long as it does."""
        with self._database.writing():
            self._database.run_many(
                "INSERT INTO blob_refs (root_id, blob_id) VALUES (?, ?)"
                " ON CONFLICT (root_id, blob_id) DO NOTHING",
                [(root_id, id) for id in blob_ids],
            )

    def put_into_shard(self, root_id: str, shard: int) -> None:
        """Give a tree to the shard whose owner looks for it.

        Raises:
            Conflict: A node lives, which may have it in memory (`being-run`).
        """
        with self._database.writing():
            if any(node.is_alive for node in self._auditing.list_nodes()):
                raise _being_run(f"nodes are running on this database, and may have `{root_id}` in memory")
            self._database.run("UPDATE trees SET shard = ? WHERE id = ?", (shard, root_id))

    def delete_assignments(self, keys: Sequence[tuple[str, int]]) -> None:
        """Take attempts that nobody waits for out of the queue for workers."""
        with self._database.writing():
            self._database.run_many("DELETE FROM assignments WHERE run_id = ? AND attempt = ?", keys)


def _being_run(message: str) -> Conflict:
    hint = "stop the nodes, mend it with `maestrale audit --repair`, and start them again"
    return Conflict(message, code="being-run", hint=hint)
