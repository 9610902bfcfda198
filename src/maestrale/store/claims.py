"""Which trees are unfinished; and on a file, which process runs which of them.

What nobody runs is taken over, what somebody runs is refused. `ownership` has the other regime.
"""

from collections.abc import Collection, Iterable, Sequence

from maestrale.errors import Conflict, NotFound
from maestrale.store.database import Database
from maestrale.store.lists import listed
from maestrale.store.node_locks import NodeLocks
from maestrale.store.nodes import find_node
from maestrale.store.schema import LIVE_ALONE, LIVE_STATES

# A tree is made for a root execution, or for one action run that no task asked for.
_UNFINISHED = (
    f"EXISTS (SELECT 1 FROM executions e WHERE e.root_id = t.id AND e.state IN {LIVE_STATES})"
    f" OR EXISTS (SELECT 1 FROM action_runs r WHERE r.root_id = t.id AND {LIVE_ALONE})"
)


def claim(database: Database, locks: NodeLocks, *, node_id: int, root_ids: Iterable[str] | None) -> list[str]:
    """Make unfinished trees ours that no living process has, and return their ids. The caller commits.

    Trees that are ours already count. `root_ids` None: whichever there are.
    """
    owners = dict(_all_unfinished(database)) if root_ids is None else _unfinished(database, root_ids)
    living = {owner for owner in set(owners.values()) if owner is not None and locks.is_held(owner)}
    claimed = [root_id for root_id, owner in owners.items() if owner == node_id or owner not in living]
    _give(database, claimed, node_id)
    return claimed


def claim_tree(database: Database, locks: NodeLocks, *, node_id: int, root_id: str) -> None:
    """Make this one tree ours, finished or not. The caller commits.

    Raises:
        NotFound: There is no such tree.
        Conflict: Another living process has it (`being-run`).
    """
    check_not_run_by_others(database, locks, node_id=node_id, root_id=root_id)
    _give(database, [root_id], node_id)


def check_not_run_by_others(
    database: Database, locks: NodeLocks, *, node_id: int | None, root_id: str
) -> None:
    """Refuse a tree that a living process other than the node `node_id` has.

    Raises:
        NotFound: There is no such tree.
        Conflict: Another living process has it (`being-run`).
    """
    owner = check_exists(database, root_id)
    if owner is None or owner == node_id or not locks.is_held(owner):
        return
    node = find_node(database, owner)
    process = f"process {node.pid} on `{node.host}`" if node else f"another process (node {owner})"
    raise Conflict(
        f"{process} is running `{root_id}`",
        code="being-run",
        hint="wait until it has ended, or end that process: the execution can then be resumed here",
    )


def check_exists(database: Database, root_id: str) -> int | None:
    """Refuse a tree that is not there; the node that its row carries.

    Raises:
        NotFound: There is no such tree.
    """
    found: list[tuple[int | None]] = database.rows("SELECT node_id FROM trees WHERE id = ?", (root_id,))
    if not found:
        raise NotFound(f"there is no execution `{root_id}`", code="execution-unknown")
    return found[0][0]


def release(database: Database, *, node_id: int, root_ids: Sequence[str]) -> None:
    """Give up trees of ours, for any process to claim. The caller commits."""
    database.run_many(
        "UPDATE trees SET node_id = NULL WHERE id = ? AND node_id = ?",
        [(root_id, node_id) for root_id in root_ids],
    )


def is_unfinished(database: Database, root_id: str) -> bool:
    """Whether an execution of the tree, or the action run it was made for, is still to end."""
    return root_id in _unfinished(database, [root_id])


def unfinished_among(database: Database, root_ids: Iterable[str]) -> list[str]:
    """Those of the trees that exist and are unfinished."""
    return list(_unfinished(database, root_ids))


def unfinished_of(database: Database, shards: Collection[int]) -> list[str]:
    """The unfinished trees of these shards, oldest first."""
    if not shards:
        return []
    marks, values = listed(shards)
    return [root_id for root_id, _ in _all_unfinished(database, f"WHERE t.shard IN {marks}", values)]


def _all_unfinished(
    database: Database, condition: str = "", parameters: Sequence[int] = ()
) -> list[tuple[str, int | None]]:
    """The unfinished trees, oldest first, with the node that each row carries."""
    return database.rows(
        "SELECT t.id, t.node_id FROM trees t JOIN ("
        f"SELECT root_id, created_at FROM executions WHERE state IN {LIVE_STATES}"
        f" UNION ALL SELECT root_id, created_at FROM action_runs WHERE {LIVE_ALONE}"
        f") live ON live.root_id = t.id {condition} GROUP BY t.id, t.node_id"
        " ORDER BY min(live.created_at), t.id",
        parameters,
    )


def _unfinished(database: Database, root_ids: Iterable[str]) -> dict[str, int | None]:
    """Those of the trees that exist and are unfinished, with the node of each."""
    sql = f"SELECT t.id, t.node_id FROM trees t WHERE t.id = ? AND ({_UNFINISHED})"
    return dict(row for root_id in root_ids for row in database.rows(sql, (root_id,)))


def _give(database: Database, root_ids: Iterable[str], node_id: int) -> None:
    database.run_many(
        # What is ours already is not written, so that a claim that changes nothing costs no flush to disk.
        "UPDATE trees SET node_id = ? WHERE id = ? AND (node_id IS NULL OR node_id <> ?)",
        [(node_id, root_id, node_id) for root_id in root_ids],
    )
