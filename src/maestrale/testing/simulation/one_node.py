"""Weeks of bad luck in a second: the real rules, ledger and store, with everything around them failing.

    Simulation(seed, text, workflows).run()

One node runs at a time, as on a file. Commits fail before or after they are done, the node crashes or stands
still and wakes up later, workers answer late, twice or never, the clock jumps; people pause, resume, rename,
stop and delete, and others look on. One seed gives one course of events, for ever. The laws (see `laws` and
`chronicle`) are checked after every step; a `LawBroken` names the seed.
"""

from collections.abc import Mapping, Sequence

from maestrale.core.events import ActionCompleted
from maestrale.expressions import Json
from maestrale.store import Store, StoreReader
from maestrale.store.ownership import FileOwnership
from maestrale.testing.laws import demand
from maestrale.testing.simulation.chronicle import STALE, Chronicle
from maestrale.testing.simulation.course import Course
from maestrale.testing.simulation.faults import Faults, FlakyStore
from maestrale.testing.simulation.node import Node
from maestrale.testing.simulation.people import Call
from maestrale.testing.simulation.quiet_day import answer_of


class SimulatedLocks:
    """Which nodes live. `living` is the same object for all nodes of a database."""

    def __init__(self, living: set[int]) -> None:
        self._living = living
        self._own: set[int] = set()

    def hold(self, node_id: int) -> bool:
        self._own.add(node_id)
        self._living.add(node_id)
        return True

    def is_held(self, node_id: int) -> bool:
        return node_id in self._living

    def close(self) -> None:
        """The process has ended, or everybody thinks so."""
        self._living -= self._own


class FileChronicle(Chronicle):
    """What a node writes belongs to it."""

    def on_committed(self, root_id: str, node_id: int) -> None:
        """Nobody writes what belongs to another node."""
        owner = owner_of(self._reader, root_id)
        demand(owner == node_id, "who writes a tree owns it", root_id, owner)


def owner_of(store: StoreReader, root_id: str) -> int | None:
    """The node that a tree belongs to."""
    rows = store._database.rows("SELECT node_id FROM trees WHERE id = ?", (root_id,))
    return rows[0][0] if rows else None


class Simulation(Course):
    """See the module.

    Args:
        node_class: What a node is; another one to see that the laws notice what it does wrong.
    """

    def __init__(
        self,
        seed: int,
        text: str,
        workflows: Sequence[str],
        *,
        actions: Mapping[str, Mapping[str, Json]] | None = None,
        faults: Faults = Faults(),  # noqa: B008 - It is frozen.
        node_class: type[Node] = Node,
    ) -> None:
        super().__init__(seed, text, workflows, actions=actions, faults=faults)
        self._node_class = node_class
        self._living: set[int] = set()
        self._frozen: list[Node] = []
        self.node = self._new_node()

    def _new_node(self) -> Node:
        self._locks = SimulatedLocks(self._living)
        ownership = FileOwnership(self.database, self._locks, name="node", clock=self.clock)
        store = Store(self.database, ownership, clock=self.clock)
        node = self._node_class(
            self.world,
            FlakyStore(store, self.chance, self.faults.failures),
            clock=self.clock,
            seed=self.new_seed,
            answer_of=answer_of,
            watcher=self.chronicle,
        )
        node.reloading.update(store.claim())
        return node

    def _new_chronicle(self) -> Chronicle:
        return FileChronicle(
            self.world,
            self.reader,
            self.log,
            is_behind=self._is_behind,
            on_handed_out=lambda run: self.errands.hand_out(run),
        )

    def _is_behind(self, node_id: int, root_id: str) -> bool:
        return node_id != self.node.store.store.node_id or root_id in self.node.reloading

    def _may_delete(self, root_id: str) -> bool:
        """A node that stood still while it began the tree would begin it again."""
        return not any(root_id in node.ledger for node in self._frozen)

    def _actor(self) -> tuple[str, Node]:
        awake = [node for node in self._frozen if not node.is_frozen]
        if awake and self.chance.random() < 0.3:
            return "a node that was frozen: ", self.chance.choice(awake)
        return "", self.node

    def _node_for_callers(self) -> Node:
        return self.node

    def _is_current(self, node: Node, root_id: str) -> bool:
        if root_id in node.deleting:
            return False  # Another process may have deleted it already; this one learns that when it tries.
        return node is self.node and root_id in node.ledger and node.ledger.is_clean(root_id)

    # What goes wrong with it.

    def _mishap(self) -> None:
        """The node ends, or stands still for a while; another takes over what it had."""
        old = self.node
        self._locks.close()
        if self.chance.random() < 0.4:
            self.log.append("the node stands still")
            self.seen["freezes"] += 1
            self._frozen.append(old)
        else:
            self.log.append("the node crashes")
            self.seen["crashes"] += 1
            self._crash(old)
        for frozen in self._frozen:
            frozen.is_frozen = self.chance.random() < 0.5
        self.errands.break_off()
        self.node = self._new_node()

    def _crash(self, old: Node) -> None:
        if old.batch is not None and self.chance.random() < 0.5:
            old.end_commit()  # It came as far as the disk, and nobody heard of it.
        for run, number in old.worker.at_work():
            self.errands.calls.append(Call(run.root_id, ActionCompleted(run.id, number, STALE)))
        self.audience.leave(old)

    def _mend(self) -> None:
        self._frozen.clear()
        self._locks.close()
        self.node = self._new_node()

    def _settle(self) -> bool:
        node = self.node
        if node.begin_commit():
            node.end_commit()
            return True
        if moves := self._moves_of(node):
            moves[0][1]()
        return bool(moves)

    # The laws.

    def _check_step(self) -> None:
        """Nobody else will see to what the node has; a restart is no excuse for forgetting it."""
        for root_id, state in self.chronicle.folded.items():
            if not state.has_ended and not self.node.holds(root_id):
                is_ours = owner_of(self.reader, root_id) == self.node.store.store.node_id
                demand(not is_ours, "a node sees to every tree it has", root_id)
