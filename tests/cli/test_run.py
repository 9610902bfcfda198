"""`maestrale run` as a process: what comes out where, and with which exit code."""

import json
import os
import re
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from .processes import Maestrale, id_of, lines_with

HELLO = """
version: '2.0'
hello:
  input: [name: world]
  output: {greeting: <% $.greeting %>}
  tasks:
    greet:
      action: std.echo output="Hello, {{ _.name }}!"
      publish: {greeting: <% task().result %>}
"""

FAILS = """
version: '2.0'
outer:
  tasks:
    call: {workflow: inner}
inner:
  tasks:
    breaks:
      action: std.fail error_data="no more paper"
"""

REVERSE = """
version: '2.0'
build:
  type: reverse
  output:
    done: <% tasks(execution().id).name %>
  tasks:
    fetch: {action: std.noop}
    compile: {requires: [fetch]}
    publish_it: {requires: [compile]}
"""

SEVERAL = """
version: '2.0'
one: {tasks: {a: {action: std.noop}}}
two: {tasks: {a: {action: std.noop}}}
"""


def test_the_output_and_nothing_else_goes_to_stdout(maestrale: Maestrale) -> None:
    ended = maestrale("run", maestrale.write("hello.yaml", HELLO), "--input", "name=Ada")

    assert (ended.code, ended.json) == (0, {"greeting": "Hello, Ada!"})
    assert re.fullmatch(r"[0-9a-f-]{36}", id_of(ended))
    assert lines_with(ended.stderr, ["✓ greet SUCCESS"])
    assert lines_with(ended.stderr, ["SUCCESS in", "`hello`", id_of(ended)])


def test_quiet_leaves_the_output_alone(maestrale: Maestrale) -> None:
    ended = maestrale("run", maestrale.write("hello.yaml", HELLO), "--quiet")

    assert (ended.code, ended.json, ended.stderr) == (0, {"greeting": "Hello, world!"}, "")


def test_json_gives_one_object_about_the_execution(maestrale: Maestrale) -> None:
    ended = maestrale("run", maestrale.write("hello.yaml", HELLO), "--json")

    told = ended.json
    assert ended.code == 0
    assert told == {
        "execution": id_of(ended),
        "workflow": "hello",
        "state": "SUCCESS",
        "state_info": None,
        "output": {"greeting": "Hello, world!"},
        "tasks": [],
        "created_at": told["created_at"],
        "duration_seconds": told["duration_seconds"],
    }


def test_a_failure_names_the_task_that_failed_and_why(maestrale: Maestrale) -> None:
    ended = maestrale("run", maestrale.write("fails.yaml", FAILS))

    assert (ended.code, ended.stdout) == (1, "")
    assert lines_with(ended.stderr, ["ERROR in", "`outer`"])
    report = ended.stderr.split("ERROR in")[1].splitlines()
    rerun = f"  run it again with: maestrale rerun {id_of(ended)} call/breaks"
    assert report[1:] == ["  call/breaks: ERROR", "    no more paper", rerun]


def test_a_workflow_that_its_error_handler_fails_names_the_task_that_was_handled(
    maestrale: Maestrale,
) -> None:
    text = """
version: '2.0'
w:
  tasks:
    pump:
      action: std.fail error_data="no water"
      on-error: [tidy, fail]
    tidy: {action: std.noop}
"""

    ended = maestrale("run", maestrale.write("w.yaml", text))

    assert ended.code == 1
    rerun = f"  run it again with: maestrale rerun {id_of(ended)} pump"
    assert ended.stderr.split("ERROR in")[1].splitlines()[1:] == ["  pump: ERROR", "    no water", rerun]


def test_json_has_the_tasks_that_failed(maestrale: Maestrale) -> None:
    ended = maestrale("run", maestrale.write("fails.yaml", FAILS), "--json", "-q")

    tasks = ended.json["tasks"]
    assert (ended.code, ended.json["state"]) == (1, "ERROR")
    assert [(task["path"], task["state"], task["error"]) for task in tasks] == [
        ("call/breaks", "ERROR", "no more paper")
    ]


def test_an_input_file_is_read_and_pairs_win_over_it(maestrale: Maestrale) -> None:
    echo = """
version: '2.0'
w:
  input: [a, b, c]
  output:
    all: <% [$.a, $.b, $.c] %>
  tasks: {t: {}}
"""
    maestrale.write("input.yaml", "a: 1\nb: [x, y]\nc: lost\n")

    ended = maestrale(
        "run", maestrale.write("w.yaml", echo), "--input-file", "input.yaml", "-i", 'c={"k": null}'
    )

    assert ended.json == {"all": [1, ["x", "y"], {"k": None}]}


def test_stdin_may_be_the_definition_or_the_input(maestrale: Maestrale) -> None:
    definition = maestrale("run", "-", stdin=HELLO.encode())
    input_file = maestrale(
        "run", maestrale.write("hello.yaml", HELLO), "--input-file", "-", stdin=b'{"name": "stdin"}'
    )

    assert definition.json == {"greeting": "Hello, world!"}
    assert input_file.json == {"greeting": "Hello, stdin!"}


def test_an_environment_file_is_the_environment(maestrale: Maestrale) -> None:
    text = "version: '2.0'\nw:\n  output: {region: <% env().region %>}\n  tasks: {t: {}}\n"

    ended = maestrale(
        "run",
        maestrale.write("w.yaml", text),
        "--env-file",
        maestrale.write("env.json", '{"region": "north"}'),
    )

    assert ended.json == {"region": "north"}


def test_a_reverse_workflow_runs_the_task_named_and_what_it_requires(maestrale: Maestrale) -> None:
    ended = maestrale("run", maestrale.write("build.yaml", REVERSE), "--task", "compile")

    assert ended.code == 0
    assert sorted(ended.json["done"]) == ["compile", "fetch"]


def test_a_workbook_s_member_is_found_by_its_short_name(maestrale: Maestrale) -> None:
    workbook = """
version: '2.0'
name: book
actions:
  shout: {base: std.echo, input: [text], base-input: {output: "<% $.text %>!"}}
workflows:
  main:
    output: {said: <% $.said %>}
    tasks:
      call: {workflow: helper, publish: {said: <% task().result.said %>}}
  helper:
    output: {said: <% $.said %>}
    tasks:
      say: {action: shout text="hey", publish: {said: <% task().result %>}}
"""
    file = maestrale.write("book.yaml", workbook)

    assert maestrale("run", file).json == {"said": "hey!"}
    assert maestrale("run", file, "helper").json == {"said": "hey!"}
    assert maestrale("run", file, "book.main").json == {"said": "hey!"}


def test_included_files_lend_their_definitions(maestrale: Maestrale) -> None:
    main = """
version: '2.0'
main:
  output: {got: <% $.got %>}
  tasks:
    call: {workflow: lent, on-success: [act]}
    act: {action: twice text="ho", publish: {got: <% task().result %>}}
"""
    maestrale.write("workflows.yaml", "version: '2.0'\nlent: {tasks: {t: {action: std.noop}}}\n")
    maestrale.write(
        "actions.yaml",
        "version: '2.0'\n"
        "twice: {base: std.echo, input: [text], base-input: {output: <% $.text + $.text %>}}\n",
    )

    ended = maestrale(
        "run", maestrale.write("main.yaml", main), "--include", "workflows.yaml", "--include", "actions.yaml"
    )

    assert ended.json == {"got": "hoho"}


def test_the_workflow_that_no_other_calls_is_the_one_to_run(maestrale: Maestrale) -> None:
    ended = maestrale("run", maestrale.write("fails.yaml", FAILS), "--json", "-q")

    assert ended.json["workflow"] == "outer"


def test_errors_of_the_definition_come_first_and_all_at_once(maestrale: Maestrale) -> None:
    wrong = "version: '2.0'\nw:\n  tasks:\n    a:\n      on-success: [b, c]\n"
    file = maestrale.write("wrong.yaml", wrong)

    ended = maestrale("run", file, "--input", "bad pair")

    assert (ended.code, ended.stdout) == (2, "")
    assert len(lines_with(ended.stderr, ["wrong.yaml:5:", "[undefined-task]"])) == 2
    assert "1 file: 2 errors" in ended.stderr
    assert not maestrale.database_file.exists()


def test_a_warning_does_not_keep_a_workflow_from_running(maestrale: Maestrale) -> None:
    ended = maestrale("run", maestrale.write("w.yaml", HELLO.replace("'2.0'", "'2.1'")))

    assert ended.code == 0
    assert lines_with(ended.stderr, ["w.yaml:2:", "warning", "[unusual-version]"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "the following arguments are required: FILE [usage]"),
        (["run", "hello.yaml", "--imput", "a=1"], "unrecognized arguments: --imput a=1 [usage]"),
        (["rum", "hello.yaml"], "did you mean `run`?"),
        (["--frobnicate"], "there is no option `--frobnicate` [usage]"),
        (["run", "hello.yaml", "helo"], "did you mean `hello`?"),
        (["run", "several.yaml"], "several workflows that could be meant: `one`, `two` [which-workflow]"),
        (["run", "actions.yaml"], "`actions.yaml` defines no workflow [no-workflow]"),
        (["run", "missing.yaml"], "there is no definition file `missing.yaml` [file-missing]"),
        (["run", "."], "the definition file `.` is a directory [file-unreadable]"),
        (["run", "binary.yaml"], "[not-text]"),
        (["run", "huge.yaml"], "[file-too-large]"),
        (["run", "hello.yaml", "--include", "hello.yaml/x"], "cannot be read: Not a directory"),
        (["run", "hello.yaml", "--include", "copy.yaml"], "[defined-twice]"),
        (["run", "-", "--input-file", "-"], "[stdin-twice]"),
        (["run", "hello.yaml", "-i", "name"], "the input `name` is no pair of a name and a value"),
        (["run", "hello.yaml", "-i", "=1"], "[input-pair]"),
        (["run", "hello.yaml", "-i", "name=1", "-i", "name=2"], "the input `name` is given twice"),
        (["run", "hello.yaml", "-i", "nam=1"], "unexpected=['nam']"),
        (["run", "hello.yaml", "--input-file", "missing"], "there is no input file `missing`"),
        (["run", "hello.yaml", "--input-file", "binary.yaml"], "is not UTF-8 text: byte 0 is 0xff"),
        (["run", "hello.yaml", "--input-file", "list.yaml"], "holds a list where a mapping"),
        (["run", "hello.yaml", "--input-file", "broken.yaml"], "`broken.yaml:2:2` is neither JSON nor YAML"),
        (["run", "hello.yaml", "--input-file", "date.yaml"], "`since` is a date, which JSON does not have"),
        (["run", "hello.yaml", "--env-file", "list.yaml"], "the environment file `list.yaml` holds a list"),
        (["run", "hello.yaml", "--task", "greet"], "[task-not-wanted]"),
        (["run", "reverse.yaml"], "name the task with --task; there are: `fetch`, `compile`, `publish_it`"),
        (["run", "reverse.yaml", "--task", "compil"], "did you mean `compile`?"),
        (["run", "hello.yaml", "--database", "maestrale.db"], "[database-url]"),
        (["run", "hello.yaml", "--database", "mysql://u:secret@h/d"], "databases of the kind `mysql`"),
        (["run", "hello.yaml", "--database", "sqlite:///."], "is a directory [database-url]"),
        (["resume", "abc"], "there is no database"),
        (["show"], "there is no database"),
        (["list"], "there is no database"),
        (["list", "--limit", "0"], "--limit is 0; it must be from 1 to 1,000,000"),
        (["show", "abc", "--list"], "--list shows all executions, not one"),
        (["validate"], "the following arguments are required: FILE"),
        (["actions", "std.ech"], "did you mean `std.echo`?"),
    ],
)
def test_wrong_usage_is_told_in_a_sentence_with_exit_code_2(
    maestrale: Maestrale, arguments: list[str], message: str
) -> None:
    maestrale.write("hello.yaml", HELLO)
    maestrale.write("copy.yaml", HELLO)
    maestrale.write("reverse.yaml", REVERSE)
    maestrale.write("several.yaml", SEVERAL)
    maestrale.write("actions.yaml", "version: '2.0'\nshout: {base: std.echo}\n")
    maestrale.write("list.yaml", "[1, 2]")
    maestrale.write("broken.yaml", "a: [1\nb: 2\n")
    maestrale.write("date.yaml", "since: 2026-03-01\n")
    (maestrale.home / "binary.yaml").write_bytes(b"\xff\xfe\x00\x01")
    with (maestrale.home / "huge.yaml").open("wb") as huge:
        huge.truncate(50 * 1024 * 1024)

    ended = maestrale(*arguments, stdin=HELLO.encode())

    assert (ended.code, ended.stdout) == (2, ""), ended
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr
    assert re.search(r"\[[a-z-]+\]", ended.stderr)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable to root")
def test_a_file_that_must_not_be_read_is_told(maestrale: Maestrale) -> None:
    file = maestrale.home / maestrale.write("secret.yaml", HELLO)
    file.chmod(0)

    ended = maestrale("run", "secret.yaml")

    assert (ended.code, ended.stdout) == (2, "")
    assert "cannot be read: Permission denied" in ended.stderr


def test_a_damaged_database_ends_with_4_and_says_so(maestrale: Maestrale) -> None:
    maestrale("run", maestrale.write("hello.yaml", HELLO))
    maestrale.database_file.write_bytes(maestrale.database_file.read_bytes()[:100] + b"\x00" * 50_000)

    ended = maestrale("run", "hello.yaml")

    assert (ended.code, ended.stdout) == (4, "")
    assert "[database-damaged]" in ended.stderr


def test_a_database_that_cannot_grow_ends_with_4_and_the_way_to_go_on(maestrale: Maestrale) -> None:
    """A bound on the size of files stands for a disk that is full."""
    long = HELLO.replace("{{ _.name }}", "{{ 'x' * 300000 }}")
    maestrale("run", maestrale.write("hello.yaml", HELLO))

    ended = maestrale("run", maestrale.write("long.yaml", long), preexec_fn=_bound_files)

    assert (ended.code, ended.stdout) == (4, "")
    assert re.search(r"\[database-(io|full)\]", ended.stderr)
    assert "Traceback" not in ended.stderr


def _bound_files() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (250_000, 250_000))


def test_a_locked_database_is_waited_for(maestrale: Maestrale) -> None:
    maestrale("run", maestrale.write("hello.yaml", HELLO))
    blocker = sqlite3.connect(maestrale.database_file, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")

    running = maestrale.start("run", "hello.yaml")
    running.wait_for_line("waiting:", "[database-locked]")
    blocker.execute("ROLLBACK")
    ended = running.end()

    assert (ended.code, ended.json) == (0, {"greeting": "Hello, world!"})
    blocker.close()


def test_a_reader_that_goes_away_changes_nothing(maestrale: Maestrale) -> None:
    maestrale.write("hello.yaml", HELLO)
    read_end, write_end = os.pipe()
    os.close(read_end)
    ended = subprocess.run(
        [sys.executable, "-m", "maestrale", "run", "hello.yaml"],
        cwd=maestrale.home,
        env=maestrale.environment(),
        stdout=write_end,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write_end)

    assert ended.returncode == 0
    assert b"Traceback" not in ended.stderr
    assert b"BrokenPipe" not in ended.stderr


def test_output_that_cannot_be_written_is_no_success(maestrale: Maestrale) -> None:
    full = Path("/dev/full")
    if not full.exists() or not stat.S_ISCHR(full.stat().st_mode):
        pytest.skip("this system has no /dev/full")
    maestrale.write("hello.yaml", HELLO)
    with full.open("wb") as stdout:
        ended = subprocess.run(
            [sys.executable, "-m", "maestrale", "run", "hello.yaml"],
            cwd=maestrale.home,
            env=maestrale.environment(),
            stdout=stdout,
            stderr=subprocess.PIPE,
            check=False,
        )

    assert ended.returncode == 4
    assert b"the output could not be written" in ended.stderr
    assert b"Traceback" not in ended.stderr


def test_help_and_version_are_output(maestrale: Maestrale) -> None:
    overview, version, details = maestrale(), maestrale("--version"), maestrale("run", "--help")

    assert [ended.code for ended in (overview, version, details)] == [0, 0, 0]
    assert "validate" in overview.stdout
    assert re.fullmatch(r"maestrale \d+\.\d+\.\d+\S*\n", version.stdout)
    assert "MAESTRALE_DATABASE" in details.stdout


def test_actions_are_listed_with_their_parameters(maestrale: Maestrale) -> None:
    names = [action["name"] for action in maestrale("actions", "--json").json]
    echo = maestrale("actions", "std.echo")

    assert {"std.echo", "std.http", "std.command", "std.javascript"} <= set(names)
    assert "output  (required)" in echo.stdout
    assert "delay  (default 0)" in echo.stdout


def test_the_database_is_kept_with_the_user_s_data_if_none_is_named(maestrale: Maestrale) -> None:
    maestrale.write("hello.yaml", HELLO)
    environment = dict(maestrale.environment())
    del environment["MAESTRALE_DATABASE"]
    subprocess.run(
        [sys.executable, "-m", "maestrale", "run", "hello.yaml", "-q"],
        cwd=maestrale.home,
        env=environment,
        capture_output=True,
        check=True,
    )

    assert (maestrale.home / ".local/share/maestrale/maestrale.db").exists()


def test_several_processes_run_on_one_database_at_the_same_time(maestrale: Maestrale) -> None:
    maestrale.write("hello.yaml", HELLO)

    running = [maestrale.start("run", "hello.yaml", "-i", f"name={n}") for n in range(3)]
    ended = [process.end() for process in running]

    assert [it.code for it in ended] == [0, 0, 0]
    assert [it.json for it in ended] == [{"greeting": f"Hello, {n}!"} for n in range(3)]
    assert len(json.loads(maestrale("list", "--json").stdout)) == 3


LARGE = """
version: '2.0'
large:
  output: {length: <% $.all.len() %>}
  tasks:
    a: {publish: {all: <% range(2000).toList() %>}}
"""


@pytest.mark.parametrize(("kilobytes", "code"), [("1", 1), ("64", 0), ("0", 0), ("many", 2)])
def test_the_environment_sets_how_much_a_field_holds(maestrale: Maestrale, kilobytes: str, code: int) -> None:
    maestrale.variables["MAESTRALE_FIELD_LIMIT_KB"] = kilobytes

    ended = maestrale("run", maestrale.write("large.yaml", LARGE))

    assert ended.code == code, ended.stderr
    assert ("Field size limit exceeded" in ended.stderr) == (code == 1)
    assert ("`MAESTRALE_FIELD_LIMIT_KB` is `many`" in ended.stderr) == (code == 2)
