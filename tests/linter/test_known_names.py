"""What the linter says of actions and workflows that tasks name, and of their input."""

import pytest

from maestrale.actions import Registry, action
from maestrale.lang import parse
from maestrale.linter import Known, names_outside

from .linting import KNOWN, findings, found

BOOK = """\
version: '2.0'
name: book
actions:
  say: {input: [text, {mark: "!"}], base: std.echo output=<% $.text %>}
workflows:
  main: {tasks: {t: {action: say text=1}, u: {workflow: other x=1}}}
  other: {input: [x], tasks: {t: {action: book.say text=1}}}
"""


@action("acme.any")
def takes_anything(**options: object) -> None:
    """Do nothing."""


@pytest.mark.parametrize(
    "task",
    [
        "{action: std.echo output=1 delay=2}",
        "{action: std.echo, input: <% $.get(x) %>}",
        "{action: <% $.get(x) %>}",
        "{workflow: <% $.get(x) %>}",
        "{workflow: w more=1}",
        "{}",
    ],
)
def test_work_that_fits_is_left_alone(task: str) -> None:
    assert found(f"tasks: {{t: {task}}}\n") == []


@pytest.mark.parametrize(
    ("task", "codes"),
    [
        ("{action: std.nothing_like_it}", ["unknown-action"]),
        ("{action: maestrale.python_source}", ["unknown-action"]),
        ("{workflow: elsewhere}", ["unknown-workflow"]),
        ("{action: std.echo}", ["missing-parameter"]),
        ("{action: std.echo, input: {outptu: 1}}", ["missing-parameter", "unexpected-parameter"]),
        ("{action: std.noop x=1}", ["unexpected-parameter"]),
        ("{with-items: 'i in [1]', action: std.echo, input: {delay: <% $.i %>}}", ["missing-parameter"]),
    ],
)
def test_work_that_does_not_fit_is_reported(task: str, codes: list[str]) -> None:
    assert sorted(each.split()[1] for each in found(f"tasks: {{t: {task}}}\n")) == codes


def test_members_of_a_workbook_find_each_other_by_their_short_names() -> None:
    assert findings(BOOK) == []


def test_members_of_a_workbook_are_suggested_by_their_short_names() -> None:
    text = BOOK.replace("action: say text", "action: sya text").replace("workflow: other", "workflow: othre")

    assert [(each.code, each.hint) for each in findings(text)] == [
        ("unknown-action", "did you mean `say`?"),
        ("unknown-workflow", "did you mean `other`?"),
    ]


def test_the_base_of_an_ad_hoc_action_is_checked_with_its_input() -> None:
    text = (
        "version: '2.0'\na: {base: std.ecco}\nb: {base: std.echo delay=1}\nc: {base: b}\nd: {base: b x=1}\n"
    )

    assert [(each.line, each.code) for each in findings(text)] == [
        (2, "unknown-action"),
        (3, "missing-parameter"),
        (5, "unexpected-parameter"),
    ]


def test_an_action_that_takes_anything_gets_nothing_unexpected() -> None:
    registry = Registry([takes_anything])
    known = Known(catalogue=registry, names=registry.names)

    assert findings("version: '2.0'\nw: {tasks: {t: {action: acme.any a=1 b=2}}}\n", known) == []


def test_what_other_documents_define_is_known() -> None:
    text = "version: '2.0'\nw: {tasks: {t: {workflow: book.other}, u: {action: book.say text=1}}}\n"
    book = parse(BOOK).definitions
    assert book is not None

    assert [each.code for each in findings(text, KNOWN.with_definitions(book))] == ["missing-parameter"]


def test_the_names_to_look_up_are_those_that_the_document_does_not_define() -> None:
    text = BOOK.replace("action: say text", "action: far text").replace("workflow: other", "workflow: gone")
    definitions = parse(text).definitions
    assert definitions is not None

    names = names_outside(definitions)

    assert names.actions == {"far", "book.far", "book.book.say", "std.echo", "book.std.echo"}
    assert names.workflows == {"gone", "book.gone"}
