"""`/v2/code_sources` and `/v2/dynamic_actions`."""

import msgspec

from maestrale.wire.code_sources import CodeSource
from maestrale.wire.dynamic_actions import DynamicAction
from tests.api.projects import a_service, two_and_an_admin

SOURCE = "class C:\n  def run(self): pass\n"


def test_a_code_source_is_stored_read_replaced_and_deleted() -> None:
    _, _, admin = two_and_an_admin(a_service())

    made = admin.post("/v2/code_sources?name=src&namespace=here", SOURCE)
    read = admin.get("/v2/code_sources/src?namespace=here")
    replaced = admin.put("/v2/code_sources?identifier=src&namespace=here", "")
    listed = admin.get("/v2/code_sources?name=src&namespace=here&fields=name,version")["code_sources"]
    admin.delete(f"/v2/code_sources/{made['id']}")

    assert made == {
        "id": made["id"],
        "name": "src",
        "namespace": "here",
        "content": SOURCE,
        "version": 1,
        "project_id": admin.name,
        "scope": "private",
        "created_at": made["created_at"],
    }
    assert read == made | {"updated_at": None}
    msgspec.convert(read, CodeSource)
    assert (replaced["version"], replaced["content"]) == (2, "")
    assert listed == [{"id": made["id"], "name": "src", "version": 2}]
    assert "unknown-code-source" in admin.get("/v2/code_sources/src?namespace=here", 404)


def test_the_answer_to_an_upload_of_code_is_plain_json() -> None:
    _, _, admin = two_and_an_admin(a_service())

    answer = admin.call("POST", "/v2/code_sources?name=src", content=SOURCE)

    assert answer.headers["content-type"] == "application/json"


def test_what_is_wrong_with_a_code_source_is_told() -> None:
    _, _, admin = two_and_an_admin(a_service())
    admin.post("/v2/code_sources?name=src", SOURCE)

    assert "name-missing" in admin.post("/v2/code_sources", SOURCE, 400)
    assert "name-taken" in admin.post("/v2/code_sources?name=src", SOURCE, 409)
    assert "unknown-scope" in admin.post("/v2/code_sources?name=b&scope=x", SOURCE, 400)
    assert "unknown-code-source" in admin.put("/v2/code_sources?identifier=b", SOURCE, 404)
    assert "identifier-missing" in admin.put("/v2/code_sources", SOURCE, 400)


def test_code_can_be_asked_for_tags_and_actions_although_it_never_has_any() -> None:
    _, _, admin = two_and_an_admin(a_service())
    source = admin.post("/v2/code_sources?name=src", SOURCE)
    admin.post("/v2/dynamic_actions", {"name": "act", "class_name": "C", "code_source_name": "src"})

    assert admin.get("/v2/code_sources?tags=a") == {"code_sources": []}
    assert admin.get("/v2/dynamic_actions?tags=a") == {"dynamic_actions": []}
    assert admin.get("/v2/code_sources?fields=actions") == {"code_sources": [{"id": source["id"]}]}


def test_a_dynamic_action_is_made_read_changed_and_deleted() -> None:
    _, _, admin = two_and_an_admin(a_service())
    source = admin.post("/v2/code_sources?name=src", SOURCE)
    other = admin.post("/v2/code_sources?name=other", SOURCE)

    made = admin.post(
        "/v2/dynamic_actions", {"name": "my.c", "class_name": "C", "code_source_id": source["id"]}
    )
    read = admin.get("/v2/dynamic_actions/my.c?namespace=")
    moved = admin.put("/v2/dynamic_actions", {"id": made["id"], "code_source_name": "other"})
    listed = admin.get("/v2/dynamic_actions?name=my.c")["dynamic_actions"]
    admin.delete("/v2/dynamic_actions/my.c")

    assert made == {
        "id": made["id"],
        "name": "my.c",
        "namespace": "",
        "class_name": "C",
        "code_source_id": source["id"],
        "code_source_name": "src",
        "project_id": admin.name,
        "scope": "private",
        "created_at": made["created_at"],
    }
    assert read == made | {"updated_at": None}
    msgspec.convert(read, DynamicAction)
    assert (moved["code_source_id"], moved["class_name"]) == (other["id"], "C")
    assert listed == [moved]
    assert "unknown-dynamic-action" in admin.get("/v2/dynamic_actions/my.c", 404)


def test_what_is_wrong_with_a_dynamic_action_is_told() -> None:
    _, _, admin = two_and_an_admin(a_service())
    admin.post("/v2/code_sources?name=src", SOURCE)
    body = {"name": "my.c", "class_name": "C", "code_source_name": "src"}
    admin.post("/v2/dynamic_actions", body)

    path = "/v2/dynamic_actions"
    assert "name-taken" in admin.post(path, body, 409)
    assert "code-source-missing" in admin.post(path, {"name": "x", "class_name": "C"}, 400)
    assert "unknown-code-source" in admin.post(path, {**body, "namespace": "here"}, 404)
    assert "read-only-attribute" in admin.post(path, {**body, "project_id": "x"}, 400)
    assert "identifier-missing" in admin.put(path, {"class_name": "D"}, 400)
    assert "unknown-dynamic-action" in admin.put(path, {"name": "x"}, 404)


def test_code_is_for_administrators_only() -> None:
    ann, _, admin = two_and_an_admin(a_service())
    admin.post("/v2/code_sources?name=src&scope=public", SOURCE)

    for method, path in (
        ("GET", "/v2/code_sources"),
        ("GET", "/v2/code_sources/src"),
        ("POST", "/v2/code_sources?name=x"),
        ("PUT", "/v2/code_sources?identifier=src"),
        ("DELETE", "/v2/code_sources/src"),
        ("GET", "/v2/dynamic_actions"),
        ("GET", "/v2/dynamic_actions/x"),
        ("POST", "/v2/dynamic_actions"),
        ("PUT", "/v2/dynamic_actions"),
        ("DELETE", "/v2/dynamic_actions/x"),
    ):
        assert ann.call(method, path, json={}).status_code == 403, (method, path)
