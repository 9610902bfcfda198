"""Results and errors of handlers, as answers."""

import asyncio
from typing import Any, cast

import pytest
import structlog.testing
from msgspec import UNSET, Struct, UnsetType
from starlette.responses import PlainTextResponse

from maestrale.api import Answer, ApiSettings, Call, Endpoint
from maestrale.errors import Conflict, Error, Forbidden, InvalidInput, NotFound, Unavailable
from maestrale.lang import parsing
from maestrale.store import LeaseLost
from tests.api.house import an_app, ask, get


class Shown(Struct):
    name: str
    note: str | None = None
    updated_at: str | UnsetType = UNSET


def app_of(handler: Any, **options: Any) -> Any:
    settings = options.pop("settings", None)
    options = {"method": "GET", "path": "/it", "summary": "", "tag": "test"} | options
    return an_app([Endpoint(handler=handler, **options)], settings=settings)


def answer_of(result: Any, **options: Any) -> Any:
    async def handler(call: Call) -> Any:
        if isinstance(result, Exception):
            raise result
        return result

    return ask(app_of(handler, **options), options.get("method", "GET"), "/it")


@pytest.mark.parametrize(
    ("result", "status", "text", "kind"),
    [
        (Shown("a"), 200, '{"name":"a","note":null}', "application/json"),
        ({"a": [1, "ü"]}, 200, '{"a":[1,"ü"]}', "application/json"),
        ({"a": "\ud800"}, 200, '{"a": "\\ud800"}', "application/json"),
        (None, 204, "", None),
        (Answer({"a": 1}, 201), 201, '{"a":1}', "application/json"),
        (Answer(b"text", content_type="text/plain"), 200, "text", "text/plain"),
        (PlainTextResponse("own", 202), 202, "own", "text/plain; charset=utf-8"),
    ],
)
def test_what_a_handler_gives_is_the_answer(result: Any, status: int, text: str, kind: str | None) -> None:
    answer = answer_of(result)

    assert (answer.status_code, answer.text, answer.headers.get("content-type")) == (status, text, kind)


def test_the_endpoint_says_the_status_of_success() -> None:
    assert answer_of({}, method="POST", status=201).status_code == 201


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidInput("no"), 400),
        (parsing.DefinitionError(()), 400),
        (NotFound("no"), 404),
        (Forbidden("no"), 403),
        (Conflict("no", code="state-change"), 400),
        (Conflict("no", code="name-taken"), 409),
        (Conflict("no", code="execution-exists"), 409),
        (Conflict("no", code="being-run"), 409),
        (Unavailable("no"), 503),
        (LeaseLost(["root"]), 503),
        (Error("no"), 400),
    ],
)
def test_an_error_has_the_status_that_says_what_to_do(error: Error, status: int) -> None:
    answer = answer_of(error)

    assert (answer.status_code, answer.headers["maestrale-error-code"]) == (status, error.code)
    assert answer.json() == {
        "faultcode": "Client" if status < 500 else "Server",
        "faultstring": str(error),
        "debuginfo": None,
    }
    assert answer.headers.get("retry-after") == ("1" if status == 503 else None)


def test_an_error_of_the_text_family_has_the_short_form() -> None:
    error = InvalidInput("no name", code="no-name", hint="give one")

    answer = answer_of(error, family="text", method="POST")

    assert answer.json() == {"faultstring": "no name [no-name]\n  hint: give one"}


@pytest.mark.parametrize("family", ["json", "text"])
def test_a_bug_is_answered_with_an_id_that_the_log_has_and_nothing_else(family: str) -> None:
    with structlog.testing.capture_logs() as lines:
        answer = answer_of(ZeroDivisionError("the secret"), family=family)

    (bug, _) = lines
    assert (answer.status_code, bug["event"], bug["log_level"]) == (500, "internal error", "error")
    assert bug["error_id"] in answer.json()["faultstring"]
    assert "secret" not in answer.text and "Traceback" not in answer.text


def test_a_request_leaves_one_line_in_the_log_with_no_value_in_it() -> None:
    async def handler(call: Call) -> Any:
        return {}

    app = app_of(handler, path="/things/{name}")
    with structlog.testing.capture_logs() as lines:
        answer = get(app, "/things/secret", X_Project_Id="acme")

    (line,) = lines
    assert line.pop("ms") >= 0
    assert line == {
        "event": "request",
        "log_level": "info",
        "method": "GET",
        "path": "/things/{name}",
        "status": 200,
        "project": "acme",
        "request_id": answer.headers["x-openstack-request-id"],
    }


def test_a_request_keeps_the_id_that_it_came_with() -> None:
    given = "req-123e4567-e89b-42d3-a456-426614174000"
    app = app_of(lambda call: asyncio.sleep(0, {}))

    kept = get(app, "/it", X_Openstack_Request_Id=given).headers["x-openstack-request-id"]
    made = get(app, "/it", X_Openstack_Request_Id="evil\tid").headers["x-openstack-request-id"]

    assert kept == given
    assert made.startswith("req-") and "evil" not in made


def test_a_handler_that_takes_too_long_is_cut_off() -> None:
    cut_off = []

    async def handler(call: Call) -> Any:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cut_off.append(True)
            raise

    answer = get(app_of(handler, settings=ApiSettings(request_seconds=0.01)), "/it")

    assert (answer.status_code, answer.headers["maestrale-error-code"]) == (503, "request-too-slow")
    assert cut_off == [True]


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    async def body() -> Any:
        yield b"a"
        await asyncio.Event().wait()

    app = app_of(None, method="POST", family="text", body=str, settings=ApiSettings(request_seconds=0.01))

    answer = ask(app, "POST", "/it", content=body())

    assert (answer.status_code, answer.headers["maestrale-error-code"]) == (400, "body-too-slow")


def test_a_time_out_inside_a_handler_is_a_bug_of_the_handler() -> None:
    with structlog.testing.capture_logs():
        assert answer_of(TimeoutError()).status_code == 500


def test_a_long_poll_is_cancelled_when_its_client_leaves() -> None:
    ended = []

    async def handler(call: Call) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def run() -> list[Any]:
        app = app_of(handler, takes_seconds=False, settings=ApiSettings(request_seconds=0.01))
        messages = iter([{"type": "http.request", "body": b""}, {"type": "http.disconnect"}])
        sent: list[Any] = []

        async def receive() -> Any:
            await asyncio.sleep(0)
            return next(messages)

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": "/it", "query_string": b"", "headers": []}
        await app(scope, receive, send)
        return sent

    assert (asyncio.run(run()), ended) == ([], [True])


def test_a_long_poll_gives_its_answer_to_a_client_that_stays() -> None:
    async def handler(call: Call) -> Any:
        await asyncio.sleep(0)
        return {"done": True}

    assert get(app_of(handler, takes_seconds=False), "/it").json() == {"done": True}


def test_the_server_may_tell_that_it_begins_and_ends() -> None:
    sent = []

    async def run() -> None:
        messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

        async def receive() -> Any:
            return next(messages)

        async def send(message: Any) -> None:
            sent.append(message["type"])

        await an_app([])({"type": "lifespan"}, cast(Any, receive), send)

    asyncio.run(run())

    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
