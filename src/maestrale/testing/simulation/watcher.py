"""What the nodes of a simulation tell whoever checks them. Nothing here asks for an answer."""

from maestrale.core import ActionRun, Notice
from maestrale.engine.ledger import Pending


class Watcher:
    """Watches nothing; see the subclasses."""

    def on_stored(self, root_id: str) -> None:
        """The database may have something new about a tree, or nothing any more."""

    def on_committed(self, root_id: str, node_id: int) -> None:
        """A node has written a tree."""

    def on_released(self, pending: Pending) -> None:
        """What belongs to these decisions is about to leave the node."""

    def on_begun(self, run: ActionRun, attempt: int, node_id: int) -> None:
        """A worker begins an attempt."""

    def on_told(self, notice: Notice) -> None:
        """A notice leaves a node."""
