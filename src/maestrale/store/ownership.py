"""Who may write which tree: the one place that is asked.

There are two regimes. A *file* belongs to the processes that have it open: a tree's row carries the number
of its node, which lives as long as its process holds a lock. In a database that *many nodes* share, a tree is
in a shard, and `shards` says which node has that, under which epoch. Which regime it is was decided when the
database was made: it has shards or none.

What is strict does not rest on leases. Every commit locks the row of its own node and compares the epochs of
the shards it writes with those that it decided under. Whoever takes a node's shards by force deletes that row
first, which waits for commits that are under way and shuts out all later ones.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from maestrale.clock import Clock
from maestrale.errors import Conflict, Unavailable
from maestrale.ids import shard_of
from maestrale.store import claims, membership, nodes, shards
from maestrale.store.database import Database
from maestrale.store.fencing import LeaseLost
from maestrale.store.node_locks import NodeLocks


class Ownership(Protocol):
    """What a store needs to know about who owns what. It asks through the store's own connection.

    `fence`, `claim`, `claim_tree`, `release` and `check_deletable` are part of the caller's transaction.
    """

    @property
    def shard_count(self) -> int:
        """How many shards there are. 0: trees belong to processes."""
        ...

    @property
    def node_id(self) -> int | None:
        """This store's number as a node. None: it is none."""
        ...

    @property
    def node_joins(self) -> str:
        """The joins in SQL that lead from a tree `t` to its node `n`."""
        ...

    @property
    def owner_column(self) -> str:
        """The number of the tree's node in such a query, which may be there no more."""
        ...

    def become_node(self) -> int:
        """The number of this store as a node, which it becomes if it can.

        Raises:
            Unavailable: It is none at this moment (`not-joined`).
        """
        ...

    def is_alive(self, node_id: int) -> bool:
        """Whether that node lives, as far as anybody can tell."""
        ...

    @property
    def tenure(self) -> "Tenure | None":
        """What this node has at this moment. None on a file."""
        ...

    def fence(self, root_ids: Collection[str], *, tenure: "Tenure | None" = None) -> None:
        """Make sure, until the transaction ends, that this node may write these trees, known or new.

        `tenure`: what it had when it decided about them; None: what it has now.

        Raises:
            LeaseLost: It may not; it names the trees.
        """
        ...

    def claim(self, root_ids: Sequence[str] | None) -> list[str]:
        """Take over the unfinished trees that nobody else has, of `root_ids` or of all; which they are."""
        ...

    def claim_tree(self, root_id: str) -> None:
        """Take over one tree, finished or not.

        Raises:
            NotFound: There is no such tree.
            Conflict: Another one has it (`being-run`, `not-owned`).
        """
        ...

    def release(self, root_ids: Sequence[str]) -> None:
        """Give up trees."""
        ...

    def check_deletable(self, root_id: str) -> None:
        """Make sure that this node may delete a tree.

        Raises:
            Conflict: It may not, because of another one (`being-run`, `not-owned`, `lease-lost`).
        """
        ...

    def close(self) -> None:
        """Stop being a node, as far as that depends on this object."""
        ...


class FileOwnership:
    """The trees of a file belong to the processes that run them. The first use as a node makes it one."""

    shard_count = 0
    node_joins = "LEFT JOIN nodes n ON n.id = t.node_id"
    owner_column = "t.node_id"

    def __init__(self, database: Database, locks: NodeLocks, *, name: str, clock: Clock) -> None:
        self._database = database
        self._locks = locks
        self._name = name
        self._clock = clock
        self.node_id: int | None = None

    def become_node(self) -> int:
        if self.node_id is None:
            # Rolled back with the rest, the number would be given out again.
            assert not self._database.is_writing, "a store becomes a node in a transaction of its own"
            self.node_id = nodes.register_node(
                self._database, self._locks, name=self._name, now=self._clock.now()
            )
        return self.node_id

    def is_alive(self, node_id: int) -> bool:
        return self._locks.is_held(node_id)

    @property
    def tenure(self) -> None:
        return None

    def fence(self, root_ids: Collection[str], *, tenure: "Tenure | None" = None) -> None:
        """Nothing: the rows carry the number of their node, and the update of each asks for it."""

    def claim(self, root_ids: Sequence[str] | None) -> list[str]:
        return claims.claim(self._database, self._locks, node_id=self.become_node(), root_ids=root_ids)

    def claim_tree(self, root_id: str) -> None:
        claims.claim_tree(self._database, self._locks, node_id=self.become_node(), root_id=root_id)

    def release(self, root_ids: Sequence[str]) -> None:
        if self.node_id is not None:
            claims.release(self._database, node_id=self.node_id, root_ids=root_ids)

    def check_deletable(self, root_id: str) -> None:
        if claims.is_unfinished(self._database, root_id):
            claims.check_not_run_by_others(self._database, self._locks, node_id=self.node_id, root_id=root_id)

    def close(self) -> None:
        self._locks.close()


class NotOwned(Conflict):
    """A tree that another node has. `node_id`: which, as far as known; None: nobody has it at this moment."""

    code = "not-owned"

    def __init__(self, root_id: str, node_id: int | None) -> None:
        who = "no node has taken it yet" if node_id is None else f"node {node_id} has it"
        super().__init__(
            f"`{root_id}` is not this node's: {who}", hint="ask any node to do it: it reaches whoever has it"
        )
        self.node_id = node_id


class Tenure(Struct, frozen=True):
    """Which node this is, and which shards it has under which epochs."""

    node_id: int | None = None
    epochs: Mapping[int, int] = {}


class ShardOwnership:
    """The trees of a database that many nodes share belong to whichever node has their shard.

    The thread of the cluster says what this node has (`hold`), the thread of the store reads it. What is said
    replaces what was said before as a whole, so that neither waits for the other.
    """

    node_joins = "LEFT JOIN shards s ON s.id = t.shard LEFT JOIN nodes n ON n.id = s.node_id"
    owner_column = "s.node_id"

    def __init__(self, database: Database, shard_count: int) -> None:
        assert shard_count.bit_count() == 1, "the number of shards is a power of two"
        self.shard_count = shard_count
        self._database = database
        self._held = Tenure()

    @property
    def node_id(self) -> int | None:
        return self._held.node_id

    @property
    def epochs(self) -> Mapping[int, int]:
        """The shards that this node has, as far as it knows, and the epoch of each."""
        return self._held.epochs

    def hold(self, node_id: int | None, epochs: Mapping[int, int]) -> None:
        """Say which node this is from now on, and which shards it has under which epochs."""
        self._held = Tenure(node_id, dict(epochs))

    def owns(self, root_id: str) -> bool:
        """Whether the tree of that root, whether or not there is one, is in a shard of this node."""
        return shard_of(root_id, self.shard_count) in self._held.epochs

    def become_node(self) -> int:
        if (node_id := self._held.node_id) is None:
            raise Unavailable(
                "this server is not one of the nodes of the database at this moment",
                code="not-joined",
                hint="it joins again by itself as soon as the database answers: try again in some seconds",
            )
        return node_id

    def is_alive(self, node_id: int) -> bool:
        return membership.is_leased(self._database, node_id)

    @property
    def tenure(self) -> Tenure:
        return self._held

    def fence(self, root_ids: Collection[str], *, tenure: Tenure | None = None) -> None:
        held = tenure or self._held
        of = {root_id: shard_of(root_id, self.shard_count) for root_id in root_ids}
        lost = [root_id for root_id, shard in of.items() if held.node_id is None or shard not in held.epochs]
        if of and not lost and held.node_id is not None:
            stored = shards.held_epochs(self._database, held.node_id, set(of.values()))
            lost = [root_id for root_id, shard in of.items() if stored.get(shard) != held.epochs[shard]]
        if lost:
            raise LeaseLost(lost)

    def claim(self, root_ids: Sequence[str] | None) -> list[str]:
        if root_ids is None:
            return claims.unfinished_of(self._database, self._held.epochs)
        return claims.unfinished_among(self._database, filter(self.owns, root_ids))

    def claim_tree(self, root_id: str) -> None:
        claims.check_exists(self._database, root_id)
        self._check_owned(root_id)

    def release(self, root_ids: Sequence[str]) -> None:
        """Nothing: trees change hands with their shards."""

    def check_deletable(self, root_id: str) -> None:
        self._check_owned(root_id)
        self.fence([root_id])

    def _check_owned(self, root_id: str) -> None:
        if not self.owns(root_id):
            raise NotOwned(root_id, shards.find_holder(self._database, shard_of(root_id, self.shard_count)))

    def close(self) -> None:
        self.hold(None, {})
