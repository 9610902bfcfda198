"""What the service tells about itself, and how its operator runs it."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET, Struct, UnsetType

from maestrale.api import (
    ApiSettings,
    Call,
    Endpoint,
    Figure,
    Parameter,
    discovery,
    health,
    make_app,
    page_type,
)
from maestrale.api.app import all_endpoints
from maestrale.api.openapi import NO_MEANING
from maestrale.errors import Unavailable
from maestrale.wire.formats import JsonText
from tests.api.house import a_backend, an_app, ask, get

OWN = (*discovery.ENDPOINTS, *health.ENDPOINTS)


def test_the_versions_link_to_where_the_client_is() -> None:
    assert get(an_app(OWN), "/").json() == {
        "versions": [
            {
                "id": "v2.0",
                "status": "CURRENT",
                "links": [{"href": "http://here/v2", "target": "v2", "rel": "self"}],
            }
        ]
    }


def test_the_root_is_at_the_address_with_a_slash() -> None:
    without, with_slash = get(an_app(OWN), "/v2"), get(an_app(OWN), "/v2/")

    assert (without.status_code, without.headers["location"]) == (302, "http://here/v2/")
    assert (with_slash.status_code, with_slash.json()) == (200, {"uri": "http://here/v2"})


def test_nobody_has_to_authenticate_to_discover_the_api() -> None:
    app = an_app(OWN, settings=ApiSettings(auth_mode="trusted-headers"))
    paths = ("/", "/v2/", "/healthz", "/openapi.json", "/metrics", "/info")

    assert [get(app, path).status_code for path in paths] == [200, 200, 200, 200, 200, 400]


@pytest.mark.parametrize("path", ["/workflow/v2/", "/v2/"])
def test_links_have_the_mount_prefix_whether_a_proxy_strips_it_or_not(path: str) -> None:
    app = an_app(OWN, settings=ApiSettings(path_prefix="/workflow/"))

    assert get(app, path).json() == {"uri": "http://here/workflow/v2"}


FORWARDED = {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "api.acme, inner", "X_Forwarded_Prefix": "/w/"}


def test_forwarded_headers_count_only_if_the_operator_says_so() -> None:
    believed = an_app(OWN, settings=ApiSettings(trust_forwarded_headers=True))

    assert get(believed, "/v2/", **FORWARDED).json() == {"uri": "https://api.acme/w/v2"}
    assert get(an_app(OWN), "/v2/", **FORWARDED).json() == {"uri": "http://here/v2"}


def test_the_operator_may_say_something_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "info.json"
    file.write_text('{"region": "north"}')
    settings = ApiSettings(enable_info=True, info_file=str(file))

    assert get(an_app(OWN, settings=settings), "/info").json() == {"region": "north"}

    file.write_text("nonsense")
    assert get(an_app(OWN, settings=settings), "/info").headers["maestrale-error-code"] == "info-unreadable"
    assert get(an_app(OWN), "/info").json().keys() == {"faultstring"}


def test_a_process_is_ready_when_nothing_hinders_it() -> None:
    hindered = an_app(OWN, why_not_ready=lambda: "3 executions are still to be taken over")

    assert get(an_app(OWN), "/readyz").json() == {"status": "ready"}
    answer = get(hindered, "/readyz")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "3 executions are still to be taken over" in answer.json()["faultstring"]


def test_a_process_whose_database_is_away_lives_but_is_not_ready() -> None:
    backend = a_backend()

    async def read(work: Any) -> Any:
        raise Unavailable("the disk is gone", code="database-io")

    app = make_app(replace(backend, read=read), OWN)

    assert [get(app, path).status_code for path in ("/healthz", "/readyz")] == [200, 503]


def test_the_health_check_of_openstack_is_there_if_it_is_switched_on() -> None:
    on = an_app(OWN, settings=ApiSettings(enable_healthcheck=True))

    assert [get(app, "/healthcheck").status_code for app in (on, an_app(OWN))] == [200, 404]


def test_metrics_count_requests_by_endpoint_and_show_the_figures_of_the_backend() -> None:
    async def by_state() -> dict[str, float]:
        return {"RUNNING": 2.0}

    async def queue() -> float:
        return 7.0

    figures = (
        Figure(name="test_executions", description="Executions.", read=by_state, label="state"),
        Figure(name="test_queue", description="Waiting.", read=queue),
    )
    app = an_app(OWN, figures=figures)
    get(app, "/v2/")
    get(app, "/v2/secret")

    lines = get(app, "/metrics").text.splitlines()

    assert 'maestrale_http_requests_total{method="GET",path="/v2",status="200"} 1.0' in lines
    assert 'maestrale_http_requests_total{method="GET",path="unknown",status="404"} 1.0' in lines
    assert 'test_executions{state="RUNNING"} 2.0' in lines
    assert "test_queue 7.0" in lines


def test_the_operator_may_switch_metrics_and_documentation_off() -> None:
    app = an_app(OWN, settings=ApiSettings(enable_metrics=False, enable_docs=False))

    assert [get(app, path).status_code for path in ("/metrics", "/docs", "/openapi.json")] == [404] * 3


def test_pages_of_other_origins_may_call_only_if_the_operator_names_them() -> None:
    headers = {"Origin": "https://ui.acme", "Access-Control-Request-Method": "PUT"}
    allowing = an_app(OWN, settings=ApiSettings(cors_origins=("https://ui.acme",)))

    asked = ask(allowing, "OPTIONS", "/v2/", headers=headers)
    called = get(allowing, "/v2/", Origin="https://ui.acme")
    refused = get(an_app(OWN), "/v2/", Origin="https://ui.acme")

    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (200, "https://ui.acme")
    assert called.headers["access-control-allow-origin"] == "https://ui.acme"
    assert "access-control-allow-origin" not in refused.headers


class Part(Struct):
    """A part of a thing."""

    name: str


class OldPart(Struct):
    """A part as it is shown."""

    name: str
    output: JsonText
    project_id: str
    is_used: bool | UnsetType = UNSET


async def make_part(call: Call) -> Any:
    return call.body


PARTS = Endpoint(
    method="POST",
    path="/v2/things/{id:uuid}/parts",
    summary="Make a `part`",
    tag="parts",
    handler=make_part,
    query=(Parameter("all_projects", "bool", "Of everybody"),),
    body=Part,
    ignored=(OldPart,),
    read_only=("project_id",),
    result=page_type("parts", Part),
    status=201,
    statuses=(409,),
)


def test_the_openapi_document_says_what_the_table_says() -> None:
    document = get(an_app([PARTS]), "/openapi.json").json()

    operation = document["paths"]["/v2/things/{id}/parts"]["post"]
    assert document["openapi"] == "3.1.0"
    assert operation["parameters"] == [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}},
        {"name": "all_projects", "in": "query", "schema": {"type": "boolean"}, "description": "Of everybody"},
    ]
    assert operation["requestBody"]["content"] == {
        "application/json": {"schema": {"$ref": "#/components/schemas/Part"}}
    }
    assert list(operation["responses"]) == ["201", "400", "401", "409", "415", "423"]
    assert document["components"]["schemas"]["Part"] == {
        "title": "Part",
        "description": "A part of a thing.",
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "output": {"type": ["object", "string", "null"], "description": NO_MEANING},
            "is_used": {"type": "boolean", "description": NO_MEANING},
        },
        "required": ["name"],
        "additionalProperties": False,
    }
    assert document["components"]["schemas"]["PartPage"]["properties"] == {
        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
        "next": {"type": "string"},
    }


def test_every_operation_of_the_api_has_an_id_of_its_own() -> None:
    document = get(an_app(), "/openapi.json").json()

    operations = [each for path in document["paths"].values() for each in path.values()]
    names = [each["operationId"] for each in operations]

    assert len(operations) == len(all_endpoints()) + 2  # Metrics, docs and itself, but no /healthcheck.
    assert sorted(set(names)) == sorted(names)


def test_the_page_for_people_shows_every_operation_and_loads_nothing() -> None:
    answer = get(an_app([PARTS]), "/docs")

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<code>/v2/things/{id}/parts</code>" in answer.text
    assert "Make a <code>part</code>" in answer.text
    assert "http://" not in answer.text and "https://" not in answer.text and "<script" not in answer.text


def test_the_page_for_people_keeps_what_is_done_with_one_path_together() -> None:
    page = get(an_app(), "/docs").text

    headings = re.findall(r"<h2 id=[^>]*>([^<]*)</h2>", page)
    environments = page.partition('<h2 id="environments">')[2].partition("<h2")[0]
    shown = re.findall(r'class="method [a-z]*">([A-Z]*)</span><code>([^<]*)</code>', environments)
    assert headings == sorted(headings)
    assert shown == [
        ("GET", "/v2/environments"),
        ("POST", "/v2/environments"),
        ("PUT", "/v2/environments"),
        ("GET", "/v2/environments/{name}"),
        ("DELETE", "/v2/environments/{name}"),
    ]


MAINTENANCE_CASES = [
    # method, path, body, while PAUSING, while PAUSED
    ("GET", "/v2/executions", None, 200, 200),
    ("POST", "/v2/executions", {}, 423, 423),
    ("PUT", "/v2/executions/1", {"state": "CANCELLED"}, 200, 200),
    ("PUT", "/v2/executions/1", {"state": "PAUSED"}, 423, 423),
    ("PUT", "/v2/executions/1", {}, 423, 423),
    ("PUT", "/v2/action_executions/1", {"state": "SUCCESS"}, 200, 423),
    ("DELETE", "/v2/action_executions/1", None, 423, 423),
    ("PUT", "/maintenance", {"status": "RUNNING"}, 200, 200),
]


class AnyBody(Struct):
    state: str = ""
    status: str = ""


class Paused(Struct):
    status: str


async def succeed(call: Call) -> Any:
    return {}


def table() -> list[Endpoint]:
    places = sorted({(case[0], case[1].replace("/1", "/{id}")) for case in MAINTENANCE_CASES})
    return [
        Endpoint(
            method=method,  # type: ignore[arg-type]
            path=path,
            summary="",
            tag="test",
            handler=succeed,
            body=AnyBody if method in ("POST", "PUT") else None,
        )
        for method, path in places
    ]


@pytest.mark.parametrize(("method", "path", "body", "pausing", "paused"), MAINTENANCE_CASES)
def test_maintenance_lets_in_only_what_ends_things(
    method: str, path: str, body: Any, pausing: int, paused: int
) -> None:
    statuses = []
    for status in ("PAUSING", "PAUSED", "RUNNING"):
        answer = ask(an_app(table(), maintenance=Paused(status)), method, path, json=body)
        statuses.append(answer.status_code)
        if answer.status_code == 423:
            assert answer.headers["server-error-message"].startswith(
                f"The service is in maintenance ({status})"
            )

    assert statuses == [pausing, paused, 200]
