"""`/v2/event_triggers`."""

from typing import Any

from msgspec import UNSET

from maestrale.api.call import Call
from maestrale.api.collections import Attribute, Collection, list_collection
from maestrale.api.endpoint import Endpoint, page_type
from maestrale.api.stored_rows import ALL_PROJECTS, FIELDS, get_row, shown
from maestrale.definitions import event_triggers
from maestrale.definitions.event_triggers import EventTriggerRequest
from maestrale.store import listing_tables
from maestrale.wire.event_triggers import EventTrigger, EventTriggerBody
from maestrale.wire.formats import parse_json_text

EVENT_TRIGGERS = Collection(
    name="event_triggers",
    singular="event trigger",
    listing=listing_tables.EVENT_TRIGGERS,
    attributes=(
        Attribute(name="id", is_filter=False),
        Attribute(name="name"),
        Attribute(name="workflow_id", kind="uuid"),
        Attribute(name="workflow_input", kind="json"),
        Attribute(name="workflow_params", kind="json"),
        Attribute(name="exchange"),
        Attribute(name="topic"),
        Attribute(name="event"),
        Attribute(name="scope"),
        Attribute(name="project_id", kind="uuid"),
        Attribute(name="created_at", kind="time"),
        Attribute(name="updated_at", kind="time"),
    ),
    options=(ALL_PROJECTS,),
)
READ_ONLY = ("id", "project_id", "created_at", "updated_at")


async def list_event_triggers(call: Call) -> dict[str, Any]:
    return await list_collection(call, EVENT_TRIGGERS)


async def get_event_trigger(call: Call) -> dict[str, Any]:
    return await get_row(
        call,
        EVENT_TRIGGERS,
        lambda store: event_triggers.get_event_trigger(store, call.access, call.path["id"]),
    )


async def create_event_trigger(call: Call) -> dict[str, Any]:
    wanted = _read(call.body)
    made = await call.backend.write(
        lambda store: event_triggers.create_event_trigger(
            store, call.access, wanted, now=call.backend.clock.now()
        )
    )
    return shown(made, EVENT_TRIGGERS)


async def update_event_trigger(call: Call) -> dict[str, Any]:
    wanted = _read(call.body)
    updated = await call.backend.write(
        lambda store: event_triggers.update_event_trigger(
            store, call.access, call.path["id"], wanted, now=call.backend.clock.now()
        )
    )
    return shown(updated, EVENT_TRIGGERS)


async def delete_event_trigger(call: Call) -> None:
    await call.backend.write(
        lambda store: event_triggers.delete_event_trigger(store, call.access, call.path["id"])
    )


def _read(body: EventTriggerBody) -> EventTriggerRequest:
    objects = {
        name: UNSET if value is UNSET else parse_json_text(value, name)
        for name, value in (
            ("workflow_input", body.workflow_input),
            ("workflow_params", body.workflow_params),
        )
    }
    return EventTriggerRequest(
        name=body.name,
        workflow_id=body.workflow_id,
        exchange=body.exchange,
        topic=body.topic,
        event=body.event,
        scope=body.scope,
        **objects,
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v2/event_triggers",
        summary="List event triggers",
        tag="event triggers",
        handler=list_event_triggers,
        query=EVENT_TRIGGERS.parameters(),
        result=page_type("event_triggers", EventTrigger),
        statuses=(403, 404),
    ),
    Endpoint(
        method="POST",
        path="/v2/event_triggers",
        summary="Have a workflow started by notifications",
        tag="event triggers",
        handler=create_event_trigger,
        body=EventTriggerBody,
        read_only=READ_ONLY,
        result=EventTrigger,
        status=201,
        statuses=(403, 404, 409),
    ),
    Endpoint(
        method="GET",
        path="/v2/event_triggers/{id:uuid}",
        summary="Get an event trigger",
        tag="event triggers",
        handler=get_event_trigger,
        query=(FIELDS,),
        result=EventTrigger,
        statuses=(404,),
    ),
    Endpoint(
        method="PUT",
        path="/v2/event_triggers/{id:uuid}",
        summary="Change an event trigger, but not what it listens to",
        tag="event triggers",
        handler=update_event_trigger,
        body=EventTriggerBody,
        read_only=READ_ONLY,
        result=EventTrigger,
        statuses=(403, 404, 409),
    ),
    Endpoint(
        method="DELETE",
        path="/v2/event_triggers/{id:uuid}",
        summary="Delete an event trigger",
        tag="event triggers",
        handler=delete_event_trigger,
        status=204,
        statuses=(403, 404),
    ),
)
