"""Which shards a node takes, and which it gives away: pure, and the same on every node.

Each node acts for itself on what its last beat told. Two that act on the same view may want the same shard;
the statement that takes it lets one of them have it, and the next view shows the rest.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from msgspec import Struct

from maestrale.cluster.settings import ENGINE
from maestrale.store.membership import NodeRow, View

OVERLOADED = "overloaded"
"""The key in a node's load that says it wants less."""

GIVEN_AT_ONCE = 8
"""Shards that a node gives away within one beat, so that few executions stand still at the same time."""

_WHOLE, _LESS = 4, 3
"""Weights of a node's share: a shard that moves makes work itself, so an overloaded node gives a quarter."""


class Plan(Struct, frozen=True, kw_only=True):
    """What a node should do now.

    Args:
        bury: Nodes whose lease has ended.
        claim: How many free shards to take, once those are buried.
        give: Shards of ours, and the node that each should go to.
        look_in: How long until the next lease ends, if nobody renews it. None: nobody else has one.
    """

    bury: tuple[int, ...] = ()
    claim: int = 0
    give: Mapping[int, int] = {}
    look_in: timedelta | None = None


def plan(view: View, node_id: int) -> Plan:
    """What the node of that number should do, which is one of the view's."""
    living = [node for node in view.nodes if lives(node, view)]
    mine = [shard.id for shard in view.shards if shard.node_id == node_id]
    others = [node.leased_until for node in living if node.id != node_id and node.leased_until is not None]
    dues = shares(living, len(view.shards))
    return Plan(
        bury=tuple(node.id for node in view.nodes if not lives(node, view)),
        claim=max(0, dues.get(node_id, 0) - len(mine)) if _has_free(view, living) else 0,
        give=_gifts(view, node_id, mine, dues),
        look_in=min(others) - view.now if others else None,
    )


def lives(node: NodeRow, view: View) -> bool:
    """Whether the node's lease has not ended."""
    return node.leased_until is not None and node.leased_until > view.now


def takes_shards(node: NodeRow) -> bool:
    return ENGINE in node.roles and not node.is_stopping


def open_shards(view: View) -> frozenset[int]:
    """The shards whose node begins new executions."""
    nodes = {node.id for node in view.nodes if lives(node, view) and not node.load.get(OVERLOADED)}
    return frozenset(shard.id for shard in view.shards if shard.node_id in nodes)


def shares(living: Sequence[NodeRow], count: int) -> dict[int, int]:
    """How many of `count` shards each node is due; of those that take any. Together that is all of them."""
    takers = sorted((node for node in living if takes_shards(node)), key=lambda node: node.id)
    weights = {node.id: _LESS if node.load.get(OVERLOADED) else _WHOLE for node in takers}
    if not weights:
        return {}
    # Where all want less, all want the same.
    total = sum(weights.values())
    dues = {id: count * weight // total for id, weight in weights.items()}
    by_rest = sorted(weights, key=lambda id: (-(count * weights[id] % total), id))
    for id in by_rest[: count - sum(dues.values())]:
        dues[id] += 1
    return dues


def _has_free(view: View, living: Sequence[NodeRow]) -> bool:
    held_by = {node.id for node in living}
    return any(shard.node_id not in held_by for shard in view.shards)


def _gifts(view: View, node_id: int, mine: Sequence[int], dues: Mapping[int, int]) -> dict[int, int]:
    """Shards of ours that are others' due. A node that stops gives all, as far as there is anybody."""
    is_leaving = node_id not in dues
    surplus = len(mine) - dues.get(node_id, 0)
    if surplus <= 0 or not dues:
        return {}
    counts = dict.fromkeys(dues, 0)
    for shard in view.shards:
        if shard.node_id in counts:
            counts[shard.node_id] += 1
    gifts: dict[int, int] = {}
    for shard_id in sorted(mine)[: surplus if is_leaving else GIVEN_AT_ONCE]:
        neediest = min(dues, key=lambda id: (counts[id] - dues[id], id))
        if counts[neediest] >= dues[neediest] or (neediest == node_id):
            break
        gifts[shard_id] = neediest
        counts[neediest] += 1
        if not is_leaving:
            counts[node_id] -= 1
            if counts[node_id] <= dues[node_id]:
                break
    return gifts
