"""`/v2/code_sources`, for administrators."""

from typing import Any

from maestrale.api.call import Call
from maestrale.api.collections import Attribute, Collection, list_collection
from maestrale.api.endpoint import Endpoint, Parameter, page_type
from maestrale.api.stored_rows import (
    ALL_PROJECTS,
    FIELDS,
    NAMESPACE,
    SCOPE,
    get_row,
    shown,
    shown_as_new,
)
from maestrale.definitions import code_sources
from maestrale.store import listing_tables
from maestrale.wire.code_sources import CodeSource

CODE_SOURCES = Collection(
    name="code_sources",
    singular="code source",
    listing=listing_tables.CODE_SOURCES,
    attributes=(
        Attribute(name="id", is_filter=False),
        Attribute(name="name"),
        Attribute(name="namespace"),
        Attribute(name="content", is_filter=False),
        Attribute(name="version", kind="int", is_filter=False),
        Attribute(name="project_id", kind="uuid"),
        Attribute(name="scope"),
        Attribute(name="tags", kind="tags", shown="asked", choice="no"),
        Attribute(name="created_at", kind="time"),
        Attribute(name="updated_at", kind="time"),
        Attribute(name="actions", shown="asked", choice="empty", value=lambda row: None, is_filter=False),
    ),
    options=(ALL_PROJECTS,),
)


async def list_code_sources(call: Call) -> dict[str, Any]:
    return await list_collection(call, CODE_SOURCES)


async def get_code_source(call: Call) -> dict[str, Any]:
    identifier, namespace = call.path["identifier"], call.query["namespace"]
    return await get_row(
        call,
        CODE_SOURCES,
        lambda store: code_sources.get_code_source(store, call.access, identifier, namespace),
    )


async def create_code_source(call: Call) -> dict[str, Any]:
    made = await call.backend.write(
        lambda store: code_sources.create_code_source(
            store,
            call.access,
            call.body,
            now=call.backend.clock.now(),
            name=call.query["name"],
            scope=call.query["scope"],
            namespace=call.query["namespace"],
        )
    )
    return shown_as_new(made, CODE_SOURCES)


async def update_code_source(call: Call) -> dict[str, Any]:
    updated = await call.backend.write(
        lambda store: code_sources.update_code_source(
            store,
            call.access,
            call.query["identifier"],
            call.body,
            now=call.backend.clock.now(),
            scope=call.query["scope"],
            namespace=call.query["namespace"],
        )
    )
    return shown(updated, CODE_SOURCES)


async def delete_code_source(call: Call) -> None:
    identifier, namespace = call.path["identifier"], call.query["namespace"]
    await call.backend.write(
        lambda store: code_sources.delete_code_source(store, call.access, identifier, namespace)
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v2/code_sources",
        summary="List code sources",
        tag="code sources",
        handler=list_code_sources,
        query=CODE_SOURCES.parameters(),
        result=page_type("code_sources", CodeSource),
        statuses=(404,),
        admin_only=True,
    ),
    Endpoint(
        method="POST",
        path="/v2/code_sources",
        summary="Store Python source",
        tag="code sources",
        handler=create_code_source,
        family="text",
        query=(Parameter("name", "text", "The name of the code source"), SCOPE, NAMESPACE),
        body=str,
        result=CodeSource,
        status=201,
        content_type="application/json",
        statuses=(409,),
        admin_only=True,
    ),
    Endpoint(
        method="PUT",
        path="/v2/code_sources",
        summary="Replace Python source; what runs keeps the old one",
        tag="code sources",
        handler=update_code_source,
        family="text",
        query=(Parameter("identifier", "text", "The id or the name of the code source"), SCOPE, NAMESPACE),
        body=str,
        result=CodeSource,
        content_type="application/json",
        statuses=(404,),
        admin_only=True,
    ),
    Endpoint(
        method="GET",
        path="/v2/code_sources/{identifier}",
        summary="Get a code source by its id, or by its name in a namespace",
        tag="code sources",
        handler=get_code_source,
        query=(NAMESPACE, FIELDS),
        result=CodeSource,
        statuses=(404,),
        admin_only=True,
    ),
    Endpoint(
        method="DELETE",
        path="/v2/code_sources/{identifier}",
        summary="Delete a code source and its dynamic actions",
        tag="code sources",
        handler=delete_code_source,
        query=(NAMESPACE,),
        status=204,
        statuses=(404,),
        admin_only=True,
    ),
)
