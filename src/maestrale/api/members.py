"""`/v2/workflows/{id}/members`: sharing private workflows with other projects."""

from typing import Any

from maestrale.api.call import Call
from maestrale.api.collections import Attribute, Collection
from maestrale.api.endpoint import Endpoint
from maestrale.api.stored_rows import or_none, shown, shown_as_new
from maestrale.definitions import members
from maestrale.errors import InvalidInput
from maestrale.ids import DEFAULT_PROJECT
from maestrale.store import listing_tables
from maestrale.wire.members import Member, MemberRequest, Members

MEMBERS = Collection(
    name="members",
    singular="member",
    listing=listing_tables.MEMBERS,
    attributes=(
        Attribute(name="id"),
        Attribute(name="resource_id"),
        Attribute(name="resource_type"),
        Attribute(name="project_id"),
        Attribute(name="member_id"),
        Attribute(name="status"),
        Attribute(name="created_at", kind="time"),
        Attribute(name="updated_at", kind="time"),
    ),
)


async def list_members(call: Call) -> dict[str, Any]:
    _check_projects_are_known(call)
    found = await call.backend.read(lambda store: members.list_members(store, call.access, call.path["id"]))
    return {"members": [shown(member, MEMBERS) for member in found]}


async def get_member(call: Call) -> dict[str, Any]:
    _check_projects_are_known(call)
    found = await call.backend.read(
        lambda store: members.get_member(store, call.access, call.path["id"], call.path["member"])
    )
    return shown(found, MEMBERS)


async def add_member(call: Call) -> dict[str, Any]:
    _check_projects_are_known(call)
    made = await call.backend.write(
        lambda store: members.add_member(
            store,
            call.access,
            call.path["id"],
            or_none(call.body.member_id),
            now=call.backend.clock.now(),
        )
    )
    return shown_as_new(made, MEMBERS)


async def answer_offer(call: Call) -> dict[str, Any]:
    _check_projects_are_known(call)
    answered = await call.backend.write(
        lambda store: members.answer_offer(
            store,
            call.access,
            call.path["id"],
            call.path["member"],
            or_none(call.body.status),
            now=call.backend.clock.now(),
        )
    )
    return shown(answered, MEMBERS)


async def remove_member(call: Call) -> None:
    _check_projects_are_known(call)
    await call.backend.write(
        lambda store: members.remove_member(store, call.access, call.path["id"], call.path["member"])
    )


def _check_projects_are_known(call: Call) -> None:
    """Without authentication a project is who names it; those who name none have nobody to share with."""
    if call.backend.settings.auth_mode == "none" and call.project_id == DEFAULT_PROJECT:
        raise InvalidInput(
            "Workflows are shared from project to project, authentication is off, and the request names no "
            "project",
            code="members-without-project",
            hint="send the project's id in the header `X-Project-Id`, or make the workflow public",
        )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v2/workflows/{id}/members",
        summary="List the projects that a workflow is offered to",
        tag="members",
        handler=list_members,
        result=Members,
    ),
    Endpoint(
        method="POST",
        path="/v2/workflows/{id}/members",
        summary="Offer a workflow to a project",
        tag="members",
        handler=add_member,
        body=MemberRequest,
        ignored=(Member,),
        result=Member,
        status=201,
        statuses=(403, 404, 409),
    ),
    Endpoint(
        method="GET",
        path="/v2/workflows/{id}/members/{member}",
        summary="Get a member",
        tag="members",
        handler=get_member,
        result=Member,
        statuses=(404,),
    ),
    Endpoint(
        method="PUT",
        path="/v2/workflows/{id}/members/{member}",
        summary="Accept or reject a workflow, as the project it is offered to",
        tag="members",
        handler=answer_offer,
        body=MemberRequest,
        ignored=(Member,),
        result=Member,
        statuses=(404,),
    ),
    Endpoint(
        method="DELETE",
        path="/v2/workflows/{id}/members/{member}",
        summary="Stop sharing a workflow with a project",
        tag="members",
        handler=remove_member,
        status=204,
        statuses=(404,),
    ),
)
