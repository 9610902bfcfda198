"""An application over a real store in memory, and a client that speaks to it without a network."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import httpx
from starlette.types import ASGIApp

from maestrale.actions import Registry
from maestrale.api import ApiSettings, Backend, Endpoint, make_app
from maestrale.engine import Engine
from maestrale.store import Store, open_store
from maestrale.testing.clocks import FakeClock

T = TypeVar("T")


def a_backend(store: Store | None = None, **parts: Any) -> Backend:
    """A backend whose reads and writes are done on the spot."""
    opened = store or open_store("sqlite://")
    registry, clock = Registry(), FakeClock()

    async def work(task: Callable[[Store], T]) -> T:
        return task(opened)

    engine = Engine(opened, registry, clock=clock)
    return Backend(engine=engine, read=work, write=work, registry=registry, clock=clock, **parts)


def an_app(
    endpoints: Iterable[Endpoint] | None = None,
    *,
    settings: ApiSettings | None = None,
    store: Store | None = None,
    **parts: Any,
) -> ASGIApp:
    return make_app(a_backend(store, settings=settings or ApiSettings(), **parts), endpoints)


def ask(app: ASGIApp, method: str, path: str, **options: Any) -> httpx.Response:
    """The answer to one request."""

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.request(method, path, **options)

    return asyncio.run(send())


def get(app: ASGIApp, path: str, **headers: str) -> httpx.Response:
    return ask(app, "GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
