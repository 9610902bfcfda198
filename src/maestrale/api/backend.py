"""What is behind the API: the parts of a node that handlers use."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar

from prometheus_client import CollectorRegistry

from maestrale.actions import Registry
from maestrale.api.settings import ApiSettings
from maestrale.clock import Clock
from maestrale.engine import Engine, Read
from maestrale.errors import Forbidden
from maestrale.store import Store

T = TypeVar("T")


class Writing(Protocol):
    """Have something written, away from the event loop: `await backend.write(lambda store: …)`."""

    async def __call__(self, work: Callable[[Store], T], /) -> T: ...


class Maintenance(Protocol):
    """Whether the service takes requests that change something: `RUNNING`, `PAUSING` or `PAUSED`."""

    @property
    def status(self) -> str: ...

    async def pause(self) -> str:
        """Pause the service. Returns: its status from now on."""
        ...

    async def resume(self) -> str:
        """Let the service work again. Returns: its status from now on."""
        ...


class NoMaintenance:
    """A service that nobody can pause."""

    status = "RUNNING"

    async def pause(self) -> str:
        raise Forbidden("this service cannot be paused", code="no-maintenance")

    async def resume(self) -> str:
        return self.status


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number that `/metrics` shows besides those of the API itself.

    Args:
        name: As Prometheus has it: `maestrale_executions`.
        read: Asked at each scrape. A mapping gives one number for each value of `label`.
    """

    name: str
    description: str
    read: Callable[[], Awaitable[float | Mapping[str, float]]]
    kind: Literal["gauge", "counter"] = "gauge"
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """The parts of a node, put together by `main`.

    Args:
        read: On one of the reader threads.
        write: On the one thread that writes.
        definitions: What `main` gives the handlers of definitions.
        triggers_changed: Told after cron triggers were made or deleted.
        why_not_ready: Why the node should get no requests yet, None if it should; see `/readyz`.
        figures: More numbers for `/metrics`.
        metrics: More registries of Prometheus for `/metrics`, for what counts by itself.
    """

    engine: Engine
    read: Read
    write: Writing
    registry: Registry
    clock: Clock
    settings: ApiSettings = field(default_factory=ApiSettings)
    maintenance: Maintenance = field(default_factory=NoMaintenance)
    definitions: Any = None
    triggers_changed: Callable[[], None] = lambda: None
    why_not_ready: Callable[[], str | None] = lambda: None
    figures: tuple[Figure, ...] = ()
    metrics: tuple[CollectorRegistry, ...] = ()
