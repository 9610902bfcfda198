"""Storing a changed row so that `updated_at` tells the truth."""

from datetime import datetime
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from maestrale.store import Store
from maestrale.store.records import Record

R = TypeVar("R", bound=Record)

# Not `==`, for which 1, 1.0 and True are the same.
_ENCODER = msgspec.json.Encoder(order="deterministic")


def revise(store: Store, old: R, new: R, *, now: datetime) -> R:
    """Store what `new` changes of `old`, and return the row as it is now.

    `updated_at` moves if something people can see changes. Which stored text executions pin is not among
    that: a workflow of a workbook gets a new one when its neighbour changes.
    """
    if _content(new) != _content(old):
        new = replace(new, updated_at=now)
    elif new == old:
        return old
    store.update_record(old, new)
    return new


def _content(record: Record) -> bytes:
    shown = replace(record, document="") if hasattr(record, "document") else record
    return _ENCODER.encode(shown)
