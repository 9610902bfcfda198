"""Connections over SSH: who logs in, with which key, and whose key is believed."""

import asyncio
import contextlib
import shlex
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncssh
from msgspec import Struct

from maestrale.actions.results import message_of
from maestrale.actions.ssh_ways import Address, Login, SshSettings, Way

KEEP_ALIVE_SECONDS = 15.0
"""How often a quiet connection is asked whether it still is there. After the third time without an answer it
is lost: a machine that vanished must not hold its task for ever."""

CLOSING_SECONDS = 2.0


class NotConnected(Exception):
    """There is no connection, with the reason."""


class Route(Struct, frozen=True):
    """A way that is ready to be gone: keys are read once for all machines, since opening one takes long."""

    way: Way
    options: dict[str, Any]
    connect_seconds: float

    def __repr__(self) -> str:
        return f"Route({self.way})"


async def make_route(way: Way, settings: SshSettings) -> Route:
    """
    Raises:
        NotConnected: A key or a file cannot be used.
    """
    options: dict[str, Any] = {
        "config": None,  # The task says all there is to say; a file of the node's user must not change it.
        "keepalive_interval": KEEP_ALIVE_SECONDS,
        "known_hosts": _known_hosts(settings.known_hosts),
    }
    key = await asyncio.to_thread(_read_key, way.login)
    if way.login.password:
        options["password"] = way.login.password
    if way.login.password or key is not None:
        options["client_keys"] = None if key is None else [key]
        options["agent_path"] = None
    return Route(way, options, settings.connect_seconds)


@contextlib.asynccontextmanager
async def reach(address: Address, route: Route) -> AsyncIterator[asyncssh.SSHClientConnection]:
    """A connection to a machine, logged in. It is closed at the end, whatever the end is.

    Raises:
        NotConnected: With the reason.
    """
    async with contextlib.AsyncExitStack() as opened:
        try:
            async with asyncio.timeout(route.connect_seconds):
                connection = await _open(address, route, opened)
        except TimeoutError:
            raise NotConnected(f"no login within {route.connect_seconds:g} seconds") from None
        yield connection


async def _open(
    address: Address, route: Route, opened: contextlib.AsyncExitStack
) -> asyncssh.SSHClientConnection:
    way, options = route.way, route.options
    if way.gateway is None:
        return await _connect("it", address, way.login.username, options, opened)
    name = f"the gateway `{way.gateway}`"
    gateway = await _connect(name, way.gateway, way.gateway_username, options, opened)
    command = way.proxy_command or f"nc {shlex.quote(address.host)} {address.port}"
    near, far = socket.socketpair()
    opened.callback(near.close)
    opened.callback(far.close)
    reader, writer = await asyncio.open_connection(sock=near)
    opened.callback(writer.close)
    try:
        proxy = await gateway.create_process(
            command, stdin=reader, stdout=writer, stderr=asyncssh.DEVNULL, encoding=None
        )
    except asyncssh.Error as error:
        raise NotConnected(f"{name} does not run `{command}`: {error.reason}") from error
    opened.push_async_callback(_close, proxy)
    return await _connect("it", address, way.login.username, {**options, "sock": far}, opened)


async def _connect(
    name: str,
    address: Address,
    username: str,
    options: dict[str, Any],
    opened: contextlib.AsyncExitStack,
) -> asyncssh.SSHClientConnection:
    try:
        connection = await asyncssh.connect(address.host, address.port, username=username, **options)
    except asyncssh.PermissionDenied as error:
        raise NotConnected(f"{name} refuses the login of `{username}`") from error
    except asyncssh.HostKeyNotVerifiable as error:
        reason = "has a host key that is not in the file of the setting `ssh_known_hosts`"
        raise NotConnected(f"{name} {reason}") from error
    except asyncssh.Error as error:
        raise NotConnected(f"{name} ends the connection: {error.reason}") from error
    except (OSError, UnicodeError, ValueError) as error:
        raise NotConnected(f"{name} cannot be reached: {message_of(error)}") from error
    opened.push_async_callback(_close, connection)
    return connection


async def _close(opened: "asyncssh.SSHClientConnection | asyncssh.SSHClientProcess[bytes]") -> None:
    """Close a connection or a command; a connection whose other side does not answer is torn down."""
    opened.close()
    with contextlib.suppress(TimeoutError, OSError, asyncssh.Error):
        async with asyncio.timeout(CLOSING_SECONDS):
            await opened.wait_closed()
            return
    if isinstance(opened, asyncssh.SSHClientConnection):
        opened.abort()


def _known_hosts(path: str) -> str | None:
    if not path:
        return None  # Any key will do.
    if not Path(path).is_file():
        raise NotConnected(f"there is no file `{path}`, which the setting `ssh_known_hosts` names")
    return path


def _read_key(login: Login) -> asyncssh.SSHKey | None:
    """The private key to log in with; None: there is none.

    Raises:
        NotConnected: It cannot be read. The message shows nothing of it.
    """
    if not login.key and not login.key_file:
        return None
    text, where = login.key, "`private_key`"
    if not text:
        where = f"the private key `{login.key_file}`"
        try:
            path = Path.home() / ".ssh" / login.key_file  # An absolute path stays what it is.
            text = path.read_text()
        except (OSError, ValueError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or "it is no text, or the user has no home"
            raise NotConnected(f"{where} cannot be read: {reason}") from error
    try:
        return asyncssh.import_private_key(text, login.password or None)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise NotConnected(f"{where} cannot be used: {error}") from error
