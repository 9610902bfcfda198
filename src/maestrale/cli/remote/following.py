"""Watching an execution on a server, on a terminal as a tree and elsewhere line by line."""

import asyncio
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from datetime import timedelta

from maestrale.cli.displays import Display, Silence
from maestrale.cli.exit_codes import ExitCode, exit_code_for
from maestrale.cli.plain_lines import PlainLines
from maestrale.cli.progress import Progress
from maestrale.cli.remote.connection import Interruptions, command_to
from maestrale.cli.remote.mirror import Mirror
from maestrale.cli.remote.tables import data_of, write_json
from maestrale.cli.terminal import GREEN, RED, YELLOW, is_terminal, paint, say
from maestrale.cli.texts import duration, one_line, printable
from maestrale.client import Client, Ended, Execution, ExecutionChanged, TaskChanged, Wait
from maestrale.client.executions import Until
from maestrale.core import Execution as Row
from maestrale.core.status import ExecutionState
from maestrale.errors import Error, NotFound
from maestrale.lang import Workflow

LEAST_WHOLE = timedelta(seconds=10)

MOST_FAILURES = 10
MOST_REASON = 600


async def follow(client: Client, id: str, given: Namespace, *, until: Until) -> int:
    """Watch an execution until it ends, or somebody has to resume it, and tell how it went; the exit code."""
    mirror = Mirror(id)
    display = _display(mirror.progress, quiet=given.quiet)
    drawing = asyncio.ensure_future(display.run())
    try:
        await _watch(client, mirror, display, given, until)
    except asyncio.CancelledError:
        display.note(f"the execution goes on; watch it with: {command_to(given, 'execution', 'watch', id)}")
        raise
    finally:
        drawing.cancel()
        display.close()
    return await tell(client, await client.executions.get(id), given, lasted=_lasted(mirror.progress))


def _lasted(progress: Progress) -> timedelta | None:
    """How long it took, as exactly as events tell; the times of an execution are whole seconds."""
    root = progress.root
    if root is None or root.finished_at is None:
        return None
    return root.finished_at - root.created_at


async def _watch(client: Client, mirror: Mirror, display: Display, given: Namespace, until: Until) -> None:
    id = mirror.progress.root_id
    interruptions = Interruptions(display.note)
    async with aclosing(client.executions.watch(id, on_interruption=interruptions)) as events:
        async for event in events:
            interruptions.over()
            if isinstance(event, Ended):
                return
            if isinstance(event, ExecutionChanged | TaskChanged):
                _show(event, mirror, display)
                if event.id == id and event.state == "PAUSED" and await _is_paused(client, id):
                    if until == "paused":
                        return
                    display.note(f"PAUSED, and watched until its end; {_how_to_resume(given, id)}")


def _show(event: ExecutionChanged | TaskChanged, mirror: Mirror, display: Display) -> None:
    is_first = mirror.progress.root is None
    steps = mirror.take(event)
    if is_first and mirror.progress.root is not None:
        display.started(mirror.progress.root)
    display.changed(steps)


async def _is_paused(client: Client, id: str) -> bool:
    """Whether a pause that events tell of is still on; it may be long past."""
    return (await client.executions.get(id)).state == "PAUSED"


def _display(progress: Progress, *, quiet: bool) -> Display:
    if quiet:
        return Silence()
    if is_terminal(sys.stderr):
        from maestrale.cli.live_tree import LiveTree
        from maestrale.cli.rows import Picture
        from maestrale.clock import SystemClock

        return LiveTree(progress, Picture(progress, _no_definition), SystemClock())
    return PlainLines(progress)


def _no_definition(execution: Row) -> Workflow:
    """Events do not tell how many tasks a join waits for; the picture then says it without the number."""
    raise NotFound(f"the definition of `{execution.workflow}` is on the server")


async def tell(
    client: Client, execution: Execution, given: Namespace, *, lasted: timedelta | None = None
) -> int:
    """Say how an execution stands: its output on stdout, the rest on stderr; the exit code."""
    if given.json:
        write_json(data_of(execution))
    elif execution.state == "SUCCESS":
        write_json(execution.output or {})
    if not (given.quiet and execution.state == "SUCCESS"):
        say(_headline(execution, lasted))
    if execution.state == "PAUSED":
        say(f"  {_how_to_resume(given, execution.id)}")
    elif execution.state != "SUCCESS":
        await _tell_failures(client, execution, given)
    return _exit_code(execution.state)


def _headline(execution: Execution, lasted: timedelta | None) -> str:
    colour = {"SUCCESS": GREEN, "PAUSED": YELLOW, "RUNNING": YELLOW}.get(execution.state, RED)
    state = paint(printable(execution.state), colour, stream=sys.stderr)
    # The server tells the two times in whole seconds: of less than some, nothing is known.
    if lasted is None and execution.updated_at is not None:
        whole = execution.updated_at - execution.created_at
        lasted = whole if whole >= LEAST_WHOLE else None
    span = f" in {duration(lasted)}" if execution.has_ended and lasted is not None else ""
    return f"{state}{span}: workflow `{printable(execution.workflow_name)}`, execution {execution.id}"


async def _tell_failures(client: Client, execution: Execution, given: Namespace) -> None:
    """Name the tasks that failed and why, as the server explains it."""
    waits = await _waits(client, execution)
    lines = [line for wait in waits for line in _failure_lines(wait, given)]
    is_told = bool(lines) and _is_told(execution.state_info or "", waits)
    if execution.state_info and not is_told:
        say(f"  reason: {one_line(execution.state_info, most=MOST_REASON)}")
    if lines:
        say("\n".join(lines))


async def _waits(client: Client, execution: Execution) -> Sequence[Wait]:
    """What the server says about an execution that has ended. One of another kind explains nothing."""
    if not execution.has_ended:
        return ()
    try:
        return (await client.executions.explain(execution.id)).waits
    except Error:
        return ()


def _is_told(info: str, waits: Sequence[Wait]) -> bool:
    """Whether the reason of an execution says no more than those of its failed tasks."""
    # The engine's own report names the tasks.
    if info.startswith("Failure caused by"):
        return True
    return any(failed["reason"] == info for wait in waits for failed in wait.details.get("failed", ()))


def _failure_lines(wait: Wait, given: Namespace) -> Iterator[str]:
    for failed in wait.details.get("failed", ())[:MOST_FAILURES]:
        task = failed["task"]
        reason = one_line(failed["reason"] or "no reason is known", most=MOST_REASON)
        yield f"  {printable(task['name'])}: {reason}"
        if wait.details.get("refusal") is None:
            yield f"    run it again with: {command_to(given, 'task', 'rerun', task['id'])}"


def _how_to_resume(given: Namespace, id: str) -> str:
    return f"go on with: {command_to(given, 'execution', 'resume', id)}"


def _exit_code(state: str) -> int:
    try:
        return exit_code_for(ExecutionState(state))
    except ValueError:
        return ExitCode.FAILED
