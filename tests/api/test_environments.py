"""`/v2/environments`."""

import msgspec
import pytest

from maestrale.wire.environments import Environment
from tests.api.projects import a_service, two_and_an_admin


def test_an_environment_is_made_read_changed_and_deleted() -> None:
    ann, _, _ = two_and_an_admin(a_service())

    made = ann.post("/v2/environments", {"name": "e", "variables": '{"a": {"é": 1}}'})
    read = ann.get("/v2/environments/e")
    same = ann.put("/v2/environments", {"name": "e"})
    changed = ann.put("/v2/environments", {"name": "e", "description": "d", "variables": {"b": 2}})
    ann.delete("/v2/environments/e")

    assert made == {
        "id": made["id"],
        "name": "e",
        "variables": '{"a": {"\\u00e9": 1}}',
        "scope": "private",
        "project_id": ann.name,
        "created_at": made["created_at"],
    }
    assert read == same == made | {"description": None, "updated_at": None}
    msgspec.convert(read, Environment)
    assert (changed["description"], changed["variables"]) == ("d", '{"b": 2}')
    assert changed["updated_at"] is not None
    assert "unknown-environment" in ann.get("/v2/environments/e", 404)
    assert "unknown-environment" in ann.put("/v2/environments", {"name": "e"}, 404)
    assert "unknown-environment" in ann.delete("/v2/environments/e", 404)


def test_what_was_not_given_lacks_in_the_first_answer() -> None:
    ann, _, _ = two_and_an_admin(a_service())

    made = ann.post("/v2/environments", {"name": "e", "description": "d"})

    assert set(made) == {"id", "name", "description", "scope", "project_id", "created_at"}


def test_environments_are_listed_by_filters_and_pages() -> None:
    ann, _, _ = two_and_an_admin(a_service())
    for name in "abc":
        ann.post("/v2/environments", {"name": name, "variables": {"x": name, "y": 1}})

    def names(path: str) -> list[str]:
        return [each["name"] for each in ann.get(path)["environments"]]

    assert names("/v2/environments?sort_keys=name&sort_dirs=desc") == ["c", "b", "a"]
    assert names('/v2/environments?variables={"y": 1, "x": "b"}') == ["b"]
    page = ann.get("/v2/environments?limit=2&sort_keys=name")
    assert names(page["next"].removeprefix("http://here")) == ["c"]
    assert ann.get("/v2/environments/a?fields=name").keys() == {"id", "name"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"variables": {}}, "name-missing"),
        ({"name": ""}, "name-missing"),
        ({"name": "e", "id": "x"}, "unknown-attribute"),
        ({"name": "e", "project_id": "x"}, "read-only-attribute"),
        ({"name": "e", "variables": "[1]"}, "not-an-object"),
        ({"name": "e", "variables": ""}, "not-json"),
        ({"name": "e", "scope": "x"}, "unknown-scope"),
        ({"name": 5}, "wrong-attribute"),
        ([], "not-an-object"),
    ],
)
def test_a_wrong_environment_is_refused(body: object, code: str) -> None:
    ann, _, _ = two_and_an_admin(a_service())

    assert code in ann.post("/v2/environments", body, 400)


def test_environments_follow_the_rules_of_projects() -> None:
    ann, bob, admin = two_and_an_admin(a_service())
    ann.post("/v2/environments", {"name": "e"})
    admin.post("/v2/environments", {"name": "open", "scope": "public"})

    assert "name-taken" in ann.post("/v2/environments", {"name": "e"}, 409)
    assert "publicize-denied" in ann.post("/v2/environments", {"name": "x", "scope": "public"}, 403)
    assert "not-the-owner" in bob.put("/v2/environments", {"name": "open", "description": "x"}, 403)
    assert "not-the-owner" in bob.delete("/v2/environments/open", 403)
    assert bob.get("/v2/environments/open")["project_id"] == admin.name
    assert "unknown-environment" in admin.get("/v2/environments/e", 404)
    assert len(admin.get("/v2/environments")["environments"]) == 2
