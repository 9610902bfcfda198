"""What a cluster needs of whoever has attempts run on other nodes."""

from collections.abc import Collection, Sequence
from typing import Protocol

from maestrale.core import Event
from maestrale.engine import Assignment
from maestrale.expressions import Json
from maestrale.store.assignments import AssignmentRow
from maestrale.store.membership import View


class Work(Protocol):
    """Knows which attempts are under way on which node."""

    async def learn(self, shards: Collection[int]) -> None:
        """Read what runs on other nodes for the trees of these shards, which have become this node's.

        Raises:
            Unavailable: The database did not answer.
        """
        ...

    def forget(self, shards: Collection[int]) -> None:
        """These shards are another node's now."""
        ...

    def row_of(self, root_id: str, shard: int, assignment: Assignment) -> AssignmentRow:
        """An attempt that goes on here while its tree goes to another node."""
        ...

    def keep(self, rows: Sequence[AssignmentRow]) -> None:
        """These are stored now: whoever has their trees may call them back."""
        ...

    async def on_report(self, event: Event) -> Json:
        """What a worker says of a run that nobody keeps, and this node waits for; the answer."""
        ...

    def begin_anew(self, node_id: int) -> None:
        """This node has that number from now on. What it runs for a number that it had before is given up by
        others, and ends."""
        ...

    def on_view(self, view: View) -> None:
        """The state of the cluster: who lives, and whether work waits."""
        ...

    def on_hint(self, what: str) -> None:
        """`work` waits, or attempts were called back (`cancel`)."""
        ...
