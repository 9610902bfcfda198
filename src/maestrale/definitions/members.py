"""Sharing: the projects that a private workflow is offered to, and what they say to that.

Source: Mistral v2. The role of an administrator gives no rights here.
"""

from datetime import datetime

from msgspec.structs import replace

from maestrale.definitions.lookups import get, looks_like_id
from maestrale.definitions.permissions import as_member_of_project
from maestrale.errors import Conflict, Forbidden, InvalidInput, NotFound
from maestrale.ids import new_id
from maestrale.store import Store, StoreReader
from maestrale.store.listings import Access
from maestrale.store.records import MemberRecord, WorkflowRecord

STATUSES = ("pending", "accepted", "rejected")


def list_members(store: StoreReader, access: Access, workflow_id: str) -> list[MemberRecord]:
    """The members of a workflow, oldest first: all of them for its owner, oneself for a member.

    None where there is no such workflow: that cannot be told from one that is not shared.
    """
    found = store.list_records(MemberRecord, None, resource_id=_check_id(workflow_id))
    seen = [each for each in found if access.project_id in (each.project_id, each.member_id)]
    return sorted(seen, key=lambda each: (each.created_at, each.id))


def get_member(store: StoreReader, access: Access, workflow_id: str, project_id: str) -> MemberRecord:
    """
    Raises:
        InvalidInput: `workflow_id` is no id.
        NotFound: The workflow is not shared to that project, or the caller is neither of the two.
    """
    for member in list_members(store, access, workflow_id):
        if member.member_id == project_id:
            return member
    raise NotFound(
        f"The workflow `{workflow_id}` has no member `{project_id}`",
        code="unknown-member",
    )


def add_member(
    store: Store, access: Access, workflow_id: str, project_id: str | None, *, now: datetime
) -> MemberRecord:
    """Offer a workflow to a project.

    Raises:
        InvalidInput: `workflow_id` is no id, or no project is given.
        NotFound: The caller sees no such workflow.
        Forbidden: It belongs to another project, which shares it with the caller.
        Conflict: It is public (`workflow-is-public`), or offered to that project (`name-taken`).
    """
    _check_id(workflow_id)
    if not project_id:
        message = "A workflow is shared to a project, and none is given"
        raise InvalidInput(message, code="member-missing", hint="give the project's id as `member_id`")
    with store.writing():
        workflow = get(store, WorkflowRecord, as_member_of_project(access), workflow_id, "")
        if workflow.scope == "public":
            message = f"The workflow `{workflow.name}` is public: every project sees it, it cannot be shared"
            raise Conflict(message, code="workflow-is-public")
        if workflow.project_id != access.project_id:
            message = f"The workflow `{workflow.name}` belongs to another project, which alone can share it"
            raise Forbidden(message, code="not-the-owner")
        member = MemberRecord(
            id=new_id(),
            resource_id=workflow.id,
            project_id=access.project_id,
            member_id=project_id,
            created_at=now,
        )
        store.insert_record(member)
        return member


def answer_offer(
    store: Store, access: Access, workflow_id: str, project_id: str, status: str | None, *, now: datetime
) -> MemberRecord:
    """Accept or reject a workflow, as the project it was offered to.

    Raises:
        InvalidInput: `workflow_id` is no id, or there is no such status.
        NotFound: The caller is not that project, or the workflow is not shared to it.
    """
    _check_id(workflow_id)
    if status not in STATUSES:
        message = f"There is no status `{status[:80]}`" if status else "The status is missing"
        raise InvalidInput(message, code="unknown-status", hint="give `accepted`, `rejected` or `pending`")
    with store.writing():
        found = get_member(store, access, workflow_id, project_id)
        if found.member_id != access.project_id:
            message = f"Only the project `{project_id}` itself may answer the offer of `{workflow_id}`"
            raise NotFound(message, code="unknown-member")
        if found.status == status:
            return found
        new = replace(found, status=status, updated_at=now)
        store.update_record(found, new)
        return new


def remove_member(store: Store, access: Access, workflow_id: str, project_id: str) -> None:
    """Stop sharing a workflow to a project.

    Raises:
        InvalidInput: `workflow_id` is no id.
        NotFound: The workflow is not the caller's, or not shared to that project.
    """
    with store.writing():
        found = get_member(store, access, workflow_id, project_id)
        if found.project_id != access.project_id:
            message = f"Only the owner of the workflow `{workflow_id}` may stop sharing it"
            raise NotFound(message, code="unknown-member")
        store.delete_record(found)


def _check_id(workflow_id: str) -> str:
    if not looks_like_id(workflow_id):
        message = f"Members are asked for by the id of the workflow, and `{workflow_id[:80]}` is none"
        raise InvalidInput(message, code="not-a-uuid", hint="look the id up with the workflow's name")
    return workflow_id
