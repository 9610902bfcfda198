"""The nodes of a service, as they go over the wire. Instants are ISO 8601 with a zone."""

from datetime import datetime

from msgspec import Struct


class NodeLoad(Struct, frozen=True, kw_only=True):
    """How busy a node said it was with its last beat.

    Args:
        trees: Executions in its memory, each with all below it.
        steps: Decided, and not on the disk yet.
        runs: Attempts of actions under way, or waiting for a place.
        timers: Set for later.
        watchers: Who follows executions through it.
        waiting: Messages of other nodes that it has not decided yet.
        rss: Bytes of memory.
        overloaded: Whether it takes no new executions until it has less to do.
    """

    trees: int = 0
    steps: int = 0
    runs: int = 0
    timers: int = 0
    watchers: int = 0
    waiting: int = 0
    rss: int = 0
    overloaded: bool = False


class Node(Struct, frozen=True, kw_only=True):
    """A server that works, or has worked, on the database.

    Args:
        id: Its number, never given twice.
        url: Where its API is; empty: it has none.
        state: `up`; `stopping`: it gives away what it has; `late`: it missed a beat; `dead`: its lease has
            ended, and others take what it has.
        leased_until: Until when what it has is its own. Null: without a lease, for as long as it lives.
        beat_age_seconds: Since it renewed that. Null: it has none.
        shards: The parts of all executions that it decides.
        is_self: Whether it is the one that answers.
    """

    id: int
    name: str
    host: str
    pid: int
    url: str
    version: str
    roles: list[str]
    state: str
    started_at: datetime
    leased_until: datetime | None
    beat_age_seconds: float | None
    shards: list[int]
    shard_count: int
    load: NodeLoad
    is_self: bool = False


class NodeList(Struct, frozen=True, kw_only=True):
    """All nodes, the first to have come first.

    Args:
        shard_count: How many shards there are; 0: the database is a file, which has none.
        free_shards: Those that no node has just now.
        missing_roles: What no node does that lives and is to go on: without `engine` executions stand still,
            without `worker` actions wait, without `scheduler` no cron trigger fires.
    """

    nodes: list[Node]
    shard_count: int
    free_shards: list[int]
    missing_roles: tuple[str, ...] = ()
