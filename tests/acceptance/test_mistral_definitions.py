"""The commands of `mistral` on workbooks, workflows and actions."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.mistral_client import TIME, Mistral, an_id, normalised, serving

PROJECT = "<default-project>"

GREETING = """version: '2.0'

# What is said to everybody who comes in.
greeting:
  description: Says hello.
  tags: [people, daily]
  input: [name, {words: Good morning}, {times: 1}]
  output: {text: <% $.text %>}
  tasks:
    say:
      action: std.echo output=<% $.words + ', ' + $.name %>
      publish: {text: <% task().result %>}
"""

TWO = """version: '2.0'

{one}:
  tasks:
    only: {{action: std.noop}}

{other}:
  tasks:
    only: {{action: std.noop}}
"""

WORKBOOK = """version: '2.0'

name: {name}
tags: [office]

workflows:
  open:
    tasks:
      unlock: {{action: turn way=left}}

actions:
  turn:
    input: [way]
    base: std.echo output=<% $.way %>
"""

ACTION = """version: '2.0'

{name}:
  description: Says hello to somebody in particular.
  tags: [people]
  input: [name, {{words: Good morning}}, {{times: 1}}]
  base: std.echo
  base-input: {{output: "<% $.words %>, <% $.name %>"}}
"""


@pytest.fixture(scope="module")
def mistral(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mistral]:
    with serving(tmp_path_factory.mktemp("server")) as base:
        yield Mistral(base)


def written(folder: Path, text: str) -> str:
    (folder / "definition.yaml").write_text(text)
    return str(folder / "definition.yaml")


def workflow_row(name: str, number: int = 1, **others: object) -> dict[str, object]:
    return {
        "ID": an_id(number),
        "Name": name,
        "Namespace": "",
        "Project ID": PROJECT,
        "Tags": "<none>",
        "Input": "",
        "Scope": "private",
        "Created at": TIME,
        "Updated at": None,
        **others,
    }


def action_row(name: str, number: int = 1, **others: object) -> dict[str, object]:
    return {
        "ID": an_id(number),
        "Name": name,
        "Is system": False,
        "Input": 'name, words="Good morning...',
        "Description": "Says hello to somebody in...",
        "Tags": "people",
        "Created at": TIME,
        "Updated at": None,
        **others,
    }


def workbook_row(name: str, **others: object) -> dict[str, object]:
    return {
        "Name": name,
        "Namespace": "",
        "Tags": "office",
        "Scope": "private",
        "Created at": TIME,
        "Updated at": None,
        **others,
    }


# Workflows.


def test_a_workflow_is_created_shown_listed_and_printed_again(mistral: Mistral, tmp_path: Path) -> None:
    file = written(tmp_path, GREETING)
    row = workflow_row("greeting", Tags="people, daily", Input='name, words="Good morning...')
    whole = {**row, "Input": 'name, words="Good morning", times="1"'}

    assert mistral.rows("workflow-create", file) == [row]
    identifier = mistral.raw("workflow-get", "greeting")["ID"]

    assert mistral.rows("workflow-get", "greeting") == whole
    assert mistral.rows("workflow-get", identifier) == whole
    assert mistral.rows("workflow-get", identifier, "--namespace", "anywhere") == whole
    assert mistral.rows("workflow-list", "--filter", "name=greeting") == [row]
    assert mistral.told("workflow-get-definition", "greeting") == GREETING
    assert mistral.told("workflow-get-definition", identifier) == GREETING


def test_what_is_printed_of_workflows_for_people_is_a_table(mistral: Mistral, tmp_path: Path) -> None:
    mistral.told("workflow-create", written(tmp_path, TWO.format(one="early", other="late")))

    assert (
        mistral.table("workflow-list", "--filter", "name=in:early,late", "--sort_keys", "name")
        == """\
+--------------------------------------+-------+-----------+-------------------+--------+-------+---------+---------------------+------------+
| ID                                   | Name  | Namespace | Project ID        | Tags   | Input | Scope   | Created at          | Updated at |
+--------------------------------------+-------+-----------+-------------------+--------+-------+---------+---------------------+------------+
| 00000000-0000-0000-0000-000000000001 | early |           | <default-project> | <none> |       | private | YYYY-MM-DD hh:mm:ss | None       |
| 00000000-0000-0000-0000-000000000002 | late  |           | <default-project> | <none> |       | private | YYYY-MM-DD hh:mm:ss | None       |
+--------------------------------------+-------+-----------+-------------------+--------+-------+---------+---------------------+------------+
"""  # noqa: E501
    )
    assert (
        mistral.table("workflow-get", "early")
        == """\
+------------+--------------------------------------+
| Field      | Value                                |
+------------+--------------------------------------+
| ID         | 00000000-0000-0000-0000-000000000001 |
| Name       | early                                |
| Namespace  |                                      |
| Project ID | <default-project>                    |
| Tags       | <none>                               |
| Input      |                                      |
| Scope      | private                              |
| Created at | YYYY-MM-DD hh:mm:ss                  |
| Updated at | None                                 |
+------------+--------------------------------------+
"""
    )


def test_an_empty_list_is_one_row_of_empty_cells(mistral: Mistral) -> None:
    assert (
        mistral.table("workflow-list", "--filter", "name=nobody-has-this")
        == """\
+----+------+-----------+------------+------+-------+-------+------------+------------+
| ID | Name | Namespace | Project ID | Tags | Input | Scope | Created at | Updated at |
+----+------+-----------+------------+------+-------+-------+------------+------------+
|    |      |           |            |      |       |       |            |            |
+----+------+-----------+------------+------+-------+-------+------------+------------+
"""
    )


def test_each_workflow_of_a_text_gets_a_row_and_a_text_of_its_own(mistral: Mistral, tmp_path: Path) -> None:
    file = written(tmp_path, TWO.format(one="second-to-none", other="first-of-all"))

    assert mistral.rows("workflow-create", file) == [
        workflow_row("second-to-none"),
        workflow_row("first-of-all", 2),
    ]
    definition = mistral.told("workflow-get-definition", "first-of-all")
    assert definition.splitlines()[0] == "version: '2.0'"
    assert "first-of-all:" in definition
    assert "second-to-none" not in definition


def test_a_workflow_is_updated_by_its_name(mistral: Mistral, tmp_path: Path) -> None:
    mistral.told("workflow-create", written(tmp_path, TWO.format(one="plain", other="simple")))

    assert mistral.rows("workflow-update", written(tmp_path, TWO.format(one="plain", other="simple"))) == [
        workflow_row("plain"),
        workflow_row("simple", 2),
    ], "the same text changes nothing"

    changed = "version: '2.0'\nplain:\n  input: [more]\n  tasks: {only: {action: std.noop}}\n"
    assert mistral.rows("workflow-update", written(tmp_path, changed), "--public") == [
        workflow_row("plain", Input="more", Scope="public") | {"Updated at": TIME}
    ]
    assert mistral.told("workflow-get-definition", "plain") == changed


def test_a_workflow_is_renamed_by_its_id_and_moves_to_the_namespace_of_the_update(
    mistral: Mistral, tmp_path: Path
) -> None:
    text = "version: '2.0'\n{name}:\n  tasks: {{only: {{action: std.noop}}}}\n"
    file = written(tmp_path, text.format(name="caterpillar"))
    created = mistral.raw("workflow-create", file, "--namespace", "garden")[0]
    assert created["Namespace"] == "garden"

    file = written(tmp_path, text.format(name="butterfly"))
    updated = mistral.raw("workflow-update", file, "--id", created["ID"])

    assert updated == [
        {**created, "Name": "butterfly", "Namespace": "", "Updated at": updated[0]["Updated at"]}
    ]
    assert updated[0]["Updated at"] is not None
    assert mistral.raw("workflow-get", "butterfly")["ID"] == created["ID"]


def test_a_workflow_of_a_namespace_is_found_only_there_by_its_name(mistral: Mistral, tmp_path: Path) -> None:
    text = "version: '2.0'\nhidden:\n  tasks: {only: {action: std.noop}}\n"
    mistral.told("workflow-create", written(tmp_path, text), "--namespace", "cellar")

    message = mistral.refused("workflow-get", "hidden")

    assert "hidden" in message
    found = mistral.rows("workflow-get", "hidden", "--namespace", "cellar")
    assert found == workflow_row("hidden", Namespace="cellar")
    assert mistral.told("workflow-get-definition", "hidden", "--namespace", "cellar") == text
    assert "attic" in mistral.refused("workflow-get", "hidden", "--namespace", "attic")
    assert mistral.told("workflow-delete", "hidden", "--namespace", "cellar") == (
        "Request to delete workflow hidden has been accepted.\n"
    )
    mistral.refused("workflow-get", "hidden", "--namespace", "cellar")


def test_of_several_workflows_those_that_are_there_are_deleted_and_the_rest_is_told(
    mistral: Mistral, tmp_path: Path
) -> None:
    mistral.told("workflow-create", written(tmp_path, TWO.format(one="doomed", other="lost")))

    printed = mistral("workflow-delete", "doomed", "never-was", "lost")

    first, missing, last = printed.stdout.splitlines()
    assert printed.code == 1
    assert first == "Request to delete workflow doomed has been accepted."
    assert "never-was" in missing
    assert last == "Request to delete workflow lost has been accepted."
    assert printed.stderr == "ERROR (app) Unable to delete the specified workflow(s).\n"
    mistral.refused("workflow-get", "doomed")
    mistral.refused("workflow-get", "lost")


def test_workflows_are_listed_page_by_page_in_the_order_asked_for(mistral: Mistral, tmp_path: Path) -> None:
    file = written(tmp_path, TWO.format(one="page-a", other="page-b"))
    ids = {row["Name"]: row["ID"] for row in mistral.raw("workflow-create", file)}
    by_name = ("workflow-list", "--filter", "name=has:page-", "--sort_keys", "name", "--sort_dirs", "desc")

    assert [row["Name"] for row in mistral.raw(*by_name)] == ["page-b", "page-a"]
    assert [row["Name"] for row in mistral.raw(*by_name, "--limit", "1")] == ["page-b"]
    assert [row["Name"] for row in mistral.raw(*by_name, "--marker", ids["page-b"])] == ["page-a"]
    assert [row["Name"] for row in mistral.raw(*by_name, "-c", "Name")] == ["page-b", "page-a"]
    assert mistral.told(*by_name, "-f", "value", "-c", "Name") == "page-b\npage-a\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--sort_dirs", "sideways"), "Unknown sort direction"),
        (
            ("--sort_keys", "id,id", "--sort_dirs", "asc,asc"),
            "Length of sort_keys must be equal or greater than sort_dirs",
        ),
        (("--sort_keys", "colour"), "colour"),
        (("--filter", "colour=red"), "colour"),
        (("--marker", "not-an-id"), "not-an-id"),
        (("--marker", an_id(404)), an_id(404)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_list_is_refused_with_what_is_wrong(
    mistral: Mistral, arguments: tuple[str, ...], said: str
) -> None:
    assert said in mistral.refused("workflow-list", *arguments)


def test_a_definition_that_is_wrong_is_not_stored(mistral: Mistral, tmp_path: Path) -> None:
    wrong = written(
        tmp_path, "version: '2.0'\nbroken:\n  tasks: {only: {action: std.noop, on-success: gone}}\n"
    )

    message = mistral.refused("workflow-create", wrong)

    assert "gone" in message
    mistral.refused("workflow-get", "broken")
    verdict = mistral.raw("workflow-validate", wrong)
    assert verdict["Valid"] is False
    assert "gone" in verdict["Error"]


def test_a_good_workflow_is_told_to_be_valid(mistral: Mistral, tmp_path: Path) -> None:
    assert (
        mistral.table("workflow-validate", written(tmp_path, GREETING))
        == """\
+-------+-------+
| Field | Value |
+-------+-------+
| Valid | True  |
| Error | None  |
+-------+-------+
"""
    )


def test_a_workflow_whose_name_is_taken_is_not_created(mistral: Mistral, tmp_path: Path) -> None:
    file = written(tmp_path, "version: '2.0'\nunique:\n  tasks: {only: {action: std.noop}}\n")
    mistral.told("workflow-create", file)

    assert "unique" in mistral.refused("workflow-create", file)
    assert mistral.rows("workflow-create", file, "--namespace", "elsewhere") == [
        workflow_row("unique", Namespace="elsewhere")
    ]


# Workbooks.


def test_a_workbook_is_created_shown_listed_and_printed_again(mistral: Mistral, tmp_path: Path) -> None:
    text = WORKBOOK.format(name="office")
    file = written(tmp_path, text)
    created = mistral.table("workbook-create", file)

    assert (
        created
        == """\
+------------+---------------------+
| Field      | Value               |
+------------+---------------------+
| Name       | office              |
| Namespace  |                     |
| Tags       | office              |
| Scope      | private             |
| Created at | YYYY-MM-DD hh:mm:ss |
| Updated at | None                |
+------------+---------------------+
"""
    )
    assert mistral.rows("workbook-get", "office") == workbook_row("office")
    assert mistral.rows("workbook-list", "--filter", "name=office") == [workbook_row("office")]
    assert mistral.told("workbook-get-definition", "office") == text


def test_the_workflows_and_actions_of_a_workbook_have_rows_of_their_own(
    mistral: Mistral, tmp_path: Path
) -> None:
    mistral.told("workbook-create", written(tmp_path, WORKBOOK.format(name="house")))

    assert mistral.rows("workflow-get", "house.open") == workflow_row("house.open")
    assert mistral.told("workflow-get-definition", "house.open").startswith("open:\n")
    assert mistral.rows("action-get", "house.turn") == action_row(
        "house.turn", Input="way", Description=None, Tags="<none>"
    )


def test_a_workbook_is_updated_in_its_namespace(mistral: Mistral, tmp_path: Path) -> None:
    file = written(tmp_path, WORKBOOK.format(name="shop"))
    row = workbook_row("shop", Namespace="town")
    assert mistral.rows("workbook-create", file, "--namespace", "town") == row
    assert mistral.rows("workbook-update", file, "--namespace", "town") == row

    assert mistral.rows("workbook-update", file, "--namespace", "town", "--public") == {
        **row,
        "Scope": "public",
        "Updated at": TIME,
    }
    assert "shop" in mistral.refused("workbook-update", file)
    assert mistral.rows("workbook-get", "shop", "--namespace", "town")["Scope"] == "public"
    assert mistral.told("workbook-delete", "shop", "--namespace", "town") == (
        "Request to delete workbook shop has been accepted.\n"
    )
    assert "shop" in mistral.refused("workbook-get", "shop", "--namespace", "town")


def test_a_workbook_that_is_deleted_leaves_its_workflows(mistral: Mistral, tmp_path: Path) -> None:
    mistral.told("workbook-create", written(tmp_path, WORKBOOK.format(name="barn")))

    printed = mistral("workbook-delete", "barn", "stable")

    accepted, missing = printed.stdout.splitlines()
    assert printed.code == 1
    assert accepted == "Request to delete workbook barn has been accepted."
    assert "stable" in missing
    assert printed.stderr == "ERROR (app) Unable to delete the specified workbook(s).\n"
    assert mistral.rows("workflow-get", "barn.open") == workflow_row("barn.open")


def test_a_workbook_is_validated(mistral: Mistral, tmp_path: Path) -> None:
    good = written(tmp_path, WORKBOOK.format(name="good"))
    assert mistral.rows("workbook-validate", good) == {"Valid": True, "Error": None}

    bad = written(tmp_path, "version: '2.0'\nname: bad\nworkflows: {one: {tasks: {a: {join: many}}}}\n")
    verdict = mistral.rows("workbook-validate", bad)

    assert verdict["Valid"] is False
    assert "many" in verdict["Error"]
    assert "many" in mistral.refused("workbook-create", bad)


# Actions.


def test_an_action_is_created_shown_listed_and_printed_again(mistral: Mistral, tmp_path: Path) -> None:
    text = ACTION.format(name="hello")
    file = written(tmp_path, text)

    assert mistral.rows("action-create", file) == [action_row("hello")]
    assert mistral.rows("action-list", "--filter", "name=hello") == [action_row("hello")]
    assert (
        mistral.table("action-get", "hello")
        == """\
+-------------+---------------------------------------+
| Field       | Value                                 |
+-------------+---------------------------------------+
| ID          | 00000000-0000-0000-0000-000000000001  |
| Name        | hello                                 |
| Is system   | False                                 |
| Input       | name, words="Good morning", times=1   |
| Description | Says hello to somebody in particular. |
| Tags        | people                                |
| Created at  | YYYY-MM-DD hh:mm:ss                   |
| Updated at  | None                                  |
+-------------+---------------------------------------+
"""
    )
    assert mistral.told("action-get-definition", "hello") == text


def test_an_action_without_input_and_description_prints_none_where_it_is_made(
    mistral: Mistral, tmp_path: Path
) -> None:
    file = written(tmp_path, "version: '2.0'\nbare: {base: std.noop}\n")

    created = mistral.rows("action-create", file)

    assert created == [action_row("bare", Input=None, Description=None, Tags="<none>")]
    assert mistral.rows("action-get", "bare")["Input"] == ""


def test_the_built_in_actions_are_listed_among_the_others(mistral: Mistral) -> None:
    names = [
        row["Name"] for row in mistral.raw("action-list", "--sort_keys", "name", "--filter", "name=has:std.")
    ]

    assert names == sorted(names)
    assert {"std.noop", "std.echo", "std.fail", "std.http", "std.async_noop", "std.javascript"} <= set(names)


def test_a_built_in_action_is_shown_by_its_name(mistral: Mistral) -> None:
    row = mistral.raw("action-get", "std.echo")

    assert {**row, "Description": ""} == {
        "ID": "std.echo",
        "Name": "std.echo",
        "Is system": False,
        "Input": "output, delay=0",
        "Description": "",
        "Tags": "<none>",
        "Created at": "",
        "Updated at": "",
    }
    assert row["Description"]
    assert mistral.told("action-get-definition", "std.echo") == "\n"


def test_an_action_is_updated_by_its_name_and_by_its_id(mistral: Mistral, tmp_path: Path) -> None:
    created = mistral.raw("action-create", written(tmp_path, ACTION.format(name="hi")))[0]
    assert mistral.raw("action-update", written(tmp_path, ACTION.format(name="hi"))) == [created]

    renamed = mistral.rows(
        "action-update", written(tmp_path, ACTION.format(name="hey")), "--id", created["ID"]
    )

    assert renamed == [action_row("hey") | {"Updated at": TIME}]
    assert mistral.raw("action-get", "hey")["ID"] == created["ID"]
    assert "hi" in mistral.refused("action-get", "hi")
    public = mistral.raw("action-update", written(tmp_path, ACTION.format(name="hey")), "--public")
    assert public[0]["ID"] == created["ID"]


def test_an_action_is_found_from_any_namespace_unless_that_has_one_of_its_name(
    mistral: Mistral, tmp_path: Path
) -> None:
    everywhere = mistral.raw("action-create", written(tmp_path, ACTION.format(name="salute")))[0]
    file = written(tmp_path, ACTION.format(name="salute"))
    navy = mistral.raw("action-create", file, "--namespace", "navy")[0]

    assert mistral.raw("action-get", "salute")["ID"] == everywhere["ID"]
    assert mistral.raw("action-get", "salute", "--namespace", "army")["ID"] == everywhere["ID"]
    assert mistral.raw("action-get", "salute", "--namespace", "navy")["ID"] == navy["ID"]
    assert mistral.told("action-get-definition", "salute", "--namespace", "navy") == ACTION.format(
        name="salute"
    )
    assert mistral.raw("action-list", "--namespace", "navy") == [navy]
    assert mistral.told("action-delete", "salute", "--namespace", "navy") == (
        "Request to delete action salute has been accepted.\n"
    )
    assert mistral.raw("action-get", "salute", "--namespace", "navy")["ID"] == everywhere["ID"]


def test_of_several_actions_only_those_that_people_made_are_deleted(mistral: Mistral, tmp_path: Path) -> None:
    mistral.told("action-create", written(tmp_path, ACTION.format(name="farewell")))

    printed = mistral("action-delete", "farewell", "std.noop", "nothing")

    accepted, built_in, unknown = printed.stdout.splitlines()
    assert printed.code == 1
    assert accepted == "Request to delete action farewell has been accepted."
    assert "std.noop" in built_in
    assert "nothing" in unknown
    assert printed.stderr == "ERROR (app) Unable to delete the specified action(s).\n"


def test_an_action_is_validated(mistral: Mistral, tmp_path: Path) -> None:
    good = written(tmp_path, ACTION.format(name="good"))
    assert mistral.rows("action-validate", good) == {"Valid": True, "Error": None}

    bad = written(tmp_path, "version: '2.0'\nbad: {input: [a]}\n")
    verdict = mistral.rows("action-validate", bad)

    assert verdict["Valid"] is False
    assert "base" in verdict["Error"]
    assert "base" in mistral.refused("action-create", bad)


def test_ids_of_one_command_are_not_mixed_up() -> None:
    first, second = "0aaaaaaa-1111-4222-8333-444444444444", "1aaaaaaa-1111-4222-8333-444444444444"

    text = normalised(f"{first} {second} {first} 2026-01-02 03:04:05 0:00:01")

    assert text == f"{an_id(1)} {an_id(2)} {an_id(1)} {TIME} h:mm:ss"
