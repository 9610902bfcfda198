"""Actions, as they go over the wire."""

from msgspec import UNSET, Struct, UnsetType


class Action(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An action: built in (its `id` is its name, its timestamps are empty), ad-hoc, or made of a code source.

    `input` is for people: `str1, str2="x"`. `definition` is the whole text of an ad-hoc action's upload.
    """

    id: str
    name: str
    is_system: bool
    input: str | None
    description: str | None
    tags: list[str] | None
    definition: str
    scope: str | None
    project_id: str | None
    namespace: str
    created_at: str
    updated_at: str | UnsetType | None = UNSET


class StoredActions(Struct, frozen=True, kw_only=True):
    """The actions of one text, in its order."""

    actions: list[Action]
