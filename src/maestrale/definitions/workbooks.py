"""Workbooks, and the workflows and actions they bring along."""

from datetime import datetime
from typing import TypeVar

from msgspec.structs import replace

from maestrale.definitions.actions import add_action, replace_action
from maestrale.definitions.changes import revise
from maestrale.definitions.lookups import get_named
from maestrale.definitions.permissions import as_member_of_project, check_owner, check_scope
from maestrale.definitions.placement import Placement
from maestrale.definitions.uploads import Upload
from maestrale.definitions.workflows import add_workflow, replace_workflow
from maestrale.ids import new_id
from maestrale.store import Store, StoreReader
from maestrale.store.listings import Access
from maestrale.store.records import ActionRecord, WorkbookRecord, WorkflowRecord

Member = TypeVar("Member", WorkflowRecord, ActionRecord)


def get_workbook(store: StoreReader, access: Access, name: str, namespace: str = "") -> WorkbookRecord:
    """
    Raises:
        NotFound: There is none of that name in that namespace.
    """
    return get_named(store, WorkbookRecord, access, name, namespace)


def create_workbook(
    store: Store,
    access: Access,
    upload: Upload,
    *,
    now: datetime,
    scope: str | None = None,
    namespace: str = "",
) -> WorkbookRecord:
    """Store a workbook and its members; members of that name that exist are overwritten.

    Raises:
        InvalidInput: There is no such scope.
        Forbidden: The caller may not publish.
        Conflict: The project has a workbook of that name in that namespace (`name-taken`).
    """
    checked = check_scope(scope, access)
    assert upload.workbook is not None
    record = WorkbookRecord(
        id=new_id(),
        project_id=access.project_id,
        scope=checked,
        created_at=now,
        name=upload.workbook,
        namespace=namespace,
        definition=upload.text,
        tags=upload.tags,
    )
    with store.writing():
        store.insert_record(record)
        _store_members(store, record, upload, now=now)
    return record


def update_workbook(
    store: Store,
    access: Access,
    upload: Upload,
    *,
    now: datetime,
    scope: str | None = None,
    namespace: str = "",
) -> WorkbookRecord:
    """Replace the workbook of that name. Members it does not have any more stay as they are.

    Raises:
        InvalidInput: There is no such scope.
        NotFound: There is no such workbook.
        Forbidden: It belongs to another project; the caller may not publish; triggers of other projects
            use a member that is to become private.
    """
    checked = check_scope(scope, access)
    assert upload.workbook is not None
    with store.writing():
        found = get_workbook(store, access, upload.workbook, namespace)
        check_owner(found, access, noun="workbook", name=found.name)
        new = replace(found, scope=checked, definition=upload.text, tags=upload.tags)
        stored = revise(store, found, new, now=now)
        _store_members(store, stored, upload, now=now)
        return stored


def delete_workbook(store: Store, access: Access, name: str, namespace: str = "") -> None:
    """Delete a workbook. Its members stay.

    Raises:
        NotFound: There is none, or it is another project's private one, for an administrator too.
        Forbidden: It belongs to another project.
    """
    with store.writing():
        found = get_workbook(store, as_member_of_project(access), name, namespace)
        check_owner(found, access, noun="workbook", name=found.name)
        store.delete_record(found)


def _store_members(store: Store, workbook: WorkbookRecord, upload: Upload, *, now: datetime) -> None:
    placement = Placement(
        project_id=workbook.project_id,
        namespace=workbook.namespace,
        scope=workbook.scope,
        workbook=workbook.name,
    )
    for definition in upload.workflows:
        workflow = _own(store, WorkflowRecord, workbook, definition.name)
        if workflow is None:
            add_workflow(store, definition, placement, now=now)
        else:
            replace_workflow(store, workflow, definition, placement, now=now)
    for definition in upload.actions:
        action = _own(store, ActionRecord, workbook, definition.name)
        if action is None:
            add_action(store, definition, placement, now=now)
        else:
            replace_action(store, action, definition, placement, now=now)


def _own(store: StoreReader, type_: type[Member], workbook: WorkbookRecord, name: str) -> Member | None:
    """The workbook's own member, never one of that name that another project made public."""
    found = store.list_records(
        type_, None, project_id=workbook.project_id, name=name, namespace=workbook.namespace
    )
    return found[0] if found else None
