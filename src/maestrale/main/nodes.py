"""Who works on the database of this server, for `GET /v2/nodes`."""

from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct

from maestrale.cluster.roster import look, roster
from maestrale.engine import Engine, Read
from maestrale.engine.stopwatch import resident_bytes
from maestrale.wire.nodes import Node, NodeList, NodeLoad


class Self(Struct, frozen=True, kw_only=True):
    """What this server knows better of itself than the database does.

    Args:
        id: Its number. None: it has none at the moment.
    """

    id: int | None
    name: str
    version: str
    roles: Sequence[str]
    url: str
    load: NodeLoad


class Nodes:
    """Reads them, whenever it is asked.

    Args:
        describe: This server, as it is now.
    """

    def __init__(self, read: Read, describe: Callable[[], Self]) -> None:
        self._read = read
        self._describe = describe

    async def list(self) -> NodeList:
        """All nodes. Raises: Unavailable: the database does not answer."""
        view = await self._read(look)
        own = self._describe()
        listed = roster(view, self_id=own.id)
        nodes = [_with_own(node, own) if node.is_self else node for node in listed.nodes]
        return msgspec.structs.replace(listed, nodes=nodes)


def _with_own(node: Node, own: Self) -> Node:
    """The row of this server: as fresh as it is, and with what a file does not keep of a process."""
    return msgspec.structs.replace(
        node, name=own.name, version=own.version, roles=list(own.roles), url=own.url, load=own.load
    )


def load_of(engine: Engine, *, waiting: int = 0, overloaded: bool = False) -> NodeLoad:
    """How busy a node is.

    Args:
        waiting: Messages of other nodes for this one.
        overloaded: Whether it takes no new executions for now.
    """
    load = engine.load
    return NodeLoad(
        trees=load.trees,
        steps=load.steps,
        runs=load.runs,
        timers=load.timers,
        watchers=load.watchers,
        waiting=waiting,
        rss=resident_bytes(),
        overloaded=overloaded,
    )
