"""Event triggers: which notification starts which workflow."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from maestrale.definitions.changes import revise
from maestrale.definitions.lookups import get, looks_like_id
from maestrale.definitions.permissions import check_owner, check_scope
from maestrale.definitions.workflow_input import check_workflow_input
from maestrale.errors import InvalidInput
from maestrale.expressions import Json
from maestrale.expressions.secrets import restored
from maestrale.ids import new_id
from maestrale.store import Store, StoreReader
from maestrale.store.listings import Access
from maestrale.store.records import EventTriggerRecord, WorkflowRecord

REQUIRED = ("exchange", "topic", "event", "workflow_id")
IMMUTABLE = ("exchange", "topic", "event")


class EventTriggerRequest(Struct, frozen=True, kw_only=True):
    """What somebody asks for; an update changes what is given."""

    name: str | UnsetType = UNSET
    workflow_id: str | UnsetType = UNSET
    workflow_input: Mapping[str, Json] | UnsetType = UNSET
    workflow_params: Mapping[str, Json] | UnsetType = UNSET
    exchange: str | UnsetType = UNSET
    topic: str | UnsetType = UNSET
    event: str | UnsetType = UNSET
    scope: str | UnsetType = UNSET

    def given(self) -> dict[str, object]:
        values = ((field, getattr(self, field)) for field in self.__struct_fields__)
        return {field: value for field, value in values if value is not UNSET}


def get_event_trigger(store: StoreReader, access: Access, id: str) -> EventTriggerRecord:
    """
    Raises:
        InvalidInput: That is no id.
        NotFound: There is none.
    """
    return get(store, EventTriggerRecord, access, _check_id(id, "id"))


def create_event_trigger(
    store: Store, access: Access, wanted: EventTriggerRequest, *, now: datetime
) -> EventTriggerRecord:
    """
    Raises:
        InvalidInput: Something that must be given is not; `workflow_id` is no id; the input does not fit
            the workflow; there is no such scope.
        Forbidden: The caller may not publish.
        NotFound: There is no such workflow.
        Conflict: The project has a trigger for that event and workflow (`name-taken`).
    """
    given = wanted.given()
    missing = [name for name in REQUIRED if not given.get(name)]
    if missing:
        message = f"An event trigger needs {', '.join(f'`{name}`' for name in missing)}"
        raise InvalidInput(message, code="missing-attribute")
    _check_id(str(wanted.workflow_id), "workflow_id")
    given["scope"] = check_scope(wanted.scope or None, access)
    record = EventTriggerRecord(
        id=new_id(),
        project_id=access.project_id,
        created_at=now,
        **given,  # type: ignore[arg-type]
    )
    with store.writing():
        _check_start(store, access, record)
        store.insert_record(record)
    return record


def update_event_trigger(
    store: Store, access: Access, id: str, wanted: EventTriggerRequest, *, now: datetime
) -> EventTriggerRecord:
    """Change what is given. A secret stays where `***` is sent for it.

    Raises:
        InvalidInput: What it listens to cannot be changed; or as for `create_event_trigger`.
        NotFound: There is no such trigger, or no such workflow.
        Forbidden: It belongs to another project, or the caller may not publish.
        Conflict: There is another trigger for that event and workflow (`name-taken`).
    """
    given = wanted.given()
    fixed = [name for name in IMMUTABLE if name in given]
    if fixed:
        message = f"{', '.join(f'`{name}`' for name in fixed)} of an event trigger cannot be changed"
        raise InvalidInput(message, code="immutable-attribute", hint="make another trigger")
    if "scope" in given:
        given["scope"] = check_scope(wanted.scope or None, access)
    with store.writing():
        found = get_event_trigger(store, access, id)
        check_owner(found, access, noun="event trigger", name=found.name or found.id)
        for name in ("workflow_input", "workflow_params"):
            if name in given:
                given[name] = restored(given[name], getattr(found, name))
        new = replace(found, **given)
        if "workflow_id" in given or "workflow_input" in given:
            _check_start(store, access, new)
        return revise(store, found, new, now=now)


def delete_event_trigger(store: Store, access: Access, id: str) -> None:
    """
    Raises:
        InvalidInput: That is no id.
        NotFound: There is none.
        Forbidden: It belongs to another project.
    """
    with store.writing():
        found = get_event_trigger(store, access, id)
        check_owner(found, access, noun="event trigger", name=found.name or found.id)
        store.delete_record(found)


def _check_start(store: StoreReader, access: Access, trigger: EventTriggerRecord) -> None:
    _check_id(trigger.workflow_id, "workflow_id")
    workflow = get(store, WorkflowRecord, access, trigger.workflow_id, "")
    check_workflow_input(workflow, trigger.workflow_input)


def _check_id(text: str, attribute: str) -> str:
    if not looks_like_id(text):
        message = f"`{attribute}` must be an id (a UUID), but it is `{text[:80]}`"
        raise InvalidInput(message, code="not-a-uuid")
    return text
