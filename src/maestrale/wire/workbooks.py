"""Workbooks, as they go over the wire."""

from msgspec import UNSET, Struct, UnsetType

from maestrale.wire.formats import Timestamp


class Workbook(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A workbook. `definition` is its text as it was uploaded; `updated_at` lacks right after it was made."""

    id: str
    name: str | UnsetType = UNSET
    namespace: str | UnsetType = UNSET
    definition: str | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    scope: str | UnsetType = UNSET
    project_id: str | UnsetType = UNSET
    created_at: Timestamp | UnsetType = UNSET
    updated_at: Timestamp | UnsetType | None = UNSET
