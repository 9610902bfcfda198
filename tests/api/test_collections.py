"""Pages of collections, over a real store."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp

from maestrale.api import ApiSettings, Call, Endpoint, Parameter
from maestrale.api.collections import Attribute, Collection, get_item, list_collection, present_row
from maestrale.api.filters import WORDS
from maestrale.store import Store, open_store
from maestrale.store.listing_tables import CRON_TRIGGERS, WORKFLOWS
from maestrale.store.listings import Condition
from maestrale.store.records import CronTriggerRecord, WorkflowRecord
from tests.api.house import an_app, get

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
WORKFLOW_ID = "123e4567-e89b-42d3-a456-426614174000"

FLOWS = Collection(
    name="workflows",
    singular="workflow",
    listing=WORKFLOWS,
    options=(Parameter("all_projects", "bool"), Parameter("nulls", "list")),
    attributes=(
        Attribute(name="id", is_filter=False),
        Attribute(name="name"),
        Attribute(name="tags", kind="tags"),
        Attribute(name="input", brings=("interface",)),
        Attribute(name="interface", kind="json", choice="empty", is_filter=False),
        Attribute(name="definition", shown="item"),
        Attribute(name="project_id", is_admin_filter=True),
        Attribute(name="checksum", shown="asked", is_nullable=True),
        Attribute(
            name="title", reads=("name", "namespace"), value=lambda row: f"{row['namespace']}:{row['name']}"
        ),
        Attribute(name="created_at", kind="time"),
        Attribute(name="updated_at", kind="time", choice="no"),
    ),
)
TRIGGERS = Collection(
    name="cron_triggers",
    singular="cron trigger",
    listing=CRON_TRIGGERS,
    attributes=(
        Attribute(name="id", is_filter=False),
        Attribute(name="name"),
        Attribute(name="workflow_id", kind="uuid"),
        Attribute(name="arguments", kind="json", column="workflow_input"),
        Attribute(name="remaining_executions", kind="int", least=1),
        Attribute(name="next_execution_time", kind="time"),
        Attribute(name="created_at", kind="time"),
    ),
)


def a_workflow(number: int, **values: Any) -> WorkflowRecord:
    usual: dict[str, Any] = {
        "id": f"{number:08x}-0000-4000-8000-000000000000",
        "project_id": "<default-project>",
        "created_at": START + timedelta(seconds=number),
        "name": f"flow{number}",
        "definition": "text",
        "document": "d",
        "interface": {"input": ["a"], "output": []},
    }
    return WorkflowRecord(**usual | values)


def a_trigger(number: int, **values: Any) -> CronTriggerRecord:
    usual: dict[str, Any] = {
        "id": f"{number:08x}-0000-4000-9000-000000000000",
        "project_id": "<default-project>",
        "created_at": START + timedelta(seconds=number),
        "name": f"trigger{number}",
        "workflow_id": WORKFLOW_ID,
        "workflow_name": "flow",
        "workflow_input": {"n": number},
        "pattern": f"{number} * * * *",
        "next_execution_time": START + timedelta(days=number),
        "remaining_executions": number,
    }
    return CronTriggerRecord(**usual | values)


async def list_workflows(call: Call) -> Any:
    return await list_collection(call, FLOWS)


async def list_named(call: Call) -> Any:
    named = (Condition("name", "in", ["flow1", "flow3"]),)
    return await list_collection(call, FLOWS, named, also=("definition",), without=("title",))


async def get_workflow(call: Call) -> Any:
    return await get_item(call, FLOWS, call.path["id"], refused=("title",))


async def list_triggers(call: Call) -> Any:
    return await list_collection(call, TRIGGERS)


def an_endpoint(path: str, handler: Any, query: tuple[Parameter, ...]) -> Endpoint:
    return Endpoint(method="GET", path=path, summary="", tag="test", handler=handler, query=query)


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store("sqlite://") as opened:
        yield opened


@pytest.fixture
def app(store: Store) -> ASGIApp:
    endpoints = [
        an_endpoint("/v2/workflows", list_workflows, FLOWS.parameters()),
        an_endpoint("/v2/workflows/{id}", get_workflow, (Parameter("fields", "unique-list"),)),
        an_endpoint("/v2/named", list_named, FLOWS.parameters(without=("name",))),
        an_endpoint("/v2/cron_triggers", list_triggers, TRIGGERS.parameters()),
    ]
    return an_app(endpoints, store=store, settings=ApiSettings(max_limit=4))


def names(app: ASGIApp, query: str = "", collection: str = "workflows", **headers: str) -> list[str]:
    answer = get(app, f"/v2/{collection}?{query}", **headers)
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()[collection]]


def refusal(app: ASGIApp, query: str, collection: str = "workflows", **headers: str) -> tuple[int, str]:
    answer = get(app, f"/v2/{collection}?{query}", **headers)
    return answer.status_code, answer.headers["maestrale-error-code"]


def test_a_row_is_shown_attribute_by_attribute(app: ASGIApp, store: Store) -> None:
    store.insert_record(a_workflow(1, tags=("t1", "t2"), input="a", namespace="ns"))

    assert get(app, "/v2/workflows").json() == {
        "workflows": [
            {
                "id": "00000001-0000-4000-8000-000000000000",
                "name": "flow1",
                "tags": ["t1", "t2"],
                "input": "a",
                "interface": '{"input": ["a"], "output": []}',
                "project_id": "<default-project>",
                "title": "ns:flow1",
                "created_at": "2026-03-01 12:00:01",
                "updated_at": None,
            }
        ]
    }


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ("name", {"id", "name"}),
        ("Name,%20id,name", {"id", "name"}),
        ("input", {"id", "input", "interface"}),
        ("interface", {"id"}),
        ("title,checksum", {"id", "title", "checksum"}),
        ("", {"id", "name", "tags", "input", "interface", "project_id", "title", "created_at", "updated_at"}),
    ],
)
def test_fields_choose_what_is_shown(app: ASGIApp, store: Store, fields: str, shown: set[str]) -> None:
    store.insert_record(a_workflow(1))

    (item,) = get(app, f"/v2/workflows?fields={fields}").json()["workflows"]

    assert item.keys() == shown


def test_an_endpoint_adds_conditions_and_attributes_of_its_own(app: ASGIApp, store: Store) -> None:
    for number in range(5):
        store.insert_record(a_workflow(number))

    items = get(app, "/v2/named").json()["workflows"]

    assert [item["name"] for item in items] == ["flow1", "flow3"]
    assert items[0].keys() >= {"definition"} and "title" not in items[0]
    assert refusal(app, "name=flow1", "named") == (400, "unknown-parameter")


def test_pages_follow_each_other_until_there_is_nothing_left(app: ASGIApp, store: Store) -> None:
    for number in range(4):
        store.insert_record(a_workflow(number, tags=("a&b",)))
    path = "/v2/workflows?limit=2&sort_keys=name&sort_dirs=desc&tags=a%26b&all_projects=true&fields=name"

    pages, links = [], []
    while path:
        answer = get(app, path).json()
        pages.append([item["name"] for item in answer["workflows"]])
        path = answer.get("next", "")
        links.append(path)

    assert pages == [["flow3", "flow2"], ["flow1", "flow0"], []]
    assert links[0] == (
        "http://here/v2/workflows?sort_keys=name,id&sort_dirs=desc,asc&tags=eq:a%26b&all_projects=true"
        "&limit=2&marker=00000002-0000-4000-8000-000000000000&fields=id,name"
    )


def test_the_link_of_a_nested_list_leads_to_the_flat_collection(app: ASGIApp, store: Store) -> None:
    for number in range(4):
        store.insert_record(a_workflow(number))

    link = get(app, "/v2/named?limit=2").json()["next"]

    assert link.startswith("http://here/v2/workflows?")
    assert parse_qs(urlsplit(link).query)["name"] == ["in:flow1,flow3"]


def test_the_server_has_a_maximum_of_its_own(app: ASGIApp, store: Store) -> None:
    for number in range(5):
        store.insert_record(a_workflow(number))

    answers = [get(app, f"/v2/workflows?{query}").json() for query in ("", "limit=100", f"limit={'9' * 40}")]

    assert [len(answer["workflows"]) for answer in answers] == [4, 4, 4]
    assert all("limit=4&" in answer["next"] for answer in answers)


def test_a_list_that_ends_before_its_limit_has_no_next(app: ASGIApp, store: Store) -> None:
    store.insert_record(a_workflow(1))

    assert "next" not in get(app, "/v2/workflows?limit=2").json()
    assert get(app, "/v2/workflows?limit=2&name=nobody").json() == {"workflows": []}


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("limit=0", "Limit must be positive"),
        ("limit=-1", "Limit must be positive"),
        ("sort_keys=name&sort_dirs=up", "Unknown sort direction"),
        ("sort_keys=id,id&sort_dirs=asc,asc", "Length of sort_keys must be equal or greater than sort_dirs"),
        ("sort_dirs=asc,asc", "Length of sort_keys must be equal or greater than sort_dirs"),
        ("sort_keys=nmae", "did you mean `name`?"),
        ("sort_keys=tags", "has no order"),
        ("sort_keys=title", "has no order"),
        ("fields=nmae", "did you mean `name`?"),
        ("fields=updated_at", "no such attribute"),
        ("nulls=name", "never null"),
        ("nulls=nobody", "no such attribute"),
        ("marker=nonsense", "`marker` has to be the id of the workflow"),
        ("title=x", "Unknown query parameter"),
    ],
)
def test_a_wrong_question_is_refused_with_what_is_wrong(app: ASGIApp, query: str, text: str) -> None:
    answer = get(app, f"/v2/workflows?{query}")

    assert answer.status_code == 400
    assert text in answer.json()["faultstring"]


def test_a_marker_that_nobody_sees_is_not_found(app: ASGIApp, store: Store) -> None:
    store.insert_record(a_workflow(1, project_id="other"))
    marker = "marker=00000001-0000-4000-8000-000000000000"

    assert refusal(app, marker, X_Project_Id="acme") == (404, "unknown-marker")
    assert names(app, marker) == []


def test_a_project_sees_its_own_and_public_rows_and_an_administrator_all(app: ASGIApp, store: Store) -> None:
    store.insert_record(a_workflow(1, project_id="acme"))
    store.insert_record(a_workflow(2, project_id="other"))
    store.insert_record(a_workflow(3, project_id="other", scope="public"))

    assert names(app, X_Project_Id="acme") == ["flow1", "flow3"]
    assert names(app) == ["flow1", "flow2", "flow3"]
    assert names(app, "project_id=other") == ["flow2", "flow3"]
    assert refusal(app, "project_id=other", X_Project_Id="acme") == (403, "admin-only")
    assert refusal(app, "all_projects=1", X_Project_Id="acme") == (403, "admin-only")
    assert names(app, "all_projects=", X_Project_Id="acme") == ["flow1", "flow3"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("name=flow1", [1]),
        ("name=eq:flow1", [1]),
        ("name=neq:flow1", [0, 2, 3]),
        ("name=gt:flow1", [2, 3]),
        ("name=gte:flow1", [1, 2, 3]),
        ("name=lt:flow1", [0]),
        ("name=lte:flow1", [0, 1]),
        ("name=has:low", [0, 1, 2, 3]),
        ("name=has:l%25w", []),
        ("name=in:flow1,flow3", [1, 3]),
        ("name=nin:flow1,flow3", [0, 2]),
        ("name=in:flow1,flow3&name=flow2", [2]),
        ("name=like:flow1", []),
        ("tags=odd", [1, 3]),
        ("tags=odd,third", [3]),
        ("tags=eq:third,%20odd", [3]),
        ("created_at=2026-03-01 12:00:02", [2]),
        ("created_at=gt:2026-03-01 12:00:01", [2, 3]),
        ("created_at=gt:2026-03-01", [0, 1, 2, 3]),
        ("created_at=in:nonsense,2026-03-01 12:00:02", [2]),
        ("created_at=nonsense", []),
        ("created_at=neq:nonsense", []),
        ("nulls=checksum", [0, 1, 2]),
        ("nulls=", [0, 1, 2, 3]),
    ],
)
def test_a_filter_compares_by_its_operator(app: ASGIApp, store: Store, query: str, found: list[int]) -> None:
    store.insert_record(a_workflow(0))
    store.insert_record(a_workflow(1, tags=("odd",)))
    store.insert_record(a_workflow(2))
    store.insert_record(a_workflow(3, tags=("odd", "third"), checksum="c"))

    assert names(app, query) == [f"flow{number}" for number in found]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("remaining_executions=2", [2]),
        ("remaining_executions=gte:2", [2, 3]),
        ("remaining_executions=in:1,3", [1, 3]),
        (f"workflow_id=neq:{WORKFLOW_ID}", [1, 2, 3]),
        ('arguments={"n": 2}', [2]),
        ('arguments=neq:{"n":2}', [1, 3]),
        ("next_execution_time=lt:2026-03-03", [1]),
        ("next_execution_time=has:-03 12:00:", [2]),
        ("next_execution_time=has:2026", [1, 2, 3]),
        ("next_execution_time=has:T", []),
    ],
)
def test_a_filter_is_read_by_the_kind_of_its_attribute(
    app: ASGIApp, store: Store, query: str, found: list[int]
) -> None:
    for number in (1, 2, 3):
        store.insert_record(a_trigger(number))

    assert names(app, query, "cron_triggers") == [f"trigger{number}" for number in found]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("remaining_executions=two", "not-an-integer"),
        ("remaining_executions=has:2", "filter-operator"),
        ("remaining_executions=0", "number-too-small"),
        ("remaining_executions=in:1,-1", "number-too-small"),
        ("workflow_id=nonsense", "not-a-uuid"),
        ("workflow_id=", "not-a-uuid"),
        ("arguments={", "not-json"),
        ("arguments=gt:1", "filter-operator"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(app: ASGIApp, query: str, code: str) -> None:
    assert refusal(app, query, "cron_triggers") == (400, code)


ODD = ["9999-12-31 23:59:59", "0001-01-01", "9" * 30, f"-{'9' * 30}", "a," * 600, "[" * 5000]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([each.name for each in (*FLOWS.parameters(), *TRIGGERS.parameters())]),
    st.sampled_from(["", *sorted(f"{word}:" for word in WORDS)]),
    st.text() | st.integers().map(str) | st.datetimes().map(str) | st.sampled_from(ODD),
)
def test_no_question_makes_the_server_fail(app: ASGIApp, name: str, operator: str, value: str) -> None:
    for collection in ("workflows", "cron_triggers"):
        answer = get(app, f"/v2/{collection}?{urlencode({name: operator + value})}")

        assert answer.status_code in (200, 400, 404)


def test_one_row_is_shown_with_what_lists_leave_out(app: ASGIApp, store: Store) -> None:
    store.insert_record(a_workflow(1))
    path = "/v2/workflows/00000001-0000-4000-8000-000000000000"

    assert get(app, path).json().keys() == {
        "id", "name", "tags", "input", "interface", "definition", "project_id", "title", "created_at",
        "updated_at",
    }  # fmt: skip
    assert get(app, f"{path}?fields=definition").json() == {
        "id": "00000001-0000-4000-8000-000000000000",
        "definition": "text",
    }
    assert get(app, f"{path}?fields=title").status_code == 400


def test_a_row_that_is_not_there_or_not_seen_is_not_found(app: ASGIApp, store: Store) -> None:
    store.insert_record(a_workflow(1, project_id="other"))

    answer = get(app, "/v2/workflows/00000001-0000-4000-8000-000000000000", X_Project_Id="acme")

    assert (answer.status_code, answer.headers["maestrale-error-code"]) == (404, "unknown-workflow")


def test_a_record_is_shown_like_a_row() -> None:
    record = msgspec.structs.asdict(a_trigger(1))

    assert present_row(record, TRIGGERS.attributes) == {
        "id": "00000001-0000-4000-9000-000000000000",
        "name": "trigger1",
        "workflow_id": WORKFLOW_ID,
        "arguments": '{"n": 1}',
        "remaining_executions": 1,
        "next_execution_time": "2026-03-02 12:00:00",
        "created_at": "2026-03-01 12:00:01",
    }
