"""`/v2/environments`."""

from typing import Any

from msgspec import UNSET

from maestrale.api.call import Call
from maestrale.api.collections import Attribute, Collection, list_collection
from maestrale.api.endpoint import Endpoint, page_type
from maestrale.api.stored_rows import FIELDS, get_row, or_none, shown, shown_as_new
from maestrale.definitions import environments
from maestrale.store import listing_tables
from maestrale.wire.environments import Environment, EnvironmentRequest
from maestrale.wire.formats import parse_json_text

ENVIRONMENTS = Collection(
    name="environments",
    singular="environment",
    listing=listing_tables.ENVIRONMENTS,
    attributes=(
        Attribute(name="id", is_filter=False),
        Attribute(name="name"),
        Attribute(name="description"),
        Attribute(name="variables", kind="json"),
        Attribute(name="scope"),
        Attribute(name="project_id", is_filter=False),
        Attribute(name="created_at", kind="time"),
        Attribute(name="updated_at", kind="time"),
    ),
)


async def list_environments(call: Call) -> dict[str, Any]:
    return await list_collection(call, ENVIRONMENTS)


async def get_environment(call: Call) -> dict[str, Any]:
    return await get_row(
        call,
        ENVIRONMENTS,
        lambda store: environments.get_environment(store, call.access, call.path["name"]),
    )


async def create_environment(call: Call) -> dict[str, Any]:
    body: EnvironmentRequest = call.body
    variables = parse_json_text(body.variables, "variables")
    made = await call.backend.write(
        lambda store: environments.create_environment(
            store,
            call.access,
            now=call.backend.clock.now(),
            name=or_none(body.name),
            description=or_none(body.description),
            variables=variables,
            scope=or_none(body.scope),
        )
    )
    item = shown_as_new(made, ENVIRONMENTS)
    for attribute in ("description", "variables"):
        if getattr(body, attribute) is UNSET:
            del item[attribute]
    return item


async def update_environment(call: Call) -> dict[str, Any]:
    body: EnvironmentRequest = call.body
    variables = UNSET if body.variables is UNSET else parse_json_text(body.variables, "variables")
    updated = await call.backend.write(
        lambda store: environments.update_environment(
            store,
            call.access,
            now=call.backend.clock.now(),
            name=or_none(body.name),
            description=body.description,
            variables=variables,
            scope=body.scope,
        )
    )
    return shown(updated, ENVIRONMENTS)


async def delete_environment(call: Call) -> None:
    await call.backend.write(
        lambda store: environments.delete_environment(store, call.access, call.path["name"])
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v2/environments",
        summary="List environments",
        tag="environments",
        handler=list_environments,
        query=ENVIRONMENTS.parameters(),
        result=page_type("environments", Environment),
        statuses=(404,),
    ),
    Endpoint(
        method="POST",
        path="/v2/environments",
        summary="Make an environment",
        tag="environments",
        handler=create_environment,
        body=EnvironmentRequest,
        read_only=("project_id",),
        result=Environment,
        status=201,
        statuses=(403, 409),
    ),
    Endpoint(
        method="PUT",
        path="/v2/environments",
        summary="Change what is given of the environment that the body names",
        tag="environments",
        handler=update_environment,
        body=EnvironmentRequest,
        read_only=("project_id",),
        result=Environment,
        statuses=(403, 404),
    ),
    Endpoint(
        method="GET",
        path="/v2/environments/{name}",
        summary="Get an environment",
        tag="environments",
        handler=get_environment,
        query=(FIELDS,),
        result=Environment,
        statuses=(404,),
    ),
    Endpoint(
        method="DELETE",
        path="/v2/environments/{name}",
        summary="Delete an environment",
        tag="environments",
        handler=delete_environment,
        status=204,
        statuses=(403, 404),
    ),
)
