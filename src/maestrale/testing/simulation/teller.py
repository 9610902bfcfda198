"""The notices of a simulated node: told, then deleted, and found again by the next node.

It does what `notifier` does with the same store, step by step, without queues and without a network.
"""

from collections.abc import Callable, Sequence

from maestrale.core import Notice
from maestrale.errors import Unavailable
from maestrale.store import Store

AT_ONCE = 3
"""Notices taken over in one transaction: few, so that a node may end in between."""


class Teller:
    """See the module.

    Args:
        write: Does something with the store, which fails at times, before or after it is done.
        on_told: Called with each notice that leaves the node.
    """

    def __init__(
        self,
        store: Store,
        *,
        write: Callable[[Callable[[], object]], object],
        on_told: Callable[[Notice], None],
    ) -> None:
        self.waiting: list[Notice] = []
        self.told: list[Notice] = []
        """Those that are still to be deleted."""
        self._store = store
        self._write = write
        self._on_told = on_told

    def begin_anew(self) -> None:
        """The node has another number: what it had is for anybody to find."""
        self.waiting.clear()
        self.told.clear()

    def hand_over(self, notices: Sequence[Notice]) -> None:
        """Tell these, whose commit is done."""
        self.waiting.extend(notices)

    def tell(self) -> None:
        """Let the first one leave."""
        if not self.waiting:
            return
        notice = self.waiting.pop(0)
        self._on_told(notice)
        self.told.append(notice)

    def forget(self) -> None:
        """Delete what was told."""
        told = list(self.told)
        try:
            self._write(lambda: self._store.delete_notices(told))
        except Unavailable:
            return
        self.told.clear()

    def look(self) -> None:
        """Take over what nodes that are gone have left, and find what is in the database only."""
        try:
            self._write(lambda: self._store.claim_notices(limit=AT_ONCE))
        except Unavailable:
            return
        known = {(notice.id, notice.target) for notice in (*self.waiting, *self.told)}
        found = self._find()
        self.waiting.extend(notice for notice in found if (notice.id, notice.target) not in known)

    @property
    def has_more(self) -> bool:
        """Whether something in the database is still to be told, by this node or for one that is gone."""
        return self._store.count_notices() > len(self.waiting) + len(self.told)

    def _find(self) -> list[Notice]:
        node_id = self._store.node_id
        return [
            notice
            for lane in self._store.list_lanes(node_id, limit=1_000)
            for notice in self._store.list_notices(node_id, lane.root_id, lane.target, limit=1_000)
        ]
