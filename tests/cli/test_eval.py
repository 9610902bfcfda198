"""`maestrale eval`: expressions on data, on tasks, on recorded cases."""

import io
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from maestrale.cli.main import main

from .processes import Ended, Maestrale, id_of

Command = Callable[..., Ended]

FOR_EVER = "range(9000).select(range(100000).sum()).sum()"

WORKFLOW = """
version: '2.0'
main:
  input: [names]
  tasks:
    first:
      publish: {vms: [{name: a, id: 1}, {name: b, id: 2}], count: 1}
      on-success: each
    each:
      with-items: name in <% $.names %>
      workflow: one
      input: {name: <% $.name %>}
      publish: {count: <% $.count + 1 %>}
      on-success: last-one
    last-one: {action: std.fail}
one:
  input: [name]
  tasks:
    say: {action: std.echo, input: {output: <% $.name %>}, publish: {said: <% task().result %>}}
"""


@pytest.fixture
def evaluated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Calls `maestrale eval` in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAESTRALE_DATABASE", f"sqlite:///{tmp_path}/maestrale.db")

    def call(*arguments: str, stdin: str = "") -> Ended:
        capsys.readouterr()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        code = main(["eval", *arguments])
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return call


@pytest.fixture
def execution(maestrale: Maestrale) -> str:
    """The id of an execution of `WORKFLOW` in the database."""
    file = maestrale.write("w.yaml", WORKFLOW)
    return id_of(maestrale("run", file, "main", "-i", 'names=["x", "y"]', "--env-file", _env(maestrale)))


def _env(maestrale: Maestrale) -> str:
    return maestrale.write("env.yaml", "{k: 5}")


# On data.


def test_expressions_of_both_languages_are_evaluated_as_in_a_workflow(evaluated: Command) -> None:
    ended = evaluated(
        "<% $.a.b %>", "{{ _.a }}", "n=<% $.a.b %>", "$.a.b + 1", "{% if _.a %}{{ 'yes' }}{% endif %}",
        "null", "--data", "{a: {b: 1}}",
    )  # fmt: skip

    assert ended == Ended(0, '1\n{"b": 1}\nn=1\n2\nyes\nnull\n', "")


@pytest.mark.parametrize(
    ("form", "output"),
    [
        ([], 'text\n["a", null]\n'),
        (["--json"], '"text"\n["a", null]\n'),
        (["--yaml"], "text\n---\n- a\n- null\n"),
    ],
)
def test_values_are_written_in_the_form_that_is_wanted(
    evaluated: Command, form: list[str], output: str
) -> None:
    assert evaluated("$.t", "$.l", "--data", '{"t": "text", "l": ["a", null]}', *form).stdout == output


def test_a_value_that_is_wide_stands_in_several_lines(evaluated: Command) -> None:
    told = evaluated("range(60)")

    assert json.loads(told.stdout) == list(range(60))
    assert len(told.stdout.splitlines()) > 60
    assert len(evaluated("range(60)", "--json").stdout.splitlines()) == 1


def test_data_and_environment_come_from_files_from_stdin_or_as_they_are(
    evaluated: Command, tmp_path: Path
) -> None:
    (tmp_path / "data.yaml").write_text("a: [1, 2]")
    (tmp_path / "env.json").write_text('{"k": 5}')

    assert evaluated("$.a.len() + env().k", "--data", "data.yaml", "--env", "env.json").stdout == "7\n"
    assert evaluated("$.a", "--data", "-", stdin="a: 3").stdout == "3\n"
    assert evaluated("$.sum()", "--data", "[1, 2]").stdout == "3\n"
    assert evaluated("{{ [_.__env.k, env()] }}", "--env", "{k: 1}").stdout == '[1, {"k": 1}]\n'
    assert evaluated("env().k", "--data", "{__env: {k: 6}}").stdout == "6\n"
    assert evaluated("env()").stdout == "{}\n"


def test_a_fault_is_told_with_its_place_and_does_not_keep_the_others(evaluated: Command) -> None:
    ended = evaluated("$.a +", "$.a", "a <% $.a + %> b", "--data", "{a: 1}")

    assert (ended.code, ended.stdout) == (1, "1\n")
    shown = [line for line in ended.stderr.splitlines() if line.startswith("  ")]
    assert shown == ["  $.a +", "       ^", "  a <% $.a + %> b", "            ^"]


def test_what_the_expression_layer_shows_of_a_failure_stands_below_it(evaluated: Command) -> None:
    ended = evaluated("$.a.nme", "--data", "{a: {name: 1}}")

    message, *below = ended.stderr.splitlines()
    assert message.startswith("error: Can not evaluate YAQL expression [expression=$.a.nme, error=")
    assert below[:2] == ["  $.a.nme", "      ^^^"]


@pytest.mark.parametrize(
    "expression",
    ["task()", "execution()", "executions()", "tasks()", "global(x)", "{{ task('a') }}", "{{ execution() }}"],
)
def test_what_needs_an_execution_says_how_to_have_one(evaluated: Command, expression: str) -> None:
    ended = evaluated(expression)

    assert ended.code == 1
    assert "there is no execution here; `--execution ID --task NAME` gives one" in ended.stderr


def test_an_expression_that_never_ends_is_stopped_with_its_limit_named(evaluated: Command) -> None:
    ended = evaluated(FOR_EVER, "1")

    assert (ended.code, ended.stdout) == (1, "1\n")
    assert re.search(r"was stopped: it took more than [\d.]+ s \[over-budget\]", ended.stderr)


def test_what_is_secret_in_the_data_is_masked(evaluated: Command) -> None:
    ended = evaluated("$", "Bearer <% $.p %>", "--data", '{"p": {"$secret": "hunter2hunter2"}, "b": 1}')

    assert ended.stdout == '{"p": "***", "b": 1}\n***\n'


def test_lines_of_stdin_are_expressions(evaluated: Command) -> None:
    ended = evaluated("--data", "{a: 1}", stdin="$.a\n\n{{ _.a + 1 }}\n  $.nothing\n")

    assert (ended.code, ended.stdout) == (1, "1\n2\n")
    assert "`nothing`" in ended.stderr


def test_text_without_a_whole_expression_is_said_to_be_plain(evaluated: Command) -> None:
    ended = evaluated("{{ _.a")

    assert (ended.code, ended.stdout) == (0, "{{ _.a\n")
    assert "plain text" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], "usage"),
        (["1", "--execution", "x"], "usage"),
        (["1", "--task", "x"], "usage"),
        (["1", "--before"], "usage"),
        (["1", "--url", "http://127.0.0.1:1"], "usage"),
        (["1", "--execution", "x", "--task", "y", "--data", "{}"], "usage"),
        (["1", "--execution", "x", "--task", "y", "--url", "u", "--database", "d"], "usage"),
        (["1", "--execution", "x", "--task", "y", "--project", "p"], "usage"),
        (["1", "--execution", "x", "--task", "y", "--item", "-1"], "usage"),
        (["--data", "-"], "usage"),
        (["1", "--data", "-", "--env", "-"], "usage"),
        (["1", "--cases", "file"], "usage"),
        (["--cases", "file", "--yaml"], "usage"),
        (["1", "--data", "nothing.yaml"], "file-missing"),
        (["1", "--data", "{a: "], "input-syntax"),
        (["1", "--data", "{1: 2}"], "input-not-json"),
        (["1", "--env", "[1]"], "input-not-mapping"),
        (["a\nb"], "expression-text"),
        ([" "], "expression-text"),
        (["1", "--execution", "x", "--task", "y"], "database-missing"),
    ],
)
def test_wrong_usage_ends_with_its_own_code(evaluated: Command, arguments: list[str], code: str) -> None:
    ended = evaluated(*arguments)

    assert (ended.code, ended.stdout) == (2, "")
    assert f"[{code}]" in ended.stderr


# On a task.


def test_expressions_see_what_a_task_of_the_database_sees(evaluated: Command, execution: str) -> None:
    ended = evaluated(
        "$.vms.name", "task().state", "env().k", "execution().id", "task(each).published.count",
        "tasks(execution().id).name", "executions().len()", "--execution", execution[:8], "--task", "first",
    )  # fmt: skip

    assert ended.code == 0
    assert ended.stdout.splitlines() == [
        '["a", "b"]', "SUCCESS", "5", execution, "2", '["first", "each", "last-one"]', "3",
    ]  # fmt: skip


def test_the_data_is_what_the_task_handed_on_or_what_it_was_given(evaluated: Command, execution: str) -> None:
    task = ("--execution", execution, "--task", "each")

    assert evaluated("$.count", *task).stdout == "2\n"
    assert evaluated("$.count", *task, "--before").stdout == "1\n"
    assert evaluated("$.name", *task, "--item", "1").stdout == "y\n"
    assert evaluated("$.said", "--execution", execution, "--task", "each[0]/say").stdout == "x\n"


def test_a_task_that_there_is_not_and_one_of_several_are_told_apart(
    evaluated: Command, execution: str
) -> None:
    unknown = evaluated("1", "--execution", execution, "--task", "frist")
    several = evaluated("1", "--execution", execution, "--task", "say")
    nothing_like_it = evaluated("1", "--execution", execution, "--task", "zzzzzz")

    assert (unknown.code, several.code, nothing_like_it.code) == (2, 2, 2)
    assert "did you mean `first`? " in unknown.stderr.replace("\n", " ")
    assert "`say` may be any of `each[0]/say`" in several.stderr
    assert "its tasks: `first`, `each`, `each[0]/say`, `each[1]/say`, `last-one`" in nothing_like_it.stderr


# On a task of a server.


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The URL of a server process, and an execution of `WORKFLOW` that it has."""
    command = Maestrale(tmp_path_factory.mktemp("server"))
    file = command.write("w.yaml", WORKFLOW)
    ran = command("run", file, "main", "-i", 'names=["x", "y"]', "--env-file", _env(command))
    command.variables["MAESTRALE_LOG_FORMAT"] = "json"
    running = command.start("server", "--port", "0")
    yield json.loads(running.wait_for_line('"listening"'))["url"], id_of(ran)
    command.end_all()


def test_a_server_evaluates_likewise(evaluated: Command, served: tuple[str, str]) -> None:
    url, id = served
    task = ("--url", url, "--execution", id, "--task")

    assert evaluated("$.vms.name", "env().k", "{{ task().state }}", *task, "each").stdout == (
        '["a", "b"]\n5\nSUCCESS\n'
    )
    assert evaluated("$.count", *task, "each", "--before").stdout == "1\n"
    assert evaluated("$.name", *task, "each", "--item", "1").stdout == "y\n"
    assert evaluated(*(["1"] * 120), *task, "each").stdout == "1\n" * 120


def test_faults_of_a_server_are_told_like_ones_of_here(evaluated: Command, served: tuple[str, str]) -> None:
    url, id = served
    ended = evaluated("$.count +", "$.count", "--url", url, "--execution", id, "--task", "first")

    assert (ended.code, ended.stdout) == (1, "1\n")
    assert "  $.count +\n           ^\n" in ended.stderr


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (["--task", "frist"], "unknown-task"),
        (["--task", "first", "--project", "other"], "unknown-execution"),
    ],
)
def test_what_a_server_does_not_have_is_told(
    evaluated: Command, served: tuple[str, str], more: list[str], code: str
) -> None:
    url, id = served
    ended = evaluated("1", "--url", url, "--execution", id, *more)

    assert (ended.code, ended.stdout) == (2, "")
    assert f"[{code}]" in ended.stderr


def test_a_server_that_is_not_there_is_in_the_way(evaluated: Command) -> None:
    id = "5d1f0a00-0000-4000-8000-000000000001"
    ended = evaluated("1", "--url", "http://127.0.0.1:9", "--execution", id, "--task", "a")

    assert (ended.code, ended.stdout) == (4, "")


# On recorded cases.


CASES = """
- {expr: <% $.a %>, data: &d {a: 1}, value: 1}
- {expr: "{{ _.a }}", data: *d, value: 1.0, note: a float}
- {expr: <% $.b %>, data: *d, value: null}
- {expr: <% $.a %>, data: *d, error: true}
- {expr: "<% set(1) %>", data: *d, value: !!set {1: null}}
"""


def test_cases_that_differ_are_told_and_counted(evaluated: Command, tmp_path: Path) -> None:
    (tmp_path / "cases.yaml").write_text(CASES)

    ended = evaluated("--cases", "cases.yaml")

    assert ended.code == 1
    assert re.sub("(an error: ).*", r"\1…", ended.stdout).splitlines() == [
        "✗ {{ _.a }}",
        "    expected: 1.0",
        "    got:      1",
        "    note:     a float",
        "✗ <% $.b %>",
        "    expected: null",
        "    got:      an error: …",
        "✗ <% $.a %>",
        "    expected: an error",
        "    got:      1",
        "2 passed, 3 failed",
    ]


def test_several_files_of_cases_are_one_report(evaluated: Command, tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("- {expr: <% 1 %>, data: {}, value: 1}")
    (tmp_path / "two.yaml").write_text("- {expr: <% now() %>, data: {}, value: 2}")

    good = evaluated("--cases", "one.yaml")
    report = evaluated("--cases", "one.yaml", "--cases", "two.yaml", "--json")

    assert good == Ended(0, "1 passed, 0 failed\n", "")
    told = report.json
    assert (report.code, told["passed"], told["failed"]) == (1, 1, 1)
    assert [(each["file"], each["expected"]) for each in told["differences"]] == [("two.yaml", "2")]


def test_a_file_that_holds_no_cases_is_refused(evaluated: Command, tmp_path: Path) -> None:
    (tmp_path / "cases.yaml").write_text("- {expr: <% 1 %>}")

    ended = evaluated("--cases", "cases.yaml")

    assert (ended.code, ended.stdout) == (2, "")
    assert "`cases.yaml`: the recorded cases cannot be read: case 1 must have either" in ended.stderr
