"""Ad-hoc actions: one row each, however many came in one text."""

from datetime import datetime

from msgspec.structs import replace

from maestrale.definitions.changes import revise
from maestrale.definitions.lookups import find, find_named, missing
from maestrale.definitions.outlines import Outline, action_signature
from maestrale.definitions.permissions import check_owner, check_scope
from maestrale.definitions.placement import Placement
from maestrale.definitions.uploads import Upload, only_definition
from maestrale.ids import new_id
from maestrale.store import Store, StoreReader
from maestrale.store.listings import Access
from maestrale.store.records import ActionRecord, Scope


def find_action(
    store: StoreReader, access: Access, identifier: str, namespace: str = ""
) -> ActionRecord | None:
    """The ad-hoc action of that id, or of that name in that namespace, or else in the default one."""
    for place in dict.fromkeys((namespace, "")):
        found = find(store, ActionRecord, access, identifier, place)
        if found is not None:
            return found
    return None


def get_action(store: StoreReader, access: Access, identifier: str, namespace: str = "") -> ActionRecord:
    """Like `find_action`.

    Raises:
        NotFound: There is none.
    """
    found = find_action(store, access, identifier, namespace)
    if found is None:
        raise missing(ActionRecord, identifier, namespace)
    return found


def create_actions(
    store: Store,
    access: Access,
    upload: Upload,
    *,
    now: datetime,
    scope: str | None = None,
    namespace: str = "",
) -> tuple[ActionRecord, ...]:
    """Store every action of a text, in its order. Whether their bases exist is seen when they run.

    Raises:
        InvalidInput: There is no such scope.
        Forbidden: The caller may not publish.
        Conflict: The project has an action of that name in that namespace (`name-taken`).
    """
    checked = check_scope(scope, access)
    placement = Placement(project_id=access.project_id, namespace=namespace, scope=checked)
    with store.writing():
        return tuple(add_action(store, each, placement, now=now) for each in upload.actions)


def update_actions(
    store: Store,
    access: Access,
    upload: Upload,
    *,
    now: datetime,
    scope: str | None = None,
    namespace: str = "",
) -> tuple[ActionRecord, ...]:
    """Replace every action of a text, found by name in that namespace or the default one. All or none.

    Raises:
        InvalidInput: There is no such scope.
        NotFound: One of them does not exist.
        Forbidden: One belongs to another project, or the caller may not publish.
    """
    checked = check_scope(scope, access)
    with store.writing():
        return tuple(
            _change(
                store, access, _get_named(store, access, each.name, namespace), each, now=now, scope=checked
            )
            for each in upload.actions
        )


def update_action(
    store: Store,
    access: Access,
    upload: Upload,
    *,
    identifier: str,
    now: datetime,
    scope: str | None = None,
    namespace: str = "",
) -> ActionRecord:
    """Replace one action by the only one of a text, which may have another name.

    Raises:
        InvalidInput: The text defines several actions, or there is no such scope.
        NotFound: There is no such action.
        Forbidden: It belongs to another project, or the caller may not publish.
        Conflict: There is another one of the new name (`name-taken`).
    """
    checked = check_scope(scope, access)
    definition = only_definition(upload.actions, noun="action")
    with store.writing():
        found = get_action(store, access, identifier, namespace)
        return _change(store, access, found, definition, now=now, scope=checked)


def delete_action(store: Store, access: Access, identifier: str, namespace: str = "") -> None:
    """Delete an ad-hoc action. What runs keeps the definition it started with.

    Raises:
        NotFound: There is none; built-in actions cannot be deleted.
        Forbidden: It belongs to another project.
    """
    with store.writing():
        found = get_action(store, access, identifier, namespace)
        check_owner(found, access, noun="action", name=found.name)
        store.delete_record(found)


def add_action(
    store: Store,
    definition: Outline,
    placement: Placement,
    *,
    now: datetime,
) -> ActionRecord:
    """Store a new action of a text or a workbook."""
    empty = ActionRecord(
        id=new_id(), project_id=placement.project_id, created_at=now, name="", definition="", document=""
    )
    record = _filled(store, empty, definition, placement)
    store.insert_record(record)
    return record


def replace_action(
    store: Store, found: ActionRecord, definition: Outline, placement: Placement, *, now: datetime
) -> ActionRecord:
    """Store a new definition of an action that the caller may change."""
    return revise(store, found, _filled(store, found, definition, placement), now=now)


def _change(
    store: Store, access: Access, found: ActionRecord, definition: Outline, *, now: datetime, scope: Scope
) -> ActionRecord:
    check_owner(found, access, noun="action", name=found.name)
    placement = Placement(project_id=found.project_id, namespace=found.namespace, scope=scope)
    return replace_action(store, found, definition, placement, now=now)


def _filled(store: Store, record: ActionRecord, definition: Outline, placement: Placement) -> ActionRecord:
    return replace(
        record,
        name=definition.name,
        namespace=placement.namespace,
        scope=placement.scope,
        definition=definition.definition,
        document=store.put_document(definition.name, definition.document),
        input=action_signature(definition.input),
        description=definition.description,
        tags=definition.tags,
        workbook=placement.workbook,
    )


def _get_named(store: StoreReader, access: Access, name: str, namespace: str) -> ActionRecord:
    for place in dict.fromkeys((namespace, "")):
        found = find_named(store, ActionRecord, access, name, place)
        if found is not None:
            return found
    raise missing(ActionRecord, name, namespace)
