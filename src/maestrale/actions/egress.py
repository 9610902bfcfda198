"""Where HTTP actions may connect to.

The check stands at the connection, not at the URL: it holds for every redirect, and the address that
was checked is the address that is connected to, so that a name cannot resolve to something else in
between.
"""

import asyncio
import ipaddress
import socket
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from maestrale.actions.context import Settings
from maestrale.errors import InvalidInput

if TYPE_CHECKING:
    import httpx

LOCAL_NETWORKS = (
    "127.0.0.0/8",
    "::1/128",
    "169.254.0.0/16",
    "fe80::/10",
    "0.0.0.0/8",
    "::/128",
)
"""What a server that others may send workflows to should deny: loopback, link-local addresses such as
a cloud's metadata service, and the unspecified addresses, which reach loopback too."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class HttpSettings(Settings, frozen=True, kw_only=True):
    """What an operator sets for `std.http` and `std.mistral_http`.

    Args:
        allowed_hosts: The only host names that may be asked; empty: any.
        denied_cidrs: Networks that may not be connected to. Empty by default, since a workflow that
            runs embedded has no more rights than its user; a server should deny `LOCAL_NETWORKS`.
        default_timeout: Seconds for the whole exchange where the task names none.
        max_response_bytes: The largest body, after decompression; 0: no bound.
    """

    allowed_hosts: tuple[str, ...] = ()
    denied_cidrs: tuple[str, ...] = ()
    default_timeout: float = 60
    max_response_bytes: int = 5 * 1024 * 1024

    def __post_init__(self) -> None:
        for text in self.denied_cidrs:
            try:
                ipaddress.ip_network(text)
            except ValueError as error:
                raise InvalidInput(
                    f"`denied_cidrs` has `{text}`, which is no network: {error}",
                    hint="write it like `169.254.0.0/16` or `fe80::/10`",
                ) from None


class NotAllowed(Exception):
    """The egress policy forbids this connection."""


class Policy(Struct, frozen=True, dict=True):
    """The rules of some settings, in the form that a connection is checked against."""

    settings: HttpSettings

    @cached_property
    def _networks(self) -> tuple[Network, ...]:
        return tuple(ipaddress.ip_network(text) for text in self.settings.denied_cidrs)

    def check_url(self, url: "httpx.URL") -> None:
        """
        Raises:
            NotAllowed: Its scheme or its host is not allowed, or it has no host.
        """
        if url.scheme not in ("http", "https"):
            raise NotAllowed(f"URL not allowed: the scheme is `{url.scheme}`, not http or https")
        if not url.host:
            raise NotAllowed("URL not allowed: it names no host")
        allowed = {host.lower().rstrip(".") for host in self.settings.allowed_hosts}
        if allowed and url.host.lower().rstrip(".") not in allowed:
            raise NotAllowed(f"URL not allowed: the host `{url.host}` is not among the allowed ones")

    async def checked_addresses(self, url: "httpx.URL") -> list[str]:
        """The addresses to connect to; none where any will do or the name cannot be resolved.

        Raises:
            NotAllowed: One of the addresses is in a denied network.
        """
        if not self._networks:
            return []
        addresses = await _resolve(url.host, url.port or (443 if url.scheme == "https" else 80))
        for address in addresses:
            plain = _unmapped(address)
            if any(plain.version == network.version and plain in network for network in self._networks):
                raise NotAllowed(f"URL not allowed: `{url.host}` is at {address}, in a denied network")
        return [str(address) for address in addresses]


async def _resolve(host: str, port: int) -> list[Address]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []  # Connecting will fail and say so.
    texts = dict.fromkeys(str(entry[4][0]) for entry in found)
    return [ipaddress.ip_address(text) for text in texts]


def _unmapped(address: Address) -> Address:
    """`::ffff:127.0.0.1` is 127.0.0.1 in disguise."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
