"""All actions as one collection: built in, ad-hoc, made of code sources; filtered, sorted and paged alike.

They come from three places, so it is done here and not by the store: there are few of them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import contains, eq, ge, gt, le, lt, ne
from typing import Any

from msgspec import Struct

from maestrale.core import ActionSpec
from maestrale.definitions.outlines import action_signature
from maestrale.errors import NotFound
from maestrale.store.listings import Condition, Order
from maestrale.store.records import ActionRecord, DynamicActionRecord
from maestrale.wire.formats import parse_timestamp, timestamp, timestamp_or_none

Row = Mapping[str, Any]

_COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "eq": eq,
    "neq": ne,
    "gt": gt,
    "gte": ge,
    "lt": lt,
    "lte": le,
    "has": contains,
    "in": lambda value, values: value in values,
    "nin": lambda value, values: value not in values,
    "all-of": lambda value, tags: all(contains(value, tag) for tag in tags),
}
"""What an operator asks of a value that is not null, as the database would answer it."""


class ActionPage(Struct, frozen=True):
    """A page of actions, and whether it ends because it is full."""

    rows: list[Row]
    is_full: bool


def built_in_row(spec: ActionSpec) -> dict[str, Any]:
    """A built-in action: its name is its id, and nobody made it at any time."""
    return {
        "id": spec.name,
        "name": spec.name,
        "is_system": False,
        "input": action_signature(spec.parameters),
        "description": spec.description,
        "tags": None,
        "definition": "",
        "scope": None,
        "project_id": None,
        "namespace": "",
        "created_at": "",
        "updated_at": "",
    }


def ad_hoc_row(action: ActionRecord) -> dict[str, Any]:
    """An action that somebody defined. Several may share the text they came in, which all of them show."""
    return {
        "id": action.id,
        "name": action.name,
        "is_system": False,
        "input": action.input,
        "description": action.description,
        "tags": list(action.tags),
        "definition": action.definition,
        "scope": action.scope,
        "project_id": action.project_id,
        "namespace": action.namespace,
        "created_at": timestamp(action.created_at),
        "updated_at": timestamp_or_none(action.updated_at),
    }


def dynamic_row(action: DynamicActionRecord) -> dict[str, Any]:
    """A class of a code source: its name is its id, and it has no definition, as those built in."""
    return {
        "id": action.name,
        "name": action.name,
        "is_system": False,
        "input": action.input,
        "description": action.description,
        "tags": None,
        "definition": "",
        "scope": action.scope,
        "project_id": action.project_id,
        "namespace": action.namespace,
        "created_at": timestamp(action.created_at),
        "updated_at": timestamp_or_none(action.updated_at),
    }


def page_of(
    rows: Iterable[Row],
    *,
    conditions: Sequence[Condition],
    order: Sequence[Order],
    marker: str | None,
    limit: int | None,
) -> ActionPage:
    """The rows of one page.

    Args:
        marker: The id of the row after which it begins, which need not pass the conditions.

    Raises:
        NotFound: No row has that id.
    """
    ordered = list(rows)
    for each in reversed(order):  # Sorting is stable: the first key has the last word.
        ordered.sort(key=_sort_key(each.attribute), reverse=each.descending)
    if marker is not None:
        ordered = ordered[_position(ordered, marker) + 1 :]
    found = [row for row in ordered if all(_passes(row, condition) for condition in conditions)]
    page = found[:limit]
    return ActionPage(page, limit is not None and len(page) == limit)


def _position(rows: Sequence[Row], marker: str) -> int:
    """Where the last row of that id stands: actions of one name may share it."""
    for index in range(len(rows) - 1, -1, -1):
        if rows[index]["id"] == marker:
            return index
    raise NotFound(f"there is no action `{marker}` to begin the page after", code="unknown-marker")


def _sort_key(attribute: str) -> Callable[[Row], tuple[bool, Any]]:
    """Null goes before everything, as in the database."""

    def key(row: Row) -> tuple[bool, Any]:
        value = row[attribute]
        return value is not None, "" if value is None else value

    return key


def _passes(row: Row, condition: Condition) -> bool:
    """Whether a row meets a filter. Null meets none, and a built-in action was made at no time."""
    value, wanted = row[condition.attribute], condition.value
    if value is None:
        return False
    if condition.attribute in ("created_at", "updated_at") and condition.operator != "has":
        instant = parse_timestamp(value)
        if instant is None:
            return False
        value, wanted = instant, _to_the_second(wanted)
    return bool(_COMPARISONS[condition.operator](value, wanted))


def _to_the_second(wanted: Any) -> Any:
    """An instant, or several, as exact as the timestamps of the rows are."""
    if isinstance(wanted, list):
        return [each.replace(microsecond=0) for each in wanted]
    return wanted.replace(microsecond=0)
