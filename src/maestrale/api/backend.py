"""What is behind the API: the parts of a node that handlers use."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, TypeVar

from prometheus_client import CollectorRegistry

from maestrale.actions import Registry
from maestrale.api.settings import ApiSettings
from maestrale.clock import Clock
from maestrale.engine import Engine, Read
from maestrale.errors import Forbidden
from maestrale.store import Store
from maestrale.wire.nodes import NodeList

T = TypeVar("T")


class Writing(Protocol):
    """Have something written, away from the event loop: `await backend.write(lambda store: …)`."""

    async def __call__(self, work: Callable[[Store], T], /) -> T: ...


class Maintenance(Protocol):
    """Whether the service takes requests that change something: `RUNNING`, `PAUSING` or `PAUSED`."""

    @property
    def status(self) -> str: ...

    async def look(self) -> str:
        """The status as it is stored; another node may have changed it just now."""
        ...

    async def pause(self) -> str:
        """Pause the service. Returns: its status from now on."""
        ...

    async def resume(self) -> str:
        """Let the service work again. Returns: its status from now on."""
        ...


class NoMaintenance:
    """A service that nobody can pause."""

    status = "RUNNING"

    async def look(self) -> str:
        return self.status

    async def pause(self) -> str:
        raise Forbidden("this service cannot be paused", code="no-maintenance")

    async def resume(self) -> str:
        return self.status


async def _no_nodes() -> NodeList:
    return NodeList(nodes=[], shard_count=0, free_shards=[])


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
        nodes: Who works on the database; see `/v2/nodes`.
        reads_of: Reads for a project, which takes turns with the others; None: everybody uses `read`.
        why_overloaded: Why no work of a project is begun just now, for people; None: it is.
        why_not_ready: Why the node should get no requests yet, None if it should; see `/readyz`.
        missing_roles: What no node of the cluster does at the moment.
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
    nodes: Callable[[], Awaitable[NodeList]] = _no_nodes
    reads_of: Callable[[str], Read] | None = None
    why_overloaded: Callable[[str], str | None] = lambda project_id: None
    why_not_ready: Callable[[], str | None] = lambda: None
    missing_roles: Callable[[], tuple[str, ...]] = lambda: ()
    figures: tuple[Figure, ...] = ()
    metrics: tuple[CollectorRegistry, ...] = ()

    def of(self, project_id: str) -> "Backend":
        """The same for the requests of one project."""
        return self if self.reads_of is None else replace(self, read=self.reads_of(project_id))
