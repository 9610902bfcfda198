"""Nodes of a database that many share, made without a cluster around them."""

import itertools
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from maestrale.ids import shard_of
from maestrale.store import (
    MembershipStore,
    Message,
    ShardOwnership,
    Store,
    open_membership,
    open_store,
)
from maestrale.store.schema import SHARDS

from .rows import NOON, FixedClock

LONG = timedelta(hours=1)
OVER = timedelta(seconds=-1)
"""A lease that has ended as soon as it begins."""


class Member:
    """A node: its store for trees, and the one for its lease."""

    def __init__(self, store: Store, membership: MembershipStore, *, lease: timedelta = LONG) -> None:
        self.store = store
        self.membership = membership
        self.id = membership.join(
            name="node", version="1.0", roles=("engine", "worker"), url="http://node", lease=lease
        )
        self.shards.hold(self.id, {})

    @property
    def shards(self) -> ShardOwnership:
        assert self.store.shards is not None
        return self.store.shards

    def take(self, limit: int = 64) -> dict[int, int]:
        """Take free shards, and hold them; which it got."""
        taken = self.membership.claim_shards(self.id, limit=limit)
        self.shards.hold(self.id, {**self.shards.epochs, **taken})
        return taken


@contextmanager
def a_member(url: str, *, lease: timedelta = LONG, limit: int = 64, patience: float = 10) -> Iterator[Member]:
    """A node with up to `limit` of the shards that are free. `patience`: how long it waits for a lock."""
    with (
        open_store(url, clock=FixedClock()) as store,
        open_membership(url, lock_seconds=patience, answer_seconds=20) as membership,
    ):
        member = Member(store, membership, lease=lease)
        member.take(limit)
        yield member


@contextmanager
def opened(url: str, *, lease: timedelta = LONG, **options: Any) -> Iterator[Store]:
    """A store that may write trees: on a server it is a node, with all shards that no living node has.

    `lease` says what the others think of such a node; of a file they know when it is closed.
    """
    with open_store(url, **options) as store:
        if store.is_shared:
            with open_membership(url) as membership:
                membership.bury([node.id for node in membership.look().nodes])
                Member(store, membership, lease=lease).take()
        yield store


def a_message(id: str = "message", **fields: Any) -> Message:
    given: dict[str, Any] = {"id": id, "body": f"body of {id}", "sent_at": NOON}
    return Message(**(given | fields))


def shard_for(root_id: str) -> int:
    return shard_of(root_id, SHARDS)


def roots_in(shards: Collection[int], count: int) -> list[str]:
    """Ids for trees in these shards."""
    names = (f"root {number}" for number in itertools.count())
    return list(itertools.islice((name for name in names if shard_for(name) in shards), count))
