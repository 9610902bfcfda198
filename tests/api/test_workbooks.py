"""`/v2/workbooks`."""

import msgspec

from maestrale.wire.workbooks import Workbook
from tests.api.projects import a_service, two_and_an_admin
from tests.definitions.texts import WORKBOOK

NOON = "2030-01-01 12:00:00"


def test_a_workbook_is_stored_read_replaced_and_deleted() -> None:
    ann, _, _ = two_and_an_admin(a_service())

    made = ann.post("/v2/workbooks?namespace=here", WORKBOOK)
    read = ann.get("/v2/workbooks/book?namespace=here")
    replaced = ann.put("/v2/workbooks?namespace=here", WORKBOOK)
    ann.delete("/v2/workbooks/book?namespace=here")

    assert made == {
        "id": made["id"],
        "name": "book",
        "namespace": "here",
        "definition": WORKBOOK,
        "tags": ["shelf"],
        "scope": "private",
        "project_id": ann.name,
        "created_at": made["created_at"],
    }
    assert read == replaced == made | {"updated_at": None}
    msgspec.convert(read, Workbook)
    assert "book" in ann.get("/v2/workbooks/book?namespace=here", 404)
    assert [each["name"] for each in ann.get("/v2/workflows?sort_keys=name")["workflows"]] == [
        "book.one",
        "book.two",
    ]


def test_workbooks_are_listed_by_filters_fields_and_pages() -> None:
    ann, bob, admin = two_and_an_admin(a_service())
    for name in ("one", "two", "three"):
        ann.post("/v2/workbooks", WORKBOOK.replace("name: book", f"name: {name}"))
    bob.post("/v2/workbooks", WORKBOOK)
    admin.post("/v2/workbooks?scope=public", WORKBOOK)

    def names(path: str) -> list[str]:
        return [each["name"] for each in ann.get(path)["workbooks"]]

    assert sorted(names("/v2/workbooks")) == ["book", "one", "three", "two"]
    assert names("/v2/workbooks?name=has:t&sort_keys=name&sort_dirs=desc") == ["two", "three"]
    assert names("/v2/workbooks?scope=public") == ["book"]
    page = ann.get("/v2/workbooks?fields=name&sort_keys=name&limit=2")
    assert [set(each) for each in page["workbooks"]] == [{"id", "name"}] * 2
    assert names(page["next"].removeprefix("http://here")) == ["three", "two"]
    assert len(admin.get("/v2/workbooks")["workbooks"]) == 5


def test_what_is_wrong_with_a_workbook_is_told() -> None:
    ann, bob, admin = two_and_an_admin(a_service())
    ann.post("/v2/workbooks", WORKBOOK)
    admin.post("/v2/workbooks?scope=public", WORKBOOK.replace("name: book", "name: open"))

    assert "name-taken" in ann.post("/v2/workbooks", WORKBOOK, 409)
    assert "yaml-syntax" in ann.post("/v2/workbooks", "name: [", 400)
    assert "unknown-scope" in ann.post("/v2/workbooks?scope=x", WORKBOOK, 400)
    assert "publicize-denied" in ann.post("/v2/workbooks?scope=public", WORKBOOK, 403)
    assert "unknown-workbook" in bob.put("/v2/workbooks", WORKBOOK, 404)
    assert "unknown-workbook" in bob.get("/v2/workbooks/book", 404)
    assert "not-the-owner" in bob.delete("/v2/workbooks/open", 403)
    assert "unknown-attribute" in ann.get("/v2/workbooks/book?fields=bogus", 400)
    assert ann.call("DELETE", "/v2/workbooks").status_code == 400


def test_errors_of_texts_have_the_short_form() -> None:
    ann, _, _ = two_and_an_admin(a_service())

    answer = ann.call("POST", "/v2/workbooks", content="name: [")

    assert set(answer.json()) == {"faultstring"}
    assert answer.headers["content-type"] == "application/json"


def test_a_text_is_taken_whatever_content_type_it_has() -> None:
    ann, _, _ = two_and_an_admin(a_service())

    for name, kind in (("a", "text/plain"), ("b", "application/json"), ("c", None)):
        text = WORKBOOK.replace("name: book", f"name: {name}").encode()
        headers = {"Content-Type": kind} if kind else {}
        answer = ann.call("POST", "/v2/workbooks", content=text, headers=headers)
        assert answer.status_code == 201
        assert answer.headers["content-type"] == "application/json;charset=utf-8"


def test_validation_answers_200_whatever_the_text_is() -> None:
    ann, _, _ = two_and_an_admin(a_service())

    assert ann.post("/v2/workbooks/validate", WORKBOOK, 200)["valid"] is True
    verdict = ann.post("/v2/workbooks/validate", "version: '2.0'\nname: b\nworkflows: {w: {}}\n", 200)
    assert verdict["valid"] is False
    assert "<text>:3:16: " in verdict["error"]
    assert ann.call("GET", "/v2/workbooks/validate").status_code == 405


def test_validation_is_skipped_if_the_operator_allows_it() -> None:
    unsound = "version: '2.0'\nname: b\nworkflows: {w: {tasks: {t: {on-success: [nowhere]}}}}\n"
    strict, _, _ = two_and_an_admin(a_service())
    lenient, _, _ = two_and_an_admin(a_service(validation_mode="enabled"))

    assert "undefined-task" in strict.post("/v2/workbooks?skip_validation", unsound, 400)
    assert "undefined-task" in lenient.post("/v2/workbooks", unsound, 400)
    assert lenient.post("/v2/workbooks?skip_validation=", unsound)["name"] == "b"
