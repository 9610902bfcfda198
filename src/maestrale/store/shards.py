"""Which node has which shard: free ones are taken, and one's own are given to others.

A shard's number says which trees are in it; its epoch counts how often it has changed hands.
"""

from collections.abc import Mapping, Sequence

from maestrale.store.assignments import AssignmentRow, queue_assignments
from maestrale.store.database import Database
from maestrale.store.epochs import held_epochs

__all__ = ["claim_shards", "find_holder", "give_shards", "held_epochs", "shard_count"]


def shard_count(database: Database) -> int:
    """How many shards the database has had since it was made. 0: none, its trees belong to processes."""
    found = database.rows('SELECT "value" FROM meta WHERE "key" = \'shards\'')
    return int(found[0][0]) if found else 0


def claim_shards(database: Database, node_id: int, *, limit: int) -> dict[int, int]:
    """Give up to `limit` free shards to a node; which, and under which epochs. The caller commits.

    Those that another one is just taking are passed over. None if the node is gone.
    """
    if not _is_there(database, node_id):
        return {}
    skip = database.dialect.locking("FOR UPDATE SKIP LOCKED")
    rows = database.rows(
        f"WITH free AS (SELECT id FROM shards WHERE node_id IS NULL ORDER BY id LIMIT ?{skip})"
        " UPDATE shards SET node_id = ?, epoch = epoch + 1 WHERE id IN (SELECT id FROM free)"
        " RETURNING id, epoch",
        (limit, node_id),
    )
    return dict(sorted(rows))


def give_shards(
    database: Database,
    node_id: int,
    shards: Mapping[int, int],
    *,
    to: int | None,
    attempts: Sequence[AssignmentRow],
) -> list[int]:
    """Give shards of a node, each under the epoch that it has it; which were given. The caller commits.

    Args:
        to: The node that gets them. None, or gone by now: whoever takes them.
        attempts: What goes on running for trees of these shards; kept for those that were given.
    """
    heir = to if to is not None and _is_there(database, to) else None
    given = [
        shard
        for shard, epoch in sorted(shards.items())
        if database.run(
            "UPDATE shards SET node_id = ?, epoch = epoch + 1 WHERE id = ? AND node_id = ? AND epoch = ?",
            (heir, shard, node_id, epoch),
        )
    ]
    if kept := [attempt for attempt in attempts if attempt.shard in given]:
        queue_assignments(database, kept)
    return given


def find_holder(database: Database, shard: int) -> int | None:
    """The node that has a shard. None: nobody."""
    found = database.rows("SELECT node_id FROM shards WHERE id = ?", (shard,))
    return found[0][0] if found else None


def _is_there(database: Database, node_id: int) -> bool:
    """Whether the node is there, and stays so until the caller commits."""
    lock = database.dialect.locking("FOR KEY SHARE")
    return bool(database.rows(f"SELECT 1 FROM nodes WHERE id = ?{lock}", (node_id,)))
