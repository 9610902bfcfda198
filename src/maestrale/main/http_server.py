"""Serves the API on sockets, until it is told to stop."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn

from maestrale.config.objects import ServerSettings
from maestrale.main.connection import BoundedConfig, BoundedConnection

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

BACKLOG = 2048
LAST_SECONDS = 5.0
"""How long requests that were cancelled may take to be answered."""


class HttpServer:
    """uvicorn without its signals and its process: it lives in an event loop of ours.

    Args:
        sockets: Bound. They belong to the server from now on.
    """

    def __init__(self, app: App, sockets: list[socket.socket], settings: ServerSettings) -> None:
        self._app = _Stoppable(app)
        self._sockets = sockets
        self._settings = settings
        self._server = uvicorn.Server(self._configuration())
        self._loop: asyncio.Task[None] | None = None

    def _configuration(self) -> uvicorn.Config:
        return BoundedConfig(
            self._app,
            self._settings,
            http=BoundedConnection,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            backlog=BACKLOG,
            timeout_keep_alive=self._settings.keep_alive_seconds,
        )

    async def start(self) -> None:
        """Accept connections from now on. Raises: OSError: The sockets cannot listen."""
        self._server.config.load()
        self._server.lifespan = self._server.config.lifespan_class(self._server.config)
        await self._server.startup(sockets=self._sockets)
        self._loop = asyncio.create_task(self._server.main_loop())

    async def watch(self) -> None:
        """Wait for as long as it serves, and raise what ends it: that is a bug."""
        assert self._loop is not None
        await asyncio.shield(self._loop)

    async def stop(self, seconds: float) -> None:
        """Accept nothing more, wait until open requests are answered, and end those that take longer."""
        if self._loop is None:
            return
        self._loop.cancel()
        self._server.config.timeout_graceful_shutdown = None
        self._app.is_stopping = True
        try:
            await asyncio.wait_for(self._server.shutdown(sockets=self._sockets), timeout=seconds or 0.001)
        except TimeoutError:
            await self._end_requests()

    async def _end_requests(self) -> None:
        requests = list(self._server.server_state.tasks)
        for request in requests:
            request.cancel()
        if requests:
            await asyncio.wait(requests, timeout=LAST_SECONDS)
        for connection in list(self._server.server_state.connections):
            connection.transport.abort()

    @property
    def open_requests(self) -> int:
        return len(self._server.server_state.tasks)


class _Stoppable:
    """Answers requests that are cut off because the server stops."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.is_stopping = False

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        has_begun = False

        async def note_and_send(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, note_and_send)
        except asyncio.CancelledError:
            if not self.is_stopping or has_begun:
                raise
            await _answer_unavailable(send)


async def _answer_unavailable(send: Send) -> None:
    fault = (
        "this server stops, and the request was not answered in time; whether it has happened is not known"
        " [stopping]"
    )
    body = json.dumps({"faultstring": fault}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", b"1"),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})
