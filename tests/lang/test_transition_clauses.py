"""`on-success` and its like, in all their forms (sections 2.5.2 and 2.6.1)."""

from typing import Any

import pytest

from .reading import parse_body, plain, task_codes, task_problems, the_task, ways


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ("u", [("u", None, None)]),
        ("[u, noop]", [("u", None, None), ("noop", None, None)]),
        ("[u, {u: <% $.a %>}]", [("u", None, None), ("u", "<% $.a %>", None)]),
        ("{u: <% $.a %>}", [("u", "<% $.a %>", None)]),
        ("{next: {u: '{{ _.a }}'}}", [("u", "{{ _.a }}", None)]),
        ("{next: u}", [("u", None, None)]),
        ("{next: [u, {u: <% $.a %>}]}", [("u", None, None), ("u", "<% $.a %>", None)]),
        ("fail msg='no shops'", [("fail", None, "no shops")]),
        ("fail msg=<% $.a %>", [("fail", None, "<% $.a %>")]),
        ('fail(msg="two words")', [("fail", None, "two words")]),
        ("fail(msg='one')", [("fail", None, "one")]),
        ("fail()", [("fail", None, None)]),
        ("succeed msg=12", [("succeed", None, 12)]),
        ("[\"pause msg='wait'\": <% $.a %>]", [("pause", "<% $.a %>", "wait")]),
        ("['fail(msg=\"a b\")': <% $.a %>]", [("fail", "<% $.a %>", "a b")]),
    ],
)
def test_every_form_of_a_clause_gives_its_transitions_in_order(clause: str, expected: list[Any]) -> None:
    assert ways(the_task(f"on-success: {clause}").on_success) == expected


@pytest.mark.parametrize(
    ("clause", "problems"),
    [
        ("u t", [("transition-syntax", 1, 13)]),
        ("[u, t u]", [("transition-syntax", 1, 17)]),
        ("{u: <% $.a %>, t: <% $.b %>}", [("transition-syntax", 1, 13)]),
        ("[{u: <% $.a %>, t: <% $.b %>}]", [("transition-syntax", 1, 14)]),
        ("fail(nothing here)", [("transition-syntax", 1, 13)]),
        ("nowhere", [("undefined-task", 1, 13)]),
        ("{next: [nowhere]}", [("undefined-task", 1, 21)]),
        ("[{nowhere: <% $.a %>}]", [("undefined-task", 1, 15)]),
        ("[{u: true}]", [("not-an-expression", 1, 18)]),
        ("[{u: 'if <% $.a %>'}]", [("not-an-expression", 1, 18)]),
        ("[{u: ' <% $.a %>'}]", [("not-an-expression", 1, 18)]),
        ("[]", [("empty-value", 1, 13)]),
        ("{}", [("empty-value", 1, 13)]),
        ("''", [("empty-value", 1, 13)]),
        ("[u, u]", [("duplicate-item", 1, 17)]),
        ("7", [("wrong-type", 1, 13)]),
        ("[[u]]", [("wrong-type", 1, 14)]),
        ("null", [("wrong-type", 1, 13)]),
        ("{next: u, publsh: {branch: {a: 1}}}", [("unknown-key", 1, 23)]),
        ("{publish: {}}", [("empty-value", 1, 23)]),
        ("{publish: {branch: {}}}", [("empty-value", 1, 32)]),
        ("{publish: {a: 1}}", [("unknown-key", 1, 24)]),
        ("{publish: {atomic: {a: 1}}}", [("no-effect", 1, 24)]),
        ("u a=1", [("no-effect", 1, 13)]),
        ("fail message='x'", [("no-effect", 1, 13)]),
        ("fail msg=hello", [("inline-value-dropped", 1, 18)]),
        ("{next: {u: <% $.a + %>}}", [("yaql-syntax", 1, 24)]),
    ],
)
def test_what_is_wrong_with_a_clause_is_reported_at_its_place(
    clause: str, problems: list[tuple[str, int, int]]
) -> None:
    found = task_problems(f"on-success: {clause}")

    if problems[0][0] == "yaql-syntax":  # The place within the expression is the language's to say.
        found = [(code, line, problems[0][2]) for code, line, _ in found]
    assert found == problems


def test_a_clause_publishes_to_the_branch_and_to_all() -> None:
    publish = the_task(
        "on-error: {publish: {branch: {a: <% 1 %>}, global: {b: {c: 2}}}, next: u}"
    ).on_error.publish

    assert publish is not None
    assert (plain(publish.branch), plain(publish.global_)) == ({"a": "<% 1 %>"}, {"b": {"c": 2}})


def test_a_section_that_is_absent_differs_from_one_that_is_there() -> None:
    publish = the_task("on-error: {publish: {global: {b: 2}}}").on_error.publish

    assert publish is not None
    assert publish.branch is None


def test_the_basic_sections_are_kept_apart_from_the_clauses() -> None:
    task = the_task(
        """\
        publish: {a: 1}
        publish-on-error: {b: 2}
        publish-on-skip: {c: 3}
        on-success: {publish: {branch: {a: 4}}}
        """
    )

    sections = (task.publish, task.publish_on_error, task.publish_on_skip, task.on_success.publish)
    assert [plain(section.branch) if section else None for section in sections] == [
        {"a": 1},
        {"b": 2},
        {"c": 3},
        {"a": 4},
    ]


def test_a_misspelt_target_is_met_with_the_name_that_is_meant() -> None:
    (problem,) = parse_body("tasks: {one: {on-success: notfy}, notify: {}}").errors

    assert (problem.message, problem.hint, problem.value, problem.path) == (
        "task `one` continues to `notfy`, which is not defined",
        "did you mean `notify`?",
        "notfy",
        ("w", "tasks", "one", "on-success"),
    )


def test_a_command_is_always_the_command_and_a_task_of_its_name_is_warned_of() -> None:
    body = "tasks: {one: {on-success: fail}, fail: {}}"

    assert [problem.code for problem in parse_body(body).problems] == ["command-hides-task"]
    assert parse_body(body).definitions is not None


def test_a_mapping_of_one_target_is_a_transition_so_that_its_task_is_no_start() -> None:
    parsed = parse_body("tasks: {one: {on-success: {two: <% $.a %>}}, two: {}}")

    assert parsed.definitions is not None
    assert parsed.definitions.workflows["w"].graph.start == ("one",)


def test_every_clause_is_read() -> None:
    task = the_task("on-success: u\non-error: fail\non-complete: [u]\non-skip: noop")

    assert [(name, ways(clause)[0][0]) for name, clause in task.clauses] == [
        ("on-success", "u"),
        ("on-error", "fail"),
        ("on-complete", "u"),
        ("on-skip", "noop"),
    ]
    assert task_codes("on-skipped: u") == ["unknown-key"]
