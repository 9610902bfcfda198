"""`/v2/workbooks`."""

from typing import Any

from maestrale.api.call import Call
from maestrale.api.collections import Attribute, Collection, list_collection
from maestrale.api.endpoint import Endpoint, page_type
from maestrale.api.stored_rows import (
    FIELDS,
    NAMESPACE,
    UPLOAD_PARAMETERS,
    get_row,
    judge,
    shown,
    shown_as_new,
    store_text,
)
from maestrale.definitions import workbooks
from maestrale.lang import DocumentKind
from maestrale.store import listing_tables
from maestrale.wire.validation import Verdict
from maestrale.wire.workbooks import Workbook

WORKBOOKS = Collection(
    name="workbooks",
    singular="workbook",
    listing=listing_tables.WORKBOOKS,
    attributes=(
        Attribute(name="id", is_filter=False),
        Attribute(name="name"),
        Attribute(name="namespace"),
        Attribute(name="definition"),
        Attribute(name="tags", kind="tags"),
        Attribute(name="scope"),
        Attribute(name="project_id", is_filter=False),
        Attribute(name="created_at", kind="time"),
        Attribute(name="updated_at", kind="time"),
    ),
)


async def list_workbooks(call: Call) -> dict[str, Any]:
    return await list_collection(call, WORKBOOKS)


async def get_workbook(call: Call) -> dict[str, Any]:
    name, namespace = call.path["name"], call.query["namespace"]
    return await get_row(
        call, WORKBOOKS, lambda store: workbooks.get_workbook(store, call.access, name, namespace)
    )


async def create_workbook(call: Call) -> dict[str, Any]:
    made = await store_text(call, DocumentKind.WORKBOOK, workbooks.create_workbook)
    return shown_as_new(made, WORKBOOKS)


async def update_workbook(call: Call) -> dict[str, Any]:
    updated = await store_text(call, DocumentKind.WORKBOOK, workbooks.update_workbook)
    return shown(updated, WORKBOOKS)


async def delete_workbook(call: Call) -> None:
    name, namespace = call.path["name"], call.query["namespace"]
    await call.backend.write(lambda store: workbooks.delete_workbook(store, call.access, name, namespace))


async def validate_workbook(call: Call) -> Verdict:
    return await judge(call, DocumentKind.WORKBOOK)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v2/workbooks",
        summary="List workbooks",
        tag="workbooks",
        handler=list_workbooks,
        query=WORKBOOKS.parameters(),
        result=page_type("workbooks", Workbook),
        statuses=(404,),
    ),
    Endpoint(
        method="POST",
        path="/v2/workbooks",
        summary="Store a workbook with its workflows and actions",
        tag="workbooks",
        handler=create_workbook,
        family="text",
        query=UPLOAD_PARAMETERS,
        body=str,
        result=Workbook,
        status=201,
        statuses=(403, 409),
    ),
    Endpoint(
        method="PUT",
        path="/v2/workbooks",
        summary="Replace the workbook that the text names",
        description="Workflows and actions that are no longer in it stay as they are.",
        tag="workbooks",
        handler=update_workbook,
        family="text",
        query=UPLOAD_PARAMETERS,
        body=str,
        result=Workbook,
        statuses=(403, 404),
    ),
    Endpoint(
        method="POST",
        path="/v2/workbooks/validate",
        summary="Validate a workbook without storing it",
        tag="workbooks",
        handler=validate_workbook,
        family="text",
        body=str,
        result=Verdict,
    ),
    Endpoint(
        method="GET",
        path="/v2/workbooks/{name}",
        summary="Get a workbook",
        tag="workbooks",
        handler=get_workbook,
        query=(NAMESPACE, FIELDS),
        result=Workbook,
        statuses=(404,),
    ),
    Endpoint(
        method="DELETE",
        path="/v2/workbooks/{name}",
        summary="Delete a workbook; its workflows and actions stay",
        tag="workbooks",
        handler=delete_workbook,
        query=(NAMESPACE,),
        status=204,
        statuses=(403, 404),
    ),
)
