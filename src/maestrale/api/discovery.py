"""What the service is: its versions, its root, what its operator wants to say about it."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
from starlette.responses import Response

from maestrale.api.call import Call
from maestrale.api.endpoint import Endpoint
from maestrale.api.errors import Refusal
from maestrale.errors import InvalidInput
from maestrale.wire.discovery import Link, Root, Version, Versions

TAG = "discovery"


async def get_versions(call: Call) -> Versions:
    link = Link(href=f"{call.app_url}/v2", target="v2", rel="self")
    return Versions(versions=[Version(id="v2.0", status="CURRENT", links=[link])])


async def get_root(call: Call) -> Root | Response:
    if not call.scope["path"].endswith("/"):
        address = f"{call.app_url}/v2/"
        raise Refusal(302, f"The API is at {address}", code="found", headers=(("Location", address),))
    return Root(uri=f"{call.app_url}/v2")


async def get_info(call: Call) -> Any:
    """The operator's JSON file. Raises: InvalidInput: there is none."""
    settings = call.backend.settings
    if not settings.enable_info or not settings.info_file:
        raise InvalidInput(
            "the information endpoint is switched off",
            code="info-disabled",
            hint="its operator can switch it on, and name a JSON file for it",
        )
    try:
        text = await asyncio.to_thread(Path(settings.info_file).read_bytes)
        return msgspec.json.decode(text)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput(
            "the file that the operator named for this endpoint cannot be read as JSON",
            code="info-unreadable",
        ) from error


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/",
        summary="The versions of the API",
        tag=TAG,
        handler=get_versions,
        result=Versions,
        needs_identity=False,
    ),
    Endpoint(
        method="GET",
        path="/v2",
        summary="The root of version 2",
        description="Without a slash at the end it answers 302, to the address with one.",
        tag=TAG,
        handler=get_root,
        result=Root,
        statuses=(302,),
        needs_identity=False,
    ),
    Endpoint(
        method="GET",
        path="/info",
        summary="What the operator says about this deployment",
        tag=TAG,
        handler=get_info,
        family="text",
        content_type="application/json",
        result=dict[str, Any],
        statuses=(400,),
        needs_identity=False,
    ),
)
