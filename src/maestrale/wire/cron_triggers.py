"""Cron triggers, as they go over the wire."""

from msgspec import UNSET, Struct, UnsetType

from maestrale.wire.formats import JsonObjectOrText, JsonText, Timestamp


class CronTrigger(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A cron trigger. `remaining_executions` null: for ever."""

    id: str
    name: str | UnsetType = UNSET
    workflow_name: str | UnsetType = UNSET
    workflow_id: str | UnsetType = UNSET
    workflow_input: JsonText | UnsetType = UNSET
    workflow_params: JsonText | UnsetType = UNSET
    project_id: str | UnsetType = UNSET
    scope: str | UnsetType = UNSET
    pattern: str | UnsetType | None = UNSET
    remaining_executions: int | UnsetType | None = UNSET
    first_execution_time: Timestamp | UnsetType | None = UNSET
    next_execution_time: Timestamp | UnsetType = UNSET
    created_at: Timestamp | UnsetType = UNSET
    updated_at: Timestamp | UnsetType | None = UNSET


class NewCronTrigger(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When to start which workflow. `first_execution_time` is UTC, `YYYY-MM-DD HH:MM`."""

    name: str | UnsetType = UNSET
    workflow_id: str | UnsetType = UNSET
    workflow_name: str | UnsetType = UNSET
    workflow_input: JsonObjectOrText = UNSET
    workflow_params: JsonObjectOrText = UNSET
    pattern: str | UnsetType = UNSET
    first_execution_time: str | UnsetType = UNSET
    remaining_executions: int | UnsetType = UNSET
    scope: str | UnsetType = UNSET
