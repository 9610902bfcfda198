"""Environments: named variables that executions start with."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from maestrale.definitions.changes import revise
from maestrale.definitions.lookups import check_name, get_named
from maestrale.definitions.permissions import as_member_of_project, check_owner, check_scope
from maestrale.expressions import Json
from maestrale.expressions.secrets import restored
from maestrale.ids import new_id
from maestrale.store import Store, StoreReader
from maestrale.store.listings import Access
from maestrale.store.records import EnvironmentRecord


def get_environment(store: StoreReader, access: Access, name: str) -> EnvironmentRecord:
    """
    Raises:
        NotFound: There is none of that name, or it is another project's private one, for an administrator
            too.
    """
    return get_named(store, EnvironmentRecord, as_member_of_project(access), name)


def create_environment(
    store: Store,
    access: Access,
    *,
    now: datetime,
    name: str | None,
    description: str | None = None,
    variables: Mapping[str, Json],
    scope: str | None = None,
) -> EnvironmentRecord:
    """
    Raises:
        InvalidInput: The name is missing, or there is no such scope.
        Forbidden: The caller may not publish.
        Conflict: The project has an environment of that name (`name-taken`).
    """
    record = EnvironmentRecord(
        id=new_id(),
        project_id=access.project_id,
        scope=check_scope(scope, access),
        created_at=now,
        name=check_name(name, noun="environment"),
        description=description,
        variables=variables,
    )
    store.insert_record(record)
    return record


def update_environment(
    store: Store,
    access: Access,
    *,
    now: datetime,
    name: str | None,
    description: str | UnsetType | None = UNSET,
    variables: Mapping[str, Json] | UnsetType = UNSET,
    scope: str | UnsetType = UNSET,
) -> EnvironmentRecord:
    """Change what is given; variables are replaced as a whole. A secret stays where `***` is sent for it.

    Raises:
        InvalidInput: The name is missing, or there is no such scope.
        NotFound: There is no such environment.
        Forbidden: It belongs to another project, or the caller may not publish.
    """
    name = check_name(name, noun="environment")
    given = {"description": description, "variables": variables}
    if scope is not UNSET:
        given["scope"] = check_scope(scope, access)
    with store.writing():
        found = get_environment(store, access, name)
        check_owner(found, access, noun="environment", name=name)
        given["variables"] = restored(variables, found.variables)
        changes = {key: value for key, value in given.items() if value is not UNSET}
        return revise(store, found, replace(found, **changes), now=now)


def delete_environment(store: Store, access: Access, name: str) -> None:
    """
    Raises:
        NotFound: There is none.
        Forbidden: It belongs to another project.
    """
    with store.writing():
        found = get_environment(store, access, name)
        check_owner(found, access, noun="environment", name=name)
        store.delete_record(found)
