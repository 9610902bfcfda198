"""Collections of rows as the API lists them: pages, order, filters, chosen attributes.

A resource declares a `Collection` and lists it with `list_collection`:

    TASKS = Collection(name="tasks", singular="task", listing=listing_tables.TASKS, attributes=(
        Attribute(name="id"),
        Attribute(name="state"),
        Attribute(name="published", kind="json"),
        Attribute(name="created_at", kind="time"),
        …
    ))

    Endpoint(method="GET", path="/v2/tasks", query=TASKS.parameters(), …)
"""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from maestrale.api.attributes import (
    Attribute,
    Collection,
    Row,
    chosen_attributes,
    present_row,
    present_rows,
    read_attributes,
    unknown_item,
)
from maestrale.api.call import Call
from maestrale.api.filters import condition_of, text_of
from maestrale.api.paging import Link, order_of, page_size
from maestrale.errors import InvalidInput, NotFound
from maestrale.store import StoreReader
from maestrale.store.listings import Condition, Order, Query
from maestrale.wire.formats import is_uuid_like

__all__ = [
    "Attribute",
    "Collection",
    "Page",
    "Row",
    "chosen_attributes",
    "get_item",
    "list_collection",
    "present_row",
    "present_rows",
    "read_attributes",
    "read_page",
    "unknown_item",
]


class Page(Struct, frozen=True, kw_only=True):
    """What a request for a page asks, checked: the question to the store, and what to show of the answer."""

    query: Query
    attributes: tuple[Attribute, ...]
    limit: int
    is_empty: bool
    """A filter can match nothing, whatever the rows are."""
    link: Link

    def next_url(self, call: Call, last_id: str) -> str:
        """The address of the page after this one."""
        return self.link.url(call.app_url, last_id)


async def list_collection(
    call: Call,
    collection: Collection,
    conditions: Sequence[Condition] = (),
    *,
    by_options: Sequence[Condition] = (),
    also: Sequence[str] = (),
    without: Sequence[str] = (),
) -> dict[str, Any]:
    """The page that a request asks for: `{"<collection>": […], "next": url}`.

    `next` is there only if there may be more.

    Args:
        conditions: What the endpoint itself demands of the rows.
        by_options: What options of the collection demand, which the link to the next page repeats.
        also, without: Attributes that are shown, or not, unlike `Attribute.shown` says.

    Raises:
        InvalidInput: A parameter is wrong.
        Forbidden: It is for administrators.
        NotFound: There is no row to begin after.
    """
    page = read_page(call, collection, conditions, by_options=by_options, also=also, without=without)
    if page.is_empty:
        return {collection.name: []}
    rows = await _read_rows(call, collection, page)
    answer: dict[str, Any] = {collection.name: present_rows(rows, page.attributes)}
    if len(rows) == page.limit:
        answer["next"] = page.next_url(call, rows[-1]["id"])
    return answer


async def _read_rows(call: Call, collection: Collection, page: Page) -> list[dict[str, Any]]:
    def work(store: StoreReader) -> list[dict[str, Any]]:
        return store.list_page(collection.listing, call.access, page.query)

    try:
        return await call.backend.read(work)
    except NotFound as error:
        marker = page.query.after or ""
        if is_uuid_like(marker):
            raise
        raise InvalidInput(
            f"`marker` has to be the id of the {collection.singular} before the page, and is `{marker}`",
            code="not-a-uuid",
        ) from error


def read_page(
    call: Call,
    collection: Collection,
    conditions: Sequence[Condition] = (),
    *,
    by_options: Sequence[Condition] = (),
    also: Sequence[str] = (),
    without: Sequence[str] = (),
) -> Page:
    """What a request asks of a collection. Raises: as `list_collection`, but for the row to begin after."""
    check_all_projects(call, collection)
    filters, is_empty = _filters(call, collection)
    nulls = tuple(_null_condition(collection, name) for name in call.query.get("nulls") or ())
    order = order_of(call.query, default=collection.default_sort)
    sources = [_sort_source(collection, each.attribute) for each in order]
    attributes = chosen_attributes(call, collection, also=also, without=without)
    limit = page_size(call.query.get("limit"), longest=call.backend.settings.max_limit)
    shown = [*(_as_text(collection, each) for each in (*filters, *conditions) if each.operator != "is-null")]
    return Page(
        query=Query(
            conditions=(*filters, *nulls, *by_options, *conditions),
            order=tuple(Order(source, each.descending) for each, source in zip(order, sources, strict=True)),
            after=call.query.get("marker"),
            limit=limit,
            attributes=read_attributes(attributes),
        ),
        attributes=attributes,
        limit=limit,
        is_empty=is_empty,
        link=Link(
            path=f"/v2/{collection.name}",
            order=order,
            filters=tuple(shown),
            options=_given_options(call, collection),
            limit=limit,
            fields=tuple(each.name for each in attributes) if call.query.get("fields") else (),
        ),
    )


def check_all_projects(call: Call, collection: Collection) -> None:
    """Raises: Forbidden: the request wants the rows of all projects, which are not the caller's to see."""
    if call.query.get("all_projects"):
        call.require_admin(f"list the {collection.singular}s of all projects")


def _filters(call: Call, collection: Collection) -> tuple[tuple[Condition, ...], bool]:
    conditions, is_empty = [], False
    for attribute in collection.attributes:
        text = call.query.get(attribute.name)
        if text is None or not attribute.is_filter or not attribute.is_stored:
            continue
        if attribute.is_admin_filter:
            call.require_admin(f"filter {collection.singular}s by `{attribute.name}`")
        condition = condition_of(
            attribute.name, attribute.source, attribute.kind, text, least=attribute.least
        )
        if condition is None:
            is_empty = True
        else:
            conditions.append(condition)
    return tuple(conditions), is_empty


def _null_condition(collection: Collection, name: str) -> Condition:
    attribute = collection.find(name, purpose="nulls")
    if not attribute.is_nullable:
        raise InvalidInput(f"`nulls` names `{name}`, which is never null", code="never-null")
    return Condition(attribute.source, "is-null")


def _sort_source(collection: Collection, name: str) -> str:
    attribute = collection.find(name, purpose="sort_keys")
    if not attribute.is_stored or attribute.kind in ("json", "tags"):
        raise InvalidInput(f"`sort_keys` names `{name}`, which has no order", code="no-order")
    return attribute.source


def _as_text(collection: Collection, condition: Condition) -> tuple[str, str]:
    """A condition as a query parameter of the flat collection."""
    for attribute in collection.attributes:
        if attribute.source == condition.attribute:
            return attribute.name, text_of(condition)
    return condition.attribute, text_of(condition)


def _given_options(call: Call, collection: Collection) -> tuple[tuple[str, str], ...]:
    given = []
    for option in collection.options:
        value = call.query.get(option.name)
        if value is not None and value is not False and value != ():
            text = (
                ",".join(value)
                if isinstance(value, tuple)
                else str(value).lower()
                if value is True
                else str(value)
            )
            given.append((option.name, text))
    return tuple(given)


async def get_item(
    call: Call,
    collection: Collection,
    item_id: str,
    *,
    conditions: Callable[[Row], bool] = lambda row: True,
    also_read: Sequence[str] = (),
    refused: Sequence[str] = (),
) -> dict[str, Any]:
    """One row by its id, with the attributes that the request chooses.

    Args:
        conditions: What else must hold of the row, or it counts as unknown.
        also_read: What `conditions` looks at.

    Raises:
        NotFound: The caller sees no such row.
        InvalidInput: `fields` names what cannot be chosen.
    """
    attributes = chosen_attributes(call, collection, is_item=True, refused=refused)
    wanted = tuple(dict.fromkeys((*read_attributes(attributes), *also_read)))

    def work(store: StoreReader) -> dict[str, Any] | None:
        return store.find_row(collection.listing, call.access, item_id, wanted)

    row = await call.backend.read(work)
    if row is None or not conditions(row):
        raise unknown_item(collection, item_id)
    return present_row(row, attributes)
