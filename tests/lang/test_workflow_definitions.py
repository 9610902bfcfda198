"""A workflow, ad-hoc actions, lists of them, and workbooks (sections 1.2 and 1.3)."""

import pytest

from maestrale.expressions import compile_template as template
from maestrale.lang import (
    AdHocAction,
    DefinitionError,
    Definitions,
    DocumentKind,
    Parameter,
    Severity,
    WorkflowType,
    parse,
    parse_or_raise,
)

from .reading import body_codes, codes, parse_body, plain, the_workflow

UUID = "123e4567-e89b-12d3-a456-426614174000"


def test_every_key_of_a_workflow_has_its_place_in_the_definition() -> None:
    workflow = the_workflow(
        """\
        description: all of it
        tags: [a]
        input: [x, {y: 2}, {y: <% 3 %>}]
        vars: {v: {w: <% $.x %>}}
        output: {o: <% $.v %>}
        output-on-error: {e: 1}
        tasks: {t: {}}
        """
    )

    assert (workflow.name, workflow.workbook, workflow.type) == ("w", None, WorkflowType.DIRECT)
    assert (workflow.description, workflow.tags) == ("all of it", ("a",))
    assert workflow.input == (Parameter("x"), Parameter("y", required=False, default="<% 3 %>"))
    assert plain(workflow.vars) == {"v": {"w": "<% $.x %>"}}
    assert (plain(workflow.output), plain(workflow.output_on_error)) == ({"o": "<% $.v %>"}, {"e": 1})


def test_the_source_of_a_workflow_holds_the_sources_of_its_tasks() -> None:
    workflow = the_workflow("outputs: {a: 1}\nname: other\ntasks: {t: {action: std.noop}}")

    assert workflow.source == {
        "outputs": {"a": 1},
        "name": "w",
        "version": "2.0",
        "tasks": {"t": {"action": "std.noop", "name": "t", "type": "direct", "version": "2.0"}},
    }


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("description: no tasks", ["missing-key"]),
        ("tasks: {}", ["empty-value"]),
        ("tasks: [t]", ["wrong-type"]),
        ("tasks: null", ["wrong-type"]),
        ("tasks: {1: {}}", ["key-not-text"]),
        ("tasks: {on: {}, t: {}}", ["key-not-text"]),
        ("tasks: {'': {}}", ["empty-value"]),
        ("tasks: {" + "t" * 256 + ": {}}", ["name-too-long"]),
        ("tasks: {a: {on-success: " + "t" * 209 + "}, " + "t" * 209 + ": {join: all}}", ["name-too-long"]),
        ("type: sideways\ntasks: {t: {}}", ["unknown-word"]),
        ("type: 1\ntasks: {t: {}}", ["wrong-type"]),
        ("outputs: {a: 1}\ntasks: {t: {}}", ["ignored-key"]),
        ("description: {any: thing}\ntasks: {t: {}}", []),
        ("name: other\ntasks: {t: {}}", ["no-effect"]),
        ("tags: []\ntasks: {t: {}}", ["empty-value"]),
        ("tags: [a, '']\ntasks: {t: {}}", ["empty-value"]),
        ("input: []\ntasks: {t: {}}", ["empty-value"]),
        ("input: {a: 1}\ntasks: {t: {}}", ["wrong-type"]),
        ("input: [a, a]\ntasks: {t: {}}", ["duplicate-item", "duplicate-input"]),
        ("input: [a, {a: 1}]\ntasks: {t: {}}", ["duplicate-input"]),
        ("input: [{a: 1, b: 2}]\ntasks: {t: {}}", ["wrong-type"]),
        ("input: [{}]\ntasks: {t: {}}", ["empty-value"]),
        ("input: [7]\ntasks: {t: {}}", ["wrong-type"]),
        ("input: [{a: <% $.b %>}]\ntasks: {t: {}}", ["no-effect"]),
        ("output: {}\ntasks: {t: {}}", ["empty-value"]),
        ("output: <% $ %>\ntasks: {t: {}}", ["wrong-type"]),
        ("output: {a: {b: <% $. %>}}\ntasks: {t: {}}", ["yaql-syntax"]),
        ("output-on-error: {a: '{{ 1 + }}'}\ntasks: {t: {}}", ["jinja-syntax"]),
        ("vars: 1\ntasks: {t: {}}", ["wrong-type"]),
        ("vars: {a: [<% $. %>]}\ntasks: {t: {}}", ["yaql-syntax"]),
    ],
)
def test_what_is_wrong_with_a_workflow_is_reported(body: str, expected: list[str]) -> None:
    assert body_codes(body) == expected


def test_a_workflow_of_a_misspelt_type_is_read_as_it_was_meant() -> None:
    assert body_codes("type: revers\ntasks: {a: {}, b: {requires: a}}") == ["unknown-word"]


def test_jinja_over_several_lines_is_no_unclosed_expression() -> None:
    text = "text: |\n      {% if _.a %}\n      {{ _.a\n      }}\n      {{ _.b }}{% endif %}"

    assert body_codes(f"vars:\n    {text}\ntasks: {{t: {{}}}}") == []
    assert body_codes("vars: {a: 'x {{ y', b: '<% $.a'}\ntasks: {t: {}}") == ["unclosed-expression"] * 2


def test_all_problems_of_a_text_are_found_at_once_in_order_of_place() -> None:
    body = "output: 1\ntasks:\n  t: {on-success: x, acton: y, wait-before: -1}\n  u: {join: true}\ntags: []"

    problems = parse_body(body).problems

    assert [(problem.code, problem.line) for problem in problems] == [
        ("wrong-type", 3),
        ("undefined-task", 5),
        ("unknown-key", 5),
        ("out-of-range", 5),
        ("wrong-type", 6),
        ("empty-value", 7),
    ]


def test_warnings_leave_a_definition_as_it_is() -> None:
    parsed = parse_body("outputs: {a: 1}\ntasks: {t: {}}")

    assert [problem.severity for problem in parsed.problems] == [Severity.WARNING]
    assert (parsed.definitions is not None, parsed.errors, len(parsed.warnings)) == (True, (), 1)


@pytest.mark.parametrize("version", ["'2.0'", "2.0", "2", "'2'", "'2.00'"])
@pytest.mark.parametrize(
    "rest", ["w: {tasks: {t: {}}}", "a: {base: std.noop}", "name: b\nactions: {a: {base: c}}"]
)
def test_two_may_be_written_as_a_number_or_as_text_in_every_document(version: str, rest: str) -> None:
    assert codes(f"version: {version}\n{rest}") == []


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("'3.0'", ["unusual-version"]),
        ("v2.0", ["unusual-version"]),
        ("1", ["unusual-version"]),
        ("null", ["wrong-type"]),
        ("''", ["empty-value"]),
        ("-1", ["out-of-range"]),
        ("[2.0]", ["wrong-type"]),
        ("true", ["wrong-type"]),
    ],
)
def test_a_list_may_have_another_version_if_it_is_one(version: str, expected: list[str]) -> None:
    assert codes(f"version: {version}\nw: {{tasks: {{t: {{}}}}}}") == expected


@pytest.mark.parametrize("version", ["'3.0'", "v2.0", "1", "null", "true", "[2.0]", "1e999", "'nan'"])
def test_a_workbook_has_no_other_version(version: str) -> None:
    assert codes(f"version: {version}\nname: b\nactions: {{a: {{base: c}}}}") == ["unsupported-version"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["missing-key", "no-definitions"]),
        ("version: '2.0'", ["no-definitions"]),
        ("w: {tasks: {t: {}}}", ["missing-key"]),
        ("[]", ["wrong-type"]),
        ("just text", ["wrong-type"]),
        ("version: '2.0'\nw: null", ["wrong-type"]),
        ("version: '2.0'\nw: {}", ["empty-value"]),
        (f"version: '2.0'\n{UUID}: {{tasks: {{t: {{}}}}}}", ["name-like-uuid"]),
        (f"version: '2.0'\nx{UUID.replace('-', '')}: {{tasks: {{t: {{}}}}}}", []),
        (f"version: '2.0'\n{UUID.replace('-', '')}: {{tasks: {{t: {{}}}}}}", ["name-like-uuid"]),
        ("version: '2.0'\na b: {tasks: {t: {}}}", ["name-with-space"]),
        ("version: '2.0'\n" + "w" * 256 + ": {tasks: {t: {}}}", ["name-too-long"]),
        ("version: '2.0'\n" + "w" * 255 + ": {tasks: {t: {}}}", []),
        ("version: '2.0'\nä/b.c-d: {tasks: {t: {}}}", []),
        ("version: '2.0'\n'': {tasks: {t: {}}}", ["empty-value"]),
        ("version: '2.0'\n7: {tasks: {t: {}}}", ["key-not-text"]),
    ],
)
def test_what_is_wrong_with_a_list_is_reported(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


def test_a_list_may_hold_several_workflows_in_order() -> None:
    definitions = parse_or_raise("version: '2.0'\nb: {tasks: {t: {}}}\na: {tasks: {t: {}}}")

    assert (list(definitions.workflows), definitions.actions, definitions.workbook) == (["b", "a"], {}, None)


def test_a_bare_workflow_is_told_to_take_a_name() -> None:
    problems = parse("version: '2.0'\nname: greet\ntasks: {t: {}}").problems

    assert (
        problems[0].hint
        == "put the name of the workflow above its keys: a document is a list of workflows by name"
    )


def test_tasks_at_the_top_are_those_of_a_workflow_without_a_name() -> None:
    (problem,) = parse("version: '2.0'\ntasks: {t: {}}").errors

    assert (problem.code, problem.hint) == (
        "missing-key",
        "put the name of the workflow above its keys: a document is a list of workflows by name",
    )


@pytest.mark.parametrize(
    ("section", "meant"), [("workflow", "workflows"), ("action", "actions"), ("deploy", None)]
)
def test_a_misspelt_section_of_a_workbook_is_told_its_name(section: str, meant: str | None) -> None:
    hint = parse(f"version: '2.0'\nname: b\n{section}: {{tasks: {{t: {{}}}}}}").errors[0].hint

    assert hint == (
        f"if this is a workbook, its {meant} stand under `{meant}`, not under `{section}`"
        if meant
        else "in a list every key but `version` is the name of a definition, and its value a mapping"
    )


def test_a_key_of_a_list_that_is_no_definition_is_told_what_keys_are() -> None:
    (problem,) = parse("version: '2.0'\ndescription: greets\nw: {tasks: {t: {}}}").errors

    assert (problem.code, problem.line, problem.column, problem.hint) == (
        "wrong-type",
        2,
        14,
        "in a list every key but `version` is the name of a definition, and its value a mapping",
    )


def test_the_kind_of_a_document_is_told_from_its_shape() -> None:
    texts = {
        DocumentKind.WORKFLOWS: "version: '2.0'\nw: {tasks: {t: {}}}",
        DocumentKind.ACTIONS: "version: '2.0'\na: {base: std.noop}",
        DocumentKind.WORKBOOK: "version: '2.0'\nname: b\nactions: {a: {base: std.noop}}",
    }

    for kind, text in texts.items():
        told = parse(text)
        assert told.definitions is not None
        assert told.definitions == parse(text, kind=kind).definitions
    assert parse(texts[DocumentKind.WORKBOOK], kind=DocumentKind.WORKFLOWS).definitions is None
    assert parse(texts[DocumentKind.WORKFLOWS], kind=DocumentKind.ACTIONS).definitions is None


def test_an_ad_hoc_action_has_a_base_and_templates_around_it() -> None:
    definitions = parse_or_raise(
        """\
version: '2.0'
shout:
  description: louder
  tags: []
  input: [text, {mark: '!'}]
  base: std.echo
  base-input: {output: <% $.text %><% $.mark %>}
  output: {said: <% $ %>}
"""
    )

    action = definitions.actions["shout"]
    assert definitions == Definitions(actions={"shout": action})
    assert action == AdHocAction(
        name="shout",
        base="std.echo",
        base_input=template({"output": "<% $.text %><% $.mark %>"}),
        input=(Parameter("text"), Parameter("mark", required=False, default="!")),
        output=template({"said": "<% $ %>"}),
        description="louder",
        source={
            "description": "louder",
            "tags": [],
            "input": ["text", {"mark": "!"}],
            "base": "std.echo",
            "base-input": {"output": "<% $.text %><% $.mark %>"},
            "output": {"said": "<% $ %>"},
            "name": "shout",
            "version": "2.0",
        },
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{output: 1}", ["missing-key"]),
        ("{base: ''}", ["empty-value"]),
        ("{base: [std.noop]}", ["wrong-type"]),
        ("{base: std.noop, base-input: {}}", ["empty-value"]),
        ("{base: std.noop, base-input: <% $ %>}", ["wrong-type"]),
        ("{base: std.noop, base-input: {a: {b: <% $. %>}}}", ["yaql-syntax"]),
        ("{base: std.noop, output: [<% $. %>]}", ["yaql-syntax"]),
        ("{base: std.noop, output: null}", []),
        ("{base: std.noop, input: []}", ["empty-value"]),
        ("{base: std.noop, outptu: 1}", ["unknown-key"]),
        ("{base: std.noop, tags: [a, a]}", ["duplicate-item"]),
        ("{base: std.noop, description: ''}", ["empty-value"]),
        ("{base: std.noop, name: b}", ["no-effect"]),
        ("{base: std.echo output=x}", ["inline-value-dropped"]),
    ],
)
def test_what_is_wrong_with_an_ad_hoc_action_is_reported(body: str, expected: list[str]) -> None:
    assert codes(f"version: '2.0'\na: {body}", kind=DocumentKind.ACTIONS) == expected


WORKBOOK = """\
version: '2.0'
name: tools
description: some
tags: [a]
actions:
  version: '2.0'
  shout: {base: std.echo output="x"}
workflows:
  build-all:
    type: reverse
    tasks: {t: {action: shout}}
"""


def test_the_members_of_a_workbook_have_its_name_before_theirs() -> None:
    definitions = parse_or_raise(WORKBOOK)

    assert definitions.workbook == "tools"
    workflow, action = definitions.workflows["tools.build-all"], definitions.actions["tools.shout"]
    assert (workflow.name, workflow.workbook, workflow.source["name"]) == (
        "tools.build-all",
        "tools",
        "build-all",
    )
    assert (action.name, action.workbook, action.source["name"]) == ("tools.shout", "tools", "shout")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("name: tools", "name: my tools"), ["name-with-space"]),
        (("name: tools", "name: ''"), ["empty-value"]),
        (("name: tools", f"name: {'t' * 254}"), ["name-too-long", "name-too-long"]),
        (("description: some", "description: ''"), ["empty-value"]),
        (("tags: [a]", "tags: [1]"), ["wrong-type"]),
        (("tags: [a]", "labels: [a]"), ["unknown-key"]),
        (("  shout:", "  sh.out:"), ["name-not-a-word"]),
        (("  build-all:", "  'build all':"), ["name-not-a-word", "name-with-space"]),
        (("  build-all:", f"  {UUID}:"), ["name-like-uuid"]),
        (("base:", "bas:"), ["missing-key", "unknown-key"]),
        (("{t:", "{t t:"), []),
    ],
)
def test_what_is_wrong_with_a_workbook_is_reported(change: tuple[str, str], expected: list[str]) -> None:
    assert codes(WORKBOOK.replace(*change)) == expected


def test_a_workbook_needs_a_name() -> None:
    assert codes(WORKBOOK.replace("name: tools\n", ""), kind=DocumentKind.WORKBOOK) == ["missing-key"]
    assert codes("version: '2.0'\nname: b\nworkflows: {}") == ["empty-value"]
    assert codes("version: '2.0'\nname: b", kind=DocumentKind.WORKBOOK) == ["no-definitions"]


def test_an_exception_carries_all_errors_and_shows_them_with_their_places() -> None:
    text = "version: '2.0'\nw:\n  outputs: {}\n  tasks: {t: {on-success: x}}"

    with pytest.raises(DefinitionError) as caught:
        parse_or_raise(text, file="w.yaml")

    assert caught.value.problems == parse(text, file="w.yaml").errors
    assert str(caught.value) == (
        "w.yaml:4:27: task `t` continues to `x`, which is not defined [undefined-task]\n"
        "  hint: add a task of that name, or name one that there is"
    )
    assert caught.value.code == "invalid-definition"
