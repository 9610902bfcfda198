"""`mistral` and `openstack` as the processes they are."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.mistral_client import (
    TIME,
    Mistral,
    MistralShell,
    Printed,
    an_id,
    normalised,
    program,
    serving,
)

WORKFLOW = """version: '2.0'
hello:
  input: [name]
  output: {text: <% $.text %>}
  tasks:
    say:
      action: std.echo output=<% 'Hello, ' + $.name %>
      publish: {text: <% task().result %>}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    (home / "workflow.yaml").write_text(WORKFLOW)
    return home


@pytest.fixture(scope="module")
def base(home: Path) -> Iterator[str]:
    with serving(home) as base:
        Mistral(base).told("workflow-create", str(home / "workflow.yaml"))
        yield base


def test_every_command_of_the_program_is_driven_by_a_test() -> None:
    texts = [path.read_text() for path in Path(__file__).parent.glob("test_mistral_*.py")]

    commands = MistralShell._get_commands_v2()

    assert len(commands) > 70
    assert [name for name in commands if not any(f'"{name}"' in text for text in texts)] == []


def test_a_workflow_runs_from_its_text_to_its_output(base: str, home: Path) -> None:
    def mistral(*arguments: str) -> str:
        printed = program("mistral", *arguments, home=home, OS_MISTRAL_URL=base)
        assert (printed.code, printed.stderr) == (0, ""), printed
        return printed.stdout

    listed = mistral("workflow-list", "--filter", "name=hello")
    created = json.loads(mistral("execution-create", "hello", '{"name": "Ann"}', "-f", "json"))
    ended = Mistral(base).ended(created["ID"])
    output = mistral("execution-get-output", created["ID"])

    assert (
        normalised(listed)
        == """\
+--------------------------------------+-------+-----------+-------------------+--------+-------+---------+---------------------+------------+
| ID                                   | Name  | Namespace | Project ID        | Tags   | Input | Scope   | Created at          | Updated at |
+--------------------------------------+-------+-----------+-------------------+--------+-------+---------+---------------------+------------+
| 00000000-0000-0000-0000-000000000001 | hello |           | <default-project> | <none> | name  | private | YYYY-MM-DD hh:mm:ss | None       |
+--------------------------------------+-------+-----------+-------------------+--------+-------+---------+---------------------+------------+
"""  # noqa: E501
    )
    assert ended["state"] == "SUCCESS"
    assert output == '{\n    "text": "Hello, Ann"\n}\n'


def test_a_command_that_is_refused_says_so_on_stderr_and_exits_with_1(base: str, home: Path) -> None:
    printed = program("mistral", "workflow-get", "nobody", home=home, OS_MISTRAL_URL=base)

    assert (printed.code, printed.stdout) == (1, "")
    assert printed.stderr.startswith("ERROR (app) ")
    assert "nobody" in printed.stderr
    assert "Traceback" not in printed.stderr


def test_the_project_of_the_environment_is_the_project_of_what_is_seen(base: str, home: Path) -> None:
    arguments = ("workflow-list", "--filter", "name=hello", "-f", "value", "-c", "Name")

    mine = program("mistral", *arguments, home=home, OS_MISTRAL_URL=base)
    of_others = program("mistral", *arguments, home=home, OS_MISTRAL_URL=base, OS_PROJECT_ID="decaf")

    assert mine == Printed(0, "hello\n", "")
    assert of_others == Printed(0, "\n", "")


def test_the_completion_of_a_shell_knows_every_command(base: str) -> None:
    words = Mistral(base).told("bash-completion").split()

    assert {"--os-mistral-url", "workflow-create", "dynamic-action-delete", "task-rerun"} <= set(words)


def test_the_openstack_program_works_without_a_cloud(base: str, home: Path) -> None:
    def openstack(*arguments: str) -> str:
        no_cloud = ("--os-auth-type", "none", "--os-endpoint", base)
        printed = program("openstack", *no_cloud, *arguments, home=home)
        assert printed.code == 0, printed
        return printed.stdout

    row = json.loads(normalised(openstack("workflow", "show", "hello", "-f", "json")))
    created = json.loads(
        openstack("workflow", "execution", "create", "hello", '{"name": "Bob"}', "-f", "json")
    )
    Mistral(base).ended(created["ID"])
    output = openstack("workflow", "execution", "output", "show", created["ID"])

    assert row == {
        "ID": an_id(1),
        "Name": "hello",
        "Namespace": "",
        "Project ID": "<default-project>",
        "Tags": "<none>",
        "Input": "name",
        "Scope": "private",
        "Created at": TIME,
        "Updated at": None,
    }
    assert output == '{\n    "text": "Hello, Bob"\n}\n'
