"""Environments, as they go over the wire."""

from msgspec import UNSET, Struct, UnsetType

from maestrale.wire.formats import JsonObjectOrText, JsonText, Timestamp


class Environment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An environment. Right after it was made, what was not given lacks, and `updated_at` does."""

    id: str
    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    variables: JsonText | UnsetType = UNSET
    scope: str | UnsetType = UNSET
    project_id: str | UnsetType = UNSET
    created_at: Timestamp | UnsetType = UNSET
    updated_at: Timestamp | UnsetType | None = UNSET


class EnvironmentRequest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A new environment, or what to change of the one of that name; `variables` change as a whole."""

    name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    variables: JsonObjectOrText = UNSET
    scope: str | UnsetType = UNSET
