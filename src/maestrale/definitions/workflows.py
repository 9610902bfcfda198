"""Workflows: one row each, however many came in one text."""

from datetime import datetime
from hashlib import md5

from msgspec.structs import replace

from maestrale.definitions.changes import revise
from maestrale.definitions.lookups import get, get_named
from maestrale.definitions.outlines import Outline, workflow_interface, workflow_signature
from maestrale.definitions.permissions import check_owner, check_scope
from maestrale.definitions.placement import Placement
from maestrale.definitions.uploads import Upload, only_definition
from maestrale.errors import Conflict, Forbidden
from maestrale.ids import new_id
from maestrale.store import Store, StoreReader
from maestrale.store.listings import Access
from maestrale.store.records import (
    CronTriggerRecord,
    EventTriggerRecord,
    MemberRecord,
    Scope,
    WorkflowRecord,
)


def get_workflow(store: StoreReader, access: Access, identifier: str, namespace: str = "") -> WorkflowRecord:
    """The workflow of that id, or of that name in that namespace.

    Raises:
        NotFound: There is none.
    """
    return get(store, WorkflowRecord, access, identifier, namespace)


def create_workflows(
    store: Store,
    access: Access,
    upload: Upload,
    *,
    now: datetime,
    scope: str | None = None,
    namespace: str = "",
) -> tuple[WorkflowRecord, ...]:
    """Store every workflow of a text, in its order.

    Raises:
        InvalidInput: There is no such scope.
        Forbidden: The caller may not publish.
        Conflict: The project has a workflow of that name in that namespace (`name-taken`).
    """
    checked = check_scope(scope, access)
    placement = Placement(project_id=access.project_id, namespace=namespace, scope=checked)
    with store.writing():
        return tuple(add_workflow(store, each, placement, now=now) for each in upload.workflows)


def update_workflows(
    store: Store,
    access: Access,
    upload: Upload,
    *,
    now: datetime,
    scope: str | None = None,
    namespace: str = "",
) -> tuple[WorkflowRecord, ...]:
    """Replace the definition of every workflow of a text, found by name and namespace. All or none.

    Raises:
        InvalidInput: There is no such scope.
        NotFound: One of them does not exist.
        Forbidden: One belongs to another project; the caller may not publish; triggers of other projects
            use one that is to become private.
    """
    checked = check_scope(scope, access)
    with store.writing():
        return tuple(
            _change(
                store,
                access,
                get_named(store, WorkflowRecord, access, each.name, namespace),
                each,
                now=now,
                scope=checked,
                namespace=namespace,
            )
            for each in upload.workflows
        )


def update_workflow(
    store: Store,
    access: Access,
    upload: Upload,
    *,
    identifier: str,
    now: datetime,
    scope: str | None = None,
    namespace: str = "",
) -> WorkflowRecord:
    """Replace one workflow by the only one of a text, which may have another name.

    Args:
        identifier: An id, or a name in `namespace`. The workflow is in `namespace` from now on.

    Raises:
        InvalidInput: The text defines several workflows, or there is no such scope.
        NotFound: There is no such workflow.
        Forbidden: As for `update_workflows`.
        Conflict: There is another one of the new name (`name-taken`).
    """
    checked = check_scope(scope, access)
    definition = only_definition(upload.workflows, noun="workflow")
    with store.writing():
        found = get_workflow(store, access, identifier, namespace)
        return _change(store, access, found, definition, now=now, scope=checked, namespace=namespace)


def delete_workflow(store: Store, access: Access, identifier: str, namespace: str = "") -> None:
    """Delete a workflow and what says to whom it is shared. Its executions stay.

    Raises:
        NotFound: There is none.
        Forbidden: It belongs to another project.
        Conflict: Triggers use it (`workflow-in-use`), of whatever project.
    """
    with store.writing():
        found = get_workflow(store, access, identifier, namespace)
        check_owner(found, access, noun="workflow", name=found.name)
        _check_unused(store, found)
        for member in store.list_records(MemberRecord, None, resource_id=found.id):
            store.delete_record(member)
        store.delete_record(found)


def add_workflow(
    store: Store,
    definition: Outline,
    placement: Placement,
    *,
    now: datetime,
) -> WorkflowRecord:
    """Store a new workflow of a text or a workbook."""
    empty = WorkflowRecord(
        id=new_id(), project_id=placement.project_id, created_at=now, name="", definition="", document=""
    )
    record = _filled(store, empty, definition, placement)
    store.insert_record(record)
    return record


def replace_workflow(
    store: Store, found: WorkflowRecord, definition: Outline, placement: Placement, *, now: datetime
) -> WorkflowRecord:
    """Store a new definition of a workflow that the caller may change.

    Raises:
        Forbidden: Triggers of other projects use it, and it is to become private.
    """
    if found.scope == "public" and placement.scope == "private":
        _check_no_foreign_triggers(store, found)
    return revise(store, found, _filled(store, found, definition, placement), now=now)


def _change(
    store: Store,
    access: Access,
    found: WorkflowRecord,
    definition: Outline,
    *,
    now: datetime,
    scope: Scope,
    namespace: str,
) -> WorkflowRecord:
    check_owner(found, access, noun="workflow", name=found.name)
    placement = Placement(project_id=found.project_id, namespace=namespace, scope=scope)
    return replace_workflow(store, found, definition, placement, now=now)


def _filled(
    store: Store, record: WorkflowRecord, definition: Outline, placement: Placement
) -> WorkflowRecord:
    text = definition.definition.encode("utf-8", "surrogatepass")
    is_member = placement.workbook is not None
    return replace(
        record,
        name=definition.name,
        namespace=placement.namespace,
        scope=placement.scope,
        definition=definition.definition,
        document=store.put_document(definition.name, definition.document),
        # The checksum only tells texts apart; it protects nothing.
        checksum=None if is_member else md5(text, usedforsecurity=False).hexdigest(),
        input=workflow_signature(definition.input),
        interface=workflow_interface(definition),
        tags=definition.tags,
        workbook=placement.workbook,
    )


def _triggers_of(
    store: StoreReader, workflow: WorkflowRecord
) -> list[CronTriggerRecord | EventTriggerRecord]:
    return [
        *store.list_records(CronTriggerRecord, None, workflow_id=workflow.id),
        *store.list_records(EventTriggerRecord, None, workflow_id=workflow.id),
    ]


def _check_unused(store: StoreReader, workflow: WorkflowRecord) -> None:
    for trigger in _triggers_of(store, workflow):
        kind = "cron" if isinstance(trigger, CronTriggerRecord) else "event"
        raise Conflict(
            f"Can't delete workflow that has {kind} triggers associated [workflow={workflow.name}, "
            f"trigger={trigger.name or trigger.id}]",
            code="workflow-in-use",
            hint="delete its triggers first",
        )


def _check_no_foreign_triggers(store: StoreReader, workflow: WorkflowRecord) -> None:
    foreign = [each for each in _triggers_of(store, workflow) if each.project_id != workflow.project_id]
    if foreign:
        raise Forbidden(
            f"The workflow `{workflow.name}` cannot become private: "
            f"{len(foreign)} triggers of other projects start it",
            code="used-by-others",
            hint="send `scope=public` to keep it public",
        )
