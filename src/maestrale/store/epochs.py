"""Whether a node still has what it had: what every write on its behalf asks first."""

from collections.abc import Collection

from maestrale.store.database import Database
from maestrale.store.lists import listed


def held_epochs(database: Database, node_id: int, shards: Collection[int]) -> dict[int, int]:
    """The epochs of those of the shards that the node has, if there is one. Until the transaction ends, they
    stay as they are.

    The lock on the node's own row makes that sure: whoever wants to take its shards deletes that row first. A
    renewal of its lease changes no key, and does not wait.
    """
    marks, values = listed(shards)
    lock = database.dialect.locking("FOR KEY SHARE OF n")
    return dict(
        database.rows(
            "SELECT s.id, s.epoch FROM nodes n JOIN shards s ON s.node_id = n.id"
            f" WHERE n.id = ? AND s.id IN {marks}{lock}",
            (node_id, *values),
        )
    )
