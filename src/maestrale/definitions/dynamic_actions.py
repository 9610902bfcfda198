"""Dynamic actions: classes of code sources, under names that tasks can use."""

import re
from datetime import datetime

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from maestrale.definitions.changes import revise
from maestrale.definitions.code_sources import check_admin
from maestrale.definitions.frames import refuse_reserved_name
from maestrale.definitions.generated import generate
from maestrale.definitions.lookups import check_name, get, get_named
from maestrale.definitions.permissions import check_scope
from maestrale.errors import InvalidInput
from maestrale.ids import new_id
from maestrale.store import Store, StoreReader
from maestrale.store.listings import Access
from maestrale.store.records import CodeSourceRecord, DynamicActionRecord

SPACE = re.compile(r"\s")


def get_dynamic_action(
    store: StoreReader, access: Access, identifier: str, namespace: str = ""
) -> DynamicActionRecord:
    """The dynamic action of that id, or of that name in that namespace.

    Raises:
        Forbidden: The caller is no administrator.
        NotFound: There is none.
    """
    check_admin(access)
    return get(store, DynamicActionRecord, access, identifier, namespace)


def create_dynamic_action(
    store: Store,
    access: Access,
    *,
    now: datetime,
    name: str | None,
    class_name: str | None,
    code_source_id: str | None = None,
    code_source_name: str | None = None,
    scope: str | None = None,
    namespace: str = "",
) -> DynamicActionRecord:
    """Make a class an action. Whether the class is there is seen when it runs.

    Raises:
        Forbidden: The caller is no administrator.
        InvalidInput: A name or the code source is missing; the name cannot be an action's; there is no
            such scope.
        NotFound: There is no such code source in that namespace, or of that id.
        Conflict: The project has a dynamic action of that name in that namespace (`name-taken`).
    """
    check_admin(access)
    record = DynamicActionRecord(
        id=new_id(),
        project_id=access.project_id,
        scope=check_scope(scope, access),
        created_at=now,
        name=_check_action_name(name),
        namespace=namespace,
        class_name=check_name(class_name, noun="class of a dynamic action"),
        code_source_id="",
        code_source_name="",
        document="",
    )
    with store.writing():
        source = _find_source(store, access, code_source_id, code_source_name, namespace)
        if source is None:
            message = "A dynamic action is a class of a code source, and none is given"
            hint = "give `code_source_id` or `code_source_name`"
            raise InvalidInput(message, code="code-source-missing", hint=hint)
        made = generate(store, record, source)
        store.insert_record(made)
        return made


def update_dynamic_action(
    store: Store,
    access: Access,
    *,
    now: datetime,
    id: str | None = None,
    name: str | None = None,
    namespace: str = "",
    class_name: str | None = None,
    code_source_id: str | None = None,
    code_source_name: str | None = None,
    scope: str | UnsetType = UNSET,
) -> DynamicActionRecord:
    """Change what is given of the action of that id, or else of that name in that namespace.

    Raises:
        Forbidden: The caller is no administrator.
        InvalidInput: Neither id nor name is given, or there is no such scope.
        NotFound: There is no such action or no such code source.
    """
    check_admin(access)
    if not id and not name:
        message = "Which dynamic action is to be updated is not said"
        raise InvalidInput(message, code="identifier-missing", hint="give `id` or `name`")
    changes: dict[str, str] = {"class_name": class_name} if class_name else {}
    if scope is not UNSET:
        changes["scope"] = check_scope(scope, access)
    with store.writing():
        found = get(store, DynamicActionRecord, access, id or name or "", namespace)
        source = _find_source(store, access, code_source_id, code_source_name, found.namespace)
        if source is None:
            source = get(store, CodeSourceRecord, access, found.code_source_id, found.namespace)
        return revise(store, found, generate(store, replace(found, **changes), source), now=now)


def delete_dynamic_action(store: Store, access: Access, identifier: str, namespace: str = "") -> None:
    """
    Raises:
        Forbidden: The caller is no administrator.
        NotFound: There is none.
    """
    with store.writing():
        store.delete_record(get_dynamic_action(store, access, identifier, namespace))


def _find_source(
    store: StoreReader, access: Access, id: str | None, name: str | None, namespace: str
) -> CodeSourceRecord | None:
    if id:
        return get(store, CodeSourceRecord, access, id, namespace)
    return get_named(store, CodeSourceRecord, access, name, namespace) if name else None


def _check_action_name(name: str | None) -> str:
    checked = check_name(name, noun="dynamic action")
    refuse_reserved_name(checked)
    if SPACE.search(checked) or checked == "version":
        message = f"An action cannot be named `{checked[:80]}`"
        raise InvalidInput(message, code="bad-action-name", hint="use a word without spaces")
    return checked
