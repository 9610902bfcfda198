"""Reading texts: what is kept of each definition, and what is refused."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from maestrale.definitions import ValidationMode, inspect_text, is_checked, read_upload
from maestrale.definitions.excerpts import write_document
from maestrale.definitions.outlines import Outline
from maestrale.errors import Error, InvalidInput
from maestrale.lang import DefinitionError, DocumentKind, Parameter, parse
from maestrale.lang.report import Report
from maestrale.lang.yaml_tree import read_yaml
from tests.definitions.texts import ACTIONS, TWO_WORKFLOWS, WORKBOOK, WORKFLOW, actions, workbook, workflows


def test_a_text_with_one_workflow_is_kept_as_it_is() -> None:
    upload = workflows(WORKFLOW)

    assert upload.workflows == (
        Outline(
            name="greet",
            definition=WORKFLOW,
            document=WORKFLOW,
            input=(Parameter("name"), Parameter("times", required=False, default=10)),
            output=("text",),
            tags=("hello",),
        ),
    )


def test_of_several_workflows_each_becomes_a_document_of_its_own() -> None:
    first, second = workflows(TWO_WORKFLOWS).workflows

    assert (
        first.definition
        == first.document
        == ("version: '2.0'\nfirst:\n  tasks:\n    t:\n      action: std.noop\n")
    )
    assert second.definition == (
        "version: '2.0'\nsecond:\n  input:\n  - date: '2020-01-01'\n"
        "  tasks:\n    t:\n      action: std.noop\n"
    )


def test_members_of_a_workbook_are_cut_out_of_its_text() -> None:
    upload = workbook(WORKBOOK)

    assert upload.workbook == "book"
    assert upload.tags == ("shelf",)
    assert {each.name: each.definition for each in (*upload.workflows, *upload.actions)} == {
        "book.one": "one:\n  # What it does.\n  tasks:\n    say: {action: shout text=hi}\n",
        "book.two": "two:\n  tasks:\n    again: {workflow: one}\n",
        "book.shout": "shout:\n  base: std.echo\n  base-input: {output: <% $.text %>!}\n  input: [text]\n",
    }
    assert {each.document for each in (*upload.workflows, *upload.actions)} == {WORKBOOK}


@pytest.mark.parametrize(
    ("text", "definition"),
    [
        (
            "version: '2.0'\nname: b\nworkflows: {w: {tasks: {t: {action: std.noop}}}}\n",
            "w:\n  tasks:\n    t:\n      action: std.noop\n",
        ),
        (
            "version: '2.0'\nname: b\nworkflows: {\n  w: {tasks: {t: {action: std.noop}}},\n  }\n",
            "w:\n  tasks:\n    t:\n      action: std.noop\n",
        ),
        (
            "workflows:\n    w:\n        tasks:\n            t:\n                action: std.echo\n"
            "                input:\n                    output: |\n                        # text\n"
            "                          deep\n    # about nothing\nname: b\nversion: '2.0'\n",
            "w:\n    tasks:\n        t:\n            action: std.echo\n            input:\n"
            "                output: |\n                    # text\n                      deep\n",
        ),
        (
            'version: "2.0"\r\nname: b\r\nworkflows:\r\n'
            '  "w":\r\n    tasks:\r\n      t: {action: std.noop}\r\n',
            '"w":\r\n  tasks:\r\n    t: {action: std.noop}\n',
        ),
    ],
    ids=["in flow style", "in flow style on lines", "with a block of text", "with other line breaks"],
)
def test_a_member_is_cut_out_wherever_it_stands(text: str, definition: str) -> None:
    assert [each.definition for each in workbook(text).workflows] == [definition]


NAMES = st.text("abc_-1", min_size=1, max_size=4).filter(lambda name: name != "version")
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=4), NAMES)
def test_a_definition_written_anew_says_the_same(definition: dict[str, object], name: str) -> None:
    text = write_document(name, definition)

    node = read_yaml(text, Report("", text))

    assert node is not None
    assert repr(node.value) == repr({"version": "2.0", name: definition})
    assert text.startswith("version: '2.0'\n")


@given(st.lists(NAMES, min_size=1, max_size=4, unique=True), st.integers(1, 6), VALUES, st.booleans())
def test_what_is_cut_out_of_a_workbook_is_the_member(
    names: list[str], indent: int, value: object, flow: bool
) -> None:
    members = {name: {"description": value, "tasks": {"t": {"action": "std.noop"}}} for name in names}
    body = yaml.safe_dump(
        {"workflows": members, "name": "b", "version": "2.0"},
        indent=indent,
        default_flow_style=None if flow else False,
        sort_keys=False,
        allow_unicode=True,
    )
    try:
        upload = read_upload(body, DocumentKind.WORKBOOK, checked=False)
    except Error:
        return  # PyYAML wrote what this dialect reads otherwise.

    for name, each in zip(names, upload.workflows, strict=True):
        node = read_yaml(each.definition, Report("", each.definition))
        whole = read_yaml(body, Report("", body))
        assert node is not None and whole is not None
        assert repr(node.value) == repr({name: whole.value["workflows"][name]})


def test_what_is_stored_of_a_text_can_be_parsed_and_holds_its_definition() -> None:
    for upload in (workflows(WORKFLOW), workflows(TWO_WORKFLOWS), workbook(), actions()):
        for each in (*upload.workflows, *upload.actions):
            definitions = parse(each.document).definitions

            assert definitions is not None
            assert each.name in {**definitions.workflows, **definitions.actions}


def test_every_action_keeps_the_whole_text_it_came_in() -> None:
    upload = actions(ACTIONS)

    assert [(each.name, each.definition) for each in upload.actions] == [
        ("loud", ACTIONS),
        ("quiet", ACTIONS),
    ]


def test_an_unsound_text_is_refused_with_all_its_problems() -> None:
    text = "version: '2.0'\nw:\n  tasks:\n    a: {on-success: [b, c]}\n"

    with pytest.raises(DefinitionError) as raised:
        workflows(text)

    assert [problem.code for problem in raised.value.problems] == ["undefined-task", "undefined-task"]
    assert inspect_text(text, DocumentKind.WORKFLOWS).faults == raised.value.message
    assert inspect_text(WORKFLOW, DocumentKind.WORKFLOWS).faults is None


def test_without_validation_a_text_needs_only_definitions_under_sound_names() -> None:
    text = "w:\n  input: [a, 7, {b: 1, c: 2}]\n  output: nothing\n  tasks:\n    a: {on-success: [b]}\n"

    (found,) = workflows(text, checked=False).workflows

    assert (found.name, found.input, found.output) == ("w", (Parameter("a"),), ())


@pytest.mark.parametrize(
    ("text", "kind", "codes"),
    [
        ("w: [", DocumentKind.WORKFLOWS, ["yaml-syntax"]),
        ("[1]", DocumentKind.WORKFLOWS, ["wrong-type"]),
        ("version: '2.0'", DocumentKind.ACTIONS, ["no-definitions"]),
        ("a b: {}", DocumentKind.ACTIONS, ["name-with-space"]),
        ("123e4567-e89b-42d3-a456-426614174000: {}", DocumentKind.WORKFLOWS, ["name-like-uuid"]),
        ("w: text", DocumentKind.WORKFLOWS, ["wrong-type"]),
        ("workflows: {w: {}}", DocumentKind.WORKBOOK, ["missing-key"]),
        ("name: a b\nworkflows: {w: {}}", DocumentKind.WORKBOOK, ["name-with-space"]),
        ("name: b\nworkflows: [w]", DocumentKind.WORKBOOK, ["wrong-type"]),
        ("name: b\nactions: {a.b: {}}", DocumentKind.WORKBOOK, ["name-not-a-word"]),
    ],
)
def test_without_validation_what_cannot_be_stored_is_still_refused(
    text: str, kind: DocumentKind, codes: list[str]
) -> None:
    with pytest.raises(DefinitionError) as raised:
        read_upload(text, kind, checked=False)

    assert [problem.code for problem in raised.value.problems] == codes


@pytest.mark.parametrize("checked", [True, False])
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("version: '2.0'\na: {base: maestrale.python}", DocumentKind.ACTIONS),
        ("version: '2.0'\na: {base: 'maestrale.python source=x'}", DocumentKind.ACTIONS),
        ("version: '2.0'\nmaestrale.a: {base: std.noop}", DocumentKind.ACTIONS),
        ("version: '2.0'\nname: b\nactions: {a: {base: maestrale.python}}", DocumentKind.WORKBOOK),
    ],
)
def test_nobody_can_base_an_action_on_one_of_our_own(text: str, kind: DocumentKind, checked: bool) -> None:
    with pytest.raises(InvalidInput) as raised:
        read_upload(text, kind, checked=checked)

    assert raised.value.code == "reserved-name"
    assert "reserved-name" in (inspect_text(text, kind).faults or "")


def test_validation_is_skipped_only_where_the_operator_lets_it() -> None:
    modes: tuple[ValidationMode, ...] = ("mandatory", "enabled", "disabled")

    asked = {mode: [is_checked(mode, skip=skip) for skip in (False, True)] for mode in modes}

    assert asked == {"mandatory": [True, True], "enabled": [True, False], "disabled": [False, False]}


MANY_WORKFLOWS = "version: '2.0'\n" + "".join(f"w{n}: {{tasks: {{t: {{}}}}}}\n" for n in range(2001))
LONG_ACTIONS = f"version: '2.0'\n# {'x' * 4_000_000}\n" + "".join(f"a{n}: {{base: b}}\n" for n in range(25))


@pytest.mark.parametrize(
    ("text", "kind", "refusal"),
    [
        (
            MANY_WORKFLOWS,
            DocumentKind.WORKFLOWS,
            "has 2,001 definitions; one of 46,929 characters may have 2,000",
        ),
        (LONG_ACTIONS, DocumentKind.ACTIONS, "has 25 definitions; one of 4,000,383 characters may have 24"),
    ],
    ids=["many", "long"],
)
def test_a_text_has_no_more_definitions_than_can_be_stored_at_once(
    text: str, kind: DocumentKind, refusal: str
) -> None:
    with pytest.raises(InvalidInput, match=refusal) as raised:
        read_upload(text, kind, checked=False)

    assert raised.value.code == "too-many-definitions"
