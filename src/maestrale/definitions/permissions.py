"""Who may do what with a row: its owner everything, others nothing, the administrator what Mistral allows."""

from typing import cast

from msgspec.structs import replace

from maestrale.errors import Forbidden, InvalidInput
from maestrale.store.listings import Access
from maestrale.store.records import Record, Scope

SCOPES = ("private", "public")


def check_scope(scope: str | None, access: Access) -> Scope:
    """The scope that was asked for; private where none was.

    Raises:
        InvalidInput: There is no such scope.
        Forbidden: Only an administrator may make something public.
    """
    if not scope:
        return "private"
    if scope not in SCOPES:
        raise InvalidInput(
            f"There is no scope `{scope[:80]}`", code="unknown-scope", hint="use `private` or `public`"
        )
    if scope == "public" and not access.is_admin:
        raise Forbidden(
            "Only an administrator may make something public", code="publicize-denied", hint="use `private`"
        )
    return cast("Scope", scope)


def check_owner(record: Record, access: Access, *, noun: str, name: str) -> None:
    """See that the caller may change or delete a row that they see.

    Raises:
        Forbidden: It belongs to another project, which made it public or shared it.
    """
    if record.project_id != access.project_id and not access.is_admin:
        raise Forbidden(
            f"The {noun} `{name}` belongs to another project: it can be used, but not changed or deleted",
            code="not-the-owner",
        )


def as_member_of_project(access: Access) -> Access:
    """The same caller without the rights of an administrator."""
    return replace(access, is_admin=False)
