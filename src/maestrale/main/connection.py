"""One client's connection, with bounds on what it may send and on how long it may take.

uvicorn bounds neither: a client that sends nothing, sends its request byte by byte, sends endless headers
or does not read its answer would keep its connection for ever, and enough of them would keep others out.
"""

import asyncio
import json
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from maestrale.config.objects import ServerSettings

MOST_SURPLUS = 256
"""How many clients above the limit may be connected to be told so; the rest is disconnected at once."""

LINGER_SECONDS = 1.0
"""How long a client that was refused may take to read why."""


class BoundedConfig(Config):
    """uvicorn's configuration with the bounds of ours."""

    def __init__(self, app: Any, bounds: ServerSettings, **options: Any) -> None:
        super().__init__(app, **options)
        self.bounds = bounds


class BoundedConnection(HttpToolsProtocol):
    """HTTP/1.1 for one client.

    `_waiting_since` is when it became the client's turn to send or to take something; None while it is
    ours, or while the client may rest between two requests, which uvicorn bounds. `_is_same_head`: since
    the last bytes came, no request has begun and no head has ended.
    """

    def __init__(
        self,
        config: BoundedConfig,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._bounds = config.bounds
        self._is_surplus = False
        self._head_bytes = 0
        self._is_in_head = self._is_same_head = True
        self._is_refused = False
        self._waiting_since: float | None = None
        self._unsent = 0
        self._check: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # uvicorn's own limit would refuse the requests of those who were here before as well.
        self._is_surplus = len(self.connections) > self._bounds.max_connections
        if len(self.connections) > self._bounds.max_connections + MOST_SURPLUS:
            transport.abort()
        self._client_is_due()
        self._check_later()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._check is not None:
            self._check.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        seen = self._head_bytes
        self._is_same_head = self._is_in_head
        super().data_received(data)
        # What belongs to no whole header yet was counted by no callback.
        if self._is_same_head and not self._is_refused:
            self._head_bytes = max(self._head_bytes, seen + len(data))
            if self._head_bytes > self._bounds.max_head_bytes:
                self._refuse_head()

    def on_message_begin(self) -> None:
        self._head_bytes = 0
        self._is_same_head = False
        self._client_is_due()
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._head_bytes += len(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value) + 4
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._is_in_head = self._is_same_head = False
        if self._head_bytes > self._bounds.max_head_bytes:
            self._refuse_head()
        elif self._is_surplus:
            self._refuse(503, "too many clients are connected; come back a little later")
        else:
            self._client_is_due()  # Of the body, if there is one.
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._is_refused:
            self._client_is_due()
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._is_refused:
            self._is_in_head = True
            self._head_bytes = 0
            self._waiting_since = None
            super().on_message_complete()

    def pause_writing(self) -> None:
        self._client_is_due()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._waiting_since = None
        super().resume_writing()

    def _client_is_due(self) -> None:
        self._waiting_since = self.loop.time()

    def _check_later(self) -> None:
        self._check = self.loop.call_later(self._bounds.client_seconds / 2, self._on_check)

    def _on_check(self) -> None:
        """Let go of a client that is too slow. Once in a while, so that a request costs no timer."""
        self._check_later()
        if self._has_taken_some():
            self._client_is_due()
        if self._waiting_since is None:
            # A connection being closed stays until its client has taken the rest of the last answer.
            if self.transport.is_closing() or self._is_forgotten():
                self._client_is_due()
        elif self.flow.read_paused and not self.flow.write_paused:
            self._client_is_due()  # It is us who does not take more of the body yet.
        elif self.loop.time() - self._waiting_since >= self._bounds.client_seconds:
            self._give_up()

    def _has_taken_some(self) -> bool:
        """Whether less is left to be sent than at the last look."""
        before, self._unsent = self._unsent, self.transport.get_write_buffer_size()
        return 0 < self._unsent < before

    def _is_forgotten(self) -> bool:
        """Whether the client rests and uvicorn has no timer for that: its request ended after the answer."""
        cycle: RequestResponseCycle | None = self.cycle
        return (cycle is None or cycle.response_complete) and self.timeout_keep_alive_task is None

    def _give_up(self) -> None:
        can_be_told = self._head_bytes and not self._is_answering() and not self.flow.write_paused
        if can_be_told and not self.transport.is_closing():
            self._refuse(408, "the request did not come in time")
        else:
            self.transport.abort()

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and cycle.response_started and not cycle.response_complete

    def _refuse_head(self) -> None:
        self._refuse(431, f"the head of the request has more than {self._bounds.max_head_bytes:,} bytes")

    def _refuse(self, status: int, reason: str) -> None:
        """Answer without asking the application, and take no more."""
        self._is_refused = True
        self._unset_keepalive_if_required()
        self._dismiss_application()
        body = json.dumps({"faultstring": reason}).encode()
        head = b"connection: close\r\nretry-after: 1\r\ncontent-type: application/json\r\ncontent-length: "
        self.transport.write(b"%b%b%d\r\n\r\n%b" % (STATUS_LINE[status], head, len(body), body))
        # To close with bytes of the client unread would take the answer away from it: they are read, and
        # forgotten, until it has seen that nobody wants them.
        self.transport.write_eof()
        self.flow.resume_reading()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def _dismiss_application(self) -> None:
        """Let it see that its client is gone, if it works for one."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
