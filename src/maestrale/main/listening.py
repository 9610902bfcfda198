"""The sockets that a server listens on."""

import errno
import os
import resource
import socket
from contextlib import suppress
from typing import Any

from maestrale.errors import Error, InvalidInput, Unavailable

OTHER_FILES = 1024
"""Open files besides the connections: the database, pipes of commands, connections of actions, and of
clients that are told that there are too many."""

Address = tuple[socket.AddressFamily, tuple[Any, ...]]


def bind(host: str, port: int) -> list[socket.socket]:
    """Sockets on every address that the host has, on one port. They do not listen yet.

    Args:
        port: 0: any that is free.

    Raises:
        InvalidInput: The host is unknown, or none of this machine (`host`).
        Unavailable: The port is taken (`port-taken`), or may not be used (`port-forbidden`).
    """
    sockets: list[socket.socket] = []
    try:
        for family, address in _addresses(host, port):
            taken = sockets[0].getsockname()[1] if sockets else port
            sockets.append(_bind_one(family, (address[0], taken, *address[2:])))
    except OSError as error:
        close_all(sockets)
        raise bind_error(host, port, error) from error
    except Error:
        close_all(sockets)
        raise
    return sockets


def close_all(sockets: list[socket.socket]) -> None:
    for each in sockets:
        each.close()


def url_of(host: str, sockets: list[socket.socket]) -> str:
    """Where clients find the server."""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{sockets[0].getsockname()[1]}"


def is_loopback(sockets: list[socket.socket]) -> bool:
    """Whether nobody but this machine can connect."""
    return all(_is_loopback(each.getsockname()[0]) for each in sockets)


def allow_open_files(connections: int) -> bool:
    """Let the process have that many connections, as far as the system's limit goes; False: it does not."""
    wanted = connections + OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        best = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (best, hard))
        return best >= wanted
    return True


def _addresses(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no name of a host"
        raise InvalidInput(
            f"the host `{host}` to listen on is unknown: {reason}",
            code="host",
            hint="127.0.0.1 is this machine only, 0.0.0.0 every address it has",
        ) from error
    return list(dict.fromkeys((family, tuple(address)) for family, _, _, _, address in found))


def _bind_one(family: socket.AddressFamily, address: tuple[Any, ...]) -> socket.socket:
    # Only with the protocol named does asyncio turn off Nagle's algorithm, which costs 40 ms an answer.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # Otherwise the port would be taken for minutes after a server with open connections ended.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # `::` means every address; any other is one of IPv6.
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, address[0] != "::")
        bound.bind(address)
    except BaseException:
        bound.close()
        raise
    return bound


def bind_error(host: str, port: int, error: OSError) -> Error:
    """The error to raise where the system does not let us listen."""
    place = f"`{host}`, port {port}"
    match error.errno:
        case errno.EADDRINUSE:
            return Unavailable(
                f"another program listens on {place}",
                code="port-taken",
                hint="end that program, or choose another port with --port; 0 takes any that is free",
            )
        case errno.EACCES | errno.EPERM:
            return Unavailable(
                f"this user may not listen on {place}",
                code="port-forbidden",
                hint="choose a port from 1024 on with --port",
            )
        case errno.EADDRNOTAVAIL:
            return InvalidInput(
                f"`{host}` is no address of this machine",
                code="host",
                hint="127.0.0.1 is this machine only, 0.0.0.0 every address it has",
            )
    return Unavailable(f"listening on {place} fails: {os.strerror(error.errno or 0)}", code="cannot-listen")


def _is_loopback(address: str) -> bool:
    return address == "::1" or address.startswith("127.")
