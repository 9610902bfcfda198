"""Against real servers on loopback, which each test starts and ends."""

import asyncio
import contextlib
import gzip
import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from maestrale.actions import LOCAL_NETWORKS, ActionContext, HttpSettings, Registry, Result
from maestrale.actions.egress import NotAllowed
from maestrale.actions.exchange import HttpFailed, ResponseTooLarge
from maestrale.actions.inputs import WrongInput
from maestrale.errors import InvalidInput

CONTEXT = ActionContext(
    workflow_execution_id="e1",
    task_execution_id="t1",
    action_execution_id="r1",
    workflow_name="wf",
    task_name="fetch",
)


class Server:
    """An HTTP server whose answers are functions, by path; without one, it tells what it was sent."""

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        self.requests: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def handle_one(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                seen = {
                    "method": self.command,
                    "path": self.path,
                    "headers": dict(self.headers.items()),
                    "body": body,
                }
                outer.requests.append(seen)
                answer = outer.answers.get(self.path.partition("?")[0])
                if answer is None:
                    reply(self, json.dumps(seen))
                else:
                    answer(self)

            do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = do_PATCH = handle_one

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def reply(
    handler: BaseHTTPRequestHandler,
    body: str | bytes = "",
    *,
    status: int = 200,
    headers: tuple[tuple[str, str], ...] = (),
) -> None:
    content = body.encode() if isinstance(body, str) else body
    handler.send_response(status)
    for name, value in (*headers, ("Content-Length", str(len(content)))):
        handler.send_header(name, value)
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(content)


@pytest.fixture
def server() -> Iterator[Server]:
    with contextlib.closing(Server()) as server:
        yield server


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def send(url: str, *, action: str = "std.http", settings: HttpSettings | None = None, **input: Any) -> Result:
    registry = Registry(settings=[settings or HttpSettings()])
    found = registry.get_action(action)
    arguments = found.arguments({"url": url, **input}, CONTEXT, registry.settings)
    result = asyncio.run(found.function(**arguments))
    assert isinstance(result, Result)
    return result


def seen(server: Server, path: str = "/", **input: Any) -> dict[str, Any]:
    """What the server got."""
    result = send(server.url + path, **input)
    assert not result.is_error, result
    return server.requests[-1]


def test_the_result_tells_all_of_the_answer(server: Server) -> None:
    server.answers["/a"] = lambda handler: reply(
        handler,
        '{"x": [1, null]}',
        headers=(
            ("X-One", "1"),
            ("x-one", "2"),
            ("Content-Type", "application/json"),
            ("Set-Cookie", "id=7; Path=/"),
        ),
    )

    value = send(server.url + "/a").value

    elapsed, headers = value.pop("elapsed"), value.pop("headers")
    assert value == {
        "content": {"x": [1, None]},
        "status": 200,
        "url": server.url + "/a",
        "history": [],
        "encoding": "utf-8",
        "reason": "OK",
        "cookies": {"id": "7"},
    }
    assert 0 < elapsed < 60
    assert {name: headers[name] for name in ("X-One", "Content-Type", "Content-Length")} == {
        "X-One": "1, 2",
        "Content-Type": "application/json",
        "Content-Length": "16",
    }


@pytest.mark.parametrize(
    ("body", "content_type", "content"),
    [
        (b"", "text/plain", ""),
        (b"17", "text/plain", 17),
        ("grün".encode("latin-1"), "text/plain; charset=ISO-8859-1", "grün"),
        ("grün".encode(), "text/plain; charset=no-such-thing", "grün"),
        (b"a\xffb", "application/octet-stream", "a\ufffdb"),
        (b"[NaN]", "application/json", "[NaN]"),
        (b"[" * 100_000, "application/json", "[" * 100_000),
    ],
)
def test_the_content_is_data_where_the_body_is_json_and_text_otherwise(
    server: Server, body: bytes, content_type: str, content: Any
) -> None:
    server.answers["/"] = lambda handler: reply(handler, body, headers=(("Content-Type", content_type),))

    assert send(server.url + "/").value["content"] == content


@pytest.mark.parametrize("status", [200, 204, 226, 300, 301, 302, 304, 306])
def test_a_status_from_200_to_306_is_a_success(server: Server, status: int) -> None:
    server.answers["/"] = lambda handler: reply(handler, status=status, headers=(("Location", "/b"),))

    assert send(server.url + "/").value["status"] == status


@pytest.mark.parametrize("status", [307, 308, 400, 404, 500, 503])
def test_any_other_status_is_an_error_with_the_same_mapping(server: Server, status: int) -> None:
    server.answers["/"] = lambda handler: reply(handler, "[1]", status=status, headers=(("Location", "/b"),))

    result = send(server.url + "/")

    assert (result.value, result.error["status"], result.error["content"]) == (None, status, [1])


def test_redirects_are_followed_only_where_the_task_says_so(server: Server) -> None:
    server.answers["/a"] = lambda handler: reply(handler, status=302, headers=(("Location", "/b"),))

    stays = send(server.url + "/a").value
    follows = send(server.url + "/a", allow_redirects=True).value

    assert (stays["status"], stays["url"], stays["history"]) == (302, server.url + "/a", [])
    assert (follows["status"], follows["url"]) == (200, server.url + "/b")
    assert follows["history"] == [{"status": 302, "url": server.url + "/a"}]


def test_redirects_without_end_fail(server: Server) -> None:
    server.answers["/"] = lambda handler: reply(handler, status=302, headers=(("Location", "/"),))

    with pytest.raises(HttpFailed, match="redirects"):
        send(server.url + "/", allow_redirects=True)


def test_credentials_do_not_follow_a_redirect_to_another_host(server: Server) -> None:
    with contextlib.closing(Server()) as other:
        server.answers["/"] = lambda handler: reply(handler, status=302, headers=(("Location", other.url),))

        send(server.url + "/", auth="me:secret", allow_redirects=True)

        assert "Authorization" in server.requests[0]["headers"]
        assert "Authorization" not in other.requests[0]["headers"]


@pytest.mark.parametrize(
    ("url", "params", "path"),
    [
        ("/", {"a": 1, "b": "x y", "c": None, "d": [1, 2]}, "/?a=1&b=x+y&d=1&d=2"),
        ("/?z=0", {"a": "&"}, "/?z=0&a=%26"),
        ("/?", {"a": 1}, "/?a=1"),
        ("/?z=0#part", {"a": 1}, "/?z=0&a=1"),
        ("/", "raw=1&q", "/?raw=1&q"),
        ("/?z=0", {}, "/?z=0"),
        ("/?z=0", {"a": None}, "/?z=0"),
    ],
)
def test_parameters_come_after_those_of_the_url(server: Server, url: str, params: Any, path: str) -> None:
    assert seen(server, url, params=params)["path"] == path


@pytest.mark.parametrize(
    ("input", "body", "content_type"),
    [
        ({}, "", None),
        ({"body": "raw ü"}, "raw ü", None),
        ({"body": {"a": 1}}, '{"a": 1}', None),
        ({"body": 0}, "0", None),
        ({"json": {"a": None}}, '{"a": null}', "application/json"),
        ({"json": []}, "[]", "application/json"),
        ({"json": {"a": 1}, "body": ""}, '{"a": 1}', "application/json"),
        ({"json": {}, "body": "raw"}, "raw", None),
        ({"json": 1, "headers": {"content-type": "x/y"}}, "1", "x/y"),
    ],
)
def test_the_body_is_raw_and_json_has_its_content_type(
    server: Server, input: dict[str, Any], body: str, content_type: str | None
) -> None:
    request = seen(server, method="POST", **input)

    headers = {name.lower(): value for name, value in request["headers"].items()}
    assert (request["body"], headers.get("content-type")) == (body, content_type)


def test_body_and_json_exclude_each_other() -> None:
    with pytest.raises(WrongInput) as caught:
        send("http://127.0.0.1:9/", body="a", json={"b": 1})

    assert str(caught.value) == (
        "Failed to instantiate an action [action=std.http]: "
        "Only one of the parameters 'json' and 'body' can be passed"
    )


def test_headers_may_be_numbers_and_null_takes_one_away(server: Server) -> None:
    headers = seen(server, headers={"X-Number": 5, "X-Bytes": "ü", "user-agent": "me", "X-None": None})[
        "headers"
    ]

    assert {name: value for name, value in headers.items() if name.lower() in ("x-number", "x-bytes")} == {
        "X-Number": "5",
        "X-Bytes": "ü",
    }
    assert [value for name, value in headers.items() if name.lower() == "user-agent"] == ["me"]
    assert "X-None" not in headers


def test_cookies_are_sent(server: Server) -> None:
    assert seen(server, cookies={"a": "1", "b": 2})["headers"]["Cookie"] == "a=1; b=2"


@pytest.mark.parametrize(
    ("auth", "header"),
    [("me:pass", "Basic bWU6cGFzcw=="), (["me", "a:b"], "Basic bWU6YTpi"), ("", None), (None, None)],
)
def test_basic_authentication(server: Server, auth: Any, header: str | None) -> None:
    assert seen(server, auth=auth)["headers"].get("Authorization") == header


def test_a_peer_can_tell_a_repeat_by_the_idempotency_key(server: Server) -> None:
    headers = [
        seen(server, method="POST")["headers"],
        seen(server, method="POST", headers={"idempotency-key": "mine"})["headers"],
    ]

    keys = [[value for name, value in each.items() if name.lower() == "idempotency-key"] for each in headers]
    assert keys == [["e1/t1/r1/1"], ["mine"]]


@pytest.mark.parametrize(
    ("input", "words"),
    [
        ({"auth": "s3cret"}, "parameter `auth`: expected `user:password` with one colon"),
        ({"auth": "a:s3cret:c"}, "parameter `auth`: expected `user:password` with one colon"),
        ({"auth": {"s3cret": 1}}, "parameter `auth`: expected `user:password` with one colon"),
        ({"timeout": 0}, "parameter `timeout`: expected a number of seconds above 0"),
        ({"timeout": "5"}, "parameter `timeout`: expected"),
        ({"headers": {"a": ["s3cret"]}}, "parameter `headers`: `a` must be text or a number, not a list"),
        (
            {"params": {"a": {"b": "s3cret"}}},
            "parameter `params`: `a` must be text or a number, not a mapping",
        ),
        ({"headers": ["s3cret"]}, "parameter `headers`: expected"),
        ({"parms": 1}, "unexpected=['parms']"),
    ],
)
def test_a_wrong_parameter_is_named_and_its_value_is_not_shown(input: dict[str, Any], words: str) -> None:
    with pytest.raises(WrongInput) as caught:
        send("http://127.0.0.1:9/", **input)

    assert words in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_refused_connection_fails_and_names_the_peer() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # Bound, but it does not listen.
        port = bound.getsockname()[1]

        with pytest.raises(HttpFailed) as caught:
            send(f"http://127.0.0.1:{port}/?token=s3cret")

    assert str(caught.value).startswith(
        f"Failed to send HTTP request: could not connect to `127.0.0.1:{port}`"
    )
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://", "/relative", "http://[::1", "http://a:b/", "", "http://a\nb/"])
def test_a_url_that_is_none_fails_with_words(url: str) -> None:
    with pytest.raises((HttpFailed, NotAllowed, WrongInput)):
        send(url)


def test_a_server_that_hangs_fails_after_the_timeout(server: Server) -> None:
    over = threading.Event()

    def hang(handler: BaseHTTPRequestHandler) -> None:
        over.wait(30)

    server.answers["/"] = hang
    try:
        with pytest.raises(HttpFailed) as caught:
            send(server.url + "/", timeout=0.1)
    finally:
        over.set()

    assert str(caught.value) == "Failed to send HTTP request: no complete answer within 0.1 seconds"


def test_a_server_that_drips_fails_after_the_timeout_too(server: Server) -> None:
    over = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        with contextlib.suppress(OSError):
            while not over.wait(0.01):
                handler.wfile.write(b".")

    server.answers["/"] = drip
    try:
        with pytest.raises(HttpFailed, match=r"within 0\.2 seconds"):
            send(server.url + "/", settings=HttpSettings(default_timeout=0.2))
    finally:
        over.set()


def test_an_answer_that_breaks_off_fails(server: Server) -> None:
    def break_off(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"half")

    server.answers["/"] = break_off
    with pytest.raises(HttpFailed):
        send(server.url + "/")


def test_an_announced_body_above_the_limit_is_not_read(server: Server) -> None:
    server.answers["/"] = lambda handler: reply(handler, b"x" * 101)

    with pytest.raises(ResponseTooLarge) as caught:
        send(server.url + "/", settings=HttpSettings(max_response_bytes=100))

    assert str(caught.value) == "HTTP response is too large (Content-Length=101, limit=100 bytes)."


def test_a_body_without_a_length_is_bounded_too(server: Server) -> None:
    def flood(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        with contextlib.suppress(OSError):
            while True:
                handler.wfile.write(b"x" * 65536)

    server.answers["/"] = flood
    with pytest.raises(ResponseTooLarge, match=r"limit=1000 bytes"):
        send(server.url + "/", settings=HttpSettings(max_response_bytes=1000))


def test_a_compressed_body_counts_by_what_it_unfolds_to(server: Server) -> None:
    server.answers["/"] = lambda handler: reply(
        handler, gzip.compress(b"x" * 10_000), headers=(("Content-Encoding", "gzip"),)
    )

    with pytest.raises(ResponseTooLarge, match="limit=1000 bytes"):
        send(server.url + "/", settings=HttpSettings(max_response_bytes=1000))
    assert send(server.url + "/").value["content"] == "x" * 10_000


def test_a_head_request_may_ask_for_something_large(server: Server) -> None:
    server.answers["/"] = lambda handler: reply(handler, b"x" * 5000)

    result = send(server.url + "/", method="head", settings=HttpSettings(max_response_bytes=1000))

    assert (result.value["content"], result.value["headers"]["Content-Length"]) == ("", "5000")


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "file:///etc/passwd", "gopher://127.0.0.1/"])
def test_only_http_and_https_are_allowed(url: str) -> None:
    with pytest.raises(NotAllowed, match="not http or https"):
        send(url)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1"])
def test_a_denied_network_is_out_of_reach_under_any_of_its_names(server: Server, host: str) -> None:
    with pytest.raises(NotAllowed, match="in a denied network"):
        send(f"http://{host}:{server.port}/", settings=HttpSettings(denied_cidrs=LOCAL_NETWORKS))

    assert server.requests == []


def test_a_redirect_cannot_lead_into_a_denied_network(server: Server) -> None:
    server.answers["/"] = lambda handler: reply(
        handler, status=302, headers=(("Location", f"http://127.0.0.2:{server.port}/inside"),)
    )

    with pytest.raises(NotAllowed, match=r"`127\.0\.0\.2` is at 127\.0\.0\.2, in a denied network"):
        send(server.url + "/", allow_redirects=True, settings=HttpSettings(denied_cidrs=("127.0.0.2/32",)))
    assert [request["path"] for request in server.requests] == ["/"]


def test_a_redirect_cannot_lead_to_another_scheme(server: Server) -> None:
    server.answers["/"] = lambda handler: reply(
        handler, status=302, headers=(("Location", "file:///etc/passwd"),)
    )

    with pytest.raises((NotAllowed, HttpFailed)):
        send(server.url + "/", allow_redirects=True)


def test_a_proxy_of_the_task_cannot_lead_into_a_denied_network(server: Server) -> None:
    with pytest.raises(NotAllowed, match="in a denied network"):
        send(
            "http://192.0.2.1/",
            proxies={"http": server.url},
            settings=HttpSettings(denied_cidrs=LOCAL_NETWORKS),
        )
    assert server.requests == []


def test_what_no_rule_denies_is_reached_at_the_checked_address_under_its_own_name(server: Server) -> None:
    result = send(
        f"http://localhost:{server.port}/x", settings=HttpSettings(denied_cidrs=("169.254.0.0/16",))
    )

    assert result.value["url"] == f"http://localhost:{server.port}/x"
    assert server.requests[0]["headers"]["Host"] == f"localhost:{server.port}"


def test_only_allowed_hosts_may_be_asked(server: Server) -> None:
    settings = HttpSettings(allowed_hosts=("127.0.0.1", "API.example.com"))

    assert not send(server.url + "/", settings=settings).is_error
    with pytest.raises(NotAllowed, match="`localhost` is not among the allowed ones"):
        send(f"http://localhost:{server.port}/", settings=settings)


def test_a_network_that_is_none_is_refused_with_the_settings() -> None:
    with pytest.raises(InvalidInput, match=r"`10\.0\.0\.0/99`, which is no network"):
        HttpSettings(denied_cidrs=("10.0.0.0/99",))


def test_the_proxy_is_the_tasks_or_the_environments(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    by_environment = send("http://shop.invalid/a").value["content"]["path"]
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    directly = send(server.url + "/b").value["content"]["path"]
    monkeypatch.delenv("http_proxy")
    by_task = send("http://shop.invalid/c", proxies={"http": server.url}).value["content"]["path"]

    assert [by_environment, directly, by_task] == ["http://shop.invalid/a", "/b", "http://shop.invalid/c"]


def test_certificates_that_cannot_be_read_are_named() -> None:
    with pytest.raises(HttpFailed, match="`verify` cannot be used"):
        send("https://127.0.0.1:9/", verify="/no/such/file.pem")


def test_methods_that_only_read_may_be_repeated_and_others_may_not() -> None:
    spec = Registry().find_action("std.http")
    assert spec is not None

    methods: list[Any] = [None, "get", "HEAD", "options", "POST", "put", "DELETE", 5]
    assert [spec.may_rerun({"url": "x", "method": method}) for method in methods] == [
        True, True, True, True, False, False, False, False,
    ]  # fmt: skip
    assert spec.may_rerun({"url": "x"})


def test_mistral_http_tells_the_receiver_how_to_complete_it(server: Server) -> None:
    send(server.url + "/", action="std.mistral_http", method="POST", json={"a": 1})

    headers = server.requests[0]["headers"]
    assert {name: value for name, value in headers.items() if name.startswith(("Mistral", "Idem"))} == {
        "Mistral-Workflow-Name": "wf",
        "Mistral-Workflow-Execution-Id": "e1",
        "Mistral-Task-Id": "t1",
        "Mistral-Action-Execution-Id": "r1",
        "Mistral-Callback-URL": "/v2/action_executions/r1",
        "Idempotency-Key": "e1/t1/r1/1",
    }


def test_mistral_http_is_asynchronous_and_an_error_status_fails_it(server: Server) -> None:
    server.answers["/"] = lambda handler: reply(handler, status=500)
    spec = Registry().find_action("std.mistral_http")

    assert spec is not None
    assert spec.asynchronous
    assert send(server.url + "/", action="std.mistral_http").error["status"] == 500
