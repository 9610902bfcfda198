"""What a node of a cluster is told."""

import socket
from datetime import timedelta

from msgspec import Struct

from maestrale.ids import new_id

API, ENGINE, WORKER, SCHEDULER = ROLES = ("api", "engine", "worker", "scheduler")
"""What a node may do. `api`: answers requests; `engine`: decides executions; `worker`: runs actions;
`scheduler`: fires cron triggers and deletes what has expired."""

WITHOUT = {
    API: "no request is answered",
    ENGINE: "no execution begins or goes on",
    WORKER: "actions wait",
    SCHEDULER: "no cron trigger fires, and nothing expires",
}
"""What it means that no node has a role."""

BEATS_A_LEASE = 2.0
"""How many beats a lease lasts at least, so that one that is lost costs nobody its shards."""

LONGEST_NAME = 120


class ClusterSettings(Struct, frozen=True, kw_only=True):
    """How a node takes part.

    Args:
        roles: What it does, of `ROLES`.
        node_name: What people call it. None: see `default_name`.
        beat_seconds: Between two renewals of its lease.
        lease_seconds: After how long without one the others take what it has.
        advertised_url: Where others reach its API. Empty: where it listens.
    """

    roles: tuple[str, ...] = ROLES
    node_name: str | None = None
    beat_seconds: float = 1.2
    lease_seconds: float = 3.0
    advertised_url: str = ""

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.lease_seconds)

    @property
    def beat(self) -> timedelta:
        return timedelta(seconds=self.beat_seconds)

    def has(self, role: str) -> bool:
        """Whether the node has a role."""
        return role in self.roles


def default_name() -> str:
    """A name for a node of this machine: the host's, and a few digits that tell its nodes apart."""
    host = socket.gethostname().partition(".")[0][: LONGEST_NAME - 5] or "node"
    return f"{host}-{new_id()[:4]}"
