"""Whatever comes in, the API answers as its own OpenAPI document says it does.

Requests are made from the document, good ones and bad ones, the same in every run. Each goes out as it was
made, and once more with values that mean something: the id of a row in its path, a state, a definition.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from maestrale.actions import Registry
from maestrale.api import Backend
from maestrale.api.app import all_endpoints, make_app
from maestrale.api.openapi import openapi_document
from maestrale.api.settings import ApiSettings
from maestrale.clock import SystemClock
from maestrale.engine.readers import Readers
from maestrale.main import Node
from maestrale.store import open_reader

URL = "http://api.test"
EXAMPLES = 15
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]

SETTINGS = ApiSettings(
    enable_healthcheck=True, allow_action_execution_deletion=True, longest_wait_seconds=0.01
)

WORKFLOW = """version: '2.0'
known:
  tasks:
    fails: {action: std.fail}
"""
WORKBOOK = "version: '2.0'\nname: known_book\nworkflows: {one: {tasks: {only: {action: std.noop}}}}\n"
ACTION = "version: '2.0'\nknown_action: {input: [what], base: std.echo output=<% $.what %>}\n"
SOURCE = "class Known:\n    def run(self, context):\n        return 1\n"

TEXTS = (
    WORKFLOW,
    WORKBOOK,
    ACTION,
    SOURCE,
    "version: '2.0'\n",
    "version: 2.0\nknown: {tasks: {a: {join: all}}}",
    "[",
    "",
)

schemathesis.openapi.media_type("text/plain", st.sampled_from(TEXTS).map(str.encode) | st.binary(max_size=40))
DOCUMENT = openapi_document(all_endpoints())
schema = schemathesis.openapi.from_dict(DOCUMENT)
schema.config.phases.update(phases=["fuzzing"])


class Service:
    """The API over a node. Its event loop runs whenever the test waits for an answer."""

    def __init__(self, database: str) -> None:
        self._database = database
        self._runner = asyncio.Runner()
        self._client: httpx.AsyncClient
        self._end: asyncio.Event
        self._life: asyncio.Task[None]
        self._runner.run(self._start())

    async def _start(self) -> None:
        self._end, begun = asyncio.Event(), asyncio.Event()
        # A task for the whole life: what is entered in one task has to be left in the same.
        self._life = asyncio.create_task(self._live(begun))
        beginning = asyncio.create_task(begun.wait())
        await asyncio.wait([self._life, beginning], return_when=asyncio.FIRST_COMPLETED)
        if self._life.done():
            self._life.result()

    async def _live(self, begun: asyncio.Event) -> None:
        registry, clock = Registry.standard(), SystemClock()
        async with Node(self._database, registry=registry, clock=clock) as node:
            readers = Readers(lambda: open_reader(self._database))
            backend = Backend(
                engine=node.engine,
                read=readers.run,
                write=node.engine.write,
                registry=registry,
                clock=clock,
                settings=SETTINGS,
            )
            transport = httpx.ASGITransport(app=make_app(backend))
            async with httpx.AsyncClient(transport=transport, base_url=URL) as self._client:
                begun.set()
                await self._end.wait()
            readers.close()

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        return self._runner.run(self._client.request(method, url, **options))

    def made(self, path: str, body: str | Mapping[str, Any]) -> Any:
        """What a request has made that has to succeed."""
        content = {"content": body} if isinstance(body, str) else {"json": body}
        answer = self.request("POST", path, **content)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def listed(self, collection: str) -> list[Any]:
        rows: list[Any] = self.request("GET", f"/v2/{collection}").json()[collection]
        return rows

    def close(self) -> None:
        self._runner.run(self._stop())
        self._runner.close()

    async def _stop(self) -> None:
        self._end.set()
        await self._life


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(f"sqlite:///{tmp_path_factory.mktemp('api')}/api.db")
    yield service
    service.close()


@pytest.fixture(scope="module")
def known(service: Service) -> dict[str, str]:
    """What is there to be named in a path, by the path before it."""
    workflow = service.made("/v2/workflows", WORKFLOW)["workflows"][0]["id"]
    service.made("/v2/workbooks", WORKBOOK)
    service.made("/v2/actions", ACTION)
    service.made("/v2/environments", {"name": "known", "variables": {"a": 1}})
    source = service.made("/v2/code_sources?name=known", SOURCE)["id"]
    dynamic = {"name": "known_dynamic", "class_name": "Known", "code_source_id": source}
    event = {"workflow_id": workflow, "exchange": "e", "topic": "t", "event": "v"}
    execution = service.made("/v2/executions?wait=30", {"workflow_id": workflow})["id"]
    return {
        "workflows": workflow,
        "workbooks": "known_book",
        "actions": "known_action",
        "environments": "known",
        "code_sources": source,
        "dynamic_actions": service.made("/v2/dynamic_actions", dynamic)["id"],
        "cron_triggers": service.made(
            "/v2/cron_triggers", {"name": "known", "workflow_id": workflow, "pattern": "0 0 1 1 *"}
        )["id"],
        "event_triggers": service.made("/v2/event_triggers", event)["id"],
        "executions": execution,
        "tasks": service.listed("tasks")[0]["id"],
        "action_executions": service.listed("action_executions")[0]["id"],
    }


@schema.given(data=st.data())
@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_the_document_describes(
    case: schemathesis.Case[Any], data: st.DataObject, service: Service, known: dict[str, str]
) -> None:
    ask(case, service)
    if case.method == "DELETE" or not (case.path_parameters or case.body):
        return
    make_sensible(case, known, data)
    ask(case, service)


def make_sensible(case: schemathesis.Case[Any], known: Mapping[str, str], data: st.DataObject) -> None:
    """Put what is there, and what means something, where the request has just anything."""
    collection = [*case.operation.path.split("/"), "", ""][2]
    if case.path_parameters and collection in known:
        first = next(iter(case.path_parameters))
        case.path_parameters = {**case.path_parameters, first: known[collection]}
    if case.query.get("scope"):
        case.query = {**case.query, "scope": "public"}
    meant = meanings(known)
    if names := [name for name in attributes(case) if name in meant]:
        some_left_out = data.draw(st.lists(st.sampled_from(names), max_size=3))
        case.body = {
            name: data.draw(st.sampled_from(meant[name])) for name in names if name not in some_left_out
        }


def attributes(case: schemathesis.Case[Any]) -> list[str]:
    """The attributes that the document has in the body of such a request."""
    operation = DOCUMENT["paths"][case.operation.path][case.method.lower()]
    kinds = operation.get("requestBody", {"content": {}})["content"]
    if "application/json" not in kinds:
        return []
    reference = kinds["application/json"]["schema"]["$ref"].split("/")[-1]
    return list(DOCUMENT["components"]["schemas"][reference]["properties"])


def meanings(known: Mapping[str, str]) -> dict[str, tuple[Any, ...]]:
    """Values that an attribute of that name may have."""
    objects = ("{}", {"a": 1}, '{"output": 1}', '{"save_result": true}', {"env": {"a": 1}}, "known")
    return {
        "workflow_id": (known["workflows"],),
        "workflow_name": ("known", "fails"),
        "name": ("known", "std.noop", "new"),
        "state": ("RUNNING", "PAUSED", "SUCCESS", "ERROR", "CANCELLED", "SKIPPED"),
        "reset": (True, False),
        "pattern": ("* * * * *", "0 0 1 1 *", "@hourly"),
        "remaining_executions": (1, "2", None),
        "first_execution_time": ("2999-01-01 00:00", None),
        "status": ("RUNNING", "PAUSED", "accepted"),
        "scope": ("private", "public"),
        "class_name": ("Known", "Unknown"),
        "code_source_id": (known["code_sources"],),
        "source_execution_id": (known["executions"],),
        **dict.fromkeys(
            ("input", "params", "output", "env", "variables", "workflow_input", "workflow_params"), objects
        ),
    }


def ask(case: schemathesis.Case[Any], service: Service) -> None:
    """Send the request as a client library writes it, and hold the answer against the document."""
    request = requests.Request(**case.as_transport_kwargs(base_url=URL)).prepare()
    answer = service.request(
        request.method or "", request.url or "", headers=dict(request.headers), content=request.body
    )
    case.validate_response(answer, checks=CHECKS)
    if case.operation.path == "/maintenance":  # The other cases are to find the service at work.
        service.request("PUT", "/maintenance", json={"status": "RUNNING"})


def test_the_document_that_is_served_has_the_operations_of_these_cases(service: Service) -> None:
    served = json.loads(service.request("GET", "/openapi.json").content)

    made_from = json.loads(json.dumps(DOCUMENT))
    assert {path: served["paths"].get(path) for path in made_from["paths"]} == made_from["paths"]
    assert served["components"]["schemas"].keys() >= made_from["components"]["schemas"].keys()
