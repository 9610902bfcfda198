"""What people want of a simulated service, until they are answered."""

from collections.abc import Callable, Mapping, Sequence
from random import Random

from maestrale.core import ActionRun
from maestrale.core.events import ActionRequested, ExecutionRequested
from maestrale.core.state import Pin
from maestrale.errors import Conflict, Forbidden, NotFound, Unavailable
from maestrale.expressions import Json
from maestrale.ids import derive_id
from maestrale.lang.model import Definitions
from maestrale.testing.simulation.chronicle import Chronicle
from maestrale.testing.simulation.node import Node
from maestrale.testing.simulation.people import Call, resumptions, wish, work_outside

STARTS = (ExecutionRequested, ActionRequested)
ASKS_AGAIN = 0.2
"""How many ask again although they were answered."""


class Errands:
    """See the module.

    Args:
        may_delete: Whether a tree may be deleted: nobody must begin it anew afterwards who does not know.
    """

    def __init__(
        self, seed: int, chance: Random, chronicle: Chronicle, *, may_delete: Callable[[str], bool]
    ) -> None:
        self.calls: list[Call] = []
        self.roots: list[str] = []
        self._seed = seed
        self._chance = chance
        self._chronicle = chronicle
        self._may_delete = may_delete

    def start(self, workflows: Sequence[str], document: str, definitions: Definitions) -> None:
        """Somebody wants each of these workflows to run."""
        pins = [Pin("workflow", "", each, document) for each in definitions.workflows]
        pins += [Pin("action", "", each, document) for each in definitions.actions]
        for name in workflows:
            root_id = self._new_root()
            event = ExecutionRequested(
                execution_id=root_id, workflow=name, document=document, pins=tuple(pins)
            )
            self.calls.append(Call(root_id, event))

    def start_actions(self, actions: Mapping[str, Mapping[str, Json]]) -> None:
        """Somebody wants each of these actions to run by itself."""
        for name, input in actions.items():
            run_id = self._new_root()
            timeout = self._chance.choice((None, None, 30))
            event = ActionRequested(run_id=run_id, action=name, input=input, timeout_seconds=timeout)
            self.calls.append(Call(run_id, event))

    def _new_root(self) -> str:
        root_id = derive_id(f"simulation {self._seed}", len(self.roots))
        self.roots.append(root_id)
        return root_id

    def wish(self) -> None:
        """Somebody has another wish."""
        folded = self._chronicle.folded
        root_id = self._chance.choice(list(folded))
        call = wish(self._chance, root_id, folded[root_id])
        if call.event is None:
            if not self._may_delete(root_id):
                return
            self._doom(root_id)
        self.calls.append(call)

    def _doom(self, root_id: str) -> None:
        """Nobody asks again for what somebody wants to be deleted: it would begin anew."""
        self.calls = [
            call for call in self.calls if call.root_id != root_id or not isinstance(call.event, STARTS)
        ]
        self._chronicle.doomed.add(root_id)

    def hand_out(self, run: ActionRun) -> None:
        """Somebody outside does the work of a run."""
        self.calls += work_outside(self._chance, run)

    def resume_something(self) -> bool:
        """Somebody lets go on what people let rest. False: nothing rests."""
        for root_id, state in self._chronicle.folded.items():
            if (call := next(resumptions(root_id, state), None)) is not None:
                self.calls.append(call)
                return True
        return False

    @property
    def open(self) -> list[Call]:
        """The calls that nobody waits for yet."""
        return [call for call in self.calls if not call.waits]

    def break_off(self, node: object = None) -> None:
        """The connections to a node break, or all: whoever waits will ask again."""
        for call in self.calls:
            if node is None or call.node is node:
                call.waits, call.node = False, None

    def ask(self, call: Call, node: Node) -> None:
        """Ask a node. Whoever gets no answer asks again."""
        call.waits, call.node = True, node

        def on_answer(durable: bool) -> None:
            if call.node is not node:
                return  # The connection has broken.
            call.waits = False
            if durable and call in self.calls and self._chance.random() >= ASKS_AGAIN:
                self.calls.remove(call)

        try:
            match call.event:
                case None:
                    node.delete(call.root_id, on_answer)
                case ExecutionRequested() | ActionRequested() as event:
                    node.plant(call.root_id, event, on_answer)
                case event:
                    node.submit(call.root_id, event, on_answer)
        except Unavailable:
            call.waits = False
        except (NotFound, Conflict, Forbidden):
            self.calls.remove(call)
