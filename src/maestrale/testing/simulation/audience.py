"""Those who look on at the trees of a simulation, and the laws of what they are told."""

from collections.abc import Iterator, Sequence

from maestrale.core import World
from maestrale.store import StoreReader
from maestrale.testing.laws import demand
from maestrale.testing.simulation.chronicle import Chronicle
from maestrale.testing.simulation.follower import Follower, Place


class Audience:
    """One follower for each tree."""

    def __init__(
        self, world: World, reader: StoreReader, chronicle: Chronicle, root_ids: Sequence[str]
    ) -> None:
        self.followers = [Follower(world, reader, root_id) for root_id in root_ids]
        self._chronicle = chronicle

    def __iter__(self) -> Iterator[Follower]:
        return iter(self.followers)

    def look_on(self, follower: Follower, anywhere: Place, *, is_current: bool) -> None:
        """Let somebody read on, where he did or, if he reads nowhere, at a node.

        Args:
            is_current: Whether the node that he reads at is told of everything that is stored of the tree.
        """
        if follower.node is None:
            follower.attach(anywhere)
        node = follower.node
        if node is None or node.is_frozen:
            return
        follower.read_on()
        stored = self._chronicle.steps.get(follower.root_id, [])
        told = [(step.sequence, step.entry.seed, step.changes) for step in follower.told]
        expected = [(step.sequence, step.entry.seed, step.changes) for step in stored[: len(told)]]
        demand(told == expected, "who looks on is told what is stored", told[-1:], expected[-1:])
        self._chronicle.seen["told"] += len(told)
        if is_current and follower.node is not None:  # Otherwise its stream has ended.
            demand(len(told) == len(stored), "who looks on misses nothing", len(told), len(stored))

    def leave(self, node: Place) -> None:
        """The node ends: who looks on there has to look elsewhere."""
        for follower in self.followers:
            if follower.node is node:
                follower.leave()

    def leave_all(self) -> None:
        for follower in self.followers:
            follower.leave()

    def check_end(self, anywhere: Place) -> None:
        """Whoever looks at the past sees all of it."""
        self.leave_all()
        for follower in self.followers:
            self.look_on(follower, anywhere, is_current=False)
            stored = self._chronicle.steps.get(follower.root_id, [])
            is_there = follower.root_id in self._chronicle.folded
            missed = len(stored) - len(follower.told) if is_there else 0
            demand(not missed, "who looks on is told everything", follower.root_id)

    def close(self) -> None:
        for follower in self.followers:
            follower.close()
