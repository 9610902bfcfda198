"""Steps whose commit failed, or seemed to: whether they are stored is known once their tree is read again.

Who looks on is told exactly what is stored. A commit that was done and whose answer was lost is stored, so
that its steps have to be told, too; they were dropped from memory with the tree.
"""

from maestrale.engine.ledger import Batch, Pending
from maestrale.store import StoreReader


class Doubts:
    """By root: what was decided and may be stored. A tree has one such commit at most, as nothing more is
    decided about it before it is read again."""

    def __init__(self) -> None:
        self._pending: dict[str, Pending] = {}

    def __len__(self) -> int:
        """Of how many trees there is doubt."""
        return len(self._pending)

    def note(self, batch: Batch) -> None:
        """The batch failed, or nobody knows."""
        for root_id, pending in batch.pending.items():
            if pending.steps:
                self._pending[root_id] = pending

    def forget(self, root_id: str) -> None:
        """Nobody here is going to know."""
        self._pending.pop(root_id, None)

    def is_stored(self, store: StoreReader, root_id: str) -> bool:
        """Whether what was decided about the tree is stored after all. Either all of it is, or nothing."""
        pending = self._pending.get(root_id)
        if pending is None:
            return False
        first = pending.steps[0]
        stored = next(store.read_history(root_id, after=first.sequence - 1), None)
        # Another node may have come to the same number; no two entries have the same seed.
        return stored is not None and stored[1].seed == first.entry.seed

    def resolve(self, root_id: str) -> Pending | None:
        """What there was doubt about; there is none any more."""
        return self._pending.pop(root_id, None)
