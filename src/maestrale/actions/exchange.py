"""One HTTP exchange within the bounds of the settings. The only module that imports httpx."""

import asyncio
import json
import ssl
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NoReturn
from urllib import request as urllib_request

import httpx
from msgspec import Struct

import maestrale
from maestrale import clock
from maestrale.actions.egress import HttpSettings, Policy
from maestrale.actions.results import message_of
from maestrale.core.catalogue import Result
from maestrale.expressions.scope import Json

MOST_REDIRECTS = 20


class Request(Struct, frozen=True, kw_only=True):
    """What to send, checked.

    Args:
        content: The body; None: there is none.
        timeout: Seconds for the whole exchange.
        proxies: By scheme, for `all` others; empty: those of the environment.
        verify: False: any certificate will do; text: a file or folder of trusted ones.
    """

    url: str
    method: str
    content: bytes | None
    headers: tuple[tuple[bytes, bytes], ...]
    cookies: Mapping[str, str]
    auth: tuple[str, str] | None
    timeout: float
    follow_redirects: bool
    proxies: Mapping[str, str]
    verify: bool | str


class HttpFailed(Exception):
    """There is no answer."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Failed to send HTTP request: {reason}")


class ResponseTooLarge(Exception):
    """The body is larger than the settings allow."""

    def __init__(self, size: str, limit: int) -> None:
        super().__init__(f"HTTP response is too large ({size}, limit={limit} bytes).")


async def exchange(request: Request, settings: HttpSettings) -> Result:
    """Send a request and give the answer as a mapping; an error where its status is no success.

    Raises:
        HttpFailed: No answer came, or not in time.
        NotAllowed: The egress policy forbids the address, or one it was redirected to.
        ResponseTooLarge: The body is larger than the settings allow.
    """
    try:
        async with asyncio.timeout(request.timeout):
            answer = await _exchange(request, settings)
    except TimeoutError:
        raise HttpFailed(f"no complete answer within {request.timeout:g} seconds") from None
    except httpx.ConnectError as error:
        raise HttpFailed(f"could not connect to `{error.request.url.netloc.decode()}`: {error}") from error
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError) as error:
        raise HttpFailed(message_of(error)) from error
    except OSError as error:
        raise HttpFailed(f"`verify` cannot be used: {message_of(error)}") from error
    return Result(value=answer) if 200 <= answer["status"] < 307 else Result(error=answer)


async def _exchange(request: Request, settings: HttpSettings) -> dict[str, Json]:
    transport = GuardedTransport(Policy(settings), proxies=request.proxies, verify=request.verify)
    client = httpx.AsyncClient(
        transport=transport,
        trust_env=False,  # The transport looks after the environment's proxies.
        timeout=None,
        follow_redirects=request.follow_redirects,
        max_redirects=MOST_REDIRECTS,
        headers={"User-Agent": f"maestrale/{maestrale.__version__}"},
        cookies=dict(request.cookies),
        auth=request.auth,
    )
    started = clock.monotonic()
    async with (
        client,
        client.stream(
            request.method, request.url, content=request.content, headers=list(request.headers)
        ) as response,
    ):
        elapsed = clock.monotonic() - started
        body = await _read(response, settings.max_response_bytes)
    return _as_mapping(response, body, elapsed)


async def _read(response: httpx.Response, limit: int) -> bytes:
    announced = response.headers.get("content-length", "")
    if response.request.method != "HEAD" and limit and announced.isdecimal() and int(announced) > limit:
        raise ResponseTooLarge(f"Content-Length={announced}", limit)
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if limit and len(body) > limit:
            raise ResponseTooLarge(f"read={len(body)}", limit)
    return bytes(body)


def _as_mapping(response: httpx.Response, body: bytes, elapsed: float) -> dict[str, Json]:
    encoding = response.encoding or "utf-8"
    return {
        "content": _content(body, encoding),
        "status": response.status_code,
        "headers": _header_mapping(response.headers),
        "url": str(response.url),
        "history": [{"status": step.status_code, "url": str(step.url)} for step in response.history],
        "encoding": encoding,
        "reason": response.reason_phrase,
        "cookies": {cookie.name: cookie.value for cookie in response.cookies.jar},
        "elapsed": elapsed,
    }


def _content(body: bytes, encoding: str) -> Json:
    """The data where the body is JSON, otherwise its text; bytes that are no text become U+FFFD."""
    try:
        return json.loads(body, parse_constant=_no_json)
    except (ValueError, RecursionError):
        return body.decode(encoding, errors="replace")


def _no_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _header_mapping(headers: httpx.Headers) -> dict[str, str]:
    """The headers in the server's own spelling; repeated ones joined, as HTTP allows."""
    spelling: dict[str, str] = {}
    joined: dict[str, str] = {}
    for raw_name, raw_value in headers.raw:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        name = spelling.setdefault(name.lower(), name)
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


class GuardedTransport(httpx.AsyncBaseTransport):
    """Connects only where the policy allows, for the first request and for every redirect."""

    def __init__(self, policy: Policy, *, proxies: Mapping[str, str], verify: bool | str) -> None:
        self._policy = policy
        self._proxies = proxies
        self._verify = verify
        self._transports: dict[tuple[str | None, bool], httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._policy.check_url(request.url)
        addresses = await self._policy.checked_addresses(request.url)
        proxy = await self._proxy_for(request.url)
        transport = self._transport(proxy, secure=request.url.scheme == "https")
        if proxy is not None or not addresses:
            return await transport.handle_async_request(request)
        for address in addresses[:-1]:
            try:
                return await transport.handle_async_request(_pinned(request, address))
            except httpx.ConnectError:
                continue
        return await transport.handle_async_request(_pinned(request, addresses[-1]))

    async def aclose(self) -> None:
        for transport in self._transports.values():
            await transport.aclose()

    def _transport(self, proxy: str | None, *, secure: bool) -> httpx.AsyncHTTPTransport:
        # Certificates are read only for connections that need them; one client may meet both kinds.
        key = (proxy, secure)
        if key not in self._transports:
            needs_certificates = secure or (proxy or "").startswith("https:")
            context = tls_context(self._verify if needs_certificates else False)
            self._transports[key] = httpx.AsyncHTTPTransport(verify=context, proxy=proxy, trust_env=False)
        return self._transports[key]

    async def _proxy_for(self, url: httpx.URL) -> str | None:
        """The proxy for a URL. One that the task names is checked like any other address."""
        if not self._proxies:
            return environment_proxy(url)
        named = self._proxies.get(url.scheme) or self._proxies.get("all")
        if not named:
            return None
        proxy = httpx.URL(named)
        self._policy.check_url(proxy)
        addresses = await self._policy.checked_addresses(proxy)
        if addresses and proxy.scheme == "http":
            proxy = proxy.copy_with(host=addresses[0])
        return str(proxy)  # Only its repr hides the password.


def _pinned(request: httpx.Request, address: str) -> httpx.Request:
    """The same request to the address that was checked; TLS still asks for the name."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )


def environment_proxy(url: httpx.URL) -> str | None:
    """The proxy that the environment names for this URL: HTTP_PROXY, HTTPS_PROXY, NO_PROXY."""
    proxies = urllib_request.getproxies_environment()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if not proxy or urllib_request.proxy_bypass_environment(url.host, proxies):  # type: ignore[attr-defined]
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


@lru_cache(maxsize=16)
def tls_context(verify: bool | str) -> ssl.SSLContext:
    """A TLS context; kept, because reading the certificates takes longer than many a request.

    Raises:
        OSError: `verify` is no readable file of certificates.
    """
    if verify is False:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    if isinstance(verify, str):
        is_folder = Path(verify).is_dir()
        return ssl.create_default_context(
            cafile=None if is_folder else verify, capath=verify if is_folder else None
        )
    return httpx.create_ssl_context()
