"""`std.http` and `std.mistral_http`: their parameters. The exchange itself is in `exchange`.

Source: Mistral v2, "std.http". Ours: the timeout bounds the whole exchange; the body is bounded with
and without a Content-Length; the header `Idempotency-Key`; a two-element list for `auth`.
"""

import json as json_text
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from maestrale.actions.context import ActionContext
from maestrale.actions.declare import action
from maestrale.actions.egress import HttpSettings
from maestrale.actions.inputs import WrongInput
from maestrale.core.catalogue import Result
from maestrale.expressions.scope import Json

READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

Fields = dict[str, Json]
Proxies = dict[str, str | None] | str


def _may_rerun(input: Mapping[str, Json]) -> bool:
    """A method that only reads may be sent twice."""
    return str(input.get("method") or "GET").upper() in READING_METHODS


def _declare(
    name: str, description: str, added: Callable[[ActionContext], Fields], *, asynchronous: bool = False
) -> Callable[..., Awaitable[Result]]:
    """An action that sends an HTTP request. Both have these parameters.

    Args:
        added: The headers that it adds to those of the task.
    """

    async def send(
        url: str,
        method: str | None = "GET",
        params: Fields | str | None = None,
        body: Json = None,
        json: Json = None,
        headers: Fields | None = None,
        cookies: Fields | None = None,
        auth: Json = None,
        timeout: float | None = None,  # noqa: ASYNC109 - A parameter of the action.
        allow_redirects: Json = None,
        proxies: Proxies | None = None,
        verify: bool | str | None = None,
        *,
        context: ActionContext,
        settings: HttpSettings,
    ) -> Result:
        from maestrale.actions.exchange import Request, exchange

        content_type = {"Content-Type": "application/json"} if json is not None and not body else {}
        key = {"Idempotency-Key": context.idempotency_key}
        try:
            request = Request(
                url=_with_query(url, params),
                method=(method or "GET").upper(),
                content=_content(body, json),
                headers=_headers(key, content_type, headers or {}, added(context)),
                cookies={each: _scalar("cookies", each, value) for each, value in (cookies or {}).items()},
                auth=_credentials(auth),
                timeout=_timeout(timeout, settings.default_timeout),
                follow_redirects=bool(allow_redirects),
                proxies=_proxies(proxies),
                verify=True if verify is None or verify == "" else verify,
            )
        except _Unfit as error:
            raise WrongInput(error.message(name)) from None
        return await exchange(request, settings)

    send.__doc__ = description
    return action(name, safe_rerun=_may_rerun, asynchronous=asynchronous, secret=["auth"])(send)


def _callback_headers(context: ActionContext) -> Fields:
    """Whom the receiver works for, and how it ends the action. A run without a task has no task to name."""
    return {
        "Mistral-Workflow-Name": context.workflow_name or None,
        "Mistral-Workflow-Execution-Id": context.workflow_execution_id or None,
        "Mistral-Task-Id": context.task_execution_id or None,
        "Mistral-Action-Execution-Id": context.action_execution_id,
        "Mistral-Callback-URL": context.callback_url,
    }


http = _declare(
    "std.http",
    """Send an HTTP request and give its answer.

    Status 200 to 306 is success; any other fails with the same mapping: `content` (parsed where it is
    JSON), `status`, `headers`, `url`, `history`, `encoding`, `reason`, `cookies`, `elapsed`.
    """,
    lambda context: {},
)

mistral_http = _declare(
    "std.mistral_http",
    """Send an HTTP request whose receiver completes the action through the API later.

    The request carries the ids of the execution, the task and the action run, and the path to complete
    it at. A status that is no success, or no answer, fails at once.
    """,
    _callback_headers,
    asynchronous=True,
)


class _Unfit(Exception):
    """A parameter has a value that the action cannot use."""

    def __init__(self, parameter: str, reason: str) -> None:
        super().__init__(parameter, reason)
        self._parameter = parameter
        self._reason = reason

    def message(self, action: str) -> str:
        return f"Wrong input of action `{action}`, parameter `{self._parameter}`: {self._reason}"


class _BothBodies(_Unfit):
    """Two bodies for one request. Source: the text is Mistral's."""

    def __init__(self) -> None:
        super().__init__("body", "")

    def message(self, action: str) -> str:
        return (
            f"Failed to instantiate an action [action={action}]: "
            "Only one of the parameters 'json' and 'body' can be passed"
        )


def _with_query(url: str, params: Fields | str | None) -> str:
    """Parameters come after those the URL has; a null is left out, a list repeats its name."""
    if not params:
        return url
    if isinstance(params, str):
        query = params
    else:
        pairs = [(name, item) for name, value in params.items() for item in _items(value)]
        query = urlencode([(name, _scalar("params", name, item)) for name, item in pairs])
    address, hash_mark, fragment = url.partition("#")
    separator = "&" if urlsplit(address).query else "?"
    return f"{address.rstrip('?&')}{separator}{query}{hash_mark}{fragment}" if query else url


def _items(value: Json) -> list[Json]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if item is not None]


def _content(body: Json, json: Json) -> bytes | None:
    if body and json:
        raise _BothBodies
    if body is None or (not body and json is not None):
        return None if json is None else json_text.dumps(json).encode()
    return (body if isinstance(body, str) else json_text.dumps(body)).encode()


def _headers(*sources: Mapping[str, Json]) -> tuple[tuple[bytes, bytes], ...]:
    """All headers, later ones instead of earlier ones of the same name; a null takes one away."""
    merged: dict[str, tuple[str, Json]] = {}
    for source in sources:
        for name, value in source.items():
            merged[name.lower()] = (name, value)
    return tuple(
        (_to_bytes(name), _to_bytes(_scalar("headers", name, value)))
        for name, value in merged.values()
        if value is not None
    )


def _to_bytes(text: str) -> bytes:
    try:
        return text.encode("latin-1")  # What HTTP/1.1 says a header is made of.
    except UnicodeEncodeError:
        return text.encode()


def _scalar(parameter: str, name: str, value: Json) -> str:
    if isinstance(value, dict | list):
        kind = "mapping" if isinstance(value, dict) else "list"
        raise _Unfit(parameter, f"`{name}` must be text or a number, not a {kind}")
    return str(value)


def _credentials(auth: Any) -> tuple[str, str] | None:
    if auth is None or auth == "":
        return None
    if isinstance(auth, str) and auth.count(":") == 1:
        user, password = auth.split(":")
        return user, password
    if isinstance(auth, list) and len(auth) == 2 and all(isinstance(part, str) for part in auth):
        return auth[0], auth[1]
    raise _Unfit("auth", "expected `user:password` with one colon, or a list of the two")


def _timeout(timeout: float | None, default: float) -> float:
    seconds = default if timeout is None else timeout
    if not 0 < seconds < float("inf"):
        raise _Unfit("timeout", "expected a number of seconds above 0")
    return seconds


def _proxies(proxies: Proxies | None) -> dict[str, str]:
    if not proxies:
        return {}
    if isinstance(proxies, str):
        return {"all": proxies}
    return {scheme.rstrip(":/"): proxy for scheme, proxy in proxies.items() if proxy}
