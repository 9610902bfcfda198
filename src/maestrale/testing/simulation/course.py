"""A course of events: all that may happen, in an order drawn from a seed, and the laws after every step.

What a node is, what goes wrong with it and who is asked are for the subclasses: `one_node`, `many_nodes`.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Self

from maestrale.core import Limits, Publisher, World
from maestrale.engine.library import DocumentLibrary
from maestrale.expressions import Json
from maestrale.ids import derive_id
from maestrale.store.sqlite import open_database
from maestrale.testing.clocks import FakeClock
from maestrale.testing.laws import LawBroken
from maestrale.testing.simulation.audience import Audience
from maestrale.testing.simulation.chronicle import Chronicle
from maestrale.testing.simulation.errands import Errands
from maestrale.testing.simulation.faults import NO_FAULTS, Faults, open_private
from maestrale.testing.simulation.made_once import definitions_of, standard_actions
from maestrale.testing.simulation.moves import Move, moves_of
from maestrale.testing.simulation.node import Node

MOST_STEPS_TO_THE_END = 6_000
LAST_STEPS = 40
"""Lines of the log that a broken law shows."""


class Course:
    """See the module.

    Args:
        text: A document; `workflows` are those of it to run, each once. How they end must not depend on
            the order in which things happen, unless they have timeouts or are stopped.
        actions: Actions to run by themselves, each once, with their input.
    """

    def __init__(
        self,
        seed: int,
        text: str,
        workflows: Sequence[str],
        *,
        actions: Mapping[str, Mapping[str, Json]] | None = None,
        faults: Faults,
    ) -> None:
        self.seed = seed
        self.log: list[str] = []
        self.faults = faults
        self.chance = Random(seed)
        self.clock = FakeClock()
        """The clock of the database."""
        self.database = open_database(None, create=True, lock_seconds=1, clock=self.clock)
        self.reader = open_private(self.database, self.clock)
        self._text = text
        document = self.reader.put_document("simulated.yaml", text)
        definitions = definitions_of(text)
        library = DocumentLibrary(lambda id: self.reader.get_document(id).text)
        library.add(document, definitions)
        limits = Limits(steps=self.chance.choice((1, 3, 250)))
        self.world = World(library, standard_actions(), limits, (Publisher(type="noop"),))
        self.chronicle = self._new_chronicle()
        self.seen, self.began = self.chronicle.seen, self.chronicle.began
        self.errands = Errands(seed, self.chance, self.chronicle, may_delete=self._may_delete)
        self.errands.start(workflows, document, definitions)
        self.errands.start_actions(actions or {})
        self.audience = Audience(self.world, self.reader, self.chronicle, self.errands.roots)
        self._numbers = 0

    def new_seed(self) -> str:
        """The seed of an event."""
        self._numbers += 1
        return derive_id(f"seed of {self.seed}", self._numbers)

    # What the subclasses say.

    def _new_chronicle(self) -> Chronicle:
        raise NotImplementedError

    def _may_delete(self, root_id: str) -> bool:
        raise NotImplementedError

    def _mishap(self) -> None:
        """Something goes wrong with a node."""
        raise NotImplementedError

    def _actor(self) -> tuple[str, Node]:
        """A node that may do something, and what the log calls it."""
        raise NotImplementedError

    def _node_for_callers(self) -> Node:
        """A node that takes requests."""
        raise NotImplementedError

    def _is_current(self, node: Node, root_id: str) -> bool:
        """Whether a node is told of all that is stored of a tree."""
        raise NotImplementedError

    def _check_step(self) -> None:
        """The laws of nodes, after each step."""
        raise NotImplementedError

    def _mend(self) -> None:
        """Nothing goes wrong any more, from now on."""
        raise NotImplementedError

    def _settle(self) -> bool:
        """Let a node do something that it has to do. False: no node has."""
        raise NotImplementedError

    def _check_end(self) -> None:
        """The laws of nodes once everything has come to its end."""

    # The course of events.

    def run(self) -> Self:
        """Let it all happen, then let everything come to its end.

        Raises:
            LawBroken: With the seed and the last steps.
        """
        try:
            for _ in range(self.faults.steps):
                self._step()
            self._finish()
            self._check_end()
            self.chronicle.check_end(self.errands.roots, self._text)
            self.audience.check_end(self._node_for_callers())
        except LawBroken as broken:
            course = "\n  ".join(self.log[-LAST_STEPS:])
            raise LawBroken(f"seed {self.seed}: {broken}\nthe last steps:\n  {course}") from broken
        finally:
            self.audience.close()
            self.database.close()
        return self

    def _step(self) -> None:
        if self.chance.randrange(1_000) < self.faults.crashes:
            self._mishap()
        else:
            name, node = self._actor()
            what, happen = self.chance.choice([*self._moves_of(node), *self._moves_outside()])
            self.log.append(f"{name}{what}")
            happen()
        self._check_step()

    def _moves_of(self, node: Node) -> list[Move]:
        """What a node may do next."""
        return moves_of(node, self.chance)

    def _moves_outside(self) -> list[Move]:
        """What people, time and other programs may do next."""
        moves: list[Move] = [
            ("time passes", lambda: self._pass_time(self.chance.choice((0.1, 1, 60)))),
            ("somebody looks on", self._look_on),
        ]
        moves += [
            (f"ask: {it.name} {it.root_id[:4]}", lambda it=it: self.errands.ask(it, self._node_for_callers()))  # type: ignore[misc]
            for it in self.errands.open
        ]
        if self.chronicle.folded and self.chance.random() < 0.3:
            moves.append(("somebody has a wish", self.errands.wish))
        return moves

    def _pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def _look_on(self) -> None:
        follower = self.chance.choice(self.audience.followers)
        anywhere = self._node_for_callers()
        is_current = follower.node in (None, anywhere) and self._is_current(anywhere, follower.root_id)
        self.audience.look_on(follower, anywhere, is_current=is_current)

    # The end.

    def _finish(self) -> None:
        """Nothing goes wrong any more: everything comes to its end."""
        self.log.append("nothing goes wrong any more")
        self.faults = NO_FAULTS
        self.errands.break_off()
        self.audience.leave_all()
        self._mend()
        for _ in range(MOST_STEPS_TO_THE_END):
            if not self._finish_something():
                return
        raise LawBroken("everything ends: it goes on and on")

    def _finish_something(self) -> bool:
        if self._settle():
            return True
        if calls := self.errands.open:
            self.errands.ask(calls[0], self._node_for_callers())
            return True
        return self._wake()

    def _wake(self) -> bool:
        """Time passes, and people resume what they paused. False: there is nothing to wait for."""
        timers = [timer.due_at for state in self.chronicle.folded.values() for timer in state.timers.values()]
        if timers:
            self._pass_time(max(0.0, (max(timers) - self.clock.now()).total_seconds()))
            return True
        return self.errands.resume_something()
