"""What the resources of stored definitions have in common: texts come in, rows go out."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol, TypeVar

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict

from maestrale.api.call import Call
from maestrale.api.collections import Collection, chosen_attributes, present_row
from maestrale.api.endpoint import Parameter
from maestrale.definitions import Upload, find_stored, find_warnings, inspect_text, is_checked, read_upload
from maestrale.lang import DocumentKind
from maestrale.linter import Known
from maestrale.store import Access, Store, StoreReader
from maestrale.store.records import Record
from maestrale.wire.validation import DefinitionWarning, Verdict

T = TypeVar("T")
Stored = TypeVar("Stored", covariant=True)

NAMESPACE = Parameter("namespace", "text", "The namespace; the default one is empty", default="")
FIELDS = Parameter("fields", "unique-list", "The attributes to show, separated by commas; `id` always is")
ALL_PROJECTS = Parameter("all_projects", "bool", "The rows of all projects; for administrators")
SCOPE = Parameter("scope", "text", "`private` or `public`; private if it is left out")
UPLOAD_PARAMETERS = (
    SCOPE,
    NAMESPACE,
    Parameter(
        "skip_validation", "presence", "Take a text that does not pass validation, if the operator allows it"
    ),
)


class Storing(Protocol[Stored]):
    """An operation of `definitions` that stores a text."""

    def __call__(
        self,
        store: Store,
        access: Access,
        upload: Upload,
        /,
        *,
        now: datetime,
        scope: str | None,
        namespace: str,
    ) -> Stored: ...


async def store_text(call: Call, kind: DocumentKind, operation: Storing[Stored]) -> Stored:
    """What an operation makes of the definitions in the body, where and as the request says.

    The text is read beside the event loop: a long one takes a while.
    """
    checked = is_checked(call.backend.settings.validation_mode, skip=call.query["skip_validation"])
    upload = await asyncio.to_thread(read_upload, call.body, kind, checked=checked)
    now, scope, namespace = call.backend.clock.now(), call.query["scope"], call.query["namespace"]
    return await call.backend.write(
        lambda store: operation(store, call.access, upload, now=now, scope=scope, namespace=namespace)
    )


async def judge(call: Call, kind: DocumentKind) -> Verdict:
    """Whether the text in the body would be taken, and what is odd about it."""
    inspection = await asyncio.to_thread(inspect_text, call.body, kind)
    stored = await call.backend.read(lambda store: find_stored(store, call.access, inspection))
    known = Known(catalogue=call.backend.registry, names=call.backend.registry.names)
    found = await asyncio.to_thread(find_warnings, inspection, stored, known)
    warnings = tuple(
        DefinitionWarning(
            code=each.code, line=each.line, column=each.column, message=each.message, suggestion=each.hint
        )
        for each in found
    )
    return Verdict(
        valid=inspection.faults is None,
        error=UNSET if inspection.faults is None else inspection.faults,
        warnings=warnings,
    )


def shown(row: Struct, collection: Collection) -> dict[str, Any]:
    """A row with all its attributes."""
    attributes = [each for each in collection.attributes if each.shown == "always"]
    return present_row(asdict(row), attributes)


def shown_as_new(row: Struct, collection: Collection) -> dict[str, Any]:
    """A row that was just made: nobody can have updated it."""
    item = shown(row, collection)
    item.pop("updated_at", None)
    return item


async def get_row(
    call: Call, collection: Collection, find: Callable[[StoreReader], Record]
) -> dict[str, Any]:
    """A row with the attributes that the request chooses."""
    attributes = chosen_attributes(call, collection, is_item=True)
    return present_row(asdict(await call.backend.read(find)), attributes)


def or_none(value: T | UnsetType) -> T | None:
    """An attribute of a body; None where it is not given."""
    return None if value is UNSET else value
