"""A server: a node with the API on a port."""

import asyncio
import socket
from contextlib import AsyncExitStack
from typing import Self

import structlog

from maestrale import __version__
from maestrale.actions import Registry
from maestrale.api import Backend
from maestrale.api.app import make_app, make_probes
from maestrale.auditor import Auditor
from maestrale.clock import Clock, SystemClock
from maestrale.cluster.settings import API, ENGINE, SCHEDULER, WORKER
from maestrale.config import Settings
from maestrale.engine import Following
from maestrale.engine.maintenance import Maintenance
from maestrale.engine.readers import Readers
from maestrale.engine.stopwatch import resident_bytes
from maestrale.errors import Error, InvalidInput
from maestrale.main.alone import Alone
from maestrale.main.clustering import Clustering
from maestrale.main.figures import NodeFigures, gauges
from maestrale.main.http_server import HttpServer
from maestrale.main.listening import allow_open_files, bind, bind_error, close_all, is_loopback, url_of
from maestrale.main.membership import Calls, Membership
from maestrale.main.node import Node
from maestrale.main.nodes import Nodes, load_of
from maestrale.main.nodes import Self as Description
from maestrale.main.overload import Overload, Pressure
from maestrale.notifier import Notifier
from maestrale.scheduler import CronTriggers, Expiration
from maestrale.store import LeaseLost, open_reader
from maestrale.store.urls import is_memory, is_shared
from maestrale.wire.nodes import NodeLoad

STREAM_PAUSE = 0.2
"""Seconds between two looks for streams that are to end."""

log = structlog.get_logger("maestrale.server")


class Server:
    """API, engine and actions in one process. Use it as an asynchronous context manager.

    Entered, it listens and takes requests; without the role `api`, only those that ask how it is. Leaving
    it, it accepts nothing more, answers what is open, commits what is decided, and lets go of the database;
    what has not ended is taken over by the next server that starts, or by other nodes.

    Args:
        database: The URL of the database; made where there is none.
        registry: None: the standard actions and those of the installed plugins.

    Raises (on entering):
        InvalidInput: The host is unknown (`host`), or the database is none or one in memory.
        Unavailable: The port is taken (`port-taken`) or may not be used, or the database does not answer.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        database: str,
        registry: Registry | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock or SystemClock()
        self._registry = registry or Registry.standard(
            settings=(
                settings.http,
                settings.command,
                settings.javascript,
                settings.ssh,
                settings.email,
                settings.providers,
            )
        )
        self._figures = NodeFigures()
        self._overload = Overload(
            settings.overload, self._pressure, on_change=lambda: self._cron_triggers.look_again()
        )
        self._parts = AsyncExitStack()
        self._membership: Membership = (
            Clustering(database, settings.cluster, clock=self._clock)
            if is_shared(database)
            else Alone(settings.cluster)
        )
        self._was_scheduler = True
        self._cron_triggers: CronTriggers
        self._http: HttpServer
        self._notifier: Notifier
        self.url = ""
        self.node: Node

    async def __aenter__(self) -> Self:
        if is_memory(self._database):
            raise InvalidInput(
                "a server cannot keep its data in memory: its threads share one file",
                code="memory-not-shared",
                hint="name a file, such as sqlite:////tmp/trial.db",
            )
        async with AsyncExitStack() as parts:
            sockets = self._bind()
            parts.callback(close_all, sockets)
            self.url = url_of(self._settings.server.host, sockets)
            await self._membership.join(parts, url=self._api_url)
            await self._open_node(parts)
            readers = self._open_readers()
            parts.callback(readers.close)
            await self._open_notifier(parts, readers)
            engine = self.node.engine
            await parts.enter_async_context(Following(engine.feed, engine.world, readers.run))
            maintenance = Maintenance(
                self.node.engine,
                readers.run,
                on_trouble=_log_trouble,
                on_change=lambda: self._cron_triggers.look_again(),
                on_kept=self._membership.settings_changed,
            )
            self._cron_triggers = self._make_cron_triggers(readers, maintenance)
            await parts.enter_async_context(self._overload)
            await self._membership.take_part(parts, self.node, self._calls(maintenance))
            await parts.enter_async_context(maintenance)
            await self._open_http(parts, sockets, self._backend(readers, maintenance))
            if self._has(SCHEDULER):
                await parts.enter_async_context(self._cron_triggers)
                await parts.enter_async_context(self._make_expiration(readers, maintenance))
            if self._has(ENGINE):
                await parts.enter_async_context(self._make_auditor(readers, maintenance))
            self._parts = parts.pop_all()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._parts.aclose()

    async def watch(self) -> None:
        """Wait for as long as it works, and raise what ends it: that is a bug."""
        parts = [asyncio.ensure_future(wait) for wait in (self.node.engine.watch(), self._http.watch())]
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                part.result()
        finally:
            for part in parts:
                part.cancel()

    def _bind(self) -> list[socket.socket]:
        settings = self._settings.server
        if not allow_open_files(settings.max_connections):
            log.warning(
                "the system lets this process open fewer files than `max_connections` needs",
                max_connections=settings.max_connections,
            )
        return bind(settings.host, settings.port)

    def _has(self, role: str) -> bool:
        return self._settings.cluster.has(role)

    def _calls(self, maintenance: Maintenance) -> Calls:
        def on_settings() -> None:
            self._cron_triggers.look_again()
            maintenance.look_soon()

        return Calls(
            load=self._load,
            why_overloaded=self._overload.why,
            on_settings=on_settings,
            on_change=self._on_nodes_change,
        )

    def _on_trouble(self, error: Error) -> None:
        if isinstance(error, LeaseLost):
            self._membership.on_lost()
        _log_trouble(error)

    def _on_nodes_change(self) -> None:
        """It may be up to this server to fire triggers from now on."""
        if self._was_scheduler != self._membership.is_scheduler:
            self._was_scheduler = self._membership.is_scheduler
            self._cron_triggers.look_again()

    @property
    def is_overloaded(self) -> bool:
        """Whether nothing new is begun here until there is less to do."""
        return self._overload.is_overloaded

    def _load(self) -> NodeLoad:
        waiting = self._membership.waiting
        return load_of(self.node.engine, waiting=waiting, overloaded=self.is_overloaded)

    def _pressure(self) -> Pressure:
        return Pressure(
            steps=self.node.engine.load.steps,
            actions=self.node.worker.waiting_by_project,
            messages=self._membership.waiting,
            rss=resident_bytes(),
        )

    async def _open_node(self, parts: AsyncExitStack) -> None:
        self.node = Node(
            self._database,
            registry=self._registry,
            limits=self._settings.limits,
            clock=self._clock,
            slots=self._settings.worker.slots,
            threads=self._settings.worker.threads,
            drain_seconds=self._settings.worker.drain_seconds,
            runs_actions=self._has(WORKER),
            name=self._membership.name,
            on_trouble=self._on_trouble,
            on_commit=self._figures.on_commit,
            on_steps=self._figures.on_steps,
            on_notices=lambda notices: self._notifier.tell(notices),
            publishers=self._settings.notifier.publishers,
        )
        await parts.enter_async_context(self.node)

    async def _open_notifier(self, parts: AsyncExitStack, readers: Readers) -> None:
        self._notifier = Notifier(
            self._settings.notifier,
            self._settings.http,
            clock=self._clock,
            read=readers.run,
            write=self.node.engine.write,
            on_outcome=self._figures.on_notices,
        )
        await parts.enter_async_context(self._notifier)

    def _make_cron_triggers(self, readers: Readers, maintenance: Maintenance) -> CronTriggers:
        return CronTriggers(
            self.node.engine,
            readers.run,
            clock=self._clock,
            settings=self._settings.cron,
            # What is due while the node is overloaded is due still when it is so no more.
            is_working=lambda: (
                self._membership.is_scheduler and maintenance.is_working and not self.is_overloaded
            ),
            on_turn=self._figures.on_cron_turn,
        )

    def _make_expiration(self, readers: Readers, maintenance: Maintenance) -> Expiration:
        return Expiration(
            self.node.engine,
            readers.run,
            clock=self._clock,
            settings=self._settings.expiration,
            is_working=lambda: self._membership.is_scheduler and maintenance.is_working,
            on_deleted=self._figures.on_expired,
        )

    def _make_auditor(self, readers: Readers, maintenance: Maintenance) -> Auditor:
        return Auditor(
            self.node.engine,
            readers.run,
            settings=self._settings.audit,
            is_working=lambda: maintenance.is_working,
            on_round=self._figures.on_audit,
            on_repair=self._figures.on_audit_repair,
        )

    def _open_readers(self) -> Readers:
        return Readers(lambda: open_reader(self._database))

    def _backend(self, readers: Readers, maintenance: Maintenance) -> Backend:
        return Backend(
            engine=self.node.engine,
            read=readers.run,
            reads_of=readers.of,
            why_overloaded=self._overload.why,
            write=self.node.engine.write,
            registry=self._registry,
            clock=self._clock,
            settings=self._settings.api,
            maintenance=maintenance,
            triggers_changed=self._on_triggers_changed,
            nodes=Nodes(readers.run, self._describe).list,
            why_not_ready=lambda: self._membership.why_not_ready,
            missing_roles=lambda: self._membership.missing_roles,
            figures=gauges(self.node.engine, self.node.worker, readers, self._clock),
            metrics=(self._figures.registry, *self._membership.metrics),
        )

    def _on_triggers_changed(self) -> None:
        self._cron_triggers.look_again()
        self._membership.settings_changed()

    def _describe(self) -> Description:
        return Description(
            id=self._membership.node_id,
            name=self._membership.name,
            version=__version__,
            roles=self._settings.cluster.roles,
            url=self._settings.cluster.advertised_url or self._api_url,
            load=self._load(),
        )

    @property
    def _api_url(self) -> str:
        """Where the API is; empty: this server has none, and only tells how it is."""
        return self.url if self._has(API) else ""

    async def _open_http(self, parts: AsyncExitStack, sockets: list[socket.socket], backend: Backend) -> None:
        app = make_app(backend) if self._has(API) else make_probes(backend)
        http = self._http = HttpServer(app, sockets, self._settings.server)
        parts.push_async_callback(self._stop_http, http)
        settings = self._settings.server
        try:
            await http.start()
        except OSError as error:  # Somebody was quicker to listen, after both of us had bound the port.
            raise bind_error(settings.host, settings.port, error) from error
        if self._has(API) and self._settings.api.auth_mode == "none" and not is_loopback(sockets):
            log.warning(
                "everybody who can reach this address can run anything on this machine",
                url=self.url,
                hint="set auth_mode to trusted-headers behind a proxy, or listen on 127.0.0.1",
            )

    async def _stop_http(self, http: HttpServer) -> None:
        stopping = asyncio.ensure_future(http.stop(self._settings.server.stop_seconds))
        while not stopping.done():  # Again and again, since a stream may begin while the server stops.
            self.node.engine.feed.close_all()
            await asyncio.wait([stopping], timeout=STREAM_PAUSE)
        stopping.result()


def _log_trouble(error: Error) -> None:
    if isinstance(error, LeaseLost):
        log.warning("executions went to another process", error=error.message, code=error.code)
        return
    log.error("the engine is in trouble", error=error.message, code=error.code)
