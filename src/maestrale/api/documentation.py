"""`/openapi.json`, and the same for people at `/docs`."""

from collections.abc import Sequence
from functools import cache

from maestrale.api.answers import Answer, encode
from maestrale.api.call import Call
from maestrale.api.documentation_page import documentation_page
from maestrale.api.endpoint import Endpoint
from maestrale.api.openapi import openapi_document

TAG = "discovery"

# The page needs nothing from anywhere; a browser holds it to that.
_PAGE_HEADERS = (
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"),
    ("X-Content-Type-Options", "nosniff"),
)


def endpoints(table: Sequence[Endpoint]) -> tuple[Endpoint, ...]:
    """The endpoints that describe those of `table`, themselves included."""

    @cache
    def document() -> bytes:
        return encode(openapi_document(described))

    @cache
    def page() -> bytes:
        return documentation_page(described).encode()

    async def get_openapi(call: Call) -> Answer:
        return Answer(document())

    async def get_documentation(call: Call) -> Answer:
        return Answer(page(), headers=_PAGE_HEADERS)

    own = (
        Endpoint(
            method="GET",
            path="/openapi.json",
            summary="This API as an OpenAPI 3.1 document",
            tag=TAG,
            handler=get_openapi,
            result=dict,
            needs_identity=False,
        ),
        Endpoint(
            method="GET",
            path="/docs",
            summary="This API as a page to read",
            tag=TAG,
            handler=get_documentation,
            content_type="text/html; charset=utf-8",
            result=str,
            needs_identity=False,
        ),
    )
    described = (*table, *own)
    return own
