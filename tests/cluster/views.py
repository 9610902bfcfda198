"""What the database might say of a cluster."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from maestrale.cluster.load import to_row
from maestrale.store.membership import NodeRow, ShardRow, View
from maestrale.wire.nodes import NodeLoad

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
LEASE, BEAT = 3.0, 1.2
IDLE = NodeLoad()


def a_node(id: int, *, beat_age: float = 0.0, load: NodeLoad | None = IDLE, **fields: Any) -> NodeRow:
    """A node that beat so many seconds before `NOON`, and said this; None: nothing that we know."""
    row = {} if load is None else to_row(load, beat_seconds=BEAT, lease_seconds=LEASE)
    usual = {
        "name": f"n{id}",
        "host": "h",
        "pid": 100 + id,
        "started_at": NOON - timedelta(hours=1),
        "version": "1.0",
        "roles": ("api", "engine"),
        "url": f"http://n{id}",
        "is_stopping": False,
        "leased_until": NOON + timedelta(seconds=LEASE - beat_age),
        "load": row,
    }
    return NodeRow(id=id, **{**usual, **fields})


def a_view(nodes: Sequence[NodeRow], owners: Sequence[int | None] = (), *, waiting: int = 0) -> View:
    """A view at `NOON`; `owners` has the node of each shard."""
    shards = tuple(ShardRow(id, owner, 1) for id, owner in enumerate(owners))
    return View(now=NOON, nodes=tuple(nodes), shards=shards, waiting=waiting, revision=1)
