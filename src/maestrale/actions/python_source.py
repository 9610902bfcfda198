"""`maestrale.python`: a class of uploaded Python source, run in a process of its own.

Only definitions that this program makes of code sources are based on it: whoever could use it directly
could run code on the node without having uploaded any. It stands in no list of actions.
"""

import os
import sys
from base64 import b64decode
from pathlib import Path

import msgspec
from msgspec import Struct

from maestrale.actions.context import ActionContext, Settings
from maestrale.actions.declare import action
from maestrale.actions.processes import Finished, run_program
from maestrale.actions.results import ActionFailed, message_of
from maestrale.core.catalogue import Result
from maestrale.expressions.scope import Json

ACTION = "maestrale.python"

RUNNER = Path(__file__).with_name("python_runner.py")


class PythonSettings(Settings, frozen=True, kw_only=True):
    """What an operator sets for dynamic actions.

    Args:
        interpreter: The Python that runs them; empty: the one that runs this program.
        result_bytes: How long the JSON text of a result may be.
        grace_seconds: How long a process has between SIGTERM and SIGKILL.
    """

    interpreter: str = ""
    result_bytes: int = 16 * 1024 * 1024
    grace_seconds: float = 5.0


class Outcome(Struct, frozen=True):
    """What the runner says last."""

    value: Json = None
    error: Json = None
    cancelled: bool = False


@action(ACTION)
async def python_source(
    source: str,
    class_name: str,
    arguments: dict[str, Json] | None = None,
    omit_nulls: list[str] | None = None,
    *,
    context: ActionContext,
    settings: PythonSettings,
) -> Result:
    """Make an object of a class, and run it.

    `source` is base64. The object is made with `arguments`, those left out that are null and named by
    `omit_nulls`, and its `run` is called, with the context if it takes one. What it returns is the result.
    """
    omitted = [name for name in omit_nulls or () if (arguments or {}).get(name) is None]
    given = {name: value for name, value in (arguments or {}).items() if name not in omitted}
    request = {
        "source": b64decode(source).decode("utf-8", "surrogatepass"),
        "class_name": class_name,
        "arguments": given,
        "context": _context(context),
    }
    try:
        finished = await run_program(
            [settings.interpreter or sys.executable, "-P", str(RUNNER)],
            environment=os.environ,
            stdin=msgspec.json.encode(request),
            output_limit=settings.result_bytes,
            grace=settings.grace_seconds,
        )
    except (OSError, ValueError) as error:
        raise ActionFailed(f"Failed to start Python: {message_of(error)}") from error
    return _result(finished, class_name, settings)


def _context(context: ActionContext) -> dict[str, Json]:
    """What the class is told of its run. Without a task there is none of it, as in Mistral."""
    return {
        "workflow_execution_id": context.workflow_execution_id or None,
        "task_execution_id": context.task_execution_id or None,
        "action_execution_id": context.action_execution_id or None,
        "workflow_name": context.workflow_name or None,
        "task_name": context.task_name or None,
        "attempt": context.attempt,
        "idempotency_key": context.idempotency_key,
        "callback_url": context.callback_url,
        "project_id": context.project_id or None,
    }


def _result(finished: Finished, class_name: str, settings: PythonSettings) -> Result:
    if len(finished.stdout) >= settings.result_bytes:
        return Result(error=f"The result of `{class_name}` is longer than {settings.result_bytes} bytes")
    try:
        outcome = msgspec.json.decode(finished.stdout, type=Outcome)
    except (msgspec.DecodeError, RecursionError):
        last = finished.stderr.decode(errors="replace").strip().rpartition("\n")[2][:1000]
        said = f"; it last wrote: {last}" if last else ""
        message = f"`{class_name}` ended its process with exit code {finished.exit_code}, without a result"
        return Result(error=message + said)
    return Result(value=outcome.value, error=outcome.error, cancelled=outcome.cancelled)
