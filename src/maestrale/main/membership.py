"""A server's place among those that work on its database: alone on a file, or one of many."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Protocol

from msgspec import Struct
from prometheus_client import CollectorRegistry

from maestrale.main.node import Node
from maestrale.wire.nodes import NodeLoad


class Calls(Struct, frozen=True, kw_only=True):
    """What a server wants to be told.

    Args:
        load: Asked how busy the server is.
        why_overloaded: Asked why no work of a project is begun just now, for people; None: it is.
        on_settings: Shared settings or triggers may have changed.
        on_change: Other nodes may have come or gone.
    """

    load: Callable[[], NodeLoad]
    why_overloaded: Callable[[str], str | None]
    on_settings: Callable[[], None]
    on_change: Callable[[], None]


class Membership(Protocol):
    """See the module."""

    @property
    def name(self) -> str:
        """What people call this server."""
        ...

    async def join(self, parts: AsyncExitStack, *, url: str) -> None:
        """Before the node is built. `url`: where its API is reached; empty: it has none."""
        ...

    async def take_part(self, parts: AsyncExitStack, node: Node, calls: Calls) -> None:
        """Begin to take over what is to be decided here; give it up when `parts` is closed."""
        ...

    @property
    def node_id(self) -> int | None:
        """This server's number. None: it has none at the moment."""
        ...

    @property
    def is_scheduler(self) -> bool:
        """Whether it is up to this server to fire triggers and to delete what has expired."""
        ...

    @property
    def waiting(self) -> int:
        """Messages of other nodes that are being decided here."""
        ...

    @property
    def why_not_ready(self) -> str | None:
        """Why the server should get no requests yet. None: it should."""
        ...

    @property
    def missing_roles(self) -> tuple[str, ...]:
        """What no server does that works on the database."""
        ...

    @property
    def metrics(self) -> tuple[CollectorRegistry, ...]: ...

    def on_lost(self) -> None:
        """A commit was refused: another process has what this one thought to be its own."""
        ...

    def settings_changed(self) -> None:
        """Tell the others that shared settings or triggers have changed."""
        ...
