"""What a text is told that is to be validated, besides whether it is valid."""

from typing import Any

import msgspec

from maestrale.wire.validation import Verdict
from tests.api.projects import a_service, two_and_an_admin

SHOUT = "version: '2.0'\nshout: {input: [text], base: std.echo output=<% $.text %>}\n"
INNER = "version: '2.0'\ninner: {input: [n], tasks: {t: {}}}\n"


def a_workflow(*tasks: str) -> str:
    return "version: '2.0'\nw:\n  tasks:\n" + "".join(f"    t{n}: {task}\n" for n, task in enumerate(tasks))


def told(verdict: dict[str, Any]) -> list[tuple[int, str]]:
    return [(warning["line"], warning["code"]) for warning in verdict.get("warnings", [])]


def test_a_valid_text_without_warnings_is_just_valid() -> None:
    ann, _, _ = two_and_an_admin(a_service())

    assert ann.post("/v2/workflows/validate", a_workflow("{}"), 200) == {"valid": True}


def test_warnings_have_a_code_a_place_and_a_suggestion_and_make_nothing_invalid() -> None:
    ann, _, _ = two_and_an_admin(a_service())
    text = a_workflow("{action: std.ecco}").replace("w:", "w:\n  taks: 1")

    verdict = ann.post("/v2/workflows/validate", text, 200)

    assert verdict == {
        "valid": True,
        "warnings": [
            {
                "code": "ignored-key",
                "line": 3,
                "column": 3,
                "message": "a workflow has no key `taks`; it is ignored",
                "suggestion": "did you mean `tasks`?",
            },
            {
                "code": "unknown-action",
                "line": 5,
                "column": 18,
                "message": "there is no action `std.ecco`",
                "suggestion": "did you mean `std.echo`?",
            },
        ],
    }
    msgspec.convert(verdict, Verdict)


def test_an_invalid_text_has_the_warnings_that_reading_it_gives() -> None:
    ann, _, _ = two_and_an_admin(a_service())

    verdict = ann.post("/v2/workflows/validate", "version: '2.1'\nw: {tasks: {a: {on-success: [b]}}}", 200)

    assert (verdict["valid"], told(verdict)) == (False, [(1, "unusual-version")])
    assert "[undefined-task]" in verdict["error"]
    assert "unusual-version" not in verdict["error"]


def test_what_the_project_has_stored_is_known_with_its_input() -> None:
    ann, bob, _ = two_and_an_admin(a_service())
    ann.post("/v2/actions", SHOUT)
    ann.post("/v2/workflows?namespace=elsewhere", INNER)
    text = a_workflow(
        "{action: shout text=1}", "{action: shout}", "{workflow: inner}", "{workflow: inner n=1 more=2}"
    )

    mine, his = ann.post("/v2/workflows/validate", text, 200), bob.post("/v2/workflows/validate", text, 200)

    assert told(mine) == [(5, "missing-parameter"), (6, "missing-parameter")]
    assert told(his) == [
        (4, "unknown-action"),
        (5, "unknown-action"),
        (6, "unknown-workflow"),
        (7, "unknown-workflow"),
    ]


def test_actions_and_workbooks_are_looked_at_too() -> None:
    ann, _, _ = two_and_an_admin(a_service())
    actions, workflows = "{a: {base: std.noop}}", "{w: {tasks: {t: {action: a x=1}}}}"
    book = f"version: '2.0'\nname: b\nactions: {actions}\nworkflows: {workflows}\n"

    assert told(ann.post("/v2/actions/validate", "version: '2.0'\na: {base: std.ecco}", 200)) == [
        (2, "unknown-action")
    ]
    assert told(ann.post("/v2/workbooks/validate", book, 200)) == [(4, "unexpected-parameter")]


def test_a_text_with_very_many_names_is_not_looked_up() -> None:
    ann, _, _ = two_and_an_admin(a_service())
    text = a_workflow(*(f"{{action: acme.a{number}}}" for number in range(2_001)))

    assert ann.post("/v2/workflows/validate", text, 200) == {"valid": True}
