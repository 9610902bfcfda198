"""`maestrale rerun` and `maestrale skip` as processes."""

from collections.abc import Callable

import pytest

from .processes import Gate, Maestrale, id_of, lines_with

# `flag` is what a person sees to between two commands.
CHAIN = """
version: '2.0'
outer:
  tasks:
    call: {workflow: inner, publish: {inner: <% task().result.said %>}, on-success: last}
    last: {publish: {last: true}}
inner:
  output: {said: <% $.get(said) %>}
  tasks:
    t:
      action: std.command
      input: {script: 'cat flag'}
      publish: {said: <% task().result.stdout.trim() %>}
      publish-on-skip: {said: skipped}
"""
LOOP = """
version: '2.0'
loop:
  output: {all: <% $.all %>}
  tasks:
    each:
      with-items: i in ["a", "b"]
      action: std.command
      input: {script: 'echo <% $.i %> >> ran; cat <% $.i %>'}
      publish: {all: <% task().result.stdout %>}
"""
TWICE = """
version: '2.0'
twice:
  tasks:
    one: {workflow: inner}
    two: {workflow: inner}
inner:
  tasks:
    t: {action: std.fail}
"""


def test_a_failed_task_deep_inside_is_run_again_with_the_command_that_was_told(maestrale: Maestrale) -> None:
    failed = maestrale("run", maestrale.write("chain.yaml", CHAIN))
    told = lines_with(failed.stderr, ["run it again with: maestrale rerun"])[0].split("maestrale ")[1].split()
    again = maestrale(*told)
    maestrale.write("flag", "here\n")
    done = maestrale(*told, "--json")

    assert (failed.code, again.code, done.code) == (1, 1, 0)
    assert told == ["rerun", id_of(failed), "call/t"]
    assert (done.json["state"], done.json["output"]) == ("SUCCESS", {"inner": "here", "last": True})


def test_a_failed_task_is_skipped(maestrale: Maestrale) -> None:
    failed = maestrale("run", maestrale.write("chain.yaml", CHAIN))

    skipped = maestrale("skip", id_of(failed)[:12], "t")

    assert (skipped.code, skipped.json) == (0, {"inner": "skipped", "last": True})


def test_of_a_loop_only_the_failed_items_are_run_again(maestrale: Maestrale) -> None:
    maestrale.write("a", "A")
    failed = maestrale("run", maestrale.write("loop.yaml", LOOP))
    maestrale.write("b", "B")

    done = maestrale("rerun", id_of(failed), "each", "--failed-items", "-q")

    assert (done.code, done.json, done.stderr) == (0, {"all": ["A", "B"]}, "")
    assert sorted((maestrale.home / "ran").read_text().split()) == ["a", "b", "b"]


def test_a_name_that_may_mean_several_tasks_is_refused_with_their_paths(maestrale: Maestrale) -> None:
    failed = maestrale("run", maestrale.write("twice.yaml", TWICE))

    refused = maestrale("rerun", id_of(failed), "t")
    meant = maestrale("skip", id_of(failed), "two/t")

    assert (refused.code, refused.stdout) == (2, "")
    assert "`one/t` (ERROR, " in refused.stderr
    assert "`two/t` (ERROR, " in refused.stderr
    assert "[ambiguous-task]" in refused.stderr
    assert meant.code == 1
    assert lines_with(meant.stderr, ["  one/t: ERROR"])
    assert not lines_with(meant.stderr, ["  two/t: ERROR"])


@pytest.mark.parametrize(
    ("task", "options", "code"),
    [
        ("nothing", (), "unknown-task"),
        ("last", (), "task-not-failed"),
        ("first", ("--failed-items",), "rerun-reset"),
    ],
)
def test_what_cannot_be_run_again_is_refused_and_nothing_changes(
    task: str, options: tuple[str, ...], code: str, maestrale: Maestrale
) -> None:
    text = "version: '2.0'\nw: {tasks: {first: {action: std.fail}, last: {}}}\n"
    failed = maestrale("run", maestrale.write("w.yaml", text))
    before = maestrale("show", "--json").json["tasks"]

    refused = maestrale("rerun", id_of(failed), task, *options)

    assert (refused.code, refused.stdout) == (2, "")
    assert f"[{code}]" in refused.stderr
    shown = maestrale("show", "--json").json
    assert (shown["state"], shown["tasks"]) == ("ERROR", before)


def test_a_paused_execution_must_be_resumed_first(maestrale: Maestrale) -> None:
    text = "version: '2.0'\nw: {tasks: {a: {action: std.fail, on-error: pause}}}\n"
    paused = maestrale("run", maestrale.write("w.yaml", text))

    refused = maestrale("skip", id_of(paused), "a")

    assert (paused.code, refused.code) == (3, 2)
    assert "[execution-paused]" in refused.stderr
    assert f"maestrale resume {id_of(paused)}" in refused.stderr


def test_an_execution_that_another_process_runs_is_refused(
    maestrale: Maestrale, gate: Callable[[str], Gate]
) -> None:
    text = """
version: '2.0'
w: {tasks: {a: {action: std.fail}, b: {action: std.command, input: {script: 'echo 1 > entered; cat gate'}}}}
"""
    entered, wait = gate("entered"), gate("gate")
    running = maestrale.start("run", maestrale.write("w.yaml", text))
    line = running.wait_for_line(" execution ")
    entered.wait_until_entered()

    refused = maestrale("rerun", line.split(" execution ")[1][:36], "a")
    wait.open()

    assert refused.code == 2
    assert "[being-run]" in refused.stderr
    assert running.end().code == 1
