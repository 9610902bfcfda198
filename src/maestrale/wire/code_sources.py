"""Code sources, as they go over the wire."""

from msgspec import UNSET, Struct, UnsetType

from maestrale.wire.formats import Timestamp


class CodeSource(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Python source. `version` counts its updates, from 1."""

    id: str
    name: str | UnsetType = UNSET
    namespace: str | UnsetType = UNSET
    content: str | UnsetType = UNSET
    version: int | UnsetType = UNSET
    project_id: str | UnsetType = UNSET
    scope: str | UnsetType = UNSET
    created_at: Timestamp | UnsetType = UNSET
    updated_at: Timestamp | UnsetType | None = UNSET
