"""What a resource shows of a row, and what of it `fields`, filters and orders may name."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

from msgspec import Struct

from maestrale.api.call import Call
from maestrale.api.endpoint import Parameter
from maestrale.api.filters import FilterKind
from maestrale.api.paging import PAGE_PARAMETERS
from maestrale.errors import InvalidInput, NotFound
from maestrale.expressions import mask
from maestrale.expressions.suggestions import Suggestions
from maestrale.store.listing_tables import Listing
from maestrale.wire.formats import json_text, timestamp_or_none

Row = Mapping[str, Any]

_CONVERTERS: Mapping[FilterKind, Callable[[Any], Any]] = {
    "time": timestamp_or_none,
    "json": lambda value: json_text(mask(value)),
    "tags": lambda tags: None if tags is None else list(tags),
}


class Attribute(Struct, frozen=True, kw_only=True):
    """An attribute of a resource.

    Args:
        kind: How it is filtered and shown: `time` as a timestamp, `json` as JSON text, with
            what is secret in it masked.
        column: The listing's name of it, where that differs.
        reads: The listing's attributes that `value` needs; the attribute can then not be filtered by.
        value: Makes the value out of a row. It is converted by `kind` like any other.
        shown: Without `fields`: always; only where a single row is asked for; only if asked for.
        choice: Whether `fields` may name it in a list: yes; yes, but it is left out; no.
        brings: Attributes that are shown whenever this one is chosen with `fields`.
        is_filter: Whether rows can be filtered by it.
        is_admin_filter: Whether only administrators can.
        is_nullable: Whether `nulls` may name it.
        least: The smallest number that a filter of kind `int` takes.
    """

    name: str
    kind: FilterKind = "text"
    column: str | None = None
    reads: tuple[str, ...] = ()
    value: Callable[[Row], Any] | None = None
    shown: Literal["always", "item", "asked"] = "always"
    choice: Literal["yes", "empty", "no"] = "yes"
    brings: tuple[str, ...] = ()
    is_filter: bool = True
    is_admin_filter: bool = False
    is_nullable: bool = False
    least: int | None = None

    @property
    def source(self) -> str:
        """What the listing calls it."""
        return self.column or self.name

    @property
    def is_stored(self) -> bool:
        return self.value is None


class Collection(Struct, frozen=True, kw_only=True, dict=True):
    """A collection of the API.

    Args:
        name: The key of the list in answers, and the segment of its path.
        singular: What one of its rows is called in messages: `cron trigger`.
        listing: The store's listing.
        options: Parameters besides filters and pages, such as `include_output`. `all_projects` and
            `nulls` have their meaning here, all others in the handler.
        default_sort: The key of the order where the request names none.
    """

    name: str
    singular: str
    listing: Listing
    attributes: tuple[Attribute, ...]
    options: tuple[Parameter, ...] = ()
    default_sort: str = "created_at"

    @cached_property
    def by_name(self) -> Mapping[str, Attribute]:
        return {attribute.name: attribute for attribute in self.attributes}

    def parameters(self, *, without: Sequence[str] = ()) -> tuple[Parameter, ...]:
        """The query parameters of an endpoint that lists it, but for some filters."""
        filters = (
            Parameter(attribute.name, "text", f"Filter: `value` or `operator:value` ({attribute.kind})")
            for attribute in self.attributes
            if attribute.is_filter and attribute.is_stored and attribute.name not in without
        )
        return (*PAGE_PARAMETERS, *self.options, *filters)

    def find(self, name: str, *, purpose: str) -> Attribute:
        """The attribute of that name. Raises: InvalidInput: there is none."""
        attribute = self.by_name.get(name)
        if attribute is None or (attribute.choice == "no" and purpose == "fields"):
            raise unknown_attribute(self, name, purpose)
        return attribute


def unknown_attribute(
    collection: Collection, name: str, purpose: str, *, without: Sequence[str] = ()
) -> InvalidInput:
    """The refusal of an attribute that `purpose`, a query parameter, names. `without`: nor these."""
    choosable = [attribute.name for attribute in collection.attributes if attribute.choice != "no"]
    known = [each for each in choosable if each not in without]
    return InvalidInput(
        f"`{purpose}` names `{name}`, and {collection.singular}s have no such attribute to choose",
        code="unknown-attribute",
        hint=Suggestions().hint(name, known) or f"choose among {', '.join(known)}",
    )


def chosen_attributes(
    call: Call,
    collection: Collection,
    *,
    is_item: bool = False,
    also: Sequence[str] = (),
    without: Sequence[str] = (),
    refused: Sequence[str] = (),
) -> tuple[Attribute, ...]:
    """The attributes to show: those of `fields` with `id` before them, or those that are shown by default.

    Args:
        is_item: One row is asked for, not a list.
        refused: Attributes that `fields` may not name here.

    Raises:
        InvalidInput: `fields` names what cannot be chosen.
    """
    fields = call.query.get("fields")
    if not fields:
        usual = ("always", "item") if is_item else ("always",)
        return tuple(
            each
            for each in collection.attributes
            if (each.shown in usual or each.name in also) and each.name not in without
        )
    chosen = {"id": collection.by_name["id"]}
    for name in fields:
        if name in refused:
            raise unknown_attribute(collection, name, "fields", without=refused)
        attribute = collection.find(name, purpose="fields")
        if attribute.choice == "yes" or is_item:
            chosen[name] = attribute
        chosen.update((other, collection.by_name[other]) for other in attribute.brings)
    return tuple(chosen.values())


def read_attributes(attributes: Sequence[Attribute]) -> tuple[str, ...]:
    """What a listing has to read for these attributes, `id` always."""
    names = {"id": None}
    for attribute in attributes:
        names.update(dict.fromkeys(attribute.reads))
        if attribute.is_stored:
            names[attribute.source] = None
    return tuple(names)


def present_rows(rows: Sequence[Row], attributes: Sequence[Attribute]) -> list[dict[str, Any]]:
    """Rows as the API shows them."""
    plan = [(each.name, each.source, each.value, _CONVERTERS.get(each.kind)) for each in attributes]
    items = []
    for row in rows:
        item = {}
        for name, source, value_of, convert in plan:
            value = row[source] if value_of is None else value_of(row)
            item[name] = value if convert is None else convert(value)
        items.append(item)
    return items


def present_row(row: Row, attributes: Sequence[Attribute]) -> dict[str, Any]:
    """A row as the API shows it. Of a record, pass `msgspec.structs.asdict(record)`."""
    return present_rows((row,), attributes)[0]


def unknown_item(collection: Collection, item_id: str) -> NotFound:
    """The answer to an id that the caller sees no row of."""
    return NotFound(
        f"there is no {collection.singular} `{item_id}`",
        code=f"unknown-{collection.singular.replace(' ', '-')}",
    )
