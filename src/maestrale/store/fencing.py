"""Who may write a tree: the node it belongs to, and only on top of what it read.

A tree row carries the number of its node. The update of the row asks for that number and for the
sequence the node decided on; where it does not find such a row, nothing of the batch is written.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from maestrale.core.state import Tree
from maestrale.errors import Conflict
from maestrale.store.blobs import BlobWriter
from maestrale.store.database import Database
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


_OWNED = ("node_id = ?", "sequence = ?")

# Always written, so that there is an update to ask the conditions even where nothing else changed.
_SEQUENCE = tuple(column.name == "sequence" for column in TREES.columns)

_INSERT = (
    f"INSERT INTO trees ({TREES.column_list}, node_id)"
    f" VALUES ({', '.join('?' * len(TREES.columns))}, ?) ON CONFLICT (id) DO NOTHING"
)


class TreeWrites:
    """The tree rows of a commit, and the checks that come with writing them.

    `versions` pairs the stored version of each tree, None for a new one, with its next.
    """

    def __init__(self, versions: Iterable[tuple[Tree | None, Tree | None]], blobs: BlobWriter) -> None:
        new: list[Tree] = []
        groups: dict[tuple[bool, ...], list[tuple[Tree, int]]] = {}
        for old, tree in versions:
            assert tree is not None, "a commit has the tree itself, whose sequence it counts up"
            if old is None:
                new.append(tree)
            else:
                changed = tuple(map(max, TREES.changed(old, tree), _SEQUENCE))
                groups.setdefault(changed, []).append((tree, old.sequence))
        self._new = [tree.id for tree in new]
        self._inserts = TREES.insert.encode(new, blobs) if new else []
        self._sequences = {tree.id: tree.sequence for group in groups.values() for tree, _ in group}
        self._updates = [_encode_update(changed, group, blobs) for changed, group in groups.items()]

    @property
    def parameters(self) -> list[tuple[Any, ...]]:
        """The values of all rows."""
        return [*self._inserts, *(values for _, fenced in self._updates for values, _ in fenced)]

    def write(self, database: Database, *, node_id: int) -> None:
        """Write the rows. Whatever this raises must roll the transaction back."""
        if self._new:
            self._insert(database, node_id)
        written = sum(
            database.run_many(sql, [(*values, node_id, sequence) for values, sequence in fenced])
            for sql, fenced in self._updates
        )
        if written != len(self._sequences):
            raise LeaseLost(self._name_lost(database, node_id))

    def _insert(self, database: Database, node_id: int) -> None:
        known = [root_id for root_id in self._new if _find_owner(database, root_id) is not None]
        if known:
            names = ", ".join(f"`{root_id}`" for root_id in known)
            raise Conflict(
                f"there is an execution {names} already",
                code="execution-exists",
                hint="take another id, or read what became of the one that exists",
            )
        database.run_many(_INSERT, [(*values, node_id) for values in self._inserts])

    def _name_lost(self, database: Database, node_id: int) -> list[str]:
        """The trees that are not as this transaction would have left them."""
        lost = [
            root_id
            for root_id, sequence in self._sequences.items()
            if _find_owner(database, root_id) != (node_id, sequence)
        ]
        # A tree that went on elsewhere may have come to the very same numbers: then distrust them all.
        return lost or list(self._sequences)


def _encode_update(
    changed: tuple[bool, ...], group: Iterable[tuple[Tree, int]], blobs: BlobWriter
) -> tuple[str, list[tuple[tuple[Any, ...], int]]]:
    """The statement, and for each tree its parameters with the sequence that must be stored still."""
    trees, sequences = zip(*group, strict=True)
    plan = TREES.update(changed, *_OWNED)
    return plan.sql, list(zip(plan.encode(trees, blobs), sequences, strict=True))


def _find_owner(database: Database, root_id: str) -> tuple[int | None, int] | None:
    """The node and the sequence of a stored tree."""
    found = database.rows("SELECT node_id, sequence FROM trees WHERE id = ?", (root_id,))
    return found[0] if found else None
