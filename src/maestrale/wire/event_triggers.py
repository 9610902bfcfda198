"""Event triggers, as they go over the wire."""

from msgspec import UNSET, Struct, UnsetType

from maestrale.wire.formats import JsonObjectOrText, JsonText, Timestamp


class EventTrigger(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event trigger. `updated_at` is null until it changes."""

    id: str
    name: str | UnsetType = UNSET
    workflow_id: str | UnsetType = UNSET
    workflow_input: JsonText | UnsetType = UNSET
    workflow_params: JsonText | UnsetType = UNSET
    exchange: str | UnsetType = UNSET
    topic: str | UnsetType = UNSET
    event: str | UnsetType = UNSET
    scope: str | UnsetType = UNSET
    project_id: str | UnsetType = UNSET
    created_at: Timestamp | UnsetType = UNSET
    updated_at: Timestamp | UnsetType | None = UNSET


class EventTriggerBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A new event trigger, or what to change of one; what it listens to cannot change."""

    name: str | UnsetType = UNSET
    workflow_id: str | UnsetType = UNSET
    workflow_input: JsonObjectOrText = UNSET
    workflow_params: JsonObjectOrText = UNSET
    exchange: str | UnsetType = UNSET
    topic: str | UnsetType = UNSET
    event: str | UnsetType = UNSET
    scope: str | UnsetType = UNSET
