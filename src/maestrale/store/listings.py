"""What may be asked of a collection of rows: filters, order, pages, attributes; never without a project.

This module holds the questions; `listing_tables` says which attributes each collection has and where
they are, `paging` makes SQL of it.
"""

from typing import Literal, TypeAlias

from msgspec import Struct

from maestrale.expressions import Json
from maestrale.ids import DEFAULT_PROJECT

Operator: TypeAlias = Literal["eq", "neq", "gt", "gte", "lt", "lte", "has", "in", "nin", "is-null", "all-of"]


class Access(Struct, frozen=True):
    """Who asks: a project sees its own rows, public ones, and workflows shared to it and accepted.

    `is_admin`: rows of all projects are seen.
    """

    project_id: str = DEFAULT_PROJECT
    is_admin: bool = False


class Condition(Struct, frozen=True):
    """One filter. `value` is a list for `in`, `nin` and `all-of`, text or a plain value otherwise.

    Instants come as aware datetimes, JSON columns as data. `has` asks for a substring; `all-of` for tags
    that are all there; `is-null` has no value.
    """

    attribute: str
    operator: Operator
    value: Json = None


class Order(Struct, frozen=True):
    attribute: str
    descending: bool = False


class Query(Struct, frozen=True, kw_only=True):
    """A page of a collection.

    Args:
        order: `id` is added at the end, so that the order is total.
        after: The id of the row after which the page begins, in that order.
        attributes: Which to read; None: all that the collection gives by default.
        limit: None: no bound.
    """

    conditions: tuple[Condition, ...] = ()
    order: tuple[Order, ...] = ()
    after: str | None = None
    limit: int | None = None
    attributes: tuple[str, ...] | None = None
