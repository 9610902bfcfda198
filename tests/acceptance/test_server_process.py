"""`maestrale server` as a process: how it starts, how it ends, and what it finds when it starts again."""

import json
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ..cli.processes import DEADLINE, Ended, Gate, Maestrale, Running

# `work` tells the test through one pipe which attempt it is, and waits at another.
WAITING = """
version: '2.0'
waiting:
  output: {attempt: <% $.attempt %>}
  tasks:
    work:
      action: std.command
      safe-rerun: true
      input: {script: 'echo $MAESTRALE_ATTEMPT > entered; cat gate > /dev/null; echo $MAESTRALE_ATTEMPT'}
      publish: {attempt: <% task().result.stdout.trim() %>}
"""

Pipe = Callable[[str], Gate]


@pytest.fixture
def maestrale(tmp_path: Path) -> Iterator[Maestrale]:
    command = Maestrale(tmp_path)
    yield command
    command.end_all()


@pytest.fixture
def pipe(tmp_path: Path) -> Pipe:
    return lambda name: Gate(tmp_path / name)


def start_server(maestrale: Maestrale, *options: str) -> tuple[Running, dict[str, Any]]:
    """A server on a free port, and the event that says that it listens."""
    running = maestrale.start("server", "--port", "0", *options)
    return running, json.loads(running.wait_for_line('"event":"listening"'))


def events_of(ended: Ended) -> list[dict[str, Any]]:
    """What the log says; every line of it is JSON."""
    return [json.loads(line) for line in ended.stderr.splitlines()]


def get(url: str) -> httpx.Response:
    return httpx.get(url, timeout=DEADLINE, trust_env=False)


def test_a_server_says_where_it_listens_answers_there_and_ends_cleanly(maestrale: Maestrale) -> None:
    running, told = start_server(maestrale)
    answer = get(f"{told['url']}/v2/")
    ready = get(f"{told['url']}/readyz")
    running.signal(signal.SIGTERM)
    ended = running.end()

    assert (answer.status_code, answer.json()) == (200, {"uri": f"{told['url']}/v2"})
    assert ready.status_code == 200
    assert (told["database"], told["pid"]) == (maestrale.database, running.process.pid)
    assert (ended.code, ended.stdout) == (0, f"listening on {told['url']}\n")
    assert [event["event"] for event in events_of(ended) if event["event"] != "request"] == [
        "listening",
        "stopping",
        "stopped",
    ]


def test_ctrl_c_ends_a_server_like_sigterm(maestrale: Maestrale) -> None:
    running, _ = start_server(maestrale)
    running.signal(signal.SIGINT)

    assert running.end().code == 0


def test_a_port_that_is_taken_is_refused_before_anything_else_happens(maestrale: Maestrale) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ended = maestrale("server", "--port", str(port))

    assert (ended.code, ended.stdout) == (4, "")
    assert ended.stderr == (
        f"error: another program listens on `127.0.0.1`, port {port} [port-taken]\n"
        "  hint: end that program, or choose another port with --port; 0 takes any that is free\n"
    )
    assert not maestrale.database_file.exists()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--host", "no.such.host.invalid"], "host"),
        (["--host", "192.0.2.1"], "host"),
        (["--host", "a" * 70], "host"),
        (["--database", "sqlite://"], "memory-not-shared"),
        (["--database", "mysql://x"], "wrong-settings"),
        (["--config", "none.toml"], "settings-file"),
        (["--port", "http"], "wrong-settings"),
        (["--colour", "red"], "usage"),
    ],
)
def test_a_server_that_cannot_start_says_why_in_an_error(
    maestrale: Maestrale, options: list[str], code: str
) -> None:
    ended = maestrale("server", "--port", "0", *options)

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.startswith("error: ")
    assert f"[{code}]" in ended.stderr


def test_the_settings_in_effect_are_printed_with_where_each_comes_from(maestrale: Maestrale) -> None:
    maestrale.variables["MAESTRALE_MAX_LIMIT"] = "50"
    file = maestrale.write("m.toml", "# mine\nlog_level = 'debug'\n")
    ended = maestrale("server", "--print-config", "--config", file, "--port", "80", "--enable-info")
    again = maestrale("server", "--print-config", "--config", maestrale.write("again.toml", ended.stdout))

    told = {line.split(" =")[0]: line for line in ended.stdout.splitlines()}
    assert ended.code == again.code == 0
    assert " ".join(told["port"].split()) == "port = 80 # --port"
    assert " ".join(told["enable_info"].split()) == "enable_info = true # --enable-info"
    assert " ".join(told["max_limit"].split()) == "max_limit = 50 # MAESTRALE_MAX_LIMIT"
    assert " ".join(told["log_level"].split()) == 'log_level = "debug" # m.toml:2'
    assert " ".join(told["host"].split()) == 'host = "127.0.0.1" # default'
    assert maestrale.database in told["database"]
    assert [line.split("#")[0].split() for line in again.stdout.splitlines()] == [
        line.split("#")[0].split() for line in ended.stdout.splitlines()
    ]


def test_unknown_variables_are_told_in_the_log(maestrale: Maestrale) -> None:
    maestrale.variables["MAESTRALE_PROT"] = "80"
    running, _ = start_server(maestrale)
    running.signal(signal.SIGTERM)

    warnings = [event for event in events_of(running.end()) if event["level"] == "warning"]
    assert [event["event"] for event in warnings] == [
        "the variable `MAESTRALE_PROT` sets nothing; did you mean `MAESTRALE_PORT`?"
    ]


def test_the_log_can_be_lines_for_people(maestrale: Maestrale) -> None:
    running = maestrale.start("server", "--port", "0", "--log-format", "console")
    line = running.wait_for_line("listening", "url=http://127.0.0.1:")
    running.signal(signal.SIGTERM)

    assert running.end().code == 0
    assert line[8:17] == " info    "


def test_a_server_goes_on_with_what_a_killed_process_left(maestrale: Maestrale, pipe: Pipe) -> None:
    entered, gate = pipe("entered"), pipe("gate")
    running = maestrale.start("run", maestrale.write("w.yaml", WAITING))
    assert entered.wait_until_entered() == "1\n"
    running.kill()

    server, told = start_server(maestrale)
    assert entered.wait_until_entered() == "2\n"
    took_over = json.loads(server.wait_for_line('"event":"took over unfinished executions"'))
    ready = get(f"{told['url']}/readyz")
    server.kill()
    after_kill, _ = start_server(maestrale)
    assert entered.wait_until_entered() == "3\n"
    after_kill.signal(signal.SIGTERM)
    stopped = after_kill.end()
    last, _ = start_server(maestrale)
    assert entered.wait_until_entered() == "4\n"
    gate.open()
    shown = _wait_until_ended(maestrale)
    last.signal(signal.SIGTERM)

    assert (took_over["count"], ready.status_code, stopped.code, last.end().code) == (1, 200, 0, 0)
    assert (shown["state"], shown["output"]) == ("SUCCESS", {"attempt": "4"})


def _wait_until_ended(maestrale: Maestrale) -> dict[str, Any]:
    while True:
        shown: dict[str, Any] = maestrale("show", "--json").json
        if shown["state"] != "RUNNING":
            return shown


def test_what_another_living_process_runs_is_left_to_it(maestrale: Maestrale, pipe: Pipe) -> None:
    entered, gate = pipe("entered"), pipe("gate")
    running = maestrale.start("run", maestrale.write("w.yaml", WAITING))
    assert entered.wait_until_entered() == "1\n"

    server, told = start_server(maestrale)
    while get(f"{told['url']}/readyz").status_code != 200:
        pass
    gate.open()
    ended = running.end()
    server.signal(signal.SIGTERM)

    assert (ended.code, ended.json) == (0, {"attempt": "1"})
    assert [event["event"] for event in events_of(server.end()) if event["level"] != "info"] == []


def test_a_second_signal_ends_a_server_at_once(maestrale: Maestrale, pipe: Pipe) -> None:
    entered = pipe("entered")
    stubborn = WAITING.replace("echo $MAESTRALE_ATTEMPT > entered;", 'trap "" TERM; echo 1 > entered;')
    running = maestrale.start("run", maestrale.write("w.yaml", stubborn.replace("cat gate", "sleep 600")))
    entered.wait_until_entered()
    running.kill()

    server, _ = start_server(maestrale)
    entered.wait_until_entered()
    server.signal(signal.SIGTERM)
    server.wait_for_line('"event":"stopping"')
    server.signal(signal.SIGTERM)

    assert server.end().code == 143
