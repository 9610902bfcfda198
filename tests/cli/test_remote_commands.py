"""The commands about a server, against a server process."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from maestrale.cli.groups import GROUPS
from maestrale.cli.main import main

from .processes import Ended, Maestrale

WORKFLOWS = """
version: '2.0'
greet:
  input: [name, loud: false]
  output: {text: <% $.text %>}
  tasks:
    say:
      action: std.echo output=<% $.name %>
      publish: {text: <% task().result %>}
ask:
  tasks:
    approve: {action: std.async_noop, on-success: done}
    done: {action: std.noop}
fails:
  tasks:
    break: {action: std.fail}
holds:
  tasks:
    first: {action: std.noop, pause-before: true}
"""

BOOK = "version: '2.0'\nname: book\nworkflows: {main: {tasks: {t: {action: std.noop}}}}\n"
SAY = "version: '2.0'\nsay: {input: [x], base: std.echo, base-input: {output: <% $.x %>}}\n"

TWICE = """
class Twice:
    def __init__(self, n):
        self.n = n

    def run(self):
        return self.n * 2
"""

ASPECTS = "5d1f0a00-0000-4000-8000-000000000001"

Remote = Callable[..., Ended]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server process with `WORKFLOWS` stored."""
    command = Maestrale(tmp_path_factory.mktemp("server"))
    command.variables["MAESTRALE_LOG_FORMAT"] = "json"
    running = command.start("server", "--port", "0")
    url = json.loads(running.wait_for_line('"listening"'))["url"]
    command.write("workflows.yaml", WORKFLOWS)
    assert command("workflow", "create", "workflows.yaml", "--url", url).code == 0
    yield url
    command.end_all()


@pytest.fixture
def remote(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Remote:
    """Calls a command in this process."""
    monkeypatch.setenv("MAESTRALE_URL", server)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Ended:
        capsys.readouterr()
        code = main(arguments)
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return call


def started(remote: Remote, *arguments: str) -> str:
    ended = remote("execution", "start", *arguments)
    assert ended.code == 0, ended
    return ended.stdout.strip()


def columns_of(ended: Ended, *positions: int) -> list[list[str]]:
    """These columns of a table, without its head."""
    return [[line[i] for i in positions] for line in words(ended)[1:]]


def words(ended: Ended) -> list[list[str]]:
    """The cells of each line."""
    return [re.split(r" {2,}", line) for line in ended.stdout.splitlines()]


# Executions.


def test_starting_gives_the_id_on_stdout_and_how_to_watch_on_stderr(remote: Remote) -> None:
    ended = remote("execution", "start", "ask", "--description", "a test")

    assert re.fullmatch(r"[0-9a-f-]{36}\n", ended.stdout)
    assert ended.stderr == f"watch it with: maestrale execution watch {ended.stdout}"


def test_an_execution_that_is_watched_gives_its_output(remote: Remote) -> None:
    ended = remote("execution", "start", "greet", "-i", "name=Ada", "--watch")

    assert (ended.code, ended.json) == (0, {"text": "Ada"})
    assert re.search(r"execution [0-9a-f-]{36} of workflow `greet`", ended.stderr)
    assert re.search(r"✓ say SUCCESS", ended.stderr)
    assert re.search(r"SUCCESS in .* workflow `greet`, execution", ended.stderr)


def test_watching_goes_on_until_somebody_has_completed_what_is_waited_for(
    remote: Remote, server: str, tmp_path: Path
) -> None:
    id = started(remote, "ask", "-q")
    command = Maestrale(tmp_path)
    watching = command.start("execution", "watch", id, "--url", server)
    try:
        watching.wait_for_line("approve RUNNING")
        (run,) = remote("action-execution", "list", "--filter", "state=RUNNING", "--json").json[:1]
        assert remote("action-execution", "complete", run["id"], "-i", "ok=true").code == 0
        watching.wait_for_line("approve SUCCESS")
        ended = watching.end()
    finally:
        command.end_all()

    assert (ended.code, ended.json) == (0, {})


def test_a_failed_execution_names_the_task_and_the_way_to_run_it_again(remote: Remote) -> None:
    ended = remote("execution", "start", "fails", "--wait")
    (task,) = remote("task", "list", "--filter", "name=break", "-n", "1", "--json").json

    assert (ended.code, ended.stdout) == (1, "")
    assert ended.stderr.splitlines()[1:] == [
        "  break: The action raised an exception [action=std.fail, msg='Fail action expected exception.']",
        f"    run it again with: maestrale task rerun {task['id']}",
    ]


def test_a_pause_ends_waiting_with_exit_code_3(remote: Remote) -> None:
    paused = remote("execution", "start", "holds", "--wait", "--json")
    id = paused.json["id"]
    watched = remote("execution", "watch", id, "--until", "paused", "-q")
    resumed = remote("execution", "resume", id, "--json")
    waited = remote("execution", "wait", id)

    assert (paused.code, paused.json["state"]) == (3, "PAUSED")
    assert (watched.code, watched.stdout) == (3, "")
    assert f"go on with: maestrale execution resume {id}" in watched.stderr
    assert (resumed.code, resumed.json["id"]) == (0, id)
    assert (waited.code, waited.json) == (0, {})


def test_waiting_says_when_its_time_is_over(remote: Remote) -> None:
    id = started(remote, "ask")
    ended = remote("execution", "wait", id, "--timeout", "0.05")

    assert ended.code == 0
    assert ended.stderr.endswith("  it has not ended within 0.1 s\n")


def test_an_execution_is_shown_in_all_its_aspects(remote: Remote) -> None:
    id = started(remote, "greet", "-i", "name=Ada", "--id", ASPECTS)
    assert remote("execution", "wait", id).code == 0

    assert remote("execution", "input", id).json == {"name": "Ada", "loud": False}
    assert remote("execution", "output", id).json == {"text": "Ada"}
    assert remote("execution", "published", id).json == {}
    assert remote("execution", "explain", id).stdout.startswith(f"greet SUCCESS ({ASPECTS})\n  ")
    assert re.sub(r"[\d.]+ s", "T", remote("execution", "graph", id).stdout) == (
        f"greet SUCCESS ({ASPECTS})\n  ✓ say SUCCESS (std.echo, T)\n"
    )
    assert remote("execution", "report", id).stdout == (
        f"1 task: 1 success\n\n✓ greet ({ASPECTS}) SUCCESS\n    ✓ say SUCCESS\n        ✓ std.echo SUCCESS\n"
    )
    shown = remote("execution", "show", id)
    assert ["workflow name", "greet"] in words(shown)
    assert ["output", '{"text": "Ada"}'] in words(shown)
    for view in ("explain", "graph", "report"):
        assert isinstance(remote("execution", view, id, "--json").json, dict)


def test_a_list_is_filtered_sorted_and_cut(remote: Remote) -> None:
    for name in ("l1", "l2", "l3"):
        started(remote, "greet", "-i", "name=x", "--id", name, "--description", "listed", "-q")

    first = remote("execution", "list", "--filter", "description=listed", "--sort=-id", "-n", "2")
    every = remote("execution", "list", "--filter", "description=has:liste", "--sort", "id", "--json")
    nothing = remote("execution", "list", "--filter", "description=nobody")

    assert columns_of(first, 0, 1) == [["l3", "greet"], ["l2", "greet"]]
    assert first.stderr == "these are the first 2; --limit shows more\n"
    assert [row["input"] for row in every.json] == [{"name": "x", "loud": False}] * 3
    assert "output" not in every.json[0]
    assert (nothing.stdout, nothing.stderr) == ("", "there are no such executions\n")


def test_an_execution_is_steered(remote: Remote) -> None:
    id = started(remote, "ask", "-q")

    assert remote("execution", "pause", id, "--json").json["state"] == "PAUSED"
    assert remote("execution", "update", id, "-d", "why", "--json").json["description"] == "why"
    ignored = remote("execution", "stop", id, "--state", "ERROR")
    assert (ignored.code, ignored.stdout) == (2, "")
    assert "is PAUSED and does not become ERROR [not-stopped]" in ignored.stderr
    stopped = remote("execution", "stop", id, "-m", "enough", "--json").json
    assert (stopped["state"], stopped["state_info"]) == ("CANCELLED", "enough")
    assert remote("execution", "delete", id).stderr == f"execution {id} is deleted\n"
    assert remote("execution", "show", id).code == 2


def test_a_failed_task_is_found_by_its_name_and_run_again_or_skipped(remote: Remote) -> None:
    id = started(remote, "fails", "-q")
    assert remote("execution", "wait", id).code == 1

    assert remote("execution", "rerun", id, "break").code == 0
    assert remote("execution", "wait", id).code == 1
    unknown = remote("execution", "skip", id, "other")
    assert remote("execution", "skip", id, "--json").json["state"] == "SKIPPED"
    assert remote("execution", "wait", id).code == 0

    assert (unknown.code, "`break`" in unknown.stderr) == (2, True)
    assert "[no-failed-task]" in unknown.stderr
    assert "[no-failed-task]" in remote("execution", "rerun", id).stderr


def test_tasks_and_runs_of_actions_are_looked_at(remote: Remote) -> None:
    id = started(remote, "greet", "-i", "name=Ada")
    remote("execution", "wait", id)
    (task,) = remote("task", "list", id, "--json").json
    (run,) = remote("action-execution", "list", task["id"], "--json").json

    assert remote("task", "result", task["id"]).json == "Ada"
    assert remote("task", "published", task["id"]).json == {"text": "Ada"}
    assert ["name", "say"] in words(remote("task", "show", task["id"]))
    assert remote("action-execution", "input", run["id"]).json == {"output": "Ada"}
    assert remote("action-execution", "output", run["id"]).json == {"result": "Ada"}


@pytest.mark.parametrize(("verb", "state"), [("fail", "ERROR"), ("cancel", "CANCELLED")])
def test_an_asynchronous_action_is_ended(remote: Remote, verb: str, state: str) -> None:
    id = started(remote, "ask", "-q")
    (task,) = remote("task", "list", id, "--json").json
    (run,) = remote("action-execution", "list", task["id"], "--json").json

    assert remote("action-execution", "pause", run["id"], "--json").json["state"] == "PAUSED"
    assert remote("action-execution", "resume", run["id"], "--json").json["state"] == "RUNNING"
    assert remote("action-execution", verb, run["id"], "--json").json["state"] == state
    assert remote("execution", "wait", id, "--json").json["state"] == state


# What is stored.


def test_definitions_are_stored_shown_and_deleted(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "book.yaml").write_text(BOOK)

    created = remote("workbook", "create", "book.yaml")
    updated = remote("workbook", "update", "book.yaml", "--json")
    text = remote("workbook", "definition", "book")
    shown = remote("workflow", "show", "book.main", "--json")
    again = remote("workbook", "create", "book.yaml")
    deleted = remote("workbook", "delete", "book", "nobody")

    assert columns_of(created, 0) == [["book"]]
    assert created.stderr == "created 1 workbook\n"
    assert [row["name"] for row in updated.json] == ["book"]
    assert text.stdout == BOOK
    assert shown.json["interface"] == {"input": [], "output": []}
    assert (again.code, "[name-taken]" in again.stderr) == (2, True)
    assert deleted.code == 2
    assert deleted.stderr.startswith("workbook book is deleted\nerror: ")


def test_a_workflow_may_get_another_name_by_its_id(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("version: '2.0'\nbefore: {tasks: {t: {action: std.noop}}}\n")
    (tmp_path / "two.yaml").write_text("version: '2.0'\nafter: {tasks: {t: {action: std.noop}}}\n")
    (made,) = remote("workflow", "create", "one.yaml", "--json").json

    (changed,) = remote("workflow", "update", "two.yaml", "--id", made["id"], "--public", "--json").json

    assert (changed["id"], changed["name"], changed["scope"]) == (made["id"], "after", "public")
    assert remote("workflow", "delete", "after").code == 0


def test_the_server_checks_files(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(SAY)
    (tmp_path / "bad.yaml").write_text("version: '2.0'\nsay: {inputs: [x]}\n")
    (tmp_path / "odd.yaml").write_text("version: '2.0'\nsay: {base: std.ecco}\n")

    good, bad = remote("action", "validate", "good.yaml"), remote("action", "validate", "bad.yaml")
    odd = remote("action", "validate", "odd.yaml")
    verdict = remote("action", "validate", "bad.yaml", "--json")

    assert (good.code, good.stderr) == (0, "good.yaml: no problems\n")
    assert (bad.code, bad.stdout.startswith("bad.yaml:2:"), "[missing-key]" in bad.stdout) == (2, True, True)
    assert (verdict.code, verdict.json["valid"]) == (2, False)
    assert (odd.code, odd.stdout, odd.stderr) == (
        0,
        "odd.yaml:2:13: warning: there is no action `std.ecco` [unknown-action]\n"
        "  hint: did you mean `std.echo`?\n",
        "odd.yaml: 1 warning\n",
    )


def test_the_problems_of_a_file_that_is_not_stored_name_their_places_in_it(
    remote: Remote, tmp_path: Path
) -> None:
    (tmp_path / "two.yaml").write_text("version: '2.0'\na b: {tasks: {t: {}}}\nc d: {tasks: {t: {}}}\n")

    ended = remote("workflow", "create", "two.yaml")

    assert (ended.code, ended.stdout) == (2, "")
    assert "error: two.yaml:2:1: the name `a b`" in ended.stderr
    assert "\ntwo.yaml:3:1: the name `c d`" in ended.stderr
    assert "<text>" not in ended.stderr


def test_an_action_gives_its_result_on_stdout(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "say.yaml").write_text(SAY)
    remote("action", "create", "say.yaml")

    said = remote("action", "run", "say", "-i", "x=[1, 2]")
    failed = remote("action", "run", "std.fail")
    saved = remote("action", "run", "say", "-i", "x=1", "--save", "--wait", "--json")

    assert (said.code, said.json) == (0, [1, 2])
    assert (failed.code, failed.stdout) == (1, "")
    assert failed.stderr.startswith("ERROR: The action raised an exception")
    assert saved.json["output"] == {"result": 1}
    assert columns_of(remote("action", "list", "--filter", "name=say"), 0) == [["say"]]
    assert remote("action", "delete", "say").code == 0


def test_environments_are_kept(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "dev.yaml").write_text("a: 1\nb: 2\n")

    remote("environment", "create", "dev", "--input-file", "dev.yaml", "-i", "b=3")
    before = remote("environment", "variables", "dev").json
    renamed = remote("environment", "update", "dev", "--description", "for tests", "--json").json
    remote("environment", "update", "dev", "-i", "c=4")
    after = remote("environment", "variables", "dev").json

    assert (before, after) == ({"a": 1, "b": 3}, {"c": 4})
    assert (renamed["description"], renamed["variables"]) == ("for tests", before)
    assert remote("environment", "delete", "dev").code == 0


def test_triggers_are_kept(remote: Remote) -> None:
    workflow = remote("workflow", "show", "ask", "--json").json["id"]

    cron = remote("cron-trigger", "create", "hourly", "ask", "--pattern", "@hourly", "--count", "2", "--json")
    event = remote("event-trigger", "create", workflow, "ex", "topic", "made", "--name", "t", "--json")
    renamed = remote("event-trigger", "update", event.json["id"], "--name", "u", "--json")
    odd = remote("cron-trigger", "create", "odd", "ask", "--first-time", "tomorrow")

    assert (cron.json["remaining_executions"], cron.json["pattern"]) == (2, "@hourly")
    assert (renamed.json["name"], renamed.json["event"]) == ("u", "made")
    assert (odd.code, "`tomorrow` is no time [time]" in odd.stderr) == (2, True)
    assert columns_of(remote("cron-trigger", "list"), 0) == [["hourly"]]
    assert remote("cron-trigger", "delete", "hourly").code == 0
    assert remote("event-trigger", "delete", event.json["id"]).code == 0


def test_code_becomes_an_action(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "twice.py").write_text(TWICE)
    remote("code-source", "create", "twice", "twice.py")

    made = remote("dynamic-action", "create", "double", "Twice", "twice", "--json")
    updated = remote("code-source", "update", "twice", "twice.py", "--json")

    assert made.json["class_name"] == "Twice"
    assert remote("action", "run", "double", "-i", "n=4").json == 8
    assert updated.json["version"] == 2
    assert remote("code-source", "content", "twice").stdout == TWICE
    assert remote("dynamic-action", "delete", "double").code == 0
    assert remote("code-source", "delete", "twice").code == 0


def test_the_state_of_the_service_is_told(remote: Remote) -> None:
    assert remote("maintenance", "show").stdout == "RUNNING\n"
    assert remote("maintenance", "show", "--json").json == {"status": "RUNNING"}


def test_members_are_for_servers_that_know_who_calls(remote: Remote) -> None:
    workflow = remote("workflow", "show", "ask", "--json").json["id"]
    ended = remote("member", "create", workflow, "p2")

    assert (ended.code, "[members-without-project]" in ended.stderr) == (2, True)


# What goes wrong.


def test_a_server_that_is_not_there_is_named_with_how_to_start_one(remote: Remote) -> None:
    ended = remote("workflow", "list", "--url", "http://127.0.0.1:1")

    assert (ended.code, ended.stdout) == (4, "")
    assert ended.stderr == (
        "error: no server answers at `http://127.0.0.1:1`: Connection refused [server-unreachable]\n"
        "  hint: start one with `maestrale server`, or name another one with --url, MAESTRALE_URL or"
        " `Client(url=…)`\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["execution", "strat"], "usage"),
        (["execution", "start", "--url", "nowhere"], "server-url"),
        (["execution", "start"], "nothing-to-start"),
        (["execution", "start", "greet", "-i", "name"], "input-pair"),
        (["execution", "start", "greet", "--env", "a", "--env-file", "b"], "usage"),
        (["execution", "start", "greet", "--watch", "--wait"], "usage"),
        (["execution", "start", "nobody"], "unknown-workflow"),
        (["execution", "wait", "x", "--timeout", "-1"], "usage"),
        (["execution", "wait", "x", "--timeout", "nan"], "usage"),
        (["execution", "watch", "nothing"], "unknown-execution"),
        (["execution", "show", ""], "empty-id"),
        (["execution", "list", "--limit", "0"], "usage"),
        (["execution", "list", "--filter", "state"], "filter-pair"),
        (["execution", "list", "--filter", "limit=1"], "filter-pair"),
        (["execution", "list", "--filter", "weather=nice"], "unknown-parameter"),
        (["workflow", "create", "missing.yaml"], "file-missing"),
        (["workflow", "list", "--project", "é"], "header-value"),
    ],
)
def test_what_is_wrong_is_told_with_its_code(remote: Remote, arguments: list[str], code: str) -> None:
    ended = remote(*arguments)

    assert (ended.code, ended.stdout) == (2, "")
    assert f"[{code}]" in ended.stderr
    assert ended.stderr.startswith("error: ")


def test_ctrl_c_leaves_the_execution_and_says_how_to_come_back(
    remote: Remote, server: str, tmp_path: Path
) -> None:
    id = started(remote, "ask", "-q")
    command = Maestrale(tmp_path)
    watching = command.start("execution", "watch", id, "--url", server)
    try:
        watching.wait_for_line("approve RUNNING")
        watching.signal(2)
        ended = watching.end()
    finally:
        command.end_all()

    assert ended.code == 130
    assert (
        f"the execution goes on; watch it with: maestrale execution watch {id} --url {server}" in ended.stderr
    )
    assert remote("execution", "show", id, "--json").json["state"] == "RUNNING"


def test_what_has_ended_is_not_resumed_and_one_that_failed_names_the_way_to_run_it_again(
    remote: Remote,
) -> None:
    id = started(remote, "fails", "-q")
    remote("execution", "wait", id)

    ended = remote("execution", "resume", id)

    assert ended == Ended(
        2,
        "",
        f"error: the execution {id} has ended in ERROR; only one that is paused is resumed [not-resumed]\n"
        f"  hint: run what failed again with: maestrale execution rerun {id}\n",
    )


def test_a_reason_that_is_that_of_the_failed_task_is_told_once(remote: Remote, tmp_path: Path) -> None:
    text = "version: '2.0'\nunfit:\n  tasks:\n    t: {action: std.echo output=<% $.missing.len() %>}\n"
    (tmp_path / "unfit.yaml").write_text(text)
    remote("workflow", "create", "unfit.yaml")

    ended = remote("execution", "start", "unfit", "--wait")

    headline, reason, rerun = ended.stderr.splitlines()
    assert headline.startswith("ERROR: workflow `unfit`")
    assert reason.startswith("  t: ")
    assert rerun.startswith("    run it again with: ")


def test_the_time_of_a_watched_execution_is_as_exact_as_its_events(remote: Remote) -> None:
    ended = remote("execution", "start", "greet", "-i", "name=Ada", "--watch")

    headline = ended.stderr.splitlines()[-1]
    assert re.fullmatch(r"SUCCESS in 0\.\d s: workflow `greet`, execution [0-9a-f-]{36}", headline)


def test_the_time_of_an_execution_known_in_whole_seconds_only_is_left_out_where_it_is_short(
    remote: Remote,
) -> None:
    ended = remote("execution", "start", "greet", "-i", "name=Ada", "--wait")

    assert re.fullmatch(r"SUCCESS: workflow `greet`, execution [0-9a-f-]{36}\n", ended.stderr)


# The table of commands.


def every_command() -> list[tuple[str, str]]:
    return [(name, verb) for name, group in GROUPS.items() if group.is_about_server for verb in group.load()]


@pytest.mark.parametrize(("group", "verb"), every_command(), ids=" ".join)
def test_every_command_has_help_and_the_options_of_a_server(
    group: str, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([group, verb, "--help"])
    shown = capsys.readouterr().out

    assert ended.value.code == 0
    assert all(option in shown for option in ("--url", "--project", "--token"))


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_lists_its_verbs(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([group]) == 0
    shown = capsys.readouterr().out

    assert [line.split()[0] for line in shown.splitlines() if line.startswith("  ")] == list(
        GROUPS[group].load()
    )


def test_every_command_is_in_the_reference() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "command-line.md").read_text()
    missing = [
        f"{name} {verb}"
        for name, verb in every_command()
        if not re.search(rf"^\| `{name}` \|.*`{verb}`", page, re.MULTILINE)
    ]

    assert missing == []
