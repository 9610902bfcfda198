"""The client's list of the nodes of a service."""

import httpx

from maestrale.client import Client, NodeList, NodeLoad, ServiceNode
from tests.api.house import an_app
from tests.api.test_nodes import NOON, nodes


async def test_the_client_gives_the_nodes_with_instants_and_loads() -> None:
    async with Client(transport=httpx.ASGITransport(app=an_app(nodes=nodes))) as client:
        listed = await client.nodes.list()

    node = ServiceNode(
        id=3,
        name="n3",
        host="h",
        pid=7,
        url="http://n3",
        version="1.0",
        roles=("engine",),
        state="up",
        started_at=NOON,
        shards=(0, 5),
        shard_count=2,
        load=NodeLoad(trees=4),
        is_self=True,
    )
    assert listed == NodeList(nodes=(node,), shard_count=64, free_shards=(1,))
