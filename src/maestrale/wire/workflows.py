"""Workflows, as they go over the wire."""

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from maestrale.wire.formats import JsonText, Timestamp


class Interface(Struct, frozen=True, kw_only=True):
    """What goes in, as declared (`"name"`, or `{"name": default}`), and the names of what comes out."""

    input: list[Any]
    output: list[str]


class _Common(Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str
    name: str | UnsetType = UNSET
    namespace: str | UnsetType = UNSET
    input: str | UnsetType = UNSET
    definition: str | UnsetType = UNSET
    checksum: str | UnsetType | None = UNSET
    tags: list[str] | UnsetType = UNSET
    scope: str | UnsetType = UNSET
    project_id: str | UnsetType = UNSET
    created_at: Timestamp | UnsetType = UNSET
    updated_at: Timestamp | UnsetType | None = UNSET


class Workflow(_Common, frozen=True, kw_only=True, omit_defaults=True):
    """A workflow. `input` is for people: `p1, p2="10"`; `interface` is the JSON text of an `Interface`."""

    interface: JsonText | UnsetType = UNSET


class StoredWorkflow(_Common, frozen=True, kw_only=True, omit_defaults=True):
    """A workflow in the answer to what stored it: `interface` is an object, and only here."""

    interface: Interface | UnsetType = UNSET


class StoredWorkflows(Struct, frozen=True, kw_only=True):
    """The workflows of one text, in its order."""

    workflows: list[StoredWorkflow]
