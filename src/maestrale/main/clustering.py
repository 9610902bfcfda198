"""A server as one node of many: what it has beside what a server on a file has."""

import asyncio
from contextlib import AsyncExitStack

from prometheus_client import CollectorRegistry

from maestrale import __version__
from maestrale.clock import Clock
from maestrale.cluster import ClusterSettings
from maestrale.cluster.cluster import Cluster
from maestrale.cluster.heart import Heart
from maestrale.cluster.load import to_row
from maestrale.cluster.roster import missing_roles
from maestrale.cluster.settings import default_name
from maestrale.main.cluster_figures import ClusterFigures
from maestrale.main.membership import Calls
from maestrale.main.node import Node
from maestrale.store import open_membership, open_store


class Clustering:
    """Implements `Membership`: a heart, which beats around everything else, and the cluster inside of it."""

    def __init__(self, database: str, settings: ClusterSettings, *, clock: Clock) -> None:
        self.name = settings.node_name or default_name()
        self._settings = settings
        self._database = database
        self._clock = clock
        self._figures = ClusterFigures(
            beat_age=lambda: 0.0 if self._heart is None else self._heart.lease.age, version=__version__
        )
        self._heart: Heart | None = None
        self._cluster: Cluster | None = None

    async def join(self, parts: AsyncExitStack, *, url: str) -> None:
        """Raises: Error: The database does not answer, or is not ours."""
        heart = self._heart = Heart(
            lambda: open_membership(self._database),
            self._settings,
            name=self.name,
            version=__version__,
            url=self._settings.advertised_url or url,
            figures=self._figures,
        )
        # Whoever comes first makes the tables.
        await asyncio.to_thread(lambda: open_store(self._database).close())
        await asyncio.to_thread(heart.open)
        parts.push_async_callback(asyncio.to_thread, heart.close)

    async def take_part(self, parts: AsyncExitStack, node: Node, calls: Calls) -> None:
        assert self._heart is not None, "it has joined before"
        ownership = node.store.shards
        assert ownership is not None, "the database of a server has shards"
        assert node.work is not None, "its nodes share the work"
        settings = self._settings
        cluster = self._cluster = Cluster(
            self._heart,
            node.engine,
            ownership,
            node.work,
            clock=self._clock,
            load=lambda: to_row(
                calls.load(), beat_seconds=settings.beat_seconds, lease_seconds=settings.lease_seconds
            ),
            figures=self._figures,
            why_overloaded=calls.why_overloaded,
            on_settings=calls.on_settings,
            on_view=lambda view: calls.on_change(),
        )
        node.engine.connect_router(cluster)
        node.cluster = cluster
        await parts.enter_async_context(cluster)

    @property
    def node_id(self) -> int | None:
        return None if self._cluster is None else self._cluster.node_id

    @property
    def is_scheduler(self) -> bool:
        return self._cluster is not None and self._cluster.is_scheduler

    @property
    def waiting(self) -> int:
        return 0 if self._cluster is None else self._cluster.inbox

    @property
    def why_not_ready(self) -> str | None:
        return "it has not joined its cluster yet" if self._cluster is None else self._cluster.why_not_ready

    @property
    def missing_roles(self) -> tuple[str, ...]:
        view = None if self._cluster is None else self._cluster.view
        return () if view is None else missing_roles(view)

    @property
    def metrics(self) -> tuple[CollectorRegistry, ...]:
        return (self._figures.registry,)

    def on_lost(self) -> None:
        self._figures.on_refused_commit()
        if self._heart is not None:
            self._heart.beat_soon()

    def settings_changed(self) -> None:
        if self._cluster is not None:
            self._cluster.settings_changed()
