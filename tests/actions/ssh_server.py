"""A real SSH server on loopback, which runs commands as a shell of this machine does."""

import asyncio
import contextlib
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh

PASSWORD = "correct horse"
STDERR = asyncssh.EXTENDED_DATA_STDERR

RELAY = """#!{python}
# What `nc host port` does: its input and output are the connection.
import socket, sys, threading
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as peer:
    def upload():
        while data := sys.stdin.buffer.read1(65536):
            peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)
    threading.Thread(target=upload, daemon=True).start()
    while data := peer.recv(65536):
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
"""


class Gate(asyncssh.SSHServer):
    """Lets people in who have the password or one of some keys, and notes who came."""

    def __init__(self, machine: "Machine", keys: list[asyncssh.SSHKey]) -> None:
        self._machine = machine
        self._keys = [key.export_public_key() for key in keys]
        self._username = ""

    def begin_auth(self, username: str) -> bool:
        self._username = username
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return password == PASSWORD

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return key.export_public_key() in self._keys

    def auth_completed(self) -> None:
        self._machine.users.append(self._username)

    def session_requested(self) -> "Command":
        return Command(self._machine)


class Command(asyncssh.SSHServerSession[bytes]):
    """A command in a process group of its own. As with OpenSSH, it outlives a connection that breaks."""

    def __init__(self, machine: "Machine") -> None:
        self._machine = machine
        self._command = ""
        self._received = asyncio.Queue[bytes]()
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._signals = asyncio.Queue[signal.Signals]()

    def connection_made(self, chan: "asyncssh.SSHServerChannel[bytes]") -> None:
        self._channel = chan

    def exec_requested(self, command: str) -> bool:
        self._command = command
        return True

    def session_started(self) -> None:
        self._machine.tasks.append(asyncio.ensure_future(self._run()))

    def data_received(self, data: bytes, datatype: int | None) -> None:
        self._received.put_nowait(data)

    def eof_received(self) -> bool:
        self._received.put_nowait(b"")
        return True

    def signal_received(self, signal_name: str) -> None:
        self._machine.signals.append(signal_name)
        self._signals.put_nowait(signal.Signals[f"SIG{signal_name}"])

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._may_write.set()

    async def _run(self) -> None:
        pipe = asyncio.subprocess.PIPE
        environment = {**os.environ, "PATH": f"{self._machine.programs}:{os.environ['PATH']}"}
        shell = await asyncio.create_subprocess_exec(
            "/bin/sh", "-c", self._command,
            stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True, env=environment,
        )  # fmt: skip
        assert shell.stdin and shell.stdout and shell.stderr
        helpers = [asyncio.ensure_future(work) for work in (self._feed(shell.stdin), self._signal(shell.pid))]
        try:
            await asyncio.gather(self._copy(shell.stdout, None), self._copy(shell.stderr, STDERR))
            self._exit(await shell.wait())
        finally:
            for helper in helpers:
                helper.cancel()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
            await shell.wait()

    async def _feed(self, stdin: asyncio.StreamWriter) -> None:
        while data := await self._received.get():
            stdin.write(data)
        stdin.close()

    async def _signal(self, group: int) -> None:
        while True:
            number = await self._signals.get()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, number)

    async def _copy(self, source: asyncio.StreamReader, datatype: int | None) -> None:
        while data := await source.read(65536):
            await self._may_write.wait()
            if not self._channel.is_closing():
                self._channel.write(data, datatype)

    def _exit(self, code: int) -> None:
        if self._channel.is_closing():
            return
        if code < 0:
            self._channel.exit_with_signal(signal.Signals(-code).name.removeprefix("SIG"))
        else:
            self._channel.exit(code)


class Machine:
    """A machine that listens.

    Args:
        programs: A folder with programs, before those of this machine.

    Attributes:
        users: Who has logged in.
        signals: What was sent to commands.
    """

    def __init__(self, programs: str) -> None:
        self.programs = programs
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.users: list[str] = []
        self.signals: list[str] = []
        self.tasks: list[asyncio.Future[None]] = []
        self.port = 0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"


@contextlib.asynccontextmanager
async def a_machine(*keys: asyncssh.SSHKey, programs: str = "") -> AsyncIterator[Machine]:
    """A machine that runs commands. Who has one of the keys may log in, and who has the password."""
    machine = Machine(programs)
    server = await asyncssh.create_server(
        lambda: Gate(machine, list(keys)),
        "127.0.0.1",
        0,
        server_host_keys=[machine.host_key],
        encoding=None,
    )
    machine.port = server.get_port()
    try:
        yield machine
    finally:
        server.close()
        for task in machine.tasks:
            task.cancel()
        await asyncio.gather(*machine.tasks, return_exceptions=True)
        await server.wait_closed()


def install_relay(folder: Path, name: str = "nc") -> None:
    """Put a program into a folder that is `nc`, as far as a gateway needs it."""
    program = folder / name
    program.write_text(RELAY.format(python=sys.executable))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
