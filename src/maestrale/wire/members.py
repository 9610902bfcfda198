"""Members of workflows, as they go over the wire."""

from msgspec import UNSET, Struct, UnsetType

from maestrale.wire.formats import Timestamp


class Member(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The workflow `resource_id` of the project `project_id`, offered to the project `member_id`."""

    id: str
    resource_id: str
    resource_type: str
    project_id: str
    member_id: str
    status: str
    created_at: Timestamp
    updated_at: Timestamp | UnsetType | None = UNSET


class Members(Struct, frozen=True, kw_only=True):
    """All members that the caller may see."""

    members: list[Member]


class MemberRequest(Struct, frozen=True, kw_only=True):
    """To which project to offer the workflow, or what that project says to it."""

    member_id: str | UnsetType = UNSET
    status: str | UnsetType = UNSET
