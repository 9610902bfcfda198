"""From a path and a method to an endpoint, and what is refused on the way."""

from typing import Any

import pytest
from starlette.types import ASGIApp

from maestrale.api import Call, Endpoint
from tests.api.house import an_app, ask, get

UUID = "123e4567-e89b-42d3-a456-426614174000"


async def echo(call: Call) -> Any:
    return dict(call.path)


def an_endpoint(method: Any, path: str, **options: Any) -> Endpoint:
    return Endpoint(method=method, path=path, summary="", tag="test", handler=echo, **options)


@pytest.fixture
def app() -> ASGIApp:
    return an_app(
        [
            an_endpoint("GET", "/v2/things"),
            an_endpoint("GET", "/v2/things/{name}"),
            an_endpoint("DELETE", "/v2/things/{name}"),
            an_endpoint("POST", "/v2/things/validate", family="text"),
            an_endpoint("GET", "/v2/things/{id:uuid}/parts/{part}"),
        ]
    )


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("/v2/things", {}),
        ("/v2/things/", {}),
        ("/v2/things/std.echo", {"name": "std.echo"}),
        ("/v2/things/std.echo/", {"name": "std.echo"}),
        ("/v2/things/foo.json", {"name": "foo.json"}),
        ("/v2/things/a%2Fb", {"name": "a/b"}),
        ("/v2/things/%3Cdefault%3E%20%25", {"name": "<default> %"}),
        ("/v2/things/%C3%BCber", {"name": "über"}),
        ("/v2/things/a+b;c", {"name": "a+b;c"}),
        (f"/v2/things/{UUID.upper()}/parts/x", {"id": UUID.upper(), "part": "x"}),
    ],
)
def test_a_path_is_matched_segment_by_segment(app: ASGIApp, path: str, values: dict[str, str]) -> None:
    answer = get(app, path)

    assert (answer.status_code, answer.json()) == (200, values)


@pytest.mark.parametrize("path", ["/v2/nothing", "/v3", "/v2/things/a/b", "/v2//things", "/v2/things//", "/"])
def test_an_unknown_path_is_a_page_that_says_so(app: ASGIApp, path: str) -> None:
    answer = get(app, path)

    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "<h1>404 Not Found</h1>" in answer.text


def test_an_unknown_path_is_an_object_for_who_accepts_json(app: ASGIApp) -> None:
    answer = get(app, "/v2/<b>", Accept="application/json")

    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "code": 404,
        "title": "Not Found",
        "description": "There is nothing at the path `/v2/<b>`; the API is below `/v2/`",
    }


def test_a_page_escapes_what_the_client_sent(app: ASGIApp) -> None:
    assert "&lt;b&gt;" in get(app, "/v2/<b>").text


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("HEAD", "/v2/things/a", "DELETE, GET"),
        ("PATCH", "/v2/things/a", "DELETE, GET"),
        ("POST", "/v2/things", "GET"),
        ("GET", "/v2/things/validate", "POST"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(app: ASGIApp, method: str, path: str, allowed: str) -> None:
    answer = ask(app, method, path)

    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


def test_a_collection_where_one_thing_is_meant_misses_an_argument(app: ASGIApp) -> None:
    answer = ask(app, "DELETE", "/v2/things/")

    assert answer.status_code == 400
    assert answer.json() == {
        "faultcode": "Client",
        "faultstring": "Missing argument: DELETE wants the `name` at the end of the path [missing-argument]\n"
        "  hint: DELETE /v2/things/{name}",
        "debuginfo": None,
    }


def test_a_segment_that_has_to_be_a_uuid_is_one(app: ASGIApp) -> None:
    answer = get(app, "/v2/things/nonsense/parts/x")

    assert (answer.status_code, answer.headers["maestrale-error-code"]) == (400, "not-a-uuid")


@pytest.mark.parametrize("path", ["/v2/things/%FF", "/v2/things?a=%FF"])
def test_bytes_that_are_not_utf_8_are_refused(app: ASGIApp, path: str) -> None:
    answer = get(app, path)

    assert (answer.status_code, answer.headers["maestrale-error-code"]) == (400, "not-utf-8")


def test_options_says_what_is_possible(app: ASGIApp) -> None:
    answer = ask(app, "OPTIONS", "/v2/things/a")

    assert (answer.status_code, answer.headers["allow"], answer.content) == (200, "DELETE, GET", b"")


@pytest.mark.parametrize("kind", ["text/xml", "application/xml", "image/svg+xml; charset=utf-8", "Text/XML"])
@pytest.mark.parametrize("path", ["/v2/things", "/v2/nothing"])
def test_xml_is_refused_before_anything_else(app: ASGIApp, kind: str, path: str) -> None:
    answer = get(app, path, Content_Type=kind)

    assert (answer.status_code, answer.headers["maestrale-error-code"]) == (415, "xml")
    assert answer.headers["server-error-message"].startswith("XML is not understood")
