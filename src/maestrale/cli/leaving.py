"""The end of a command that ran an event loop."""

import asyncio
import os
import sys

from maestrale.cli.exit_codes import ExitCode

PATIENCE_SECONDS = 1.0


async def leave(code: ExitCode) -> ExitCode:
    """The exit code, unless an action refuses to end: it must not keep the process."""
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    pending = (await asyncio.wait(left, timeout=PATIENCE_SECONDS))[1] if left else set()
    if pending:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)
    return code
