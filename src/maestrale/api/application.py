"""A request from its first byte to its answer: routed, checked, handled, answered, counted and logged."""

import asyncio
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import structlog
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from maestrale.api.answers import NO_CONTENT, Answer, encode
from maestrale.api.backend import Backend
from maestrale.api.call import ANONYMOUS, Call
from maestrale.api.endpoint import Endpoint
from maestrale.api.errors import (
    OVERLOADED,
    ClientGone,
    Family,
    Refusal,
    fault,
    internal_fault,
    refusal_page,
)
from maestrale.api.identity import identify
from maestrale.api.incoming import (
    Headers,
    application_url,
    path_segments,
    read_body,
    refuse_xml,
    tidy_prefix,
)
from maestrale.api.maintenance_gate import check_open
from maestrale.api.metrics import Metrics
from maestrale.api.router import API_IS_BELOW, Route, Router
from maestrale.clock import monotonic
from maestrale.engine.shares import Shares
from maestrale.errors import Error, InvalidInput, Unavailable
from maestrale.ids import new_id

CLIENT_GONE = 499
"""What the log has as the status where nobody was left to be answered; as nginx does it."""

REFUSALS = (429, 503)
"""What says that the request should come again."""

_REQUEST_ID = re.compile(r"req-[0-9a-fA-F-]{32,36}")
_log = structlog.get_logger("maestrale.api")


class _Exchange:
    """One request, and what is known of it so far."""

    __slots__ = (
        "code", "headers", "method", "project_id", "receive", "request_id", "route", "scope", "send",
        "started",
    )  # fmt: skip

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.receive = receive
        self.send = send
        self.started = monotonic()
        self.method: str = scope["method"]
        self.headers = Headers(scope)
        given = self.headers.get(b"x-openstack-request-id")
        self.request_id = given if _REQUEST_ID.fullmatch(given) else f"req-{new_id()}"
        self.route: Route | None = None
        self.project_id: str | None = None
        self.code: str | None = None

    @property
    def template(self) -> str:
        """The path of the endpoint: unlike the path of the request it has no values in it."""
        return self.route.template if self.route is not None else "unknown"

    @property
    def family(self) -> Family:
        return self.route.endpoint.family if self.route is not None else "json"


class Application:
    """The ASGI application over a table of endpoints. `what_there_is`: see `Router`."""

    def __init__(
        self,
        backend: Backend,
        endpoints: Iterable[Endpoint],
        metrics: Metrics,
        *,
        what_there_is: str = API_IS_BELOW,
    ) -> None:
        self._backend = backend
        self._settings = backend.settings
        self._prefix = tidy_prefix(backend.settings.path_prefix)
        self._router = Router(endpoints, what_there_is=what_there_is)
        self._metrics = metrics
        self._shares = Shares(
            self._settings.requests_at_once,
            of_one=self._settings.requests_at_once // 2,
            most_waiting=self._settings.waiting_requests,
        )
        metrics.watch(self._shares)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            await self._serve(_Exchange(scope, receive, send))
        else:
            await send({"type": "websocket.close", "code": 1003, "reason": "there are no WebSockets here"})

    async def _serve(self, exchange: _Exchange) -> None:
        status = CLIENT_GONE
        try:
            answer = await self._answer(exchange)
            if answer is not None:
                status = await _send(exchange, answer)
        finally:
            self._account(exchange, status)

    def _account(self, exchange: _Exchange, status: int) -> None:
        seconds = monotonic() - exchange.started
        self._metrics.count(exchange.method, exchange.template, status, seconds)
        if status in REFUSALS and exchange.code is not None:
            self._metrics.count_refusal(exchange.code)
        more = {} if exchange.code is None else {"code": exchange.code}
        _log.info(
            "request",
            method=exchange.method,
            path=exchange.template,
            status=status,
            ms=round(seconds * 1000, 2),
            project=exchange.project_id,
            request_id=exchange.request_id,
            **more,
        )

    async def _answer(self, exchange: _Exchange) -> Answer | Response | None:
        """The answer, whatever happens; None if nobody is left to hear it."""
        try:
            return await self._handle(exchange)
        except Refusal as refusal:
            exchange.code = refusal.code
            return refusal_page(refusal, exchange.headers.get(b"accept"))
        except Error as error:
            exchange.code = error.code
            return fault(error, exchange.family)
        except ClientGone:
            return None
        except Exception:
            error_id = new_id()
            exchange.code = "internal-error"
            _log.exception("internal error", error_id=error_id, request_id=exchange.request_id)
            return internal_fault(error_id, exchange.family)

    async def _handle(self, exchange: _Exchange) -> Answer | Response:
        refuse_xml(exchange.headers)
        segments = path_segments(exchange.scope, self._prefix)
        found = self._router.find(segments)
        if exchange.method == "OPTIONS":
            return Answer(b"", 200, (("Allow", ", ".join(found.methods)),))
        exchange.route = route = found.route(exchange.method)
        endpoint = route.endpoint
        caller = ANONYMOUS
        if endpoint.needs_identity:
            caller = identify(exchange.headers, self._settings, request_id=exchange.request_id)
        exchange.project_id = caller.project_id if endpoint.needs_identity else None
        data = await self._read_body(exchange, route)
        check_open(self._backend.maintenance.status, exchange.method, segments, data)
        if endpoint.begins_work:
            self._check_load(caller.project_id)
        self._backend.engine.make_room()
        call = Call(
            backend=self._backend,
            caller=caller,
            path=route.path_values(found.values),
            query=route.query.read(exchange.scope["query_string"]),
            body=None if route.body is None else route.body.read(exchange.headers, data),
            app_url=self._app_url(exchange),
            scope=exchange.scope,
            receive=exchange.receive,
        )
        if endpoint.admin_only:
            call.require_admin(f"use `{exchange.method} {route.template}`")
        return _finished(await self._take_turn(call, endpoint), endpoint)

    def _check_load(self, project_id: str) -> None:
        reason = self._backend.why_overloaded(project_id)
        if reason is not None:
            raise Unavailable(
                f"this node takes no new work for now: {reason}; nothing was started",
                code=OVERLOADED,
                hint="send the request again later, or to another node",
            )

    async def _take_turn(self, call: Call, endpoint: Endpoint) -> Any:
        """Run the handler once the caller's project has a place for it."""
        if not endpoint.needs_identity:
            return await self._run(call, endpoint)
        call.backend = self._backend.of(call.project_id)
        call.place = await self._shares.take(call.project_id)
        with call.place:
            return await self._run(call, endpoint)

    def _app_url(self, exchange: _Exchange) -> str:
        return application_url(
            exchange.scope,
            exchange.headers,
            prefix=self._prefix,
            trusts_forwarded=self._settings.trust_forwarded_headers,
        )

    async def _read_body(self, exchange: _Exchange, route: Route) -> bytes:
        if route.body is None:
            return b""
        seconds = self._settings.request_seconds
        try:
            async with asyncio.timeout(seconds):
                return await read_body(exchange.headers, exchange.receive, most=self._settings.max_body_bytes)
        except TimeoutError as error:
            raise InvalidInput(
                f"the body of the request was not there within {seconds:g} seconds", code="body-too-slow"
            ) from error

    async def _run(self, call: Call, endpoint: Endpoint) -> Any:
        if not endpoint.takes_seconds:
            return await _while_connected(call, endpoint)
        seconds = self._settings.request_seconds
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                return await endpoint.handler(call)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise Unavailable(
                f"there was no answer within {seconds:g} seconds; the request may have had its effect",
                code="request-too-slow",
            ) from error


async def _while_connected(call: Call, endpoint: Endpoint) -> Any:
    """What the handler gives, unless its client goes away first."""

    async def wait_gone() -> None:
        while (await call.receive())["type"] != "http.disconnect":
            pass

    handling = asyncio.ensure_future(endpoint.handler(call))
    gone = asyncio.ensure_future(wait_gone())
    try:
        await asyncio.wait((handling, gone), return_when=asyncio.FIRST_COMPLETED)
        if not handling.done():
            raise ClientGone
        return handling.result()
    finally:
        for each in (handling, gone):
            if not each.done():
                each.cancel()
                with suppress(asyncio.CancelledError):
                    await each


def _finished(result: Any, endpoint: Endpoint) -> Answer | Response:
    """What a handler gave, as an answer whose body is bytes."""
    if isinstance(result, Response):
        return result
    if result is None:
        return Answer(None, NO_CONTENT)
    if not isinstance(result, Answer):
        return Answer(encode(result), endpoint.status, (), endpoint.answer_type)
    body = result.body
    return Answer(
        body if isinstance(body, bytes | None) else encode(body),
        result.status or endpoint.status,
        result.headers,
        result.content_type or (None if body is None else endpoint.answer_type),
    )


async def _send(exchange: _Exchange, answer: Answer | Response) -> int:
    """Send the answer and give its status."""
    request_id = exchange.request_id
    if isinstance(answer, Response):
        answer.headers["X-Openstack-Request-Id"] = request_id
        await answer(exchange.scope, exchange.receive, exchange.send)
        return answer.status_code
    body = answer.body if isinstance(answer.body, bytes | None) else encode(answer.body)
    status = answer.status or 200
    headers = [(b"x-openstack-request-id", request_id.encode())]
    if status != NO_CONTENT:
        headers.append((b"content-length", b"%d" % len(body or b"")))
    if answer.content_type is not None:
        headers.append((b"content-type", answer.content_type.encode()))
    headers += [(name.lower().encode(), value.encode("latin-1")) for name, value in answer.headers]
    start: Message = {"type": "http.response.start", "status": status, "headers": headers}
    await exchange.send(start)
    await exchange.send({"type": "http.response.body", "body": body or b""})
    return status


async def _live(receive: Receive, send: Send) -> None:
    """The server tells when it begins and ends; whoever built the backend begins and ends it."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
