"""What is wrong around the trees of a database: nodes, shards, messages, queues, triggers."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from maestrale.core.findings import Finding
from maestrale.expressions import Json
from maestrale.store import StoreReader
from maestrale.store.auditing import Auditing, LiveTree, NodeSeen, StoredTree

OLD = timedelta(minutes=5)
"""What should happen within seconds and has not for so long will not happen by itself."""

MOST_LISTED = 1_000
"""So many of a kind are named at once."""


class Surroundings(Struct, frozen=True):
    """Who lives, and who has what.

    Args:
        now: By the clock of the database.
        shards: The node that has each shard; empty where trees belong to processes.
    """

    now: datetime
    nodes: tuple[NodeSeen, ...]
    shards: Mapping[int, int | None]

    @property
    def living(self) -> frozenset[int]:
        """The numbers of the nodes that live."""
        return frozenset(node.id for node in self.nodes if node.is_alive)

    def runs(self, tree: StoredTree | LiveTree) -> bool:
        """Whether a living node has a tree."""
        owner = self.shards.get(tree.shard or 0) if self.shards else tree.node_id
        return owner in self.living


def look_around(auditing: Auditing) -> Surroundings:
    """Who lives, and who has what, at this moment."""
    shards = dict(auditing.list_shards()) if auditing.shard_count else {}
    return Surroundings(auditing.now(), tuple(auditing.list_nodes()), shards)


def audit_surroundings(store: StoreReader, around: Surroundings) -> Iterator[Finding]:
    """What waits for somebody who does not come. Where nobody lives, everything waits: that is no fault."""
    if around.living:
        yield from _check_nodes(around)
        yield from _check_shards(around)
        yield from _check_queues(store, around)
        yield from _check_owners(store.auditing, around)


def _finding(code: str, kind: str, id: object, text: str, *, root_id: str = "", **told: Json) -> Finding:
    return Finding(code=code, root_id=root_id, kind=kind, id=str(id), text=text, evidence=told)


def _check_nodes(around: Surroundings) -> Iterator[Finding]:
    for node in around.nodes:
        if node.leased_until is not None and node.leased_until < around.now - OLD:
            until = node.leased_until.isoformat()
            text = f"the lease of `{node.name or node.host}` ended at {until}, and the other nodes keep it"
            yield _finding(
                "node-dead", "node", node.id, text, pid=node.pid, host=node.host, leased_until=until
            )


def _check_shards(around: Surroundings) -> Iterator[Finding]:
    if not any(node.is_alive and '"engine"' in node.roles for node in around.nodes):
        return
    for shard, node_id in around.shards.items():
        if node_id not in around.living:
            text = "no living node has it, and its executions stand still"
            yield _finding("shard-without-node", "shard", shard, text, node_id=node_id)


def _check_queues(store: StoreReader, around: Surroundings) -> Iterator[Finding]:
    before = around.now - OLD
    for group in store.auditing.list_old_messages(before=before):
        since = None if group.oldest_at is None else group.oldest_at.isoformat()
        text = f"{group.count} messages for it have not been taken, the oldest since {since}"
        yield _finding("message-old", "inbox", group.owner, text, count=group.count, oldest_at=since)
    for group in store.auditing.list_notice_owners():
        is_old = group.oldest_at is not None and group.oldest_at < before
        if is_old and int(group.owner) not in around.living:
            text = f"{group.count} notices wait for it to send them, and it is gone"
            yield _finding("notices-without-node", "node", group.owner, text, count=group.count)
    for stale in store.auditing.list_stale_assignments(limit=MOST_LISTED):
        text = "a worker may be given it, and nobody waits for it"
        told = {"attempt": stale.attempt, "state": stale.state}
        yield _finding("assignment-stale", "action-run", stale.run_id, text, root_id=stale.root_id, **told)
    for trigger in store.list_due_triggers(now=before, limit=MOST_LISTED):
        due_at = trigger.next_execution_time.isoformat()
        text = f"it was due at {due_at}, and has not fired"
        yield _finding("trigger-overdue", "cron-trigger", trigger.id, text, due_at=due_at)


def _check_owners(auditing: Auditing, around: Surroundings) -> Iterator[Finding]:
    """On a file, every tree has its own process; where there are shards, `_check_shards` tells."""
    last: LiveTree | None = None
    seen: set[str] = set()
    while not around.shards and (page := auditing.list_live_trees(after=last, limit=MOST_LISTED)):
        last = page[-1]
        for tree in page:
            if tree.root_id not in seen and tree.is_there and not around.runs(tree):
                seen.add(tree.root_id)
                text = "no living process runs it, and it is to go on"
                told = {"node_id": tree.node_id}
                yield _finding("nobody-runs-it", "tree", tree.root_id, text, root_id=tree.root_id, **told)
