"""`/v2/workflows`."""

import json
from hashlib import md5

import msgspec

from maestrale.ids import new_id
from maestrale.wire.workflows import StoredWorkflow, Workflow
from tests.api.projects import a_service, two_and_an_admin
from tests.definitions.texts import TWO_WORKFLOWS, WORKFLOW

INTERFACE = {"input": ["name", {"times": 10}], "output": ["text"]}


def test_a_workflow_is_stored_read_replaced_and_deleted() -> None:
    ann, _, _ = two_and_an_admin(a_service())

    (made,) = ann.post("/v2/workflows", WORKFLOW)["workflows"]
    read = ann.get("/v2/workflows/greet?namespace=")
    (replaced,) = ann.put("/v2/workflows", WORKFLOW)["workflows"]
    by_id = ann.put(f"/v2/workflows/{made['id']}", WORKFLOW.replace("greet", "hail"))
    ann.delete("/v2/workflows/hail")

    assert made == {
        "id": made["id"],
        "name": "greet",
        "namespace": "",
        "input": 'name, times="10"',
        "interface": INTERFACE,
        "definition": WORKFLOW,
        "checksum": md5(WORKFLOW.encode()).hexdigest(),
        "tags": ["hello"],
        "scope": "private",
        "project_id": ann.name,
        "created_at": made["created_at"],
    }
    assert replaced == made | {"updated_at": None}
    assert read == made | {"updated_at": None, "interface": json.dumps(INTERFACE)}
    assert (by_id["name"], by_id["interface"]) == ("hail", INTERFACE)
    msgspec.convert(read, Workflow)
    msgspec.convert(by_id, StoredWorkflow)
    missing = ann.get("/v2/workflows/hail?namespace=there", 404)
    assert "hail" in missing and "there" in missing


def test_workflows_of_one_text_come_back_in_its_order() -> None:
    ann, _, _ = two_and_an_admin(a_service())

    made = ann.post("/v2/workflows", TWO_WORKFLOWS)["workflows"]

    assert [each["name"] for each in made] == ["first", "second"]
    assert [each["definition"].splitlines()[0] for each in made] == ["version: '2.0'"] * 2


def test_choosing_the_input_brings_the_interface_and_not_the_other_way_round() -> None:
    ann, _, _ = two_and_an_admin(a_service())
    ann.post("/v2/workflows", WORKFLOW)

    with_input = ann.get("/v2/workflows?fields=input")["workflows"][0]
    with_interface = ann.get("/v2/workflows?fields=interface")["workflows"][0]
    single = ann.get("/v2/workflows/greet?fields=input,scope")

    assert set(with_input) == {"id", "input", "interface"}
    assert set(with_interface) == {"id"}
    assert single["input"] == 'name, times="10"'
    assert "definition" not in single
    assert "unknown-attribute" in ann.get("/v2/workflows?fields=bogus", 400)


def test_workflows_are_listed_by_filters_and_pages() -> None:
    ann, bob, admin = two_and_an_admin(a_service())
    ann.post("/v2/workflows", TWO_WORKFLOWS)
    ann.post("/v2/workflows?namespace=here", WORKFLOW)
    bob.post("/v2/workflows", WORKFLOW)

    def names(path: str) -> list[str]:
        return [each["name"] for each in ann.get(path)["workflows"]]

    assert names("/v2/workflows?sort_keys=name") == ["first", "greet", "second"]
    assert names("/v2/workflows?namespace=here") == ["greet"]
    assert names("/v2/workflows?name=in:greet,first&name=first") == ["first"]
    assert names("/v2/workflows?tags=hello") == ["greet"]
    assert names("/v2/workflows?input=has:times") == ["greet"]
    page = ann.get("/v2/workflows?limit=1&sort_keys=name&sort_dirs=desc")
    assert page["next"].split("?")[1].split("&")[:2] == ["sort_keys=name,id", "sort_dirs=desc,asc"]
    assert names(page["next"].removeprefix("http://here")) == ["greet"]
    assert "admin-only" in ann.get("/v2/workflows?all_projects=true", 403)
    assert len(admin.get("/v2/workflows?all_projects=true")["workflows"]) == 4
    assert len(admin.get(f"/v2/workflows?project_id={bob.name}")["workflows"]) == 1


def test_what_is_wrong_with_workflows_is_told() -> None:
    ann, bob, admin = two_and_an_admin(a_service())
    ann.post("/v2/workflows", WORKFLOW)
    (public,) = admin.post("/v2/workflows?scope=public", WORKFLOW.replace("greet", "open"))["workflows"]

    assert "name-taken" in ann.post("/v2/workflows", WORKFLOW, 409)
    assert "empty-value" in ann.post("/v2/workflows", "version: '2.0'\nw: {}", 400)
    assert "several-definitions" in ann.put("/v2/workflows/greet", TWO_WORKFLOWS, 400)
    assert "unknown-workflow" in bob.delete("/v2/workflows/greet", 404)
    assert "unknown-workflow" in bob.put("/v2/workflows", WORKFLOW, 404)
    assert "not-the-owner" in bob.delete(f"/v2/workflows/{public['id']}", 403)
    assert "unknown-workflow" in ann.get(f"/v2/workflows/{public['id'].upper()}", 404)
    assert "unknown-workflow" in ann.delete(f"/v2/workflows/{new_id()}", 404)
    assert ann.call("PUT", "/v2/workflows", content=b"\xff").status_code == 400


def test_a_workflow_with_triggers_cannot_be_deleted() -> None:
    ann, _, _ = two_and_an_admin(a_service())
    ann.post("/v2/workflows", WORKFLOW)
    trigger = {"name": "t", "workflow_name": "greet", "workflow_input": {"name": "x"}, "pattern": "@hourly"}
    ann.post("/v2/cron_triggers", trigger)

    assert "Can't delete workflow that has cron triggers associated" in ann.delete("/v2/workflows/greet", 400)


def test_validation_tells_every_problem() -> None:
    ann, _, _ = two_and_an_admin(a_service())

    assert ann.post("/v2/workflows/validate", WORKFLOW, 200)["valid"] is True
    verdict = ann.post("/v2/workflows/validate", "version: '2.0'\nw: {tasks: {a: {on-success: [b, c]}}}", 200)
    assert verdict["error"].count("undefined-task") == 2
