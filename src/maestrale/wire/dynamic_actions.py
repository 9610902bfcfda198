"""Dynamic actions, as they go over the wire."""

from msgspec import UNSET, Struct, UnsetType

from maestrale.wire.formats import Timestamp


class DynamicAction(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A class of a code source, as an action."""

    id: str
    name: str | UnsetType = UNSET
    namespace: str | UnsetType = UNSET
    class_name: str | UnsetType = UNSET
    code_source_id: str | UnsetType = UNSET
    code_source_name: str | UnsetType = UNSET
    project_id: str | UnsetType = UNSET
    scope: str | UnsetType = UNSET
    created_at: Timestamp | UnsetType = UNSET
    updated_at: Timestamp | UnsetType | None = UNSET


class NewDynamicAction(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A name for a class. The code source is given by id, or by name in the same namespace."""

    name: str | UnsetType = UNSET
    class_name: str | UnsetType = UNSET
    code_source_id: str | UnsetType = UNSET
    code_source_name: str | UnsetType = UNSET
    scope: str | UnsetType = UNSET
    namespace: str | UnsetType = UNSET


class DynamicActionChange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What to change of the dynamic action of that `id`, or else of that `name` in that `namespace`."""

    id: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    namespace: str | UnsetType = UNSET
    class_name: str | UnsetType = UNSET
    code_source_id: str | UnsetType = UNSET
    code_source_name: str | UnsetType = UNSET
    scope: str | UnsetType = UNSET
