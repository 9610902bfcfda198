"""A collection of the API as a list that pages by itself."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from maestrale.client.decoding import Resource, decode, decode_all, unexpected
from maestrale.client.filters import FilterValue, filter_parameters, sort_parameters
from maestrale.client.transport import Query, Transport, path_of
from maestrale.errors import InvalidInput

R = TypeVar("R", bound=Resource)

PAGE = 200


class Collection(Generic[R]):
    """What all managers do with one kind of resource.

    Args:
        name: As the path and the answers have it: `cron_triggers`.
    """

    def __init__(self, transport: Transport, name: str, kind: type[R]) -> None:
        self.transport = transport
        self.name = name
        self.kind = kind

    async def list(
        self,
        *,
        limit: int | None,
        sort: str | Sequence[str],
        filters: Mapping[str, FilterValue],
        options: Mapping[str, str] | None = None,
        path: str | None = None,
        page_size: int = PAGE,
    ) -> AsyncIterator[R]:
        """The rows, page by page as they are wanted.

        Args:
            limit: How many at most; None: all.
            options: Query parameters that are no filters.
            path: Where to read them, if not from the collection itself.

        Raises:
            NotFound: The last row of a page went before the next page was read.
            Error: As the server says.
        """
        if limit is not None and limit < 1:
            raise InvalidInput(f"`limit` is {limit}; it must be 1 or more", code="limit")
        fixed = [*sort_parameters(sort), *filter_parameters(filters), *(options or {}).items()]
        left, marker = limit, None
        while True:
            size = page_size if left is None else min(page_size, left)
            query = [*fixed, ("limit", str(size))] + ([("marker", marker)] if marker else [])
            data = await self.transport.ask("GET", path or path_of(self.name), query=query)
            rows = decode_all(self.kind, data, self.name)
            for row in rows:
                yield row
            left = None if left is None else left - len(rows)
            last = getattr(rows[-1], "id", None) if rows else None
            if not rows or left == 0 or "next" not in data:
                return
            if last == marker:
                raise unexpected(f"the page of `{self.name}` after `{marker}` is the one before")
            marker = last

    async def get(self, *segments: str, query: Query = ()) -> R:
        """A single row."""
        return decode(self.kind, await self.transport.ask("GET", path_of(self.name, *segments), query=query))

    async def post(self, body: Mapping[str, Any]) -> R:
        """Make a row of a JSON object. What is None is not sent."""
        return decode(
            self.kind, await self.transport.ask("POST", path_of(self.name), body=without_none(body))
        )

    async def put(self, *segments: str, body: Mapping[str, Any]) -> R:
        """Change a row. What is None is not sent."""
        data = await self.transport.ask("PUT", path_of(self.name, *segments), body=without_none(body))
        return decode(self.kind, data)

    async def delete(self, *segments: str, query: Query = ()) -> None:
        await self.transport.ask("DELETE", path_of(self.name, *segments), query=query)


def without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    """What is given. An answer is not asked for what the caller left open."""
    return {name: value for name, value in values.items() if value is not None}


def in_namespace(namespace: str) -> dict[str, str]:
    """The query parameter of a namespace that is not the default one."""
    return {"namespace": namespace} if namespace else {}


def flag(name: str, value: bool) -> dict[str, str]:
    """A query parameter that is there if it is true."""
    return {name: "true"} if value else {}
