"""Code sources: Python source that an administrator uploads, for its classes to become actions."""

from datetime import datetime

from msgspec.structs import replace

from maestrale.definitions.changes import revise
from maestrale.definitions.generated import generate
from maestrale.definitions.lookups import check_name, get
from maestrale.definitions.permissions import check_scope
from maestrale.errors import Forbidden, InvalidInput
from maestrale.ids import new_id
from maestrale.store import Store, StoreReader
from maestrale.store.listings import Access
from maestrale.store.records import CodeSourceRecord, DynamicActionRecord


def get_code_source(
    store: StoreReader, access: Access, identifier: str, namespace: str = ""
) -> CodeSourceRecord:
    """The code source of that id, or of that name in that namespace.

    Raises:
        Forbidden: The caller is no administrator.
        NotFound: There is none.
    """
    check_admin(access)
    return get(store, CodeSourceRecord, access, identifier, namespace)


def create_code_source(
    store: Store,
    access: Access,
    content: str,
    *,
    now: datetime,
    name: str | None,
    scope: str | None = None,
    namespace: str = "",
) -> CodeSourceRecord:
    """Store a text as a code source. It is not looked at: faults in it are told by what runs it.

    Raises:
        Forbidden: The caller is no administrator.
        InvalidInput: The name is missing, or there is no such scope.
        Conflict: The project has a code source of that name in that namespace (`name-taken`).
    """
    check_admin(access)
    record = CodeSourceRecord(
        id=new_id(),
        project_id=access.project_id,
        scope=check_scope(scope, access),
        created_at=now,
        name=check_name(name, noun="code source"),
        namespace=namespace,
        content=content,
    )
    store.insert_record(record)
    return record


def update_code_source(
    store: Store,
    access: Access,
    identifier: str | None,
    content: str,
    *,
    now: datetime,
    scope: str | None = None,
    namespace: str = "",
) -> CodeSourceRecord:
    """Replace the content. Its actions run it from their next start on; what runs keeps the old one.

    Raises:
        Forbidden: The caller is no administrator.
        InvalidInput: No identifier is given, or there is no such scope.
        NotFound: There is no such code source.
    """
    check_admin(access)
    checked = check_scope(scope, access)
    if not identifier:
        message = "Which code source is to be updated is not said"
        raise InvalidInput(message, code="identifier-missing", hint="give `identifier`: its id or its name")
    with store.writing():
        found = get(store, CodeSourceRecord, access, identifier, namespace)
        new = replace(found, content=content, scope=checked, version=found.version + 1)
        stored = revise(store, found, new, now=now)
        for action in store.list_records(DynamicActionRecord, None, code_source_id=stored.id):
            revise(store, action, generate(store, action, stored), now=now)
        return stored


def delete_code_source(store: Store, access: Access, identifier: str, namespace: str = "") -> None:
    """Delete a code source and its actions.

    Raises:
        Forbidden: The caller is no administrator.
        NotFound: There is none.
    """
    check_admin(access)
    with store.writing():
        found = get(store, CodeSourceRecord, access, identifier, namespace)
        for action in store.list_records(DynamicActionRecord, None, code_source_id=found.id):
            store.delete_record(action)
        store.delete_record(found)


def check_admin(access: Access) -> None:
    """
    Raises:
        Forbidden: The caller is no administrator.
    """
    if not access.is_admin:
        raise Forbidden("Only an administrator may handle code that runs on this service", code="admin-only")
