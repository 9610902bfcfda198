"""Sending a notice to a webhook. This module is imported once there is one: httpx takes a while.

The bounds are Mistral's: 3 s to connect, 10 s for each part of the answer, no redirects. Where it may
connect to is for the same settings to say as for `std.http`. Source: Mistral v2, section 7.6.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

import maestrale
from maestrale.actions.egress import HttpSettings, NotAllowed, Policy
from maestrale.actions.exchange import GuardedTransport
from maestrale.core import Notice, Publisher
from maestrale.notifier.answers import Answer, Verdict
from maestrale.notifier.signing import signed_headers

CONNECT_SECONDS, READ_SECONDS, WHOLE_SECONDS = 3.0, 10.0, 20.0
MOST_ANSWER_BYTES = 64 * 1024
"""What a target answers is read as far as that, so that the connection can serve the next notice."""

SUCCESSES = range(200, 300)
GONE = 410


class Webhooks:
    """The connections to one host. They are of no use to others: many hosts that hang exhaust nothing."""

    def __init__(self, settings: HttpSettings, *, keys: Sequence[bytes]) -> None:
        self._keys = keys
        self._client = httpx.AsyncClient(
            transport=GuardedTransport(Policy(settings), proxies={}, verify=True),
            trust_env=False,
            # A host may serve several projects: what it tells one sender is not for the next.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS, pool=None),
            follow_redirects=False,
            headers={"User-Agent": f"maestrale/{maestrale.__version__}", "Content-Type": "application/json"},
        )

    async def send(self, notice: Notice, publisher: Publisher, *, at: datetime) -> Answer:
        """Send it once."""
        try:
            async with asyncio.timeout(WHOLE_SECONDS):
                return await self._send(notice, publisher, at)
        except NotAllowed:
            return Answer(Verdict.REFUSED, "the settings forbid to connect there")
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, UnicodeError):
            return Answer(Verdict.REFUSED, "its URL or its headers cannot be used")
        except httpx.ConnectTimeout:
            return Answer(Verdict.UNREACHABLE, f"no connection within {CONNECT_SECONDS:g} s")
        except httpx.ConnectError as error:
            return Answer(Verdict.UNREACHABLE, f"no connection: {error}")
        except (TimeoutError, httpx.TimeoutException):
            return Answer(Verdict.UNREACHABLE, f"no answer within {READ_SECONDS:g} s")
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            return Answer(Verdict.UNREACHABLE, f"no answer: {type(error).__name__}")

    async def _send(self, notice: Notice, publisher: Publisher, at: datetime) -> Answer:
        body = notice.body.encode()
        headers = [(name.encode(), value.encode()) for name, value in publisher.headers.items()]
        signed = signed_headers(notice.id, body, keys=self._keys, at=at)
        headers.extend((name.encode(), value.encode()) for name, value in signed.items())
        async with self._client.stream("POST", publisher.url, content=body, headers=headers) as response:
            size = 0
            async for chunk in response.aiter_raw():
                size += len(chunk)
                if size > MOST_ANSWER_BYTES:
                    break
        return _judge(response)

    async def close(self) -> None:
        await self._client.aclose()


def _judge(response: httpx.Response) -> Answer:
    status = response.status_code
    if status in SUCCESSES:
        return Answer(Verdict.DELIVERED)
    reason = f"it answered {status}"
    if status == GONE:
        return Answer(Verdict.REFUSED, reason)
    asked = response.headers.get("retry-after", "")
    return Answer(Verdict.FAILED, reason, float(asked) if asked.isdecimal() and len(asked) < 6 else 0.0)
