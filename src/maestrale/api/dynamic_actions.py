"""`/v2/dynamic_actions`, for administrators."""

from typing import Any

from maestrale.api.call import Call
from maestrale.api.collections import Attribute, Collection, list_collection
from maestrale.api.endpoint import Endpoint, page_type
from maestrale.api.stored_rows import (
    ALL_PROJECTS,
    FIELDS,
    NAMESPACE,
    get_row,
    or_none,
    shown,
    shown_as_new,
)
from maestrale.definitions import dynamic_actions
from maestrale.store import listing_tables
from maestrale.wire.dynamic_actions import DynamicAction, DynamicActionChange, NewDynamicAction

DYNAMIC_ACTIONS = Collection(
    name="dynamic_actions",
    singular="dynamic action",
    listing=listing_tables.DYNAMIC_ACTIONS,
    attributes=(
        Attribute(name="id", is_filter=False),
        Attribute(name="name"),
        Attribute(name="namespace"),
        Attribute(name="class_name", is_filter=False),
        Attribute(name="code_source_id", is_filter=False),
        Attribute(name="code_source_name", is_filter=False),
        Attribute(name="project_id", kind="uuid"),
        Attribute(name="scope"),
        Attribute(name="tags", kind="tags", shown="asked", choice="no"),
        Attribute(name="created_at", kind="time"),
        Attribute(name="updated_at", kind="time"),
    ),
    options=(ALL_PROJECTS,),
)


async def list_dynamic_actions(call: Call) -> dict[str, Any]:
    return await list_collection(call, DYNAMIC_ACTIONS)


async def get_dynamic_action(call: Call) -> dict[str, Any]:
    identifier, namespace = call.path["identifier"], call.query["namespace"]
    return await get_row(
        call,
        DYNAMIC_ACTIONS,
        lambda store: dynamic_actions.get_dynamic_action(store, call.access, identifier, namespace),
    )


async def create_dynamic_action(call: Call) -> dict[str, Any]:
    body: NewDynamicAction = call.body
    made = await call.backend.write(
        lambda store: dynamic_actions.create_dynamic_action(
            store,
            call.access,
            now=call.backend.clock.now(),
            name=or_none(body.name),
            class_name=or_none(body.class_name),
            code_source_id=or_none(body.code_source_id),
            code_source_name=or_none(body.code_source_name),
            scope=or_none(body.scope),
            namespace=or_none(body.namespace) or "",
        )
    )
    return shown_as_new(made, DYNAMIC_ACTIONS)


async def update_dynamic_action(call: Call) -> dict[str, Any]:
    body: DynamicActionChange = call.body
    updated = await call.backend.write(
        lambda store: dynamic_actions.update_dynamic_action(
            store,
            call.access,
            now=call.backend.clock.now(),
            id=or_none(body.id),
            name=or_none(body.name),
            namespace=or_none(body.namespace) or "",
            class_name=or_none(body.class_name),
            code_source_id=or_none(body.code_source_id),
            code_source_name=or_none(body.code_source_name),
            scope=body.scope,
        )
    )
    return shown(updated, DYNAMIC_ACTIONS)


async def delete_dynamic_action(call: Call) -> None:
    identifier, namespace = call.path["identifier"], call.query["namespace"]
    await call.backend.write(
        lambda store: dynamic_actions.delete_dynamic_action(store, call.access, identifier, namespace)
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v2/dynamic_actions",
        summary="List dynamic actions",
        tag="dynamic actions",
        handler=list_dynamic_actions,
        query=DYNAMIC_ACTIONS.parameters(),
        result=page_type("dynamic_actions", DynamicAction),
        statuses=(404,),
        admin_only=True,
    ),
    Endpoint(
        method="POST",
        path="/v2/dynamic_actions",
        summary="Make a class of a code source an action",
        tag="dynamic actions",
        handler=create_dynamic_action,
        body=NewDynamicAction,
        ignored=(DynamicAction,),
        read_only=("project_id",),
        result=DynamicAction,
        status=201,
        statuses=(404, 409),
        admin_only=True,
    ),
    Endpoint(
        method="PUT",
        path="/v2/dynamic_actions",
        summary="Change the dynamic action that the body names",
        tag="dynamic actions",
        handler=update_dynamic_action,
        body=DynamicActionChange,
        ignored=(DynamicAction,),
        read_only=("project_id",),
        result=DynamicAction,
        statuses=(404,),
        admin_only=True,
    ),
    Endpoint(
        method="GET",
        path="/v2/dynamic_actions/{identifier}",
        summary="Get a dynamic action by its id, or by its name in a namespace",
        tag="dynamic actions",
        handler=get_dynamic_action,
        query=(NAMESPACE, FIELDS),
        result=DynamicAction,
        statuses=(404,),
        admin_only=True,
    ),
    Endpoint(
        method="DELETE",
        path="/v2/dynamic_actions/{identifier}",
        summary="Delete a dynamic action",
        tag="dynamic actions",
        handler=delete_dynamic_action,
        query=(NAMESPACE,),
        status=204,
        statuses=(404,),
        admin_only=True,
    ),
)
