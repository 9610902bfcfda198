"""A server: a node with the API on a port."""

import asyncio
import socket
from contextlib import AsyncExitStack, suppress
from typing import Any, Self

import structlog

from maestrale.actions import Registry
from maestrale.api import Backend
from maestrale.api.app import make_app
from maestrale.clock import Clock, SystemClock
from maestrale.config import Settings
from maestrale.engine.maintenance import Maintenance
from maestrale.engine.readers import Readers
from maestrale.errors import Error, InvalidInput
from maestrale.main.adoption import Adoption
from maestrale.main.figures import NodeFigures, gauges
from maestrale.main.http_server import HttpServer
from maestrale.main.listening import allow_open_files, bind, bind_error, close_all, is_loopback, url_of
from maestrale.main.node import Node
from maestrale.notifier import Notifier
from maestrale.scheduler import CronTriggers, Expiration
from maestrale.store import open_reader
from maestrale.store.urls import sqlite_path

STREAM_PAUSE = 0.2
"""Seconds between two looks for streams that are to end."""

log = structlog.get_logger("maestrale.server")


class Server:
    """API, engine and actions in one process. Use it as an asynchronous context manager.

    Entered, it listens and takes requests. Leaving it, it accepts nothing more, answers what is open,
    commits what is decided, and lets go of the database; what has not ended is taken over by the next
    server that starts.

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
        self._parts = AsyncExitStack()
        self._adopting: asyncio.Task[None] | None = None
        self._cron_triggers: CronTriggers
        self._http: HttpServer
        self._notifier: Notifier
        self.url = ""
        self.node: Node

    async def __aenter__(self) -> Self:
        if sqlite_path(self._database) is None:
            raise InvalidInput(
                "a server cannot keep its data in memory: its threads share one file",
                code="memory-not-shared",
                hint="name a file, such as sqlite:////tmp/trial.db",
            )
        async with AsyncExitStack() as parts:
            sockets = self._bind()
            parts.callback(close_all, sockets)
            await self._open_node(parts)
            readers = self._open_readers()
            parts.callback(readers.close)
            await self._open_notifier(parts, readers)
            adoption = Adoption(self.node.engine)
            maintenance = Maintenance(
                self.node.engine,
                readers.run,
                on_trouble=_log_trouble,
                on_change=lambda: self._cron_triggers.look_again(),
            )
            self._cron_triggers = self._make_cron_triggers(readers, maintenance)
            await parts.enter_async_context(maintenance)
            app = make_app(self._backend(readers, adoption, maintenance))
            self._http = HttpServer(app, sockets, self._settings.server)
            parts.push_async_callback(self._stop_http)
            await self._listen(sockets)
            await parts.enter_async_context(self._cron_triggers)
            await parts.enter_async_context(self._make_expiration(readers, maintenance))
            self._adopting = asyncio.create_task(adoption.run())
            self._adopting.add_done_callback(_log_bug)
            self._parts = parts.pop_all()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._parts.aclose()

    async def watch(self) -> None:
        """Wait for as long as it works, and raise what ends it: that is a bug."""
        parts = [asyncio.ensure_future(part) for part in (self.node.engine.watch(), self._http.watch())]
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

    async def _open_node(self, parts: AsyncExitStack) -> None:
        self.node = Node(
            self._database,
            registry=self._registry,
            limits=self._settings.limits,
            clock=self._clock,
            slots=self._settings.worker.slots,
            threads=self._settings.worker.threads,
            drain_seconds=self._settings.worker.drain_seconds,
            on_trouble=_log_trouble,
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
            is_working=lambda: maintenance.is_working,
            on_turn=self._figures.on_cron_turn,
        )

    def _make_expiration(self, readers: Readers, maintenance: Maintenance) -> Expiration:
        return Expiration(
            self.node.engine,
            readers.run,
            clock=self._clock,
            settings=self._settings.expiration,
            is_working=lambda: maintenance.is_working,
            on_deleted=self._figures.on_expired,
        )

    def _open_readers(self) -> Readers:
        return Readers(lambda: open_reader(self._database))

    def _backend(self, readers: Readers, adoption: Adoption, maintenance: Maintenance) -> Backend:
        return Backend(
            engine=self.node.engine,
            read=readers.run,
            write=self.node.engine.write,
            registry=self._registry,
            clock=self._clock,
            settings=self._settings.api,
            maintenance=maintenance,
            triggers_changed=self._cron_triggers.look_again,
            why_not_ready=lambda: adoption.why_not_ready,
            figures=gauges(self.node.engine, self.node.worker, readers, self._clock),
            metrics=(self._figures.registry,),
        )

    async def _listen(self, sockets: list[socket.socket]) -> None:
        settings = self._settings.server
        try:
            await self._http.start()
        except OSError as error:  # Somebody was quicker to listen, after both of us had bound the port.
            raise bind_error(settings.host, settings.port, error) from error
        self.url = url_of(settings.host, sockets)
        if self._settings.api.auth_mode == "none" and not is_loopback(sockets):
            log.warning(
                "everybody who can reach this address can run anything on this machine",
                url=self.url,
                hint="set auth_mode to trusted-headers behind a proxy, or listen on 127.0.0.1",
            )

    async def _stop_http(self) -> None:
        stopping = asyncio.ensure_future(self._http.stop(self._settings.server.stop_seconds))
        while not stopping.done():  # Again and again, since a stream may begin while the server stops.
            self.node.engine.feed.close_all()
            await asyncio.wait([stopping], timeout=STREAM_PAUSE)
        stopping.result()
        if self._adopting is not None:
            self._adopting.cancel()
            with suppress(asyncio.CancelledError):
                await self._adopting


def _log_trouble(error: Error) -> None:
    log.error("the engine is in trouble", error=error.message, code=error.code)


def _log_bug(task: "asyncio.Task[Any]") -> None:
    if not task.cancelled() and (bug := task.exception()) is not None:
        log.error("taking over unfinished executions failed", exc_info=bug)
