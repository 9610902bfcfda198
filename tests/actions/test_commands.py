"""With real processes. A test waits for a line of a process or for its end, never for a time."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from maestrale.actions import ActionContext, ActionFailed, CommandSettings, Registry, Result
from maestrale.actions.inputs import WrongInput
from maestrale.actions.process_guard import ProcessGuard
from maestrale.actions.processes import _wait_in_thread


async def command(settings: CommandSettings | None = None, **input: Any) -> Result:
    registry = Registry(settings=[settings or CommandSettings(grace_seconds=5)])
    found = registry.get_action("std.command")
    result = await found.function(**found.arguments(input, ActionContext(), registry.settings))
    assert isinstance(result, Result)
    return result


def run(settings: CommandSettings | None = None, **input: Any) -> Result:
    return asyncio.run(command(settings, **input))


def outcome(settings: CommandSettings | None = None, **input: Any) -> dict[str, Any]:
    """The mapping of a command, without how long it took."""
    result = run(settings, **input)
    mapping = dict(result.error if result.is_error else result.value)
    assert mapping.pop("duration") >= 0
    return mapping


class Signs:
    """A named pipe that processes hold open and write signs of life to.

    It ends when the last of them is gone, whoever its parent is by then.
    """

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        # Without a writer of ours, the pipe would be at its end before the first process comes.
        self._writer: int | None = os.open(path, os.O_WRONLY)
        os.set_blocking(self._descriptor, True)

    def wait_for(self, lines: int) -> list[int]:
        """The numbers in the first lines."""
        text = b""
        while text.count(b"\n") < lines:
            text += os.read(self._descriptor, 4096)
        return [int(line) for line in text.split()]

    def wait_for_the_end(self) -> bytes:
        """What was written until the last process had ended."""
        if self._writer is not None:
            os.close(self._writer)
            self._writer = None
        text = b""
        while chunk := os.read(self._descriptor, 4096):
            text += chunk
        return text

    def close(self) -> None:
        os.close(self._descriptor)
        if self._writer is not None:
            os.close(self._writer)


@pytest.fixture
def signs(tmp_path: Path) -> Iterator[Signs]:
    with contextlib.closing(Signs(tmp_path / "signs")) as signs:
        yield signs


def family(signs: Signs, *, trap: str = "") -> str:
    """A script with a child and a grandchild, all alive for long, that each say their number."""
    return f"""
    exec 9>{signs.path}
    {trap}
    (echo $$ >&9; sh -c '{trap} echo $$ >&9; sleep 1000; sleep 1000' & sleep 1000; sleep 1000) &
    echo $$ >&9
    wait; sleep 1000
    """


def test_a_program_gives_its_output_and_its_exit_code() -> None:
    assert outcome(command=["printf", "%s-%s", "a b", 5]) == {
        "exit_code": 0,
        "stdout": "a b-5",
        "stderr": "",
        "truncated": False,
    }


def test_a_script_runs_in_the_shell_with_the_given_surroundings(tmp_path: Path) -> None:
    assert outcome(
        script='read line; echo "$line|$A|$B|$(pwd)"; cat; echo oops >&2',
        env={"A": "x $y", "B": True},
        cwd=str(tmp_path),
        stdin="first\nrest",
    ) == {
        "exit_code": 0,
        "stdout": f"first|x $y|true|{tmp_path}\nrest",
        "stderr": "oops\n",
        "truncated": False,
    }


def test_the_environment_is_added_to_that_of_the_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROM_NODE", "1")

    assert outcome(script='echo "$FROM_NODE $MINE"', env={"MINE": 2})["stdout"] == "1 2\n"


def test_the_environment_says_for_which_run_a_command_works() -> None:
    registry = Registry()
    found = registry.get_action("std.command")
    context = ActionContext(
        workflow_execution_id="e", task_execution_id="t", action_execution_id="r", attempt=3
    )
    names = ["EXECUTION_ID", "TASK_ID", "ACTION_EXECUTION_ID", "ATTEMPT", "IDEMPOTENCY_KEY"]
    input = {"command": ["printenv", *(f"MAESTRALE_{name}" for name in names)]}

    result = asyncio.run(found.function(**found.arguments(input, context, registry.settings)))

    assert result.value["stdout"].splitlines() == ["e", "t", "r", "3", "e/t/r/3"]


def test_without_input_a_command_reads_nothing() -> None:
    assert outcome(command=["cat"])["stdout"] == ""


def test_a_command_need_not_read_its_input() -> None:
    assert outcome(command=["true"], stdin="x" * 1_000_000)["exit_code"] == 0


def test_a_large_input_arrives_whole() -> None:
    assert outcome(command=["wc", "-c"], stdin="ü" * 500_000)["stdout"].strip() == "1000000"


def test_an_exit_code_that_is_not_0_is_an_error_with_the_same_mapping() -> None:
    result = run(script="echo half; exit 3")

    assert result.is_error
    assert (result.error["exit_code"], result.error["stdout"]) == (3, "half\n")


def test_without_check_every_exit_code_is_a_success() -> None:
    result = run(script="exit 3", check=False)

    assert (result.is_error, result.value["exit_code"]) == (False, 3)


def test_the_signal_that_ended_a_command_is_its_negative_exit_code() -> None:
    assert outcome(script="kill -9 $$")["exit_code"] == -9


def test_a_flood_is_read_to_its_end_and_its_last_bytes_are_kept() -> None:
    settings = CommandSettings(output_bytes=1000)

    flood = outcome(settings, script="head -c 5000000 /dev/zero | tr '\\0' x; printf end")

    assert flood == {"exit_code": 0, "stdout": "x" * 997 + "end", "stderr": "", "truncated": True}


def test_output_of_just_the_bound_is_not_truncated() -> None:
    assert outcome(CommandSettings(output_bytes=5), command=["printf", "12345"]) == {
        "exit_code": 0,
        "stdout": "12345",
        "stderr": "",
        "truncated": False,
    }


def test_output_that_is_no_text_is_made_text() -> None:
    assert outcome(command=["printf", "a\\377b"])["stdout"] == "a\ufffdb"


@pytest.mark.parametrize(
    ("input", "words"),
    [
        ({}, "give either `command` or `script`"),
        ({"command": ["a"], "script": "b"}, "give either `command` or `script`"),
        ({"command": []}, "parameter `command`: the list is empty"),
        ({"command": "ls"}, "parameter `command`: expected"),
        ({"script": "true", "timeout": 0}, "parameter `timeout`: expected seconds above 0"),
        ({"script": "true", "env": {"A=B": "1"}}, "parameter `env`: `A=B` is no name of a variable"),
    ],
)
def test_a_wrong_parameter_is_named(input: dict[str, Any], words: str) -> None:
    with pytest.raises(WrongInput) as caught:
        run(**input)

    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("input", "words"),
    [
        ({"command": ["no-such-program"]}, "there is no program `no-such-program` in the PATH"),
        ({"command": ["./no-such"]}, "there is no program `./no-such`"),
        ({"command": ["/etc/passwd"]}, "`/etc/passwd` is not executable"),
        ({"command": ["true"], "cwd": "/no/such"}, "there is no directory `/no/such`"),
        ({"command": ["echo", "a\0b"]}, "embedded null byte"),
        ({"command": ["echo", "x" * 3_000_000]}, "Argument list too long"),
    ],
)
def test_a_command_that_cannot_be_started_says_why(input: dict[str, Any], words: str) -> None:
    with pytest.raises(ActionFailed) as caught:
        run(**input)

    assert str(caught.value.error).startswith("Failed to start the command: ")
    assert words in str(caught.value.error)


def test_a_relative_program_is_looked_for_in_its_directory(tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    tool.write_text("#!/bin/sh\necho here\n")
    tool.chmod(0o755)

    assert outcome(command=["./tool"], cwd=str(tmp_path))["stdout"] == "here\n"


def test_after_the_timeout_it_is_ended_and_what_it_said_is_told() -> None:
    assert outcome(script="echo begun; sleep 1000", timeout=0.5) == {
        "message": "Timeout after 0.5 seconds",
        "exit_code": None,
        "stdout": "begun\n",
        "stderr": "",
        "truncated": False,
    }


def test_the_timeout_ends_the_grandchildren(signs: Signs) -> None:
    assert outcome(script=family(signs), timeout=0.5)["exit_code"] is None

    signs.wait_for_the_end()


def test_what_outlives_the_shell_is_ended_with_it(signs: Signs) -> None:
    script = f"exec 9>{signs.path}; sh -c 'echo $$ >&9; sleep 1000' & read x <{signs.path}.go; echo done"
    os.mkfifo(f"{signs.path}.go")

    async def begin_and_let_the_shell_end() -> Result:
        running = asyncio.ensure_future(command(script=script))
        await asyncio.to_thread(signs.wait_for, 1)
        await asyncio.to_thread(Path(f"{signs.path}.go").write_text, "\n")
        return await running

    result = asyncio.run(begin_and_let_the_shell_end())

    signs.wait_for_the_end()
    assert (result.value["exit_code"], result.value["stdout"]) == (0, "done\n")


async def cancelled_once(
    lines: int, signs: Signs, settings: CommandSettings | None = None, **input: Any
) -> None:
    """Begin a command, wait for signs of life, cancel it, and wait until the action has ended."""
    running = asyncio.ensure_future(command(settings, **input))
    await asyncio.to_thread(signs.wait_for, lines)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert running.cancelled()


def test_cancelling_ends_the_grandchildren(signs: Signs) -> None:
    asyncio.run(cancelled_once(3, signs, script=family(signs)))

    signs.wait_for_the_end()


def test_what_does_not_end_when_asked_is_killed(signs: Signs) -> None:
    stubborn = CommandSettings(grace_seconds=0.1)

    asyncio.run(cancelled_once(3, signs, settings=stubborn, script=family(signs, trap='trap "" TERM;')))

    signs.wait_for_the_end()


def test_what_is_asked_to_end_may_clean_up_first(signs: Signs) -> None:
    script = f"exec 9>{signs.path}; trap 'echo 77 >&9; exit' TERM; echo 1 >&9; while :; do sleep 0.01; done"

    asyncio.run(cancelled_once(1, signs, script=script))

    assert signs.wait_for_the_end() == b"77\n"


NODE = """
import asyncio, sys
from maestrale.actions import ActionContext, Registry

registry = Registry()
action = registry.get_action("std.command")
arguments = action.arguments({"script": sys.argv[1]}, ActionContext(), registry.settings)
asyncio.run(action.function(**arguments))
"""


def test_killing_the_node_ends_the_whole_command(signs: Signs) -> None:
    node = subprocess.Popen([sys.executable, "-c", NODE, family(signs, trap='trap "" TERM HUP;')])
    signs.wait_for(3)

    node.send_signal(signal.SIGKILL)
    node.wait()

    signs.wait_for_the_end()


def test_the_watcher_kills_what_it_watches_and_not_what_it_forgot(signs: Signs) -> None:
    # Each holds the pipe until it ends.
    script = f"exec 9>{signs.path}; echo $$ >&9; exec sleep 1000"
    watched = [subprocess.Popen(["sh", "-c", script], start_new_session=True) for _ in range(3)]
    signs.wait_for(3)
    guard = ProcessGuard()
    for process in watched:
        guard.watch(process.pid)
    guard.forget(watched[1].pid)

    guard.close()

    assert [watched[0].wait(), watched[2].wait(), watched[1].poll()] == [-9, -9, None]
    watched[1].kill()
    watched[1].wait()


def test_a_watcher_that_was_killed_is_replaced(signs: Signs) -> None:
    script = f"exec 9>{signs.path}; echo $$ >&9; exec sleep 1000"
    watched = [subprocess.Popen(["sh", "-c", script], start_new_session=True) for _ in range(2)]
    signs.wait_for(2)
    guard = ProcessGuard()
    guard.watch(watched[0].pid)
    assert guard._watcher is not None
    guard._watcher.kill()
    guard._watcher.wait()

    guard.watch(watched[1].pid)
    guard.close()

    assert [process.wait() for process in watched] == [-9, -9]


def test_a_system_without_pidfds_waits_in_a_thread() -> None:
    async def body() -> int:
        loop = asyncio.get_running_loop()
        process = subprocess.Popen(["sh", "-c", "exit 4"])  # noqa: ASYNC220
        exited: asyncio.Future[None] = loop.create_future()
        await asyncio.to_thread(_wait_in_thread, process, loop, exited)
        await exited
        return process.returncode

    assert asyncio.run(body()) == 4


def test_many_commands_run_side_by_side() -> None:
    async def body() -> list[Any]:
        results = await asyncio.gather(*(command(command=["echo", number]) for number in range(30)))
        return [result.value["stdout"] for result in results]

    assert asyncio.run(body()) == [f"{number}\n" for number in range(30)]


def test_no_descriptor_is_left_open() -> None:
    async def body() -> list[int]:
        counts = []
        for _ in range(3):
            await command(command=["cat"], stdin="x")
            with contextlib.suppress(ActionFailed):
                await command(command=["true"], cwd="/no/such")
            await command(script="sleep 1000", timeout=0.05)
            counts.append(len(os.listdir("/proc/self/fd")))
        return counts

    counts = asyncio.run(body())
    assert counts[0] == counts[-1]
