"""The manager of the nodes of a service."""

from datetime import datetime

from msgspec import Struct

from maestrale.client.decoding import Resource, decode
from maestrale.client.transport import Transport


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


class ServiceNode(Resource, frozen=True, kw_only=True):
    """A server that works, or has worked, on the database of the service.

    Args:
        id: Its number, never given twice.
        url: Where its API is; empty: it has none.
        state: `up`, `stopping`, `late` or `dead`.
        leased_until: Until when what it has is its own. None: without a lease, for as long as it lives.
        beat_age_seconds: Since it renewed that. None: it has none.
        shards: The parts of all executions that it decides.
        is_self: Whether it is the one that answered.
    """

    id: int
    name: str
    host: str = ""
    pid: int = 0
    url: str = ""
    version: str = ""
    roles: tuple[str, ...] = ()
    state: str
    started_at: datetime
    leased_until: datetime | None = None
    beat_age_seconds: float | None = None
    shards: tuple[int, ...] = ()
    shard_count: int = 0
    load: NodeLoad = NodeLoad()
    is_self: bool = False


class NodeList(Resource, frozen=True, kw_only=True):
    """All nodes, the first to have come first.

    Args:
        shard_count: How many shards there are; 0: the database is a file, which has none.
        free_shards: Those that no node has just now.
        missing_roles: What no node does that lives and is to go on, such as `worker`.
    """

    nodes: tuple[ServiceNode, ...]
    shard_count: int = 0
    free_shards: tuple[int, ...] = ()
    missing_roles: tuple[str, ...] = ()


class Nodes:
    """The servers that share a database. For administrators."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self) -> NodeList:
        return decode(NodeList, await self._transport.ask("GET", "/v2/nodes"))
