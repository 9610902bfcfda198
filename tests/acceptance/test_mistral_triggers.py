"""The commands of `mistral` on environments, triggers, code sources and dynamic actions."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.acceptance.mistral_client import TIME, Mistral, an_id, serving

PROJECT = "<default-project>"
UNKNOWN = "0123abcd-0000-4000-8000-000000000000"

WORKFLOW = """version: '2.0'

nightly:
  input: [{depth: 1}]
  tasks:
    only: {action: std.noop}
"""

SOURCE = '''
"""Actions of our own."""


class Greet:
    def __init__(self, name, words="Hello"):
        self.name = name
        self.words = words

    def run(self, context):
        return f"{self.words}, {self.name}"


class Shout(Greet):
    def run(self, context):
        return super().run(context).upper()
'''


@pytest.fixture(scope="module")
def mistral(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mistral]:
    home = tmp_path_factory.mktemp("server")
    (home / "workflow.yaml").write_text(WORKFLOW)
    (home / "source.py").write_text(SOURCE)
    with serving(home) as base:
        mistral = Mistral(base)
        mistral.told("workflow-create", str(home / "workflow.yaml"))
        mistral.told("code-source-create", "greetings", str(home / "source.py"))
        yield mistral


def written(folder: Path, text: str, name: str = "file") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


# Environments.


def test_an_environment_is_created_shown_and_listed(mistral: Mistral, tmp_path: Path) -> None:
    file = written(tmp_path, "name: lab\ndescription: For trials.\nvariables: {host: localhost, port: 80}\n")

    created = mistral.table("environment-create", file)

    assert (
        created
        == """\
+-------------+--------------------------+
| Field       | Value                    |
+-------------+--------------------------+
| Name        | lab                      |
| Description | For trials.              |
| Variables   | {                        |
|             |     "host": "localhost", |
|             |     "port": 80           |
|             | }                        |
| Scope       | private                  |
| Created at  | YYYY-MM-DD hh:mm:ss      |
| Updated at  | None                     |
+-------------+--------------------------+
"""
    )
    row = {
        "Name": "lab",
        "Description": "For trials.",
        "Scope": "private",
        "Created at": TIME,
        "Updated at": "<none>",
    }
    assert mistral.rows("environment-list", "--filter", "name=lab") == [row]
    variables = '{\n    "host": "localhost",\n    "port": 80\n}'
    assert mistral.rows("environment-get", "lab") == row | {"Variables": variables}


def test_an_environment_without_a_description_prints_none_where_it_is_made(
    mistral: Mistral, tmp_path: Path
) -> None:
    row = mistral.rows("environment-create", written(tmp_path, '{"name": "bare", "variables": {}}'))

    assert row == {
        "Name": "bare",
        "Description": None,
        "Variables": "{}",
        "Scope": "private",
        "Created at": TIME,
        "Updated at": None,
    }
    assert mistral.rows("environment-get", "bare") == row | {"Description": "<none>", "Updated at": "<none>"}


def test_an_exported_environment_can_be_created_again(mistral: Mistral, tmp_path: Path) -> None:
    mistral.told(
        "environment-create",
        written(
            tmp_path, "name: exported\ndescription: Goes out.\nvariables: {a: {b: [1]}}\nscope: public\n"
        ),
    )

    exported = mistral.raw("environment-get", "exported", "--export")

    assert exported == {
        "name": "exported",
        "description": "Goes out.",
        "scope": "public",
        "variables": '{"a": {"b": [1]}}',
    }
    mistral.told("environment-delete", "exported")
    mistral.told("environment-create", written(tmp_path, json.dumps(exported)))
    assert mistral.raw("environment-get", "exported", "--export") == exported


def test_an_environment_is_updated_by_what_the_file_says_and_nothing_else(
    mistral: Mistral, tmp_path: Path
) -> None:
    mistral.told(
        "environment-create", written(tmp_path, "name: yard\ndescription: Old.\nvariables: {a: 1, b: 2}\n")
    )

    row = mistral.rows("environment-update", written(tmp_path, "name: yard\nvariables: {c: 3}\n"))

    assert row == {
        "Name": "yard",
        "Description": "Old.",
        "Variables": '{\n    "c": 3\n}',
        "Scope": "private",
        "Created at": TIME,
        "Updated at": TIME,
    }
    assert "nowhere" in mistral.refused(
        "environment-update", written(tmp_path, "name: nowhere\nvariables: {a: 1}\n")
    )
    assert "colour" in mistral.refused("environment-update", written(tmp_path, "name: yard\ncolour: red\n"))


def test_an_environment_that_cannot_be_is_refused(mistral: Mistral, tmp_path: Path) -> None:
    file = written(tmp_path, "name: once\nvariables: {a: 1}\n")
    mistral.told("environment-create", file)

    assert "once" in mistral.refused("environment-create", file)
    assert "colour" in mistral.refused(
        "environment-create", written(tmp_path, "name: twice\nvariables: {a: 1}\ncolour: red\n")
    )
    assert mistral.refused("environment-create", written(tmp_path, "name: twice\n"))
    assert "twice" in mistral.refused("environment-get", "twice")


def test_of_several_environments_those_that_are_there_are_deleted(mistral: Mistral, tmp_path: Path) -> None:
    mistral.told("environment-create", written(tmp_path, "name: doomed\nvariables: {a: 1}\n"))

    printed = mistral("environment-delete", "doomed", "never-was")

    accepted, missing = printed.stdout.splitlines()
    assert printed.code == 1
    assert accepted == "Request to delete environment doomed has been accepted."
    assert "never-was" in missing
    assert printed.stderr == "ERROR (app) Unable to delete the specified environment(s).\n"
    assert "doomed" in mistral.refused("environment-get", "doomed")


# Cron triggers.


def cron_row(name: str, **others: object) -> dict[str, object]:
    return {
        "Name": name,
        "Workflow": "nightly",
        "Params": "{}",
        "Pattern": "0 3 1 1 *",
        "Next execution time": TIME,
        "Remaining executions": None,
        "Created at": TIME,
        "Updated at": None,
        **others,
    }


def in_a_year() -> str:
    return f"{datetime.now(UTC).year + 1}-06-01 12:30"


def test_a_cron_trigger_is_created_shown_and_listed(mistral: Mistral) -> None:
    created = mistral.table(
        "cron-trigger-create",
        "yearly",
        "nightly",
        '{"depth": 2}',
        "--pattern",
        "0 3 1 1 *",
        "--params",
        '{"env": {"a": 1}}',
    )

    assert (
        created
        == """\
+----------------------+---------------------+
| Field                | Value               |
+----------------------+---------------------+
| Name                 | yearly              |
| Workflow             | nightly             |
| Params               | {"env": {"a": 1}}   |
| Pattern              | 0 3 1 1 *           |
| Next execution time  | YYYY-MM-DD hh:mm:ss |
| Remaining executions | None                |
| Created at           | YYYY-MM-DD hh:mm:ss |
| Updated at           | None                |
+----------------------+---------------------+
"""
    )
    row = cron_row("yearly", Params='{"env": {"a": 1}}')
    assert mistral.rows("cron-trigger-get", "yearly") == row
    assert mistral.rows("cron-trigger-list", "--filter", "name=yearly") == [row]
    next_time = mistral.raw("cron-trigger-get", "yearly")["Next execution time"]
    assert next_time == f"{datetime.now(UTC).year + 1}-01-01 03:00:00"


def test_a_cron_trigger_is_created_by_the_id_of_the_workflow_for_a_number_of_times(mistral: Mistral) -> None:
    workflow = mistral.raw("workflow-get", "nightly")["ID"]

    row = mistral.rows("cron-trigger-create", "counted", workflow, "--pattern", "0 3 1 1 *", "--count", "3")

    assert row == cron_row("counted", **{"Remaining executions": 3})


def test_a_cron_trigger_with_a_time_and_no_pattern_fires_once(mistral: Mistral) -> None:
    row = mistral.raw("cron-trigger-create", "once", "nightly", "--first-time", in_a_year(), "--utc")

    assert row == cron_row("once") | {
        "Pattern": "0 0 30 2 0",
        "Remaining executions": 1,
        "Next execution time": f"{in_a_year()}:00",
        "Created at": row["Created at"],
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nightly",), "pattern"),
        (("nightly", "--pattern", "every full moon"), "every full moon"),
        (("nightly", "--pattern", "* * * * *", "--count", "0"), "remaining_executions"),
        (("nightly", "--first-time", in_a_year(), "--count", "2"), "pattern"),
        (("no-such-workflow", "--pattern", "* * * * *"), "no-such-workflow"),
        (("nightly", '{"colour": 1}', "--pattern", "* * * * *"), "colour"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_cron_trigger_that_cannot_be_is_refused_with_the_reason(
    mistral: Mistral, arguments: tuple[str, ...], said: str
) -> None:
    assert said in mistral.refused("cron-trigger-create", "wrong", *arguments)


def test_a_first_time_that_has_passed_is_refused(mistral: Mistral) -> None:
    yesterday = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%d %H:%M")

    assert mistral.refused("cron-trigger-create", "late", "nightly", "--first-time", yesterday, "--utc")


def test_of_several_cron_triggers_those_that_are_there_are_deleted(mistral: Mistral) -> None:
    mistral.told("cron-trigger-create", "doomed", "nightly", "--pattern", "5 3 1 1 *")
    assert "doomed" in mistral.refused("cron-trigger-create", "doomed", "nightly", "--pattern", "6 3 1 1 *")
    in_use = mistral("workflow-delete", "nightly")
    assert (in_use.code, "accepted" in in_use.stdout) == (1, False), "a workflow stays while triggers use it"

    printed = mistral("cron-trigger-delete", "doomed", "never-was")

    accepted, missing = printed.stdout.splitlines()
    assert printed.code == 1
    assert accepted == "Request to delete cron trigger doomed has been accepted."
    assert "never-was" in missing
    assert printed.stderr == "ERROR (app) Unable to delete the specified cron trigger(s).\n"
    assert "doomed" in mistral.refused("cron-trigger-get", "doomed")


# Event triggers.


def test_an_event_trigger_is_created_shown_listed_and_deleted(mistral: Mistral) -> None:
    workflow = mistral.raw("workflow-get", "nightly")["ID"]
    arguments = ("on-boot", workflow, "nova", "notifications", "compute.instance.create.end")

    created = mistral.raw("event-trigger-create", *arguments, '{"depth": 3}', "--params", '{"env": {}}')

    assert created == {
        "ID": created["ID"],
        "Name": "on-boot",
        "Workflow ID": workflow,
        "Params": '{"env": {}}',
        "Exchange": "nova",
        "Topic": "notifications",
        "Event": "compute.instance.create.end",
        "Created at": created["Created at"],
        "Updated at": None,
    }
    assert mistral.raw("event-trigger-get", created["ID"]) == created
    assert mistral.raw("event-trigger-list") == [created]
    assert (
        mistral.table("event-trigger-list", "-c", "ID", "-c", "Name", "-c", "Event", "-c", "Updated at")
        == """\
+--------------------------------------+---------+-----------------------------+------------+
| ID                                   | Name    | Event                       | Updated at |
+--------------------------------------+---------+-----------------------------+------------+
| 00000000-0000-0000-0000-000000000001 | on-boot | compute.instance.create.end | None       |
+--------------------------------------+---------+-----------------------------+------------+
"""
    )
    assert "compute.instance.create.end" in mistral.refused("event-trigger-create", *arguments)

    printed = mistral("event-trigger-delete", created["ID"], UNKNOWN)

    accepted, missing = printed.stdout.splitlines()
    assert printed.code == 1
    assert accepted == f"Request to delete event trigger {created['ID']} has been accepted."
    assert UNKNOWN in missing
    assert printed.stderr == "ERROR (app) Unable to delete the specified event trigger(s).\n"
    assert created["ID"] in mistral.refused("event-trigger-get", created["ID"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nightly", "nova", "notifications", "boot"), "workflow_id"),
        ((UNKNOWN, "nova", "notifications", "boot"), UNKNOWN),
        ((UNKNOWN, "", "notifications", "boot"), "exchange"),
        ((UNKNOWN, "nova", "notifications", ""), "event"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_an_event_trigger_that_cannot_be_is_refused_with_the_reason(
    mistral: Mistral, arguments: tuple[str, ...], said: str
) -> None:
    assert said in mistral.refused("event-trigger-create", "wrong", *arguments)


# Code sources and dynamic actions.


def source_row(name: str, **others: object) -> dict[str, object]:
    return {
        "ID": an_id(1),
        "Name": name,
        "Namespace": "",
        "Project ID": PROJECT,
        "Scope": "private",
        "Created at": TIME,
        "Updated at": None,
        **others,
    }


def dynamic_row(name: str, class_name: str, **others: object) -> dict[str, object]:
    return {
        "ID": an_id(1),
        "Name": name,
        "Class": class_name,
        "Code source ID": an_id(2),
        "Code source name": "greetings",
        "Project ID": PROJECT,
        "Scope": "private",
        "Created at": TIME,
        "Updated at": None,
        **others,
    }


def test_a_code_source_is_created_shown_listed_updated_and_deleted(mistral: Mistral, tmp_path: Path) -> None:
    created = mistral.table("code-source-create", "tools", written(tmp_path, SOURCE))
    assert (
        created
        == """\
+------------+--------------------------------------+
| Field      | Value                                |
+------------+--------------------------------------+
| ID         | 00000000-0000-0000-0000-000000000001 |
| Name       | tools                                |
| Namespace  |                                      |
| Project ID | <default-project>                    |
| Scope      | private                              |
| Created at | YYYY-MM-DD hh:mm:ss                  |
| Updated at | None                                 |
+------------+--------------------------------------+
"""
    )
    assert mistral.rows("code-source-get", "tools") == source_row("tools")
    identifier = mistral.raw("code-source-get", "tools")["ID"]
    assert mistral.rows("code-source-get", identifier) == source_row("tools")
    assert mistral.rows("code-source-list", "--filter", "name=tools") == [source_row("tools")]
    assert mistral.told("code-source-get-content", "tools") == SOURCE
    assert "tools" in mistral.refused("code-source-create", "tools", written(tmp_path, SOURCE))

    changed = f"{SOURCE}\nMORE = 1\n"
    updated = mistral.rows("code-source-update", "tools", written(tmp_path, changed), "--public")

    assert updated == source_row("tools", Scope="public", **{"Updated at": TIME})
    assert mistral.told("code-source-get-content", identifier) == changed
    printed = mistral("code-source-delete", "tools", "never-was")
    accepted, missing = printed.stdout.splitlines()
    assert printed.code == 1
    assert accepted == "Request to delete code source 'tools' has been accepted."
    assert "never-was" in missing
    assert printed.stderr == "ERROR (app) Unable to delete the specified code source(s).\n"
    assert "tools" in mistral.refused("code-source-get", "tools")
    assert "tools" in mistral.refused("code-source-update", "tools", written(tmp_path, SOURCE))


def test_a_code_source_of_a_namespace_is_found_only_there(mistral: Mistral, tmp_path: Path) -> None:
    mistral.told("code-source-create", "deep", written(tmp_path, SOURCE), "--namespace", "cellar")

    assert "deep" in mistral.refused("code-source-get", "deep")
    assert mistral.rows("code-source-get", "deep", "--namespace", "cellar") == source_row(
        "deep", Namespace="cellar"
    )
    assert mistral.told("code-source-get-content", "deep", "--namespace", "cellar") == SOURCE
    assert mistral.told("code-source-delete", "deep", "--namespace", "cellar") == (
        "Request to delete code source 'deep' has been accepted.\n"
    )


def test_a_dynamic_action_is_created_shown_listed_run_updated_and_deleted(mistral: Mistral) -> None:
    source = mistral.raw("code-source-get", "greetings")["ID"]

    created = mistral.rows("dynamic-action-create", "greet", "Greet", "greetings")

    assert created == dynamic_row("greet", "Greet")
    assert mistral.rows("dynamic-action-get", "greet") == dynamic_row("greet", "Greet")
    shown = mistral.raw("dynamic-action-get", "greet")
    assert shown["Code source ID"] == source
    assert mistral.raw("dynamic-action-get", shown["ID"]) == shown
    assert mistral.raw("dynamic-action-list", "--filter", "name=greet") == [shown]
    assert [row["Name"] for row in mistral.raw("action-list", "--filter", "name=greet")] == ["greet"]
    assert mistral.told("run-action", "greet", '{"name": "Ann"}') == '{"result": "Hello, Ann"}\n'
    assert "name" in mistral.refused("run-action", "greet")

    updated = mistral.rows("dynamic-action-update", "greet", "--class-name", "Shout", "--code-source", source)

    assert updated == dynamic_row("greet", "Shout", **{"Updated at": TIME})
    assert mistral.told("run-action", "greet", '{"name": "Ann"}') == '{"result": "HELLO, ANN"}\n'
    public = mistral.rows("dynamic-action-update", "greet", "--public")
    assert public == dynamic_row("greet", "Shout", Scope="public", **{"Updated at": TIME})
    printed = mistral("dynamic-action-delete", "greet", "never-was")
    accepted, missing = printed.stdout.splitlines()
    assert printed.code == 1
    assert accepted == "Request to delete dynamic action(s) greet has been accepted."
    assert "never-was" in missing
    assert printed.stderr == "ERROR (app) Unable to delete the specified dynamic action(s).\n"
    assert "greet" in mistral.refused("dynamic-action-get", "greet")
    assert "greet" in mistral.refused("run-action", "greet", '{"name": "Ann"}')


def test_a_dynamic_action_that_cannot_be_is_refused(mistral: Mistral) -> None:
    assert "no-such-source" in mistral.refused("dynamic-action-create", "wrong", "Greet", "no-such-source")
    assert UNKNOWN in mistral.refused("dynamic-action-create", "wrong", "Greet", UNKNOWN)
    mistral.told("dynamic-action-create", "taken", "Greet", "greetings")
    assert "taken" in mistral.refused("dynamic-action-create", "taken", "Greet", "greetings")
    assert "never-was" in mistral.refused("dynamic-action-update", "never-was", "--class-name", "Greet")
    mistral.told("dynamic-action-delete", "taken")


def test_the_dynamic_actions_of_a_code_source_go_with_it(mistral: Mistral, tmp_path: Path) -> None:
    mistral.told("code-source-create", "brief", written(tmp_path, SOURCE), "--namespace", "short")
    mistral.told("dynamic-action-create", "short-greet", "Greet", "brief", "--namespace", "short")
    assert mistral.rows("dynamic-action-get", "short-greet", "--namespace", "short")["Name"] == "short-greet"
    assert [row["Name"] for row in mistral.raw("dynamic-action-list", "--namespace", "short")] == [
        "short-greet"
    ]

    mistral.told("code-source-delete", "brief", "--namespace", "short")

    assert "short-greet" in mistral.refused("dynamic-action-get", "short-greet", "--namespace", "short")
