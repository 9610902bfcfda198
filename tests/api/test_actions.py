"""`/v2/actions`: three kinds of actions as one collection."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestrale.api.action_rows import page_of
from maestrale.ids import new_id
from maestrale.store import Condition, Order
from maestrale.wire.actions import Action
from tests.api.projects import Project, a_service, two_and_an_admin
from tests.definitions.texts import ACTIONS

QUIET = "version: '2.0'\nquiet: {base: std.noop, tags: [soft, low]}\n"
SOURCE = "class C:\n  '''Checks.'''\n  def __init__(self, a, b=2): pass\n  def run(self): pass\n"


@pytest.fixture
def projects() -> tuple[Project, Project, Project]:
    return two_and_an_admin(a_service())


def names(project: Project, query: str = "") -> list[str]:
    return [each["name"] for each in project.get(f"/v2/actions?{query}")["actions"]]


def make_dynamic(admin: Project, scope: str = "public") -> None:
    admin.post("/v2/code_sources?name=src", SOURCE)
    body = {"name": "my.check", "class_name": "C", "code_source_name": "src", "scope": scope}
    admin.post("/v2/dynamic_actions", body)


def test_ad_hoc_actions_are_stored_read_replaced_and_deleted(
    projects: tuple[Project, Project, Project],
) -> None:
    ann, _, _ = projects

    loud, quiet = ann.post("/v2/actions", ACTIONS)["actions"]
    read = ann.get("/v2/actions/quiet/")
    replaced = ann.put("/v2/actions", ACTIONS)["actions"]
    by_id = ann.put(f"/v2/actions/{quiet['id']}", QUIET.replace("quiet", "still"))["actions"]
    ann.delete("/v2/actions/still")

    assert loud == {
        "id": loud["id"],
        "name": "loud",
        "is_system": False,
        "input": 'text, mark="!", times=2',
        "description": "Says it loudly.",
        "tags": [],
        "definition": ACTIONS,
        "scope": "private",
        "project_id": ann.name,
        "namespace": "",
        "created_at": loud["created_at"],
    }
    assert (quiet["input"], quiet["description"]) == (None, None)
    assert read == quiet | {"input": "", "updated_at": None}
    assert replaced == [loud | {"updated_at": None}, quiet | {"updated_at": None}]
    assert [(each["name"], each["id"]) for each in by_id] == [("still", quiet["id"])]
    msgspec.convert(read, Action)
    assert "unknown-action" in ann.get("/v2/actions/still", 404)


def test_a_built_in_action_looks_as_mistral_shows_it(projects: tuple[Project, Project, Project]) -> None:
    ann, _, _ = projects

    echo = ann.get("/v2/actions/std.echo/")

    assert echo == {
        "id": "std.echo",
        "name": "std.echo",
        "is_system": False,
        "input": "output, delay=0",
        "description": echo["description"],
        "tags": None,
        "definition": "",
        "scope": None,
        "project_id": None,
        "namespace": "",
        "created_at": "",
        "updated_at": "",
    }
    assert echo["description"]
    assert "unknown-action" in ann.delete("/v2/actions/std.echo", 404)
    assert "unknown-action" in ann.get("/v2/actions/maestrale.python", 404)


def test_a_dynamic_action_is_listed_with_the_others(projects: tuple[Project, Project, Project]) -> None:
    ann, _, admin = projects
    make_dynamic(admin)

    found = ann.get("/v2/actions/my.check")

    assert (found["id"], found["input"], found["description"]) == ("my.check", "a, b=2", "Checks.")
    assert names(ann, "name=has:check") == ["my.check"]


def test_all_actions_are_one_list_sorted_by_name(projects: tuple[Project, Project, Project]) -> None:
    ann, bob, admin = projects
    ann.post("/v2/actions", ACTIONS)
    ann.post("/v2/actions?namespace=here", QUIET)
    bob.post("/v2/actions", QUIET.replace("quiet", "bobs"))
    make_dynamic(admin)

    listed = names(ann)

    assert listed == sorted(listed)
    assert {"loud", "quiet", "my.check", "std.echo", "std.http"} < set(listed)
    assert "bobs" not in listed
    assert listed.count("quiet") == 1
    assert "next" not in ann.get("/v2/actions")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("namespace=here", ["quiet"]),
        ("namespace=in:here,&name=quiet", ["quiet", "quiet"]),
        ("name=in:loud,std.echo", ["loud", "std.echo"]),
        ("name=has:ou", ["loud"]),
        ("name=has:OU", []),
        ("created_at=has:-", ["loud", "quiet"]),
        ("tags=low,soft&namespace=has:", ["quiet"]),
        ("scope=private", ["loud", "quiet"]),
        ("description=Says it loudly.", ["loud"]),
        ("input=has:text, mark", ["loud"]),
        ("definition=has:base&name=neq:loud", ["quiet"]),
        ("is_system=true", []),
        ("is_system=false&name=loud", ["loud"]),
        ("created_at=gt:2020-01-01", ["loud", "quiet"]),
        ("created_at=lt:2020-01-01", []),
        ("created_at=nonsense", []),
        ("updated_at=gt:2020-01-01", []),
        ("name=gte:q&name=lt:r", None),
        ("sort_keys=created_at,name&sort_dirs=desc&limit=2", ["loud", "quiet"]),
        ("fields=bogus&name=loud", ["loud"]),
    ],
)
def test_actions_are_filtered(
    projects: tuple[Project, Project, Project], query: str, expected: list[str] | None
) -> None:
    ann, _, _ = projects
    ann.post("/v2/actions", ACTIONS)
    ann.post("/v2/actions?namespace=here", QUIET)

    if expected is None:  # Of several filters with one name, the last counts.
        assert names(ann, query) == [name for name in names(ann) if name < "r"]
    else:
        assert names(ann, query) == expected


def test_pages_by_marker_make_up_the_whole(projects: tuple[Project, Project, Project]) -> None:
    ann, _, admin = projects
    ann.post("/v2/actions", ACTIONS)
    make_dynamic(admin)
    whole = names(ann, "sort_keys=name&sort_dirs=desc")

    gathered, path = [], "/v2/actions?limit=3&sort_keys=name&sort_dirs=desc"
    while path:
        page = ann.get(path)
        gathered += [each["name"] for each in page["actions"]]
        path = page.get("next", "").removeprefix("http://here")

    assert gathered == whole
    assert "unknown-marker" in ann.get(f"/v2/actions?marker={new_id()}", 404)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=0", "Limit must be positive"),
        ("sort_dirs=up", "Unknown sort direction"),
        ("sort_keys=bogus", "unknown-attribute"),
        ("sort_keys=tags", "unknown-attribute"),
        ("bogus=1", "unknown-parameter"),
        ("all_projects=true", "unknown-parameter"),
    ],
)
def test_a_wrong_question_is_refused(
    projects: tuple[Project, Project, Project], query: str, code: str
) -> None:
    assert code in projects[0].get(f"/v2/actions?{query}", 400)


def test_a_namespace_that_lacks_an_action_has_that_of_the_default_one(
    projects: tuple[Project, Project, Project],
) -> None:
    ann, _, _ = projects
    ann.post("/v2/actions", QUIET)
    (here,) = ann.post("/v2/actions?namespace=here", QUIET)["actions"]

    assert ann.get("/v2/actions/quiet/here")["id"] == here["id"]
    assert ann.get("/v2/actions/quiet?namespace=here")["id"] == here["id"]
    assert ann.get("/v2/actions/quiet/elsewhere")["namespace"] == ""
    ann.delete("/v2/actions/quiet/here")
    ann.delete("/v2/actions/quiet/here")
    ann.get("/v2/actions/quiet/here", 404)


def test_an_action_that_is_read_is_the_one_that_a_task_of_the_namespace_would_run(
    projects: tuple[Project, Project, Project],
) -> None:
    _, _, admin = projects
    admin.post("/v2/actions", "version: '2.0'\nmy.check: {base: std.noop}\n")
    admin.post("/v2/code_sources?name=src&namespace=here", SOURCE)
    body = {"name": "my.check", "class_name": "C", "code_source_name": "src", "namespace": "here"}
    admin.post("/v2/dynamic_actions", body)

    assert admin.get("/v2/actions/my.check/here")["description"] == "Checks."
    assert admin.get("/v2/actions/my.check/elsewhere")["description"] is None


def test_an_ad_hoc_action_may_share_the_name_of_a_built_in_one(
    projects: tuple[Project, Project, Project],
) -> None:
    ann, _, _ = projects

    (own,) = ann.post("/v2/actions", "version: '2.0'\nstd.echo: {base: std.noop}\n")["actions"]

    assert names(ann, "name=std.echo") == ["std.echo", "std.echo"]
    assert ann.get("/v2/actions/std.echo")["id"] == "std.echo"
    assert ann.get(f"/v2/actions/{own['id']}")["id"] == own["id"]


def test_what_is_wrong_with_actions_is_told(projects: tuple[Project, Project, Project]) -> None:
    ann, bob, admin = projects
    ann.post("/v2/actions", QUIET)
    admin.post("/v2/actions?scope=public", QUIET.replace("quiet", "open"))

    assert "name-taken" in ann.post("/v2/actions", ACTIONS, 409)
    assert "missing-key" in ann.post("/v2/actions", "version: '2.0'\na: {input: [b]}\n", 400)
    assert "reserved-name" in ann.post("/v2/actions", "version: '2.0'\na: {base: maestrale.python}\n", 400)
    assert "several-definitions" in ann.put("/v2/actions/quiet", ACTIONS, 400)
    assert "unknown-action" in bob.put("/v2/actions", QUIET, 404)
    assert "not-the-owner" in bob.delete("/v2/actions/open", 403)
    assert "publicize-denied" in ann.put("/v2/actions?scope=public", QUIET, 403)
    assert ann.post("/v2/actions/validate", ACTIONS, 200) == {"valid": True}
    assert ann.post("/v2/actions/validate", "a: 1", 200)["valid"] is False


ROWS = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from("abc"), "input": st.none() | st.sampled_from("xy")}),
    max_size=8,
)


@given(ROWS, st.integers(1, 4), st.booleans(), st.booleans(), st.sampled_from("abc"))
def test_pages_of_whatever_rows_make_up_what_sorting_gives(
    parts: list[dict[str, Any]], limit: int, down: bool, down_too: bool, least: str
) -> None:
    rows = [{"id": f"{index}", **row} for index, row in enumerate(parts)]
    order = (Order("input", down), Order("name", down_too), Order("id"))
    conditions = [Condition("name", "gte", least)]
    expected = sorted(rows, key=lambda row: row["id"])
    expected.sort(key=lambda row: row["name"], reverse=down_too)
    expected.sort(key=lambda row: row["input"] or "", reverse=down)

    gathered: list[Any] = []
    marker = None
    while True:
        page = page_of(rows, conditions=conditions, order=order, marker=marker, limit=limit)
        gathered += page.rows
        if not page.is_full or not page.rows:
            break
        marker = page.rows[-1]["id"]

    assert gathered == [row for row in expected if row["name"] >= least]
