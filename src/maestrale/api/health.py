"""Whether the process lives, and whether it should get requests."""

import asyncio

from maestrale.api.backend import Backend
from maestrale.api.call import Call
from maestrale.api.endpoint import Endpoint
from maestrale.errors import Unavailable
from maestrale.wire.discovery import Health

TAG = "operation"
DATABASE_SECONDS = 2.0
"""How long the database may take to answer the smallest question."""


async def get_liveness(call: Call) -> Health:
    return Health(status="ok")


async def get_readiness(call: Call) -> Health:
    await check_ready(call.backend)
    return Health(status="ready", missing_roles=call.backend.missing_roles())


async def check_ready(backend: Backend) -> None:
    """Go on if requests can be served. Raises: Unavailable: with the reason why they cannot."""
    reason = backend.why_not_ready()
    if reason is not None:
        raise Unavailable(f"this process is not ready: {reason}", code="not-ready")
    try:
        async with asyncio.timeout(DATABASE_SECONDS):
            await backend.read(lambda store: store.get_setting("maintenance"))
    except TimeoutError as error:
        raise Unavailable(
            f"the database did not answer within {DATABASE_SECONDS:g} seconds", code="not-ready"
        ) from error


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/healthz",
        summary="Whether the process lives",
        tag=TAG,
        handler=get_liveness,
        result=Health,
        needs_identity=False,
    ),
    Endpoint(
        method="GET",
        path="/readyz",
        summary="Whether the process should get requests",
        description="503 while it takes over what others left, has no lease, is being stopped, and while its"
        " database does not answer. `missing_roles`, if there are any: what no node of the cluster does.",
        tag=TAG,
        handler=get_readiness,
        result=Health,
        statuses=(503,),
        needs_identity=False,
    ),
    Endpoint(
        method="GET",
        path="/healthcheck",
        summary="As /readyz, under the name that OpenStack deployments look for",
        tag=TAG,
        handler=get_readiness,
        result=Health,
        statuses=(503,),
        needs_identity=False,
    ),
)
