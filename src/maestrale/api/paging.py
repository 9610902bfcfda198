"""Pages of a collection: how long, in which order, and where the next one is.

Source: Mistral API v2, lists. Some of the texts are checked by Mistral's own tests.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from maestrale.api.endpoint import Parameter
from maestrale.errors import InvalidInput
from maestrale.store.listings import Order

PAGE_PARAMETERS = (
    Parameter("marker", "text", "The id of the last row of the page before"),
    Parameter("limit", "int", "How many rows at most; the server has a maximum of its own"),
    Parameter("sort_keys", "unique-list", "The attributes to sort by, separated by commas"),
    Parameter("sort_dirs", "list", "`asc` or `desc` for each of `sort_keys`; `asc` where it lacks"),
    Parameter("fields", "unique-list", "The attributes to show, separated by commas; `id` is always shown"),
)


def page_size(limit: int | None, *, longest: int) -> int:
    """How many rows a page has. Raises: InvalidInput: none or fewer are asked for."""
    if limit is not None and limit <= 0:
        raise InvalidInput(f"Limit must be positive, and is {limit}", code="limit-not-positive")
    return longest if limit is None else min(limit, longest)


def order_of(query: Mapping[str, Any], *, default: str) -> tuple[Order, ...]:
    """The order that a request asks for; `id` ends it, so that it is total.

    Raises:
        InvalidInput: A direction is neither `asc` nor `desc`, or there are more of them than keys.
    """
    keys = query.get("sort_keys") or (default,)
    directions = query.get("sort_dirs") or ()
    for direction in directions:
        if direction not in ("asc", "desc"):
            raise InvalidInput(
                f"Unknown sort direction `{direction}` in `sort_dirs`",
                code="sort-direction",
                hint="use `asc` or `desc`",
            )
    if len(directions) > len(keys):
        raise InvalidInput(
            f"Length of sort_keys must be equal or greater than sort_dirs: "
            f"there are {len(keys)} different keys and {len(directions)} directions",
            code="sort-lengths",
        )
    padded = (*directions, *("asc" for _ in keys[len(directions) :]))
    order = tuple(Order(key, way == "desc") for key, way in zip(keys, padded, strict=True))
    return order if "id" in keys else (*order, Order("id"))


class Link(Struct, frozen=True, kw_only=True):
    """The address of a page but for its beginning: everything else that its request asked."""

    path: str
    order: tuple[Order, ...]
    filters: tuple[tuple[str, str], ...]
    options: tuple[tuple[str, str], ...]
    limit: int
    fields: tuple[str, ...]

    def url(self, app_url: str, marker: str) -> str:
        """The address of the page that begins after the row `marker`."""
        pairs = [
            ("sort_keys", ",".join(each.attribute for each in self.order)),
            ("sort_dirs", ",".join("desc" if each.descending else "asc" for each in self.order)),
            *self.filters,
            *self.options,
            ("limit", str(self.limit)),
            ("marker", marker),
        ]
        if self.fields:
            pairs.append(("fields", ",".join(self.fields)))
        # A slash is escaped too: Mistral's tests take what follows the last one for the page's address.
        query = "&".join(f"{name}={quote(value, safe=':,')}" for name, value in pairs)
        return f"{app_url}{self.path}?{query}"
