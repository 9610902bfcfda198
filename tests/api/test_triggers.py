"""`/v2/cron_triggers` and `/v2/event_triggers`."""

from typing import Any

import msgspec
import pytest

from maestrale.ids import new_id
from maestrale.wire.cron_triggers import CronTrigger
from maestrale.wire.event_triggers import EventTrigger
from tests.api.projects import Project, a_service, two_and_an_admin
from tests.definitions.texts import WORKFLOW

CRON = {
    "name": "t",
    "workflow_name": "greet",
    "workflow_input": '{"name": "Ann"}',
    "pattern": "0 0 * * *",
    "first_execution_time": None,
    "remaining_executions": None,
}


@pytest.fixture
def projects() -> tuple[Project, Project, Project]:
    """The first has a workflow `greet`, the administrator a public `open`."""
    ann, bob, admin = two_and_an_admin(a_service())
    ann.post("/v2/workflows", WORKFLOW)
    admin.post("/v2/workflows?scope=public", WORKFLOW.replace("greet", "open"))
    return ann, bob, admin


def test_a_cron_trigger_is_made_read_and_deleted(projects: tuple[Project, Project, Project]) -> None:
    ann, _, _ = projects

    made = ann.post("/v2/cron_triggers", {**CRON, "remaining_executions": "3"})
    read = ann.get("/v2/cron_triggers/t")
    listed = ann.get("/v2/cron_triggers?pattern=0 0 * * *&remaining_executions=gte:3")["cron_triggers"]
    ann.delete(f"/v2/cron_triggers/{made['id']}")

    assert made == {
        "id": made["id"],
        "name": "t",
        "workflow_name": "greet",
        "workflow_id": made["workflow_id"],
        "workflow_input": '{"name": "Ann"}',
        "workflow_params": "{}",
        "project_id": ann.name,
        "scope": "private",
        "pattern": "0 0 * * *",
        "remaining_executions": 3,
        "first_execution_time": None,
        "next_execution_time": made["next_execution_time"],
        "created_at": made["created_at"],
    }
    assert made["next_execution_time"].endswith(" 00:00:00")
    assert read == made | {"updated_at": None}
    assert listed == [read]
    msgspec.convert(read, CronTrigger)
    assert "unknown-cron-trigger" in ann.get("/v2/cron_triggers/t", 404)
    assert ann.call("PUT", "/v2/cron_triggers/t", json={}).status_code == 405


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"remaining_executions": "many"}, 400, "wrong-attribute"),
        ({"remaining_executions": 0}, 400, "out-of-range"),
        ({"name": None}, 400, "name-missing"),
        ({"project_id": "x"}, 400, "read-only-attribute"),
        ({"bogus": 1}, 400, "unknown-attribute"),
        ({"scope": "public"}, 403, "publicize-denied"),
        ({"first_execution_time": "2040-01-01 00:00:00"}, 400, "bad-time"),
        ({"pattern": None}, 400, "time-missing"),
        ({"pattern": "x"}, 400, "bad-cron-pattern"),
        ({"workflow_name": "other"}, 404, "unknown-workflow"),
        ({"workflow_input": {}}, 400, "invalid-workflow-input"),
        ({"workflow_input": "["}, 400, "not-json"),
        ({}, 409, "name-taken"),
    ],
)
def test_a_wrong_cron_trigger_is_refused(
    projects: tuple[Project, Project, Project], wrong: dict[str, Any], status: int, code: str
) -> None:
    ann, _, _ = projects
    ann.post("/v2/cron_triggers", CRON)

    assert code in ann.post("/v2/cron_triggers", {**CRON, **wrong}, status)


def test_attributes_that_mean_nothing_in_a_new_trigger_are_passed_over(
    projects: tuple[Project, Project, Project],
) -> None:
    made = projects[0].post("/v2/cron_triggers", {**CRON, "next_execution_time": "2040-01-01 00:00:00"})

    assert not made["next_execution_time"].startswith("2040")


def test_cron_triggers_follow_the_rules_of_projects(projects: tuple[Project, Project, Project]) -> None:
    ann, bob, admin = projects
    ann.post("/v2/cron_triggers", CRON)
    admin.post("/v2/cron_triggers", {**CRON, "name": "open", "workflow_name": "open", "scope": "public"})

    assert [each["name"] for each in bob.get("/v2/cron_triggers")["cron_triggers"]] == ["open"]
    assert "not-the-owner" in bob.delete("/v2/cron_triggers/open", 403)
    assert "unknown-cron-trigger" in bob.delete("/v2/cron_triggers/t", 404)
    assert "admin-only" in bob.get("/v2/cron_triggers?all_projects=1", 403)
    admin.delete("/v2/cron_triggers/t")


def an_event(project: Project, **parts: Any) -> dict[str, Any]:
    id = project.get("/v2/workflows/open")["id"]
    usual = {"exchange": "nova", "topic": "n", "event": "e", "workflow_id": id, "workflow_input": {"name": 1}}
    return {**usual, **parts}


def test_an_event_trigger_is_made_read_changed_and_deleted(
    projects: tuple[Project, Project, Project],
) -> None:
    ann, _, _ = projects

    made = ann.post("/v2/event_triggers", an_event(ann))
    path = f"/v2/event_triggers/{made['id']}"
    read = ann.get(path)
    changed = ann.put(path, {"name": "n", "workflow_params": "{}"})
    listed = ann.get("/v2/event_triggers?topic=n")["event_triggers"]
    ann.delete(path)

    assert made == {
        "id": made["id"],
        "name": "",
        "workflow_id": made["workflow_id"],
        "workflow_input": '{"name": 1}',
        "workflow_params": "{}",
        "exchange": "nova",
        "topic": "n",
        "event": "e",
        "scope": "private",
        "project_id": ann.name,
        "created_at": made["created_at"],
        "updated_at": None,
    }
    assert read == made
    msgspec.convert(read, EventTrigger)
    assert changed["name"] == "n" and changed["updated_at"] is not None
    assert listed == [changed]
    assert "unknown-event-trigger" in ann.get(path, 404)


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"exchange": None}, 400, "missing-attribute"),
        ({"topic": ""}, 400, "missing-attribute"),
        ({"workflow_id": "open"}, 400, "not-a-uuid"),
        ({"workflow_id": new_id()}, 404, "unknown-workflow"),
        ({"workflow_input": {}}, 400, "invalid-workflow-input"),
        ({"scope": "public"}, 403, "publicize-denied"),
        ({"id": new_id()}, 400, "read-only-attribute"),
        ({"created_at": ""}, 400, "read-only-attribute"),
        ({}, 409, "name-taken"),
    ],
)
def test_a_wrong_event_trigger_is_refused(
    projects: tuple[Project, Project, Project], wrong: dict[str, Any], status: int, code: str
) -> None:
    ann, _, _ = projects
    ann.post("/v2/event_triggers", an_event(ann))

    assert code in ann.post("/v2/event_triggers", an_event(ann, **wrong), status)


def test_a_wrong_change_of_an_event_trigger_is_refused(projects: tuple[Project, Project, Project]) -> None:
    ann, bob, admin = projects
    id = ann.post("/v2/event_triggers", an_event(ann))["id"]
    public = admin.post("/v2/event_triggers", an_event(admin, scope="public"))["id"]

    assert "immutable-attribute" in ann.put(f"/v2/event_triggers/{id}", {"event": "x"}, 400)
    assert "not-a-uuid" in ann.put("/v2/event_triggers/x", {}, 400)
    assert "unknown-event-trigger" in bob.put(f"/v2/event_triggers/{id}", {"name": "x"}, 404)
    assert "not-the-owner" in bob.put(f"/v2/event_triggers/{public}", {"name": "x"}, 403)
    assert "not-the-owner" in bob.delete(f"/v2/event_triggers/{public}", 403)
