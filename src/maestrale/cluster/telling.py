"""What a node logs of the cluster: who came and went, and what it has."""

from collections.abc import Collection, Mapping

import structlog

from maestrale.cluster.roster import missing_roles, state_of
from maestrale.cluster.settings import WITHOUT
from maestrale.store.membership import NodeRow, View

MOST_LISTED = 8
"""Shards that a line names; of more it says how many."""

log = structlog.get_logger("maestrale.cluster")


class Telling:
    """Logs what is new in each view: an event of the cluster is one line in the log of every node.

    Args:
        node_id: This node's number, of which it tells nothing here.
    """

    def __init__(self, node_id: int) -> None:
        self._node_id = node_id
        self._known: dict[int, NodeRow] | None = None
        self._states: dict[int, str] = {}
        self._missing: tuple[str, ...] = ()

    def look(self, view: View) -> None:
        """Tell what has changed since the view before. What there is at first is one line."""
        others = {row.id: row for row in view.nodes if row.id != self._node_id}
        states = {row.id: state_of(row, view) for row in others.values()}
        if self._known is None:
            log.info("the nodes of this cluster", others=_names(others.values()))
        else:
            self._tell_of(self._known, others, states)
            self._tell_of_gone(self._known, others, view)
        self._known, self._states = others, states
        if not any(row.id == self._node_id and row.is_stopping for row in view.nodes):
            self._tell_of_roles(missing_roles(view))  # Otherwise it is this node that they are missing.

    def _tell_of(
        self, before: Mapping[int, NodeRow], after: Mapping[int, NodeRow], states: Mapping[int, str]
    ) -> None:
        for id, row in after.items():
            if id not in before:
                log.info("a node joined", **_of(row), version=row.version, roles=list(row.roles))
            elif states[id] == "stopping" and self._states[id] != "stopping":
                log.info("a node stops", **_of(row))
            elif states[id] == "late" and self._states[id] == "up":
                log.warning("a node missed a beat", **_of(row))
            elif states[id] == "up" and self._states[id] == "late":
                log.info("a node beats again", **_of(row))

    def _tell_of_gone(self, before: Mapping[int, NodeRow], after: Mapping[int, NodeRow], view: View) -> None:
        for id, row in before.items():
            # Nobody is buried before his lease has ended. Who had nothing to give away may leave unseen.
            has_left = row.is_stopping or (row.leased_until is not None and row.leased_until > view.now)
            if id not in after and has_left:
                log.info("a node left", **_of(row))
            elif id not in after:
                log.warning("a node is gone without a word", **_of(row))

    def _tell_of_roles(self, missing: tuple[str, ...]) -> None:
        for role in missing:
            if role not in self._missing:
                log.warning("no node has a role", role=role, meaning=WITHOUT[role])
        for role in self._missing:
            if role not in missing:
                log.info("a node has the role again", role=role)
        self._missing = missing


def tell_joined(*, node_id: int, name: str, roles: Collection[str]) -> None:
    """This node takes part."""
    log.info("joined the cluster", node=node_id, name=name, roles=list(roles))


def tell_left(*, node_id: int) -> None:
    """This node takes part no more, and has given away what it had."""
    log.info("left the cluster", node=node_id)


def tell_buried(node_ids: Collection[int]) -> None:
    """It was this node that took the shards of dead ones from them."""
    if node_ids:
        log.warning("freed the shards of nodes whose lease had ended", nodes=sorted(node_ids))


def tell_gained(shards: Collection[int], *, trees: int, seconds: float) -> None:
    """Shards are this node's, and their unfinished executions go on here."""
    log.info("took over shards", shards=_listed(shards), executions=trees, seconds=round(seconds, 3))


def tell_given(shards: Collection[int], *, to: int | None) -> None:
    """Shards of this node are another's, which goes on with them. None: whoever takes them."""
    log.info("gave shards away", shards=_listed(shards), to=to)


def tell_lost(shards: Collection[int], *, trees: int) -> None:
    """Others took shards by force. What had been decided on them and not committed is dropped."""
    log.error(
        "shards were taken away",
        shards=_listed(shards),
        executions=trees,
        hint="this node did not beat for as long as its lease: it was frozen, overloaded or cut off",
    )


def tell_beat_failed(reason: str, *, left_seconds: float) -> None:
    """The lease could not be renewed. It holds for so long yet."""
    log.warning("the lease could not be renewed", error=reason, left_seconds=round(left_seconds, 3))


def tell_lease_ended() -> None:
    """It was not renewed in time. No more actions are begun until it is held again."""
    log.error("the lease has ended; no actions are begun until the database answers")


def tell_lease_held() -> None:
    """It is renewed again, in time or not."""
    log.info("the lease is held again")


def tell_forgotten(*, node_id: int) -> None:
    """Others have buried this node, which lives: it drops everything, and joins anew."""
    log.error("this node was taken for dead; it begins anew", node=node_id)


def _of(row: NodeRow) -> dict[str, object]:
    return {"node": row.id, "name": row.name, "host": row.host}


def _names(rows: Collection[NodeRow]) -> list[str]:
    return [row.name for row in sorted(rows, key=lambda row: row.id)]


def _listed(shards: Collection[int]) -> str:
    listed = ", ".join(map(str, sorted(shards)[:MOST_LISTED]))
    return listed if len(shards) <= MOST_LISTED else f"{listed}, … {len(shards)} in all"
