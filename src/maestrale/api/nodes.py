"""`/v2/nodes`: the servers that share the database."""

from maestrale.api.call import Call
from maestrale.api.endpoint import Endpoint
from maestrale.wire.nodes import NodeList


async def list_nodes(call: Call) -> NodeList:
    return await call.backend.nodes()


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v2/nodes",
        summary="List the nodes of the service: what each does, has, and how busy it is",
        description="With the state of each (`up`, `stopping`, `late` or `dead`), its shards, and what it"
        " said with its last beat. For administrators.",
        tag="operation",
        handler=list_nodes,
        result=NodeList,
        statuses=(403,),
        admin_only=True,
    ),
)
