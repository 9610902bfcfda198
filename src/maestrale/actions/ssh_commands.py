"""A command on machines that are reached over SSH. Nothing of it goes on once nobody waits for it."""

import asyncio
import contextlib
from collections.abc import Sequence

import asyncssh
from msgspec import Struct

from maestrale.actions.ssh_connections import NotConnected, make_route, reach
from maestrale.actions.ssh_ways import Address, SshSettings, Way

AT_ONCE = 20
"""How many machines one action asks at the same time."""

GRACE_SECONDS = 5.0
"""How long a command has between TERM and KILL where it is ended."""

KILL_SECONDS = 2.0
LOST = "the connection was lost before the command ended"
_CHUNK = 64 * 1024

Process = asyncssh.SSHClientProcess[bytes]


class Finished(Struct, frozen=True):
    """How a command ended. A negative exit code is the signal that ended it."""

    exit_code: int
    stdout: bytes
    stderr: bytes


class CommandLost(Exception):
    """How the command ended is not known, or it had to be ended; with the reason."""


async def run_everywhere(
    command: str, addresses: Sequence[Address], way: Way, settings: SshSettings
) -> list[Finished | str]:
    """Run a command on machines, at most `AT_ONCE` at a time, and wait for all of them.

    That one fails ends none of the others: what they do is not half done then.

    Returns:
        How it ended on each, in their order; a text says why there is no end to tell of.

    Raises:
        NotConnected: None of them can be reached, for a reason that is on this side.
    """
    route = await make_route(way, settings)
    places = asyncio.Semaphore(AT_ONCE)

    async def run_on(address: Address) -> Finished | str:
        async with places:
            try:
                async with reach(address, route) as connection:
                    return await _run(connection, command, settings.output_bytes)
            except (NotConnected, CommandLost) as error:
                return str(error)

    async with asyncio.TaskGroup() as group:
        runs = [group.create_task(run_on(address)) for address in addresses]
    return [run.result() for run in runs]


async def _run(connection: asyncssh.SSHClientConnection, command: str, limit: int) -> Finished:
    # Shielded: the request may have reached the machine, where the command then has to be ended.
    starting = asyncio.ensure_future(
        connection.create_process(command, stdin=asyncssh.DEVNULL, encoding=None)
    )
    try:
        process = await asyncio.shield(starting)
    except asyncssh.Error as error:
        raise CommandLost(f"the command was refused: {error.reason}") from error
    except asyncio.CancelledError:
        await asyncio.shield(_end_started(starting))
        raise
    try:
        return await _finish(process, limit)
    except BaseException:
        # Shielded: a second cancellation must not leave the command alive.
        await asyncio.shield(_end(process))
        raise


async def _finish(process: Process, limit: int) -> Finished:
    try:
        async with asyncio.TaskGroup() as group:
            outputs = [
                group.create_task(_read(name, stream, limit))
                for name, stream in (("stdout", process.stdout), ("stderr", process.stderr))
            ]
        await process.wait_closed()
    except* CommandLost as errors:
        raise errors.exceptions[0] from None
    except* (asyncssh.Error, OSError):
        raise CommandLost(LOST) from None
    if process.returncode is None:
        raise CommandLost(LOST)
    stdout, stderr = (output.result() for output in outputs)
    return Finished(process.returncode, stdout, stderr)


async def _read(name: str, stream: asyncssh.SSHReader[bytes], limit: int) -> bytes:
    content = bytearray()
    while chunk := await stream.read(_CHUNK):
        content += chunk
        if len(content) > limit:
            raise CommandLost(f"it was ended, since it wrote more than {limit} bytes to {name}")
    return bytes(content)


async def _end_started(starting: "asyncio.Future[Process]") -> None:
    with contextlib.suppress(asyncssh.Error, OSError, TimeoutError):
        async with asyncio.timeout(GRACE_SECONDS):
            process = await starting
        await _end(process)


async def _end(process: Process) -> None:
    """End a command: politely, then for certain."""
    for signal, seconds in (("TERM", GRACE_SECONDS), ("KILL", KILL_SECONDS)):
        with contextlib.suppress(OSError, TimeoutError):
            process.send_signal(signal)
            async with asyncio.timeout(seconds):
                # What it still writes has to go somewhere, or the machine waits for room and never ends it.
                await asyncio.gather(
                    _discard(process.stdout), _discard(process.stderr), process.wait_closed()
                )
            return


async def _discard(stream: asyncssh.SSHReader[bytes]) -> None:
    with contextlib.suppress(asyncssh.Error, OSError):
        while await stream.read(_CHUNK):
            pass
