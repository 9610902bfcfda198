"""What becomes of an execution whose process ends, and how it goes on."""

import signal
from collections.abc import Callable

import pytest

from .processes import Gate, Maestrale, id_of, lines_with

MakeGate = Callable[[str], Gate]

# `second` tells the test through one pipe that it runs, and waits at another.
SAFE = """
version: '2.0'
chain:
  output: {said: <% $.said %>, attempt: <% $.attempt %>}
  tasks:
    first:
      action: std.echo output="once"
      publish: {said: <% task().result %>}
      on-success: [second]
    second:
      action: std.command
      safe-rerun: true
      input:
        script: 'echo $MAESTRALE_ATTEMPT > entered; cat gate > /dev/null; echo $MAESTRALE_ATTEMPT'
      publish: {attempt: <% task().result.stdout.trim() %>}
"""
UNSAFE = SAFE.replace("safe-rerun: true", "safe-rerun: false")

PAUSES = """
version: '2.0'
careful:
  output: {region: <% env().region %>}
  tasks:
    look: {on-success: [deploy]}
    deploy: {pause-before: true}
"""

OUTSIDE = """
version: '2.0'
asks:
  tasks:
    approve: {action: std.async_noop}
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_command_cleanly_and_resume_goes_on(
    maestrale: Maestrale, gate: MakeGate, number: int, code: int
) -> None:
    entered, wait = gate("entered"), gate("gate")
    running = maestrale.start("run", maestrale.write("chain.yaml", SAFE))
    assert entered.wait_until_entered() == "1\n"

    running.signal(number)
    ended = running.end()

    assert (ended.code, ended.stdout) == (code, "")
    assert f"interrupted; go on with: maestrale resume {id_of(ended)}\n" in ended.stderr

    resumed = maestrale.start("resume")
    assert entered.wait_until_entered() == "2\n"
    wait.open()
    told = resumed.end()

    assert (told.code, told.json) == (0, {"said": "once", "attempt": "2"})
    assert id_of(told) == id_of(ended)
    assert not lines_with(told.stderr, ["first"])


def test_a_second_signal_ends_the_command_at_once(maestrale: Maestrale, gate: MakeGate) -> None:
    entered, _ = gate("entered"), gate("gate")
    stubborn = UNSAFE.replace("echo $MAESTRALE_ATTEMPT > entered;", 'trap "" TERM; echo 1 > entered;')
    running = maestrale.start("run", maestrale.write("chain.yaml", stubborn.replace("cat gate", "sleep 600")))
    entered.wait_until_entered()

    running.signal(signal.SIGINT)
    running.wait_for_line("stopping")
    running.signal(signal.SIGINT)
    ended = running.end()

    assert ended.code == 130
    assert "stopped at once" in ended.stderr


def test_after_a_kill_a_safe_action_is_repeated(maestrale: Maestrale, gate: MakeGate) -> None:
    entered, wait = gate("entered"), gate("gate")
    running = maestrale.start("run", maestrale.write("chain.yaml", SAFE))
    entered.wait_until_entered()
    running.kill()

    resumed = maestrale.start("resume")
    assert entered.wait_until_entered() == "2\n"
    wait.open()
    ended = resumed.end()

    assert (ended.code, ended.json) == (0, {"said": "once", "attempt": "2"})


def test_after_a_kill_an_unsafe_action_is_an_error_that_says_so(maestrale: Maestrale, gate: MakeGate) -> None:
    entered, _ = gate("entered"), gate("gate")
    running = maestrale.start("run", maestrale.write("chain.yaml", UNSAFE))
    entered.wait_until_entered()
    running.kill()

    ended = maestrale("resume")

    assert (ended.code, ended.stdout) == (1, "")
    assert lines_with(ended.stderr, ["  second: ERROR"])
    assert "was cut off" in ended.stderr
    assert "`safe-rerun`" in ended.stderr


def test_an_execution_that_another_process_runs_is_refused(maestrale: Maestrale, gate: MakeGate) -> None:
    entered, wait = gate("entered"), gate("gate")
    running = maestrale.start("run", maestrale.write("chain.yaml", SAFE))
    entered.wait_until_entered()

    refused = maestrale("resume")
    shown = maestrale("show")
    wait.open()

    assert (refused.code, refused.stdout) == (2, "")
    assert f"process {running.process.pid} on" in refused.stderr
    assert "[being-run]" in refused.stderr
    assert f"RUNNING (run by process {running.process.pid})" in shown.stdout
    assert running.end().code == 0


def test_a_paused_execution_ends_with_3_and_resume_goes_on_with_a_new_environment(
    maestrale: Maestrale,
) -> None:
    file = maestrale.write("careful.yaml", PAUSES)
    old, new = maestrale.write("old.yaml", "region: north"), maestrale.write("new.yaml", "region: south")

    paused = maestrale("run", file, "--env-file", old)
    as_json = maestrale("run", file, "--env-file", old, "--json", "-q")
    resumed = maestrale("resume", id_of(paused)[:12], "--env-file", new)

    assert (paused.code, paused.stdout) == (3, "")
    assert "held by `pause-before`: deploy" in paused.stderr
    assert f"go on with: maestrale resume {id_of(paused)}" in paused.stderr
    assert (as_json.code, as_json.json["state"]) == (3, "PAUSED")
    assert (resumed.code, resumed.json) == (0, {"region": "south"})


def test_an_execution_that_waits_for_somebody_outside_says_so_and_can_be_left(maestrale: Maestrale) -> None:
    running = maestrale.start("run", maestrale.write("asks.yaml", OUTSIDE))

    running.wait_for_line("waits for somebody outside to complete `std.async_noop`")
    running.signal(signal.SIGINT)
    ended = running.end()
    again = maestrale.start("resume", id_of(ended))
    again.wait_for_line("waits for somebody outside")
    again.signal(signal.SIGTERM)

    assert ended.code == 130
    assert again.end().code == 143


def test_an_execution_that_has_ended_is_reported_again(maestrale: Maestrale) -> None:
    file = maestrale.write("w.yaml", "version: '2.0'\nw: {output: {a: 1}, tasks: {t: {action: std.noop}}}\n")
    ran = maestrale("run", file)
    failed = maestrale(
        "run", maestrale.write("f.yaml", "version: '2.0'\nf: {tasks: {t: {action: std.fail}}}\n")
    )

    assert maestrale("resume", id_of(ran))[:2] == (0, ran.stdout)
    again = maestrale("resume", id_of(failed))
    assert (again.code, again.stdout) == (1, "")
    assert "  t: ERROR" in again.stderr


def test_without_anything_to_resume_resume_says_so(maestrale: Maestrale) -> None:
    file = maestrale.write("w.yaml", "version: '2.0'\nw: {tasks: {t: {action: std.noop}}}\n")
    ran = maestrale("run", file)
    environment = maestrale.write("env.yaml", "a: 1")

    nothing, unknown = maestrale("resume"), maestrale("resume", "ffff-no")
    env = maestrale("resume", id_of(ran), "--env-file", environment)

    assert [it.code for it in (nothing, unknown, env)] == [2, 2, 2]
    assert "there is no unfinished execution in this database [no-execution]" in nothing.stderr
    assert "there is no execution `ffff-no`" in unknown.stderr
    assert "[env-not-wanted]" in env.stderr


def test_what_still_runs_when_a_workflow_has_ended_is_waited_for(
    maestrale: Maestrale, gate: MakeGate
) -> None:
    """Engine commands end a workflow at once; what runs beside them is not interrupted."""
    text = """
version: '2.0'
w:
  tasks:
    slow: {action: std.command, input: {script: 'echo 1 > entered; cat gate; touch done'}}
    quick: {action: std.command, input: {script: 'cat start'}, on-success: [fail]}
"""
    entered, start, wait = gate("entered"), gate("start"), gate("gate")
    running = maestrale.start("run", maestrale.write("w.yaml", text))
    entered.wait_until_entered()
    start.open()
    running.wait_for_line("ERROR; waiting for an action still under way")
    wait.open()
    ended = running.end()

    assert ended.code == 1
    assert (maestrale.home / "done").exists()


def test_an_execution_nobody_runs_is_shown_with_the_way_to_go_on(
    maestrale: Maestrale, gate: MakeGate
) -> None:
    entered, _ = gate("entered"), gate("gate")
    running = maestrale.start("run", maestrale.write("chain.yaml", SAFE))
    entered.wait_until_entered()
    running.kill()

    shown, listed = maestrale("show"), maestrale("list", "--json")

    [told] = listed.json
    assert f"RUNNING (nobody runs it; go on with: maestrale resume {told['execution']})" in shown.stdout
    assert (told["workflow"], told["state"], told["is_running"]) == ("chain", "RUNNING", False)
