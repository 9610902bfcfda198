"""`/v2/cron_triggers`."""

from typing import Any

from maestrale.api.call import Call
from maestrale.api.collections import Attribute, Collection, list_collection
from maestrale.api.endpoint import Endpoint, page_type
from maestrale.api.stored_rows import ALL_PROJECTS, FIELDS, get_row, or_none, shown_as_new
from maestrale.definitions import cron_triggers
from maestrale.definitions.cron_triggers import CronTriggerRequest
from maestrale.store import listing_tables
from maestrale.wire.cron_triggers import CronTrigger, NewCronTrigger
from maestrale.wire.formats import parse_json_text

CRON_TRIGGERS = Collection(
    name="cron_triggers",
    singular="cron trigger",
    listing=listing_tables.CRON_TRIGGERS,
    attributes=(
        Attribute(name="id", is_filter=False),
        Attribute(name="name"),
        Attribute(name="workflow_name"),
        Attribute(name="workflow_id", kind="uuid"),
        Attribute(name="workflow_input", kind="json"),
        Attribute(name="workflow_params", kind="json"),
        Attribute(name="project_id", kind="uuid"),
        Attribute(name="scope"),
        Attribute(name="pattern"),
        Attribute(name="remaining_executions", kind="int", least=1),
        Attribute(name="first_execution_time", kind="time"),
        Attribute(name="next_execution_time", kind="time"),
        Attribute(name="created_at", kind="time"),
        Attribute(name="updated_at", kind="time"),
    ),
    options=(ALL_PROJECTS,),
)


async def list_cron_triggers(call: Call) -> dict[str, Any]:
    return await list_collection(call, CRON_TRIGGERS)


async def get_cron_trigger(call: Call) -> dict[str, Any]:
    return await get_row(
        call,
        CRON_TRIGGERS,
        lambda store: cron_triggers.get_cron_trigger(store, call.access, call.path["identifier"]),
    )


async def create_cron_trigger(call: Call) -> dict[str, Any]:
    body: NewCronTrigger = call.body
    wanted = CronTriggerRequest(
        name=or_none(body.name),
        workflow_id=or_none(body.workflow_id),
        workflow_name=or_none(body.workflow_name),
        workflow_input=parse_json_text(body.workflow_input, "workflow_input"),
        workflow_params=parse_json_text(body.workflow_params, "workflow_params"),
        pattern=or_none(body.pattern),
        first_execution_time=or_none(body.first_execution_time),
        remaining_executions=or_none(body.remaining_executions),
        scope=or_none(body.scope),
    )
    made = await call.backend.write(
        lambda store: cron_triggers.create_cron_trigger(
            store, call.access, wanted, now=call.backend.clock.now()
        )
    )
    call.backend.triggers_changed()
    return shown_as_new(made, CRON_TRIGGERS)


async def delete_cron_trigger(call: Call) -> None:
    await call.backend.write(
        lambda store: cron_triggers.delete_cron_trigger(store, call.access, call.path["identifier"])
    )
    call.backend.triggers_changed()


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v2/cron_triggers",
        summary="List cron triggers",
        tag="cron triggers",
        handler=list_cron_triggers,
        query=CRON_TRIGGERS.parameters(),
        result=page_type("cron_triggers", CronTrigger),
        statuses=(403, 404),
    ),
    Endpoint(
        method="POST",
        path="/v2/cron_triggers",
        summary="Have a workflow started at given times",
        tag="cron triggers",
        handler=create_cron_trigger,
        body=NewCronTrigger,
        ignored=(CronTrigger,),
        read_only=("project_id",),
        result=CronTrigger,
        status=201,
        statuses=(403, 404, 409),
    ),
    Endpoint(
        method="GET",
        path="/v2/cron_triggers/{identifier}",
        summary="Get a cron trigger by its id or its name",
        tag="cron triggers",
        handler=get_cron_trigger,
        query=(FIELDS,),
        result=CronTrigger,
        statuses=(404,),
    ),
    Endpoint(
        method="DELETE",
        path="/v2/cron_triggers/{identifier}",
        summary="Delete a cron trigger",
        tag="cron triggers",
        handler=delete_cron_trigger,
        status=204,
        statuses=(403, 404),
    ),
)
