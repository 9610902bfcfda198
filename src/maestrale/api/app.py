"""The API as one ASGI application."""

import importlib
import pkgutil
from collections.abc import Iterable
from pathlib import Path

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from maestrale.api import documentation, health
from maestrale.api.application import Application
from maestrale.api.backend import Backend
from maestrale.api.endpoint import Endpoint
from maestrale.api.metrics import Metrics
from maestrale.api.settings import ApiSettings

CORS_METHODS = ("GET", "PUT", "POST", "DELETE", "PATCH")
CORS_REQUEST_HEADERS = (
    "X-Auth-Token", "X-Identity-Status", "X-Roles", "X-Service-Catalog", "X-User-Id", "X-Tenant-Id",
    "X-Project-Id", "X-User-Name", "X-Project-Name",
)  # fmt: skip
CORS_EXPOSED_HEADERS = (
    "X-Auth-Token", "X-Subject-Token", "X-Service-Token", "X-Project-Id", "X-User-Name", "X-Project-Name",
)  # fmt: skip


def all_endpoints() -> tuple[Endpoint, ...]:
    """The table of the API: the `ENDPOINTS` of every module of this package, so that none is forgotten."""
    names = sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
    modules = (importlib.import_module(f"maestrale.api.{name}") for name in names)
    return tuple(endpoint for module in modules for endpoint in getattr(module, "ENDPOINTS", ()))


def make_app(backend: Backend, endpoints: Iterable[Endpoint] | None = None) -> ASGIApp:
    """The API over a node.

    Args:
        endpoints: None: all that this package has.
    """
    settings = backend.settings
    table = [each for each in (all_endpoints() if endpoints is None else endpoints) if _is_on(each, settings)]
    metrics = Metrics()
    if settings.enable_metrics:
        table.append(metrics.endpoint())
    if settings.enable_docs:
        table.extend(documentation.endpoints(table))
    app: ASGIApp = Application(backend, table, metrics)
    if settings.cors_origins:
        app = CORSMiddleware(
            app,
            allow_origins=settings.cors_origins,
            allow_methods=CORS_METHODS,
            allow_headers=CORS_REQUEST_HEADERS,
            expose_headers=CORS_EXPOSED_HEADERS,
        )
    return app


def make_probes(backend: Backend) -> ASGIApp:
    """What is asked of a node that is no part of the API: whether it lives and is ready, and its figures."""
    settings = backend.settings
    metrics = Metrics()
    table = [each for each in health.ENDPOINTS if _is_on(each, settings)]
    if settings.enable_metrics:
        table.append(metrics.endpoint())
    paths = ", ".join(f"`{each.path}`" for each in table)
    what_there_is = f"this node does not have the role `api`, and answers {paths} only"
    return Application(backend, table, metrics, what_there_is=what_there_is)


def _is_on(endpoint: Endpoint, settings: ApiSettings) -> bool:
    return endpoint.path != "/healthcheck" or settings.enable_healthcheck
