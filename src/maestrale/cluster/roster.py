"""The nodes as people are told of them, made of what the database says about them."""

from collections.abc import Collection
from datetime import timedelta

from msgspec.structs import replace

from maestrale.cluster.balance import lives
from maestrale.cluster.load import Reported, from_row
from maestrale.cluster.settings import ROLES
from maestrale.store import StoreReader
from maestrale.store.membership import NodeRow, View
from maestrale.wire.nodes import Node, NodeList

STATES = ("up", "stopping", "late", "dead")

LATE_BEATS = 1.5
"""After so many beats without one a node is late."""


def look(store: StoreReader) -> View:
    """All nodes and shards. Of a file: the processes that live, as far as they have written anything."""
    view = store.look()
    if store.is_shared:
        return view
    return replace(view, nodes=tuple(node for node in view.nodes if store.is_alive(node.id)))


def roster(view: View, *, self_id: int | None = None) -> NodeList:
    """Everything about all nodes.

    Args:
        self_id: The number of the node that is asked. None: none is, the database was.
    """
    shards: dict[int | None, list[int]] = {}
    for shard in sorted(view.shards, key=lambda each: each.id):
        shards.setdefault(shard.node_id, []).append(shard.id)
    rows = sorted(view.nodes, key=lambda row: row.id)
    known = {row.id for row in rows}
    return NodeList(
        nodes=[_node(row, view, shards.get(row.id, ()), is_self=row.id == self_id) for row in rows],
        shard_count=len(view.shards),
        missing_roles=missing_roles(view),
        free_shards=sorted(id for node, ids in shards.items() if node not in known for id in ids),
    )


def missing_roles(view: View) -> tuple[str, ...]:
    """The roles that no node has which lives and is to go on. Of a file's: none, each server has them all."""
    if not view.shards:
        return ()
    there = {role for node in view.nodes if lives(node, view) and not node.is_stopping for role in node.roles}
    return tuple(role for role in ROLES if role not in there)


def state_of(row: NodeRow, view: View) -> str:
    """`up`, `stopping`, `late` or `dead`."""
    return _state(row, view, from_row(row.load))


def _state(row: NodeRow, view: View, said: Reported) -> str:
    if row.leased_until is not None and row.leased_until <= view.now:
        return "dead"
    if row.is_stopping:
        return "stopping"
    age = _beat_age(row, view, said)
    latest = round(LATE_BEATS * said.beat_seconds, 3)
    return "late" if age is not None and age > latest > 0 else "up"


def _beat_age(row: NodeRow, view: View, said: Reported) -> float | None:
    """Seconds since the last beat: each sets the lease to end so much later."""
    if row.leased_until is None or not said.lease_seconds:
        return None
    beat_at = row.leased_until - timedelta(seconds=said.lease_seconds)
    return round(max((view.now - beat_at).total_seconds(), 0.0), 3)


def _node(row: NodeRow, view: View, shards: Collection[int], *, is_self: bool) -> Node:
    said = from_row(row.load)
    return Node(
        id=row.id,
        name=row.name,
        host=row.host,
        pid=row.pid,
        url=row.url,
        version=row.version,
        roles=list(row.roles),
        state=_state(row, view, said),
        started_at=row.started_at,
        leased_until=row.leased_until,
        beat_age_seconds=_beat_age(row, view, said),
        shards=list(shards),
        shard_count=len(shards),
        load=said.load,
        is_self=is_self,
    )
