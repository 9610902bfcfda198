"""Who may write a tree: the node it belongs to, and only on top of what it read.

The update of a tree row asks for the sequence the node decided on, and on a file also for the number of the
node, which the row carries; where it does not find such a row, nothing of the batch is written. Where trees
are in shards, `ownership` has locked those before.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from maestrale.core.state import Tree
from maestrale.errors import Conflict
from maestrale.ids import shard_of
from maestrale.store.blobs import BlobWriter
from maestrale.store.database import Database, Statement
from maestrale.store.lists import listed, portions
from maestrale.store.schema import TREES


class LeaseLost(Conflict):
    """Trees that this node meant to write belong to another one, or went on without it.

    What the node has in memory of the trees in `root_ids` is worth nothing any more.
    """

    code = "lease-lost"

    def __init__(self, root_ids: Sequence[str]) -> None:
        names = ", ".join(f"`{root_id}`" for root_id in root_ids)
        super().__init__(
            f"this process no longer runs {names}: another one took over",
            hint="forget what is in memory of it, and load it again before going on",
        )
        self.root_ids = tuple(root_ids)


_AS_READ = "sequence = ?"
_OF_NODE = "node_id = ?"

# Always written, so that there is an update to ask the conditions even where nothing else changed.
_SEQUENCE = tuple(column.name == "sequence" for column in TREES.columns)

_INSERT = (
    f"INSERT INTO trees ({TREES.column_list}, node_id, shard)"
    f" VALUES ({', '.join('?' * len(TREES.columns))}, ?, ?)"
)


class TreeWrites:
    """The tree rows of a commit, and the checks that come with writing them.

    Args:
        versions: The stored version of each tree, None for a new one, with its next.
        shard_count: How many shards there are. 0: trees are their node's.
    """

    def __init__(
        self, versions: Iterable[tuple[Tree | None, Tree | None]], blobs: BlobWriter, *, shard_count: int
    ) -> None:
        new: list[Tree] = []
        groups: dict[tuple[bool, ...], list[tuple[Tree, int]]] = {}
        for old, tree in versions:
            assert tree is not None, "a commit has the tree itself, whose sequence it counts up"
            if old is None:
                new.append(tree)
            else:
                changed = tuple(map(max, TREES.changed(old, tree), _SEQUENCE))
                groups.setdefault(changed, []).append((tree, old.sequence))
        self._shard_count = shard_count
        self._new = [tree.id for tree in new]
        self._inserts = TREES.insert.encode(new, blobs) if new else []
        self._sequences = {tree.id: tree.sequence for group in groups.values() for tree, _ in group}
        conditions = (_AS_READ,) if shard_count else (_AS_READ, _OF_NODE)
        self._updates = [
            _encode_update(changed, group, blobs, conditions) for changed, group in groups.items()
        ]

    @property
    def parameters(self) -> list[tuple[Any, ...]]:
        """The values of all rows."""
        return [*self._inserts, *(values for _, fenced in self._updates for values, _ in fenced)]

    def write(self, database: Database, *, node_id: int) -> list[Statement]:
        """Write the rows that there are, and return the statements that make the new ones.

        What is written after this belongs to trees that are ours. Whatever this raises must roll the
        transaction back.
        """
        if self._new:
            self._check_new(database)
        owner = () if self._shard_count else (node_id,)
        updates = [
            Statement(sql, [(*values, sequence, *owner) for values, sequence in fenced])
            for sql, fenced in self._updates
        ]
        if sum(database.run_together(updates)) != len(self._sequences):
            raise LeaseLost(self._name_lost(database, node_id))
        if not self._new:
            return []
        count = self._shard_count
        owners = [(None, shard_of(id, count)) if count else (node_id, 0) for id in self._new]
        inserts = [(*values, *owner) for values, owner in zip(self._inserts, owners, strict=True)]
        return [Statement(_INSERT, inserts)]

    def _check_new(self, database: Database) -> None:
        if known := [root_id for portion in portions(self._new) for root_id in _known(database, portion)]:
            names = ", ".join(f"`{root_id}`" for root_id in known)
            raise Conflict(
                f"there is an execution {names} already",
                code="execution-exists",
                hint="take another id, or read what became of the one that exists",
            )

    def _name_lost(self, database: Database, node_id: int) -> list[str]:
        """The trees that are not as this transaction would have left them."""
        owner = None if self._shard_count else node_id
        lost = [
            root_id
            for root_id, sequence in self._sequences.items()
            if _find_owner(database, root_id) != (owner, sequence)
        ]
        # A tree that went on elsewhere may have come to the very same numbers: then distrust them all.
        return lost or list(self._sequences)


def _encode_update(
    changed: tuple[bool, ...],
    group: Iterable[tuple[Tree, int]],
    blobs: BlobWriter,
    conditions: Sequence[str],
) -> tuple[str, list[tuple[tuple[Any, ...], int]]]:
    """The statement, and for each tree its parameters with the sequence that must be stored still."""
    trees, sequences = zip(*group, strict=True)
    plan = TREES.update(changed, *conditions)
    return plan.sql, list(zip(plan.encode(trees, blobs), sequences, strict=True))


def _known(database: Database, root_ids: Sequence[str]) -> list[str]:
    """Those of the trees that exist, in their order."""
    marks, values = listed(root_ids)
    known = {id for (id,) in database.rows(f"SELECT id FROM trees WHERE id IN {marks}", values)}
    return [root_id for root_id in root_ids if root_id in known]


def _find_owner(database: Database, root_id: str) -> tuple[int | None, int] | None:
    """The node that the row of a stored tree carries, and its sequence."""
    found = database.rows("SELECT node_id, sequence FROM trees WHERE id = ?", (root_id,))
    return found[0] if found else None
