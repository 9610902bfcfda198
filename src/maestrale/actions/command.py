"""`std.command`: a program or a shell script on the machine of the node."""

import os
import re
import shutil
from pathlib import Path

from maestrale import clock
from maestrale.actions.context import ActionContext, Settings
from maestrale.actions.declare import action
from maestrale.actions.inputs import WrongInput
from maestrale.actions.processes import Finished, run_program
from maestrale.actions.results import ActionFailed, message_of
from maestrale.core.catalogue import Result
from maestrale.expressions.scope import Json

Scalar = str | int | float | bool

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class CommandSettings(Settings, frozen=True, kw_only=True):
    """What an operator sets for `std.command`.

    Args:
        output_bytes: How much is kept of each of the two outputs.
        grace_seconds: How long a command has between SIGTERM and SIGKILL.
    """

    output_bytes: int = 256 * 1024
    grace_seconds: float = 5.0


@action("std.command")
async def command(
    command: list[Scalar] | None = None,
    script: str | None = None,
    shell: str = "/bin/sh",
    env: dict[str, Scalar] | None = None,
    cwd: str | None = None,
    stdin: str | None = None,
    timeout: float | None = None,  # noqa: ASYNC109 - A parameter of the action.
    check: bool = True,
    *,
    context: ActionContext,
    settings: CommandSettings,
) -> Result:
    """Run a program (`command`, a list of arguments) or a `script` for the `shell`.

    The result is `exit_code`, `stdout`, `stderr`, `truncated` and `duration` in seconds; an exit code
    that is not 0 is an error with the same mapping, unless `check` is false. When it ends, is cancelled
    or takes longer than `timeout` seconds, every process it left behind is ended too.

    Its environment says for which run it works: `MAESTRALE_EXECUTION_ID`, `MAESTRALE_TASK_ID`,
    `MAESTRALE_ACTION_EXECUTION_ID`, `MAESTRALE_ATTEMPT`, and `MAESTRALE_IDEMPOTENCY_KEY`, which
    names this attempt and no other.
    """
    _check(command, script, timeout)
    environment = {**os.environ, **_place(context), **_variables(env or {})}
    arguments = [_text(part) for part in command] if command else [shell, "-c", script or ""]
    started = clock.monotonic()
    try:
        arguments[0] = _find_program(arguments[0], environment, cwd)
        finished = await run_program(
            arguments,
            environment=environment,
            cwd=cwd,
            stdin=(stdin or "").encode(),
            timeout=timeout,
            output_limit=settings.output_bytes,
            grace=settings.grace_seconds,
        )
    except (OSError, ValueError) as error:
        raise ActionFailed(f"Failed to start the command: {message_of(error)}") from error
    return _result(finished, clock.monotonic() - started, check=check, timeout=timeout)


def _check(command: list[Scalar] | None, script: str | None, timeout: float | None) -> None:
    if (command is None) == (script is None):
        raise WrongInput("Wrong input of action `std.command`: give either `command` or `script`")
    if command is not None and not command:
        raise WrongInput("Wrong input of action `std.command`, parameter `command`: the list is empty")
    if timeout is not None and not timeout > 0:
        raise WrongInput("Wrong input of action `std.command`, parameter `timeout`: expected seconds above 0")


def _variables(env: dict[str, Scalar]) -> dict[str, str]:
    for name in env:
        if not VARIABLE.fullmatch(name):
            raise WrongInput(
                f"Wrong input of action `std.command`, parameter `env`: `{name}` is no name of a variable"
            )
    return {name: _text(value) for name, value in env.items()}


def _place(context: ActionContext) -> dict[str, str]:
    return {
        "MAESTRALE_EXECUTION_ID": context.workflow_execution_id,
        "MAESTRALE_TASK_ID": context.task_execution_id,
        "MAESTRALE_ACTION_EXECUTION_ID": context.action_execution_id,
        "MAESTRALE_ATTEMPT": str(context.attempt),
        "MAESTRALE_IDEMPOTENCY_KEY": context.idempotency_key,
    }


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _find_program(program: str, environment: dict[str, str], cwd: str | None) -> str:
    if cwd is not None and not Path(cwd).is_dir():
        raise FileNotFoundError(f"there is no directory `{cwd}`")
    if "/" in program:
        path = Path(cwd or ".", program)
        if not path.is_file():
            raise FileNotFoundError(f"there is no program `{program}`")
        if not os.access(path, os.X_OK):
            raise PermissionError(f"`{program}` is not executable")
        return program
    found = shutil.which(program, path=environment.get("PATH", os.defpath))
    if found is None:
        raise FileNotFoundError(f"there is no program `{program}` in the PATH")
    return found


def _result(finished: Finished, duration: float, *, check: bool, timeout: float | None) -> Result:
    mapping: dict[str, Json] = {
        "exit_code": finished.exit_code,
        # Bytes that are no UTF-8 become U+FFFD: the result is JSON, and JSON has no bytes.
        "stdout": finished.stdout.decode(errors="replace"),
        "stderr": finished.stderr.decode(errors="replace"),
        "truncated": finished.truncated,
        "duration": duration,
    }
    if finished.exit_code is None:
        return Result(error={"message": f"Timeout after {timeout:g} seconds", **mapping})
    failed = check and finished.exit_code != 0
    return Result(error=mapping) if failed else Result(value=mapping)
