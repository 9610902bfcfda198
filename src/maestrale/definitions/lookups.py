"""Finding a row by what people call it: an id or a name."""

from typing import TypeVar

from maestrale.errors import InvalidInput, NotFound
from maestrale.lang.names import LONGEST_NAME, UUID
from maestrale.store import StoreReader
from maestrale.store.listings import Access
from maestrale.store.records import Record

R = TypeVar("R", bound=Record)

NOUNS = {
    "WorkbookRecord": "workbook",
    "WorkflowRecord": "workflow",
    "ActionRecord": "action",
    "EnvironmentRecord": "environment",
    "CronTriggerRecord": "cron trigger",
    "EventTriggerRecord": "event trigger",
    "CodeSourceRecord": "code source",
    "DynamicActionRecord": "dynamic action",
}


def looks_like_id(identifier: str) -> bool:
    return UUID.fullmatch(identifier) is not None


def find(
    store: StoreReader, type_: type[R], access: Access, identifier: str, namespace: str | None = None
) -> R | None:
    """The row of that id, or else of that name in that namespace (None: the rows have none)."""
    if looks_like_id(identifier):
        found = store.find_record(type_, access, id=identifier)
        if found is not None:
            return found
    return find_named(store, type_, access, identifier, namespace)


def find_named(
    store: StoreReader, type_: type[R], access: Access, name: str, namespace: str | None = None
) -> R | None:
    if namespace is None:
        return store.find_record(type_, access, name=name)
    return store.find_record(type_, access, name=name, namespace=namespace)


def get(
    store: StoreReader, type_: type[R], access: Access, identifier: str, namespace: str | None = None
) -> R:
    """Like `find`.

    Raises:
        NotFound: There is none that the caller could see.
    """
    found = find(store, type_, access, identifier, namespace)
    if found is None:
        raise missing(type_, identifier, namespace)
    return found


def get_named(
    store: StoreReader, type_: type[R], access: Access, name: str, namespace: str | None = None
) -> R:
    """Like `find_named`.

    Raises:
        NotFound: There is none that the caller could see.
    """
    found = find_named(store, type_, access, name, namespace)
    if found is None:
        raise missing(type_, name, namespace)
    return found


def missing(type_: type[Record], identifier: str, namespace: str | None = None) -> NotFound:
    noun = NOUNS[type_.__name__]
    place = f" in the namespace `{namespace}`" if namespace else ""
    return NotFound(f"There is no {noun} `{identifier}`{place}", code=f"unknown-{noun.replace(' ', '-')}")


def check_name(name: str | None, *, noun: str) -> str:
    """The name of a row that is not named by a text.

    Raises:
        InvalidInput: It is missing, empty or too long.
    """
    if not name:
        raise InvalidInput(f"The {noun} needs a name", code="name-missing", hint="give `name`")
    if len(name) > LONGEST_NAME:
        message = f"The name of the {noun} has {len(name)} characters; it may have {LONGEST_NAME}"
        raise InvalidInput(message, code="name-too-long")
    return name
