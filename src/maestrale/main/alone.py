"""A server on a file, which it shares with commands at most."""

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import Any

import structlog
from prometheus_client import CollectorRegistry

from maestrale.cluster import ClusterSettings
from maestrale.cluster.settings import default_name
from maestrale.main.adoption import Adoption
from maestrale.main.membership import Calls
from maestrale.main.node import Node

log = structlog.get_logger("maestrale.server")


class Alone:
    """Implements `Membership`: what no living process runs is this server's."""

    is_scheduler = True
    waiting = 0
    missing_roles: tuple[str, ...] = ()
    metrics: tuple[CollectorRegistry, ...] = ()

    def __init__(self, settings: ClusterSettings) -> None:
        self.name = settings.node_name or default_name()
        self._node: Node | None = None
        self._adoption: Adoption | None = None

    async def join(self, parts: AsyncExitStack, *, url: str) -> None:
        pass

    async def take_part(self, parts: AsyncExitStack, node: Node, calls: Calls) -> None:
        self._node = node
        self._adoption = Adoption(node.engine)
        adopting = asyncio.create_task(self._adoption.run())
        adopting.add_done_callback(_log_bug)
        parts.push_async_callback(_end, adopting)

    @property
    def node_id(self) -> int | None:
        return None if self._node is None else self._node.store.own_number

    @property
    def why_not_ready(self) -> str | None:
        return "it is starting" if self._adoption is None else self._adoption.why_not_ready

    def on_lost(self) -> None:
        pass

    def settings_changed(self) -> None:
        pass


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _log_bug(task: "asyncio.Task[Any]") -> None:
    if not task.cancelled() and (bug := task.exception()) is not None:
        log.error("taking over unfinished executions failed", exc_info=bug)
