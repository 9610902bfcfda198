"""The commands of `mistral` on executions, tasks and action executions."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.mistral_client import (
    DURATION_SIGN,
    TIME,
    Mistral,
    an_id,
    eventually,
    normalised,
    serving,
)

WORKFLOWS = """version: '2.0'

question:
  input: [who, {polite: true}]
  output: {answer: <% $.answer %>}
  tasks:
    ask:
      action: std.async_noop
      on-success:
        publish:
          branch: {answer: <% task().result %>}
          global: {asked: <% $.who %>}
        next: say
    say:
      action: std.echo output=<% [$.who, $.answer, env().get(mood, none)] %>

failing:
  tasks:
    good: {action: std.noop, on-success: bad}
    bad:
      action: std.echo output=1
      fail-on: <% env().get(mood, bad) = bad %>

several:
  tasks:
    each:
      with-items: i in [1, 2]
      action: std.async_noop

parent:
  tasks:
    call: {workflow: child}

child:
  tasks:
    wait: {action: std.async_noop}
"""

UNKNOWN = "0123abcd-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def mistral(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mistral]:
    home = tmp_path_factory.mktemp("server")
    file = home / "workflows.yaml"
    file.write_text(WORKFLOWS)
    with serving(home, allow_action_execution_deletion="true") as base:
        mistral = Mistral(base)
        mistral.told("workflow-create", str(file))
        yield mistral


class Started:
    """An execution made by `execution-create`, and what the program says about it."""

    def __init__(self, mistral: Mistral, *arguments: str) -> None:
        self._mistral = mistral
        self.id: str = mistral.raw("execution-create", *arguments)["ID"]

    @property
    def state(self) -> str:
        return str(self._mistral.raw("execution-get", self.id)["State"])

    def task(self, name: str) -> str:
        """The id of the task of that name."""
        filters = ("--filter", f"name={name}")
        rows = eventually(
            lambda: self._mistral.raw("task-list", self.id, *filters), lambda rows: rows[0]["ID"]
        )
        assert [row["Name"] for row in rows] == [name]
        return str(rows[0]["ID"])

    def runs(self, name: str) -> list[dict[str, Any]]:
        """The rows of the action executions of a task."""
        task = self.task(name)
        rows: list[dict[str, Any]] = eventually(
            lambda: self._mistral.raw("action-execution-list", task), lambda rows: rows[0]["ID"]
        )
        return rows

    def complete(self, name: str, state: str = "SUCCESS", output: Any = None) -> None:
        """End the running action of a task."""
        run = next(row["ID"] for row in self.runs(name) if row["State"] == "RUNNING")
        output = () if output is None else ("--output", json.dumps(output))
        self._mistral.told("action-execution-update", run, "--state", state, *output)

    def ended(self, until: str = "done") -> str:
        return str(self._mistral.ended(self.id, until)["state"])


def execution_row(workflow: str, state: str, **others: object) -> dict[str, object]:
    return {
        "ID": an_id(1),
        "Workflow ID": an_id(2),
        "Workflow name": workflow,
        "Workflow namespace": "",
        "Description": "",
        "Task Execution ID": "<none>",
        "Root Execution ID": "<none>",
        "State": state,
        "State info": None,
        "Created at": TIME,
        "Updated at": TIME,
        "Duration": DURATION_SIGN if state in ("SUCCESS", "ERROR") else "...",
        **others,
    }


def task_row(name: str, workflow: str, state: str, **others: object) -> dict[str, object]:
    return {
        "ID": an_id(1),
        "Name": name,
        "Workflow name": workflow,
        "Workflow namespace": "",
        "Workflow Execution ID": an_id(2),
        "State": state,
        "State info": None,
        "Created at": TIME,
        "Started at": TIME,
        "Finished at": "<none>" if state == "RUNNING" else TIME,
        "Duration": "..." if state == "RUNNING" else DURATION_SIGN,
        **others,
    }


def run_row(name: str, workflow: str | None, state: str, **others: object) -> dict[str, object]:
    """A row of a list; a single one has `State info` too."""
    return {
        "ID": an_id(1),
        "Name": name,
        "Workflow name": workflow,
        "Workflow namespace": "",
        "Task name": None,
        "Task ID": None if workflow is None else an_id(2),
        "State": state,
        "Accepted": state not in ("RUNNING", "PAUSED"),
        "Created at": TIME,
        "Updated at": TIME,
        **others,
    }


# Executions.


def test_an_execution_is_created_and_shown(mistral: Mistral) -> None:
    arguments = ("question", '{"who": "Ann"}', '{"env": {"mood": "good"}}', "-d", "To be answered.")

    created = mistral.raw("execution-create", *arguments)

    shown = mistral.table("execution-get", created["ID"])
    assert (
        shown
        == """\
+--------------------+--------------------------------------+
| Field              | Value                                |
+--------------------+--------------------------------------+
| ID                 | 00000000-0000-0000-0000-000000000001 |
| Workflow ID        | 00000000-0000-0000-0000-000000000002 |
| Workflow name      | question                             |
| Workflow namespace |                                      |
| Description        | To be answered.                      |
| Task Execution ID  | <none>                               |
| Root Execution ID  | <none>                               |
| State              | RUNNING                              |
| State info         | None                                 |
| Created at         | YYYY-MM-DD hh:mm:ss                  |
| Updated at         | YYYY-MM-DD hh:mm:ss                  |
| Duration           | ...                                  |
+--------------------+--------------------------------------+
"""
    )
    assert mistral.raw("execution-get", created["ID"]) == created
    assert created["Workflow ID"] == mistral.raw("workflow-get", "question")["ID"]
    assert json.loads(mistral.told("execution-get-input", created["ID"])) == {"who": "Ann", "polite": True}
    assert mistral.told("execution-get-output", created["ID"]) == "{}\n"
    assert mistral.told("execution-get-published", created["ID"]) == "{}\n"


def test_an_execution_gives_its_output_and_what_it_published(mistral: Mistral) -> None:
    execution = Started(mistral, "question", '{"who": "Ann"}')
    execution.complete("ask", output={"much": "ü"})
    assert execution.ended() == "SUCCESS"

    assert mistral.rows("execution-get", execution.id) == execution_row("question", "SUCCESS")
    assert mistral.told("execution-get-output", execution.id) == (
        '{\n    "answer": {\n        "much": "\\u00fc"\n    }\n}\n'
    )
    assert mistral.told("execution-get-published", execution.id) == '{\n    "asked": "Ann"\n}\n'
    assert mistral.told("task-get-published", execution.task("ask")) == (
        '{\n    "answer": {\n        "much": "\\u00fc"\n    }\n}\n{\n    "asked": "Ann"\n}\n'
    )
    result = json.loads(mistral.told("task-get-result", execution.task("say")))
    assert result == ["Ann", {"much": "ü"}, "none"]


def test_an_execution_is_started_by_the_id_of_its_workflow_with_input_from_a_file(
    mistral: Mistral, tmp_path: Path
) -> None:
    (tmp_path / "input.json").write_text('{"who": "Bob", "polite": false}')
    workflow = mistral.raw("workflow-get", "question")["ID"]

    row = mistral.rows("execution-create", workflow, str(tmp_path / "input.json"))

    assert row == execution_row("question", "RUNNING")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing-of-that-name",), "nothing-of-that-name"),
        (("question",), "who"),
        (("question", '{"who": 1, "colour": 2}'), "colour"),
        (("question", '{"who": 1}', '{"env": "no-such-environment"}'), "no-such-environment"),
        (("--namespace", "cellar", "question", '{"who": 1}'), "cellar"),
        (("-s", UNKNOWN), UNKNOWN),
        ((), "workflow_identifier"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_an_execution_that_cannot_start_is_refused_with_the_reason(
    mistral: Mistral, arguments: tuple[str, ...], said: str
) -> None:
    assert said in mistral.refused("execution-create", *arguments)


def test_an_execution_made_from_another_has_its_workflow_input_and_parameters(mistral: Mistral) -> None:
    source = Started(mistral, "question", '{"who": "Eve"}', '{"env": {"mood": "grim"}}')

    copy = Started(mistral, "-s", source.id, "-d", "Once more.")

    row = mistral.raw("execution-get", copy.id)
    assert row["Workflow name"] == "question"
    assert row["Description"] == f"Once more. Based on the execution '{source.id}'"
    assert json.loads(mistral.told("execution-get-input", copy.id)) == {"who": "Eve", "polite": True}
    copy.complete("ask", output={})
    assert copy.ended() == "SUCCESS"
    assert json.loads(mistral.told("task-get-result", copy.task("say")))[2] == "grim"


def test_an_execution_is_paused_changed_and_resumed(mistral: Mistral, tmp_path: Path) -> None:
    execution = Started(mistral, "question", '{"who": "Ann"}')

    paused = mistral.rows("execution-update", execution.id, "-s", "PAUSED")
    assert paused == execution_row("question", "PAUSED", **{"State info": paused["State info"]})

    described = mistral.rows("execution-update", execution.id, "-d", "Wait a moment.")
    assert described == {**paused, "Description": "Wait a moment."}
    (tmp_path / "env.yaml").write_text("mood: dark\n")
    assert mistral.rows("execution-update", execution.id, "-e", str(tmp_path / "env.yaml")) == described
    execution.complete("ask", output={})
    assert execution.state == "PAUSED"

    resumed = mistral.raw("execution-update", execution.id, "-s", "RUNNING", "-e", "mood: light")
    assert resumed["State"] in ("RUNNING", "SUCCESS")
    assert execution.ended() == "SUCCESS"
    assert json.loads(mistral.told("task-get-result", execution.task("say"))) == ["Ann", {}, "light"]


@pytest.mark.parametrize("state", ["SUCCESS", "ERROR", "CANCELLED"])
def test_an_execution_is_ended_by_hand(mistral: Mistral, state: str) -> None:
    execution = Started(mistral, "child")

    row = mistral.rows("execution-update", execution.id, "-s", state)

    assert row == execution_row("child", state, **{"State info": row["State info"]})
    message = mistral.refused("execution-update", execution.id, "-s", "PAUSED")
    assert "PAUSED" in message
    assert state in message


def test_what_cannot_be_changed_is_refused(mistral: Mistral) -> None:
    execution = Started(mistral, "question", '{"who": "Ann"}')

    assert mistral.refused("execution-update", execution.id)
    assert mistral.refused("execution-update", execution.id, "-s", "PAUSED", "-d", "Both.")
    assert mistral.refused("execution-update", execution.id, "-e", "mood: good"), "it runs"
    assert UNKNOWN in mistral.refused("execution-update", UNKNOWN, "-s", "PAUSED")
    assert execution.state == "RUNNING"


def test_executions_are_listed_the_newest_last(mistral: Mistral) -> None:
    first, second = Started(mistral, "child"), Started(mistral, "child")
    workflow = mistral.raw("workflow-get", "child")["ID"]
    of_child = (
        "execution-list",
        "--filter",
        f"workflow_id={workflow}",
        "--filter",
        "state=RUNNING",
        "--rootsonly",
    )

    newest = mistral.raw(*of_child, "--limit", "2")
    oldest = mistral.raw(*of_child, "--oldest", "--limit", "1")

    assert [row["ID"] for row in newest] == [first.id, second.id]
    assert oldest[0]["ID"] != second.id
    after_first = ("--marker", first.id, "--sort_keys", "created_at", "--sort_dirs", "asc")
    assert [row["ID"] for row in mistral.raw(*of_child, *after_first)] == [second.id]
    assert mistral.raw(*of_child, "--filter", "description=nobody wrote this")[0]["ID"] == ""


def test_the_list_of_executions_for_people_is_a_table(mistral: Mistral) -> None:
    execution = Started(mistral, "child", "-d", "Of this test.")
    mine = ("--filter", "description=Of this test.")
    columns = ("-c", "ID", "-c", "State info", "-c", "Root Execution ID", "-c", "Duration")

    assert (
        mistral.table("execution-list", *mine, *columns)
        == """\
+--------------------------------------+-------------------+------------+----------+
| ID                                   | Root Execution ID | State info | Duration |
+--------------------------------------+-------------------+------------+----------+
| 00000000-0000-0000-0000-000000000001 | <none>            | None       | ...      |
+--------------------------------------+-------------------+------------+----------+
"""
    )
    row = execution_row("child", "RUNNING", Description="Of this test.")
    assert mistral.rows("execution-list", *mine) == [row]
    mistral.told("execution-delete", "--force", execution.id)


def test_an_execution_is_deleted_once_it_has_ended_or_by_force(mistral: Mistral) -> None:
    running, ended = Started(mistral, "child"), Started(mistral, "child")
    mistral.told("execution-update", ended.id, "-s", "CANCELLED")

    printed = mistral("execution-delete", running.id, ended.id, UNKNOWN)

    refusal, unknown = printed.stdout.split(f"Request to delete execution {ended.id} has been accepted.\n")
    assert printed.code == 1
    assert running.id in refusal
    assert UNKNOWN in unknown
    assert printed.stderr == "ERROR (app) Unable to delete the specified execution(s).\n"
    assert running.state == "RUNNING"
    assert mistral.told("execution-delete", "--force", running.id) == (
        f"Request to delete execution {running.id} has been accepted.\n"
    )
    for execution in (running, ended):
        assert execution.id in mistral.refused("execution-get", execution.id)


def test_the_report_shows_where_an_execution_failed(mistral: Mistral) -> None:
    execution = Started(mistral, "failing")
    assert execution.ended() == "ERROR"

    report = normalised(mistral.told("execution-get-report", execution.id))

    lines = [line if "(error info:" not in line else "(why)" for line in report.splitlines()]
    assert "\n".join(line for line in lines) == (
        """
To get more details on a task failure run: mistral task-get <id> -c 'State info'

============================== General Statistics ==============================

Number of tasks in SUCCESS state: 0
Number of tasks in ERROR state: 1
Number of tasks in RUNNING state: 0
Number of tasks in IDLE state: 0
Number of tasks in PAUSED state: 0

Estimated time (seconds) for the execution to finish: 0

============================== Workflow Execution Tree ==============================

workflow 'failing' [ERROR] 00000000-0000-0000-0000-000000000001
    task 'bad' [ERROR] 00000000-0000-0000-0000-000000000002
(why)
        action 'std.echo' [SUCCESS] 00000000-0000-0000-0000-000000000003"""
    )
    everything = mistral.told("execution-get-report", execution.id, "--no-errors-only")
    assert "Number of tasks in SUCCESS state: 1\nNumber of tasks in ERROR state: 1\n" in everything
    assert "    task 'good' [SUCCESS] " in everything
    statistics = mistral.told("execution-get-report", execution.id, "--statistics-only")
    assert "Number of tasks in ERROR state: 1\n" in statistics
    assert "Workflow Execution Tree" not in statistics


def test_the_report_goes_as_deep_as_asked(mistral: Mistral) -> None:
    execution = Started(mistral, "parent")

    whole = eventually(
        lambda: normalised(mistral.told("execution-get-report", execution.id, "--no-errors-only")),
        lambda text: "std.async_noop" in text,
    )
    flat = normalised(
        mistral.told("execution-get-report", execution.id, "--no-errors-only", "--max-depth", "0")
    )

    tree = """\
workflow 'parent' [RUNNING] 00000000-0000-0000-0000-000000000001
    task 'call' [RUNNING] 00000000-0000-0000-0000-000000000002
        workflow 'child' [RUNNING] 00000000-0000-0000-0000-000000000003
"""
    below = """\
            task 'wait' [RUNNING] 00000000-0000-0000-0000-000000000004
                action 'std.async_noop' [RUNNING] 00000000-0000-0000-0000-000000000005
"""
    assert whole.endswith(tree + below)
    assert flat.endswith(tree)
    assert "Number of tasks in RUNNING state: 2\n" in whole
    assert "Number of tasks in RUNNING state: 1\n" in flat
    assert "Estimated time (seconds) for the execution to finish: -1\n" in whole, "none has succeeded before"


def test_sub_executions_are_listed_below_the_execution_and_below_the_task(mistral: Mistral) -> None:
    execution = Started(mistral, "parent")
    task = execution.task("call")

    rows = eventually(
        lambda: mistral.raw("execution-get-sub-executions", execution.id), lambda rows: len(rows) > 1
    )

    assert [(row["Workflow name"], row["Task Execution ID"], row["Root Execution ID"]) for row in rows] == [
        ("parent", "<none>", "<none>"),
        ("child", task, execution.id),
    ]
    assert rows[0] == mistral.raw("execution-get", execution.id)
    assert rows[1] == mistral.raw("execution-get", rows[1]["ID"])
    assert rows[1]["Description"] == "sub-workflow execution"
    assert mistral.raw("execution-get-sub-executions", execution.id, "--max-depth", "0") == rows[:1]
    assert mistral.raw("execution-get-sub-executions", execution.id, "--errors-only") == rows[:1]
    assert mistral.raw("task-get-sub-executions", task) == rows[1:]
    nothing = mistral.raw("task-get-sub-executions", task, "--max-depth", "0")
    assert [row["ID"] for row in nothing] == [""]
    assert mistral.raw("execution-list", "--task", task) == rows[1:]
    assert UNKNOWN in mistral.refused("execution-get-sub-executions", UNKNOWN)
    assert UNKNOWN in mistral.refused("task-get-sub-executions", UNKNOWN)


@pytest.mark.parametrize(
    "command",
    ["execution-get", "execution-get-input", "execution-get-output", "execution-get-published"],
)
def test_an_execution_that_is_not_there_is_not_shown(mistral: Mistral, command: str) -> None:
    assert UNKNOWN in mistral.refused(command, UNKNOWN)


# Tasks.


def test_the_tasks_of_an_execution_are_listed_and_shown(mistral: Mistral) -> None:
    execution = Started(mistral, "question", '{"who": "Ann"}')

    task = execution.task("ask")
    assert mistral.rows("task-list", execution.id) == [task_row("ask", "question", "RUNNING")]
    assert mistral.rows("task-get", task) == task_row("ask", "question", "RUNNING")
    assert mistral.told("task-get-published", task) == "{}\n"
    execution.complete("ask", output={"a": 1})
    assert execution.ended() == "SUCCESS"

    assert mistral.rows("task-get", task) == task_row("ask", "question", "SUCCESS")
    assert mistral.told("task-get-result", task) == '{\n    "a": 1\n}\n'
    names = [row["Name"] for row in mistral.raw("task-list", execution.id, "--sort_keys", "name")]
    assert names == ["ask", "say"]
    everywhere = mistral.raw("task-list", "--limit", "1")
    assert [row["Name"] for row in everywhere] == ["say"], "the newest of all"
    assert UNKNOWN in mistral.refused("task-list", UNKNOWN)
    assert UNKNOWN in mistral.refused("task-get", UNKNOWN)
    assert UNKNOWN in mistral.refused("task-get-result", UNKNOWN)
    assert UNKNOWN in mistral.refused("task-get-published", UNKNOWN)


def test_a_failed_task_tells_why_in_full_and_cut_in_lists(mistral: Mistral) -> None:
    execution = Started(mistral, "failing")
    assert execution.ended() == "ERROR"
    task = execution.task("bad")

    why = mistral.raw("task-get", task)["State info"]
    row = task_row("bad", "failing", "ERROR", **{"State info": f"{why[:25]}..."})

    assert len(why) > 25
    assert mistral.rows("task-list", execution.id, "--filter", "state=ERROR") == [row]
    assert json.loads(mistral.told("task-get-result", task)) is not None


def test_a_failed_task_is_run_again_with_another_environment(mistral: Mistral, tmp_path: Path) -> None:
    execution = Started(mistral, "failing")
    assert execution.ended() == "ERROR"
    task = execution.task("bad")

    assert mistral.rows("task-rerun", task)["ID"] == an_id(1)
    assert execution.ended() == "ERROR"
    (tmp_path / "env.json").write_text('{"mood": "good"}')
    row = mistral.raw("task-rerun", task, "-e", str(tmp_path / "env.json"))

    assert (row["ID"], row["Name"]) == (task, "bad")
    assert row["State"] in ("RUNNING", "SUCCESS")
    assert execution.ended() == "SUCCESS"
    assert mistral.rows("task-get", task) == task_row("bad", "failing", "SUCCESS")
    message = mistral.refused("task-rerun", task)
    assert "ERROR" in message or "SUCCESS" in message
    assert UNKNOWN in mistral.refused("task-rerun", UNKNOWN)


def test_a_task_with_items_repeats_what_has_failed_or_everything(mistral: Mistral) -> None:
    execution = Started(mistral, "several")
    execution.complete("each", output={"item": "done"})
    execution.complete("each", state="ERROR", output={"item": "failed"})
    assert execution.ended() == "ERROR"
    task = execution.task("each")

    row = mistral.rows("task-rerun", task, "--resume")
    states = sorted(run["State"] for run in execution.runs("each"))

    assert row == task_row("each", "several", "RUNNING")
    assert states == ["ERROR", "RUNNING", "SUCCESS"]
    execution.complete("each", state="ERROR", output={})
    assert execution.ended() == "ERROR"

    mistral.told("task-rerun", task)
    states = sorted(run["State"] for run in execution.runs("each"))
    assert states == ["ERROR", "ERROR", "RUNNING", "RUNNING", "SUCCESS"]
    plain = Started(mistral, "failing")
    assert plain.ended() == "ERROR"
    assert mistral.refused("task-rerun", plain.task("bad"), "--resume"), "it has no items"


# Action executions.


def test_an_action_execution_is_listed_shown_and_completed(mistral: Mistral) -> None:
    execution = Started(mistral, "question", '{"who": "Ann"}')
    task = execution.task("ask")
    run = execution.runs("ask")[0]["ID"]

    assert mistral.rows("action-execution-list", task) == [run_row("std.async_noop", "question", "RUNNING")]
    assert mistral.raw("action-execution-list", "--limit", "1")[0]["ID"] == run
    assert mistral.told("action-execution-get-input", run) == "{}\n"
    assert mistral.told("action-execution-get-output", run) == "\n", "it has none yet"
    shown = mistral.table("action-execution-get", run)
    assert (
        shown
        == """\
+--------------------+--------------------------------------+
| Field              | Value                                |
+--------------------+--------------------------------------+
| ID                 | 00000000-0000-0000-0000-000000000001 |
| Name               | std.async_noop                       |
| Workflow name      | question                             |
| Workflow namespace |                                      |
| Task name          | None                                 |
| Task ID            | 00000000-0000-0000-0000-000000000002 |
| State              | RUNNING                              |
| State info         | None                                 |
| Accepted           | False                                |
| Created at         | YYYY-MM-DD hh:mm:ss                  |
| Updated at         | YYYY-MM-DD hh:mm:ss                  |
+--------------------+--------------------------------------+
"""
    )

    updated = mistral.rows("action-execution-update", run, "--state", "SUCCESS", "--output", '{"a": [1]}')

    assert updated == run_row("std.async_noop", "question", "SUCCESS") | {"State info": None}
    assert mistral.rows("action-execution-get", run) == updated
    assert json.loads(mistral.told("action-execution-get-output", run)) == {"result": {"a": [1]}}
    assert mistral.refused("action-execution-update", run, "--state", "ERROR"), "it is completed"
    assert mistral.refused("action-execution-update", run), "the client refuses"


@pytest.mark.parametrize(("state", "of_the_task"), [("ERROR", "ERROR"), ("CANCELLED", "CANCELLED")])
def test_an_action_execution_that_is_ended_otherwise_ends_its_task_so(
    mistral: Mistral, state: str, of_the_task: str
) -> None:
    execution = Started(mistral, "question", '{"who": "Ann"}')
    run = execution.runs("ask")[0]["ID"]

    row = mistral.rows("action-execution-update", run, "--state", state)

    assert row["State"] == state
    assert execution.ended() == of_the_task
    assert mistral.raw("task-get", execution.task("ask"))["State"] == of_the_task
    result = json.loads(mistral.told("action-execution-get-output", run))["result"]
    assert result == ("Unknown error" if state == "ERROR" else None)


def test_an_action_execution_is_paused_and_goes_on(mistral: Mistral) -> None:
    execution = Started(mistral, "question", '{"who": "Ann"}')
    run = execution.runs("ask")[0]["ID"]

    paused = mistral.rows("action-execution-update", run, "--state", "PAUSED")

    assert paused["State"] == "PAUSED"
    assert execution.state == "PAUSED"
    running = mistral.rows("action-execution-update", run, "--state", "RUNNING")
    assert running["State"] == "RUNNING"
    assert execution.state == "RUNNING"


def test_an_action_is_run_and_its_output_printed(mistral: Mistral) -> None:
    assert (
        mistral.told("run-action", "std.echo", '{"output": {"a": "ü"}}') == '{"result": {"a": "\\u00fc"}}\n'
    )
    assert mistral.told("run-action", "std.noop") == '{"result": null}\n'
    assert mistral.told("run-action", "--run-sync", "-s", "std.echo", '{"output": 1}') == '{"result": 1}\n'
    failed = json.loads(mistral.told("run-action", "std.fail"))
    assert list(failed) == ["result"]
    assert failed["result"]


def test_an_action_that_is_saved_can_be_looked_at_later(mistral: Mistral) -> None:
    created = mistral.raw("run-action", "-s", "std.echo", '{"output": "Hi"}', "-t", "some-host")
    assert created["State"] == "RUNNING"
    assert created["Accepted"] is False
    assert created["Task name"] is None

    saved = eventually(
        lambda: mistral.rows("action-execution-get", created["ID"]), lambda row: row["State"] != "RUNNING"
    )

    assert saved == run_row("std.echo", None, "SUCCESS") | {"State info": None}
    assert mistral.told("action-execution-get-output", created["ID"]) == '{\n    "result": "Hi"\n}\n'
    assert mistral.told("action-execution-get-input", created["ID"]) == '{\n    "output": "Hi"\n}\n'
    assert mistral.told("action-execution-delete", created["ID"]) == (
        f"Request to delete action execution {created['ID']} has been accepted.\n"
    )
    assert created["ID"] in mistral.refused("action-execution-get", created["ID"])


def test_an_asynchronous_action_without_a_task_waits_to_be_completed(mistral: Mistral) -> None:
    run = mistral.raw("run-action", "-s", "std.async_noop")["ID"]
    assert mistral.rows("action-execution-get", run)["State"] == "RUNNING"

    mistral.told("action-execution-update", run, "--state", "SUCCESS", "--output", '{"a": 1}')

    assert json.loads(mistral.told("action-execution-get-output", run)) == {"result": {"a": 1}}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("no.such.action",), "no.such.action"),
        (("std.echo",), "output"),
        (("std.echo", '{"output": 1, "colour": 2}'), "colour"),
        (("std.async_noop", "--run-sync"), "std.async_noop"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_an_action_that_cannot_run_is_refused_with_the_reason(
    mistral: Mistral, arguments: tuple[str, ...], said: str
) -> None:
    assert said in mistral.refused("run-action", *arguments)


def test_an_action_of_people_is_run_from_its_namespace(mistral: Mistral, tmp_path: Path) -> None:
    (tmp_path / "action.yaml").write_text(
        "version: '2.0'\ntwice:\n  input: [text]\n  base: std.echo output=<% $.text + $.text %>\n"
    )
    mistral.told("action-create", str(tmp_path / "action.yaml"), "--namespace", "here")

    told = mistral.told("run-action", "twice", '{"text": "ho"}', "--namespace", "here")

    assert told == '{"result": "hoho"}\n'
    assert "twice" in mistral.refused("run-action", "twice", '{"text": "ho"}')


def test_only_an_ended_action_execution_without_a_task_is_deleted(mistral: Mistral) -> None:
    running = mistral.raw("run-action", "-s", "std.async_noop")["ID"]
    of_a_task = Started(mistral, "question", '{"who": "Ann"}').runs("ask")[0]["ID"]

    printed = mistral("action-execution-delete", running, of_a_task, "nonexist")

    assert printed.code == 1
    for name in (running, of_a_task, "nonexist"):
        assert name in printed.stdout
    assert "accepted" not in printed.stdout
    assert printed.stderr == "ERROR (app) Unable to delete the specified action execution(s).\n"


@pytest.mark.parametrize(
    "command",
    ["action-execution-get", "action-execution-get-input", "action-execution-get-output"],
)
def test_an_action_execution_that_is_not_there_is_not_shown(mistral: Mistral, command: str) -> None:
    assert UNKNOWN in mistral.refused(command, UNKNOWN)
    assert UNKNOWN in mistral.refused("action-execution-update", UNKNOWN, "--state", "SUCCESS")
