"""Requests to the server: where they go, who sends them, and what is done when no answer comes."""

import asyncio
import ipaddress
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from maestrale.client.answers import NoAnswer, error_of
from maestrale.client.decoding import unexpected
from maestrale.errors import InvalidInput

T = TypeVar("T")
Query = Mapping[str, str] | Sequence[tuple[str, str]]

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
_BROKEN = "the connection ended before the answer did"

NO_LIMIT = -1.0
"""A `silence` for requests that may take any time."""


class Transport:
    """Sends requests, and makes errors of answers that say no."""

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        timeout: float,
        patience: float,
        on_interruption: Callable[[NoAnswer], None],
        transport: httpx.AsyncBaseTransport | None,
    ) -> None:
        parsed = _parse(url)
        self.url = str(parsed).rstrip("/").removesuffix("/v2")
        self.patience = patience
        self._on_interruption = on_interruption
        self._timeout = timeout
        self._http = httpx.AsyncClient(
            headers={**headers, "Accept": "application/json"},
            timeout=timeout,
            transport=transport,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
            # A proxy of the environment is for the world outside of this machine.
            trust_env=not _is_loopback(parsed.host),
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def ask(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        body: Any = None,
        text: str | None = None,
        repeat: bool | None = None,
        was_there: bool = False,
        silence: float | None = None,
    ) -> Any:
        """The data of the answer; None where it has none.

        Args:
            path: As `path_of` makes it.
            body: Sent as JSON. `text`: sent as it is.
            repeat: Send it again after a lost answer; None: if it only reads.
            was_there: The server is known to be there, and waited for even if it cannot be reached.
            silence: Seconds without a sign of the server; None: the client's `timeout`.

        Raises:
            Error: The server refuses, or cannot be reached.
        """
        content, kind = _encoded(body, text)
        request = self._http.build_request(
            method,
            f"{self.url}{path}",
            params=list(query.items() if isinstance(query, Mapping) else query) or None,
            content=content,
            headers={"Content-Type": kind} if kind else None,
            timeout=self._limits(silence),
        )

        async def send() -> Any:
            with _told(request):
                response = await self._http.send(request)
            return _data(response, f"{method} {path}")

        if repeat is None:
            repeat = method == "GET"
        return await self._insist(send, was_there=was_there) if repeat else await send()

    async def _insist(self, work: Callable[[], Awaitable[T]], *, was_there: bool) -> T:
        """What `work` gives, tried again while answers are lost and patience lasts.

        A server that is not there the first time is not waited for, unless it was there before.
        """
        patience = Patience(self.patience)
        while True:
            try:
                return await work()
            except NoAnswer as error:
                await patience.wait_after(error, even_if_never_sent=was_there, on_wait=self._on_interruption)

    @asynccontextmanager
    async def stream(
        self, path: str, *, headers: Mapping[str, str], silence: float
    ) -> AsyncIterator[AsyncIterator[bytes] | None]:
        """The bytes of an answer as they come. None: there are none, and will be none.

        Args:
            silence: Seconds without a byte after which the connection is taken for lost.

        Raises:
            Error: The server refuses, cannot be reached, or the connection breaks, also while bytes are read.
        """
        request = self._http.build_request(
            "GET", f"{self.url}{path}", headers=dict(headers), timeout=self._limits(silence)
        )
        with _told(request):
            response = await self._http.send(request, stream=True)
            try:
                if response.status_code == 204:
                    yield None
                    return
                if response.status_code != 200:
                    body = await response.aread()
                    raise error_of(response.status_code, response.headers, body, request=f"GET {path}")
                yield response.aiter_bytes()
            finally:
                await response.aclose()

    def _limits(self, silence: float | None) -> httpx.Timeout:
        if silence is None:
            return httpx.Timeout(self._timeout)
        return httpx.Timeout(self._timeout, read=None if silence == NO_LIMIT else silence)


class Patience:
    """How long a server that does not answer is waited for, and in which steps."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.renew()

    def renew(self) -> None:
        """An answer came: the next failure is the first again."""
        self._deadline: float | None = None
        self._pause = FIRST_PAUSE

    async def wait_after(
        self,
        error: NoAnswer,
        *,
        even_if_never_sent: bool = False,
        on_wait: Callable[[NoAnswer], None] = lambda error: None,
    ) -> None:
        """Wait before the next attempt. `on_wait` is told if there will be one.

        Raises:
            NoAnswer: The error itself, if another attempt is not worth it.
        """
        now = asyncio.get_running_loop().time()
        if self._deadline is None:
            if error.never_sent and not even_if_never_sent:
                raise error
            self._deadline = now + self._seconds
        pause = max(self._pause, min(error.retry_after or 0.0, LONGEST_PAUSE))
        if now + pause > self._deadline:
            raise error
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        on_wait(error)
        await asyncio.sleep(pause)


def path_of(*segments: str) -> str:
    """The path of something in the API, its parts escaped: `/v2/workflows/a%20b`.

    Raises:
        InvalidInput: A part is empty, and the path would mean something else.
    """
    if not all(segments):
        raise InvalidInput(
            f"an empty name or id cannot stand in `/v2/{'/'.join(segments)}`",
            code="empty-id",
            hint="name what is meant",
        )
    return "/v2/" + "/".join(map(_escaped, segments))


def _escaped(segment: str) -> str:
    text = quote(segment, safe="", errors="surrogateescape")
    return text.replace(".", "%2E") if text in (".", "..") else text


def _encoded(body: Any, text: str | None) -> tuple[bytes | None, str | None]:
    if text is not None:
        return text.encode(), "text/plain"
    if body is None:
        return None, None
    try:
        return msgspec.json.encode(body), "application/json"
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(
            f"what is to be sent is not plain data: {error}",
            code="not-json",
            hint="use mappings with text keys, lists, texts, numbers, true, false and null only",
        ) from error


def _data(response: httpx.Response, request: str) -> Any:
    if not response.is_success:
        raise error_of(response.status_code, response.headers, response.content, request=request)
    if not response.content:
        return None
    try:
        return msgspec.json.decode(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise unexpected(f"`{request}` gave something else than JSON") from error


@contextmanager
def _told(request: httpx.Request) -> Iterator[None]:
    """Makes errors of ours of what goes wrong with a connection while a request is under way."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
        raise _unreachable(request, error) from error
    except httpx.DecodingError as error:
        raise unexpected(f"its body is damaged: {error}") from error
    except httpx.TransportError as error:
        raise _lost(request, error) from error


def _unreachable(request: httpx.Request, error: httpx.TransportError) -> NoAnswer:
    url = request.url
    return NoAnswer(
        f"no server answers at `{url.scheme}://{url.netloc.decode()}`: {_reason(error)}",
        code="server-unreachable",
        hint="start one with `maestrale server`, or name another one with --url, MAESTRALE_URL"
        " or `Client(url=…)`",
        never_sent=True,
    )


def _lost(request: httpx.Request, error: httpx.TransportError) -> NoAnswer:
    told = "" if request.method == "GET" else "; it may have been done all the same"
    return NoAnswer(
        f"the answer to `{request.method} {request.url.path}` was lost: {_reason(error)}{told}",
        code="answer-lost",
        hint="see what is there now before it is asked for again" if told else None,
    )


def _reason(error: httpx.TransportError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "it took too long"
    if isinstance(error, httpx.RemoteProtocolError):
        return _BROKEN
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return f"TLS: {cause.reason or cause}"
        if isinstance(cause, socket.gaierror):
            return "the name of the host is not known"
        if isinstance(cause, OSError) and cause.errno:
            return os.strerror(cause.errno)
        cause = cause.__cause__ or cause.__context__
    return str(error) or type(error).__name__


def _parse(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise _bad_url(url, str(error)) from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise _bad_url(url, "it has to begin with http:// or https:// and to name a host")
    if parsed.query or parsed.fragment:
        raise _bad_url(url, "it cannot have a query or a fragment")
    return parsed


def _bad_url(url: str, reason: str) -> InvalidInput:
    return InvalidInput(
        f"`{url}` is not the URL of a server: {reason}",
        code="server-url",
        hint="it looks like http://127.0.0.1:8989",
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
