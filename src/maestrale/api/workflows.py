"""`/v2/workflows`."""

from functools import partial
from typing import Any

from maestrale.api.call import Call
from maestrale.api.collections import Attribute, Collection, list_collection
from maestrale.api.endpoint import Endpoint, page_type
from maestrale.api.stored_rows import (
    ALL_PROJECTS,
    FIELDS,
    NAMESPACE,
    UPLOAD_PARAMETERS,
    get_row,
    judge,
    shown,
    store_text,
)
from maestrale.definitions import workflows
from maestrale.lang import DocumentKind
from maestrale.store import listing_tables
from maestrale.store.records import WorkflowRecord
from maestrale.wire.validation import Verdict
from maestrale.wire.workflows import StoredWorkflow, StoredWorkflows, Workflow

WORKFLOWS = Collection(
    name="workflows",
    singular="workflow",
    listing=listing_tables.WORKFLOWS,
    attributes=(
        Attribute(name="id", is_filter=False),
        Attribute(name="name"),
        Attribute(name="namespace"),
        Attribute(name="input", brings=("interface",)),
        Attribute(name="interface", kind="json", choice="empty", is_filter=False),
        Attribute(name="definition"),
        Attribute(name="checksum", is_filter=False),
        Attribute(name="tags", kind="tags"),
        Attribute(name="scope"),
        Attribute(name="project_id", kind="uuid"),
        Attribute(name="created_at", kind="time"),
        Attribute(name="updated_at", kind="time"),
    ),
    options=(ALL_PROJECTS,),
)


async def list_workflows(call: Call) -> dict[str, Any]:
    return await list_collection(call, WORKFLOWS)


async def get_workflow(call: Call) -> dict[str, Any]:
    identifier, namespace = call.path["identifier"], call.query["namespace"]
    return await get_row(
        call, WORKFLOWS, lambda store: workflows.get_workflow(store, call.access, identifier, namespace)
    )


async def create_workflows(call: Call) -> dict[str, Any]:
    made = await store_text(call, DocumentKind.WORKFLOWS, workflows.create_workflows)
    return {"workflows": [_stored(workflow, is_new=True) for workflow in made]}


async def update_workflows(call: Call) -> dict[str, Any]:
    updated = await store_text(call, DocumentKind.WORKFLOWS, workflows.update_workflows)
    return {"workflows": [_stored(workflow) for workflow in updated]}


async def update_workflow(call: Call) -> dict[str, Any]:
    operation = partial(workflows.update_workflow, identifier=call.path["identifier"])
    updated = await store_text(call, DocumentKind.WORKFLOWS, operation)
    return _stored(updated)


async def delete_workflow(call: Call) -> None:
    identifier, namespace = call.path["identifier"], call.query["namespace"]
    await call.backend.write(
        lambda store: workflows.delete_workflow(store, call.access, identifier, namespace)
    )


async def validate_workflows(call: Call) -> Verdict:
    return await judge(call, DocumentKind.WORKFLOWS)


def _stored(workflow: WorkflowRecord, *, is_new: bool = False) -> dict[str, Any]:
    """A workflow in the answer to what stored it: here, and only here, `interface` is an object."""
    item = shown(workflow, WORKFLOWS)
    item["interface"] = workflow.interface
    if is_new:
        del item["updated_at"]
    return item


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v2/workflows",
        summary="List workflows of every namespace",
        tag="workflows",
        handler=list_workflows,
        query=WORKFLOWS.parameters(),
        result=page_type("workflows", Workflow),
        statuses=(403, 404),
    ),
    Endpoint(
        method="POST",
        path="/v2/workflows",
        summary="Store every workflow of a text, all or none",
        tag="workflows",
        handler=create_workflows,
        family="text",
        query=UPLOAD_PARAMETERS,
        body=str,
        result=StoredWorkflows,
        status=201,
        statuses=(403, 409),
    ),
    Endpoint(
        method="PUT",
        path="/v2/workflows",
        summary="Replace the workflows that a text names, all or none",
        tag="workflows",
        handler=update_workflows,
        family="text",
        query=UPLOAD_PARAMETERS,
        body=str,
        result=StoredWorkflows,
        statuses=(403, 404),
    ),
    Endpoint(
        method="POST",
        path="/v2/workflows/validate",
        summary="Validate workflows without storing them",
        tag="workflows",
        handler=validate_workflows,
        family="text",
        body=str,
        result=Verdict,
    ),
    Endpoint(
        method="GET",
        path="/v2/workflows/{identifier}",
        summary="Get a workflow by its id, or by its name in a namespace",
        tag="workflows",
        handler=get_workflow,
        query=(NAMESPACE, FIELDS),
        result=Workflow,
        statuses=(404,),
    ),
    Endpoint(
        method="PUT",
        path="/v2/workflows/{identifier}",
        summary="Replace one workflow; the text may give it another name",
        description="The workflow is in the given namespace from then on, the default one if none is given.",
        tag="workflows",
        handler=update_workflow,
        family="text",
        query=UPLOAD_PARAMETERS,
        body=str,
        result=StoredWorkflow,
        statuses=(403, 404, 409),
    ),
    Endpoint(
        method="DELETE",
        path="/v2/workflows/{identifier}",
        summary="Delete a workflow that no trigger uses; its executions stay",
        tag="workflows",
        handler=delete_workflow,
        query=(NAMESPACE,),
        status=204,
        statuses=(403, 404),
    ),
)
