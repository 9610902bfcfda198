"""Run a program in a process group of its own, which ends as a whole."""

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from msgspec import Struct

from maestrale import clock
from maestrale.actions.process_guard import GATE, GUARD

DRAIN_SECONDS = 1.0
"""How long the output is still read after the group ended: a process that left it may hold the pipe."""

_CHUNK = 64 * 1024
_FIRST_LOOK_SECONDS = 0.01
_LONGEST_LOOK_SECONDS = 0.2


class Finished(Struct, frozen=True):
    """How a program ended.

    Args:
        exit_code: Negative: the signal that ended it. None: it did not end in time and was ended.
        truncated: One of the outputs was longer than the bound; its end was kept.
    """

    exit_code: int | None
    stdout: bytes
    stderr: bytes
    truncated: bool


async def run_program(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    cwd: str | None = None,
    stdin: bytes = b"",
    timeout: float | None = None,  # noqa: ASYNC109 - What was printed until then is part of the answer.
    output_limit: int,
    grace: float,
) -> Finished:
    """Run a program to its end. When this returns or is cancelled, its whole group has ended.

    Args:
        timeout: In seconds; None: no bound.
        output_limit: The bytes that are kept of each of the two outputs: the last ones, which tell why
            a program failed.
        grace: The seconds between SIGTERM and SIGKILL where the program is ended.

    Raises:
        OSError: It could not be started.
        ValueError: The arguments or the environment hold what no program can be given.
    """
    # Not asyncio's own: that waits for the process at once, after which the group's number may be
    # somebody else's. Starting takes a millisecond.
    process = subprocess.Popen(  # noqa: ASYNC220
        ["/bin/sh", "-c", GATE, "maestrale", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env=dict(environment),
        start_new_session=True,
    )
    program = _Program(process, output_limit, grace)
    try:
        return await program.run(stdin, timeout)
    finally:
        # Shielded: a second cancellation must not leave the group alive.
        await asyncio.shield(program.end())


class _Program:
    """A started program with its pipes."""

    def __init__(self, process: subprocess.Popen[bytes], output_limit: int, grace: float) -> None:
        self._process = process
        self._group = process.pid
        self._grace = grace
        self._exited = _exit_of(process)
        self._outputs = (_Tail(output_limit), _Tail(output_limit))
        self._transports: list[asyncio.BaseTransport] = []
        self._ended = False

    async def run(self, stdin: bytes, timeout: float | None) -> Finished:  # noqa: ASYNC109
        GUARD.watch(self._group)
        for output, pipe in zip(self._outputs, (self._process.stdout, self._process.stderr), strict=True):
            await self._read(output, pipe)
        await self._write(self._process.stdin, b"go\n" + stdin)
        await asyncio.wait([self._exited], timeout=timeout)
        in_time = self._exited.done()
        await (self._kill_leftovers() if in_time else self.end())
        await asyncio.wait([output.closed for output in self._outputs], timeout=DRAIN_SECONDS)
        stdout, stderr = self._outputs
        return Finished(
            exit_code=self._process.wait() if in_time else None,
            stdout=stdout.content(),
            stderr=stderr.content(),
            truncated=stdout.truncated or stderr.truncated,
        )

    async def end(self) -> None:
        """End the group: politely, then for certain. Does nothing where it has ended."""
        if not self._ended:
            deadline = clock.monotonic() + self._grace
            self._signal(signal.SIGTERM)
            await asyncio.wait([self._exited], timeout=self._grace)
            if self._exited.done():
                self._process.wait()
                await self._wait_for_the_rest(deadline)
            await self._kill_leftovers()
        for transport in self._transports:
            transport.close()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    async def _wait_for_the_rest(self, deadline: float) -> None:
        """Wait until nobody of the group lives. Nothing tells that, so that one has to look."""
        pause = _FIRST_LOOK_SECONDS
        while self._signal(0) and _is_alive(self._group) and clock.monotonic() < deadline:
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_LOOK_SECONDS)

    async def _kill_leftovers(self) -> None:
        # Until the leader is waited for, its number stands for this group and no other.
        self._signal(signal.SIGKILL)
        await self._exited
        self._process.wait()
        GUARD.forget(self._group)
        self._ended = True

    def _signal(self, number: int) -> bool:
        """Send a signal to the group; False: nobody is in it any more."""
        try:
            os.killpg(self._group, number)
        except ProcessLookupError:
            return False
        except PermissionError:  # What is left runs as somebody else now.
            return False
        return True

    async def _read(self, output: "_Tail", pipe: IO[bytes] | None) -> None:
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: output, pipe)
        self._transports.append(transport)

    async def _write(self, pipe: IO[bytes] | None, content: bytes) -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, pipe)
        self._transports.append(transport)
        transport.write(content)
        transport.write_eof()  # Once all is written.


class _Tail(asyncio.Protocol):
    """Keeps the last bytes that came, so that a flood costs no memory."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._content = bytearray()
        self.truncated = False
        self.closed = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self._content += data
        if len(self._content) > self._limit:
            self.truncated = True
        if len(self._content) > 2 * self._limit + _CHUNK:
            del self._content[: -self._limit or None]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)

    def content(self) -> bytes:
        return bytes(self._content[-self._limit :] if self._limit else b"")


def _is_alive(group: int) -> bool:
    """Whether anybody in the group is more than a zombie.

    Orphans wait for the system's first process to notice their end; where that is us, as in many a
    container, they wait for ever. Where there is no `/proc`, whoever is there counts as alive.
    """
    processes = list(Path("/proc").glob("[0-9]*/stat"))
    for process in processes:
        with contextlib.suppress(OSError):  # It ended while we looked.
            # The name, in parentheses, may contain anything; state, parent and group come after it.
            state, _, found = process.read_text(errors="replace").rpartition(")")[2].split()[:3]
            if int(found) == group and state not in "ZX":
                return True
    return not processes


def _exit_of(process: subprocess.Popen[bytes]) -> asyncio.Future[None]:
    """Done when the process has exited. It is not waited for yet where the system has pidfds."""
    loop = asyncio.get_running_loop()
    exited: asyncio.Future[None] = loop.create_future()
    try:
        descriptor = os.pidfd_open(process.pid)
    except (AttributeError, OSError):
        threading.Thread(target=_wait_in_thread, args=(process, loop, exited), daemon=True).start()
        return exited

    def on_exit() -> None:
        loop.remove_reader(descriptor)
        os.close(descriptor)
        exited.set_result(None)

    loop.add_reader(descriptor, on_exit)
    return exited


def _wait_in_thread(
    process: subprocess.Popen[bytes], loop: asyncio.AbstractEventLoop, exited: asyncio.Future[None]
) -> None:
    process.wait()
    with contextlib.suppress(RuntimeError):  # The loop may be closed by now.
        loop.call_soon_threadsafe(exited.set_result, None)
