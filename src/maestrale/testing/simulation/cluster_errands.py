"""What people want of a simulated cluster: they ask any machine, until they are answered."""

from random import Random
from typing import TYPE_CHECKING

from msgspec.structs import replace

from maestrale.core import Event
from maestrale.core.events import ExecutionUpdateRequested, PauseRequested, ResumeRequested, StopRequested
from maestrale.engine import Deletion, Planting, Request, Submission
from maestrale.errors import Error, Unavailable
from maestrale.testing.simulation.cluster_chronicle import ClusterChronicle
from maestrale.testing.simulation.errands import ASKS_AGAIN, STARTS, Errands
from maestrale.testing.simulation.loop import SimulatedLoop
from maestrale.testing.simulation.people import Call

if TYPE_CHECKING:
    from maestrale.testing.simulation.machine import Machine


class ClusterErrands(Errands):
    """See the module. Each time that somebody asks, the request bears another mark."""

    def __init__(self, seed: int, chance: Random, chronicle: ClusterChronicle, loop: SimulatedLoop) -> None:
        super().__init__(seed, chance, chronicle, may_delete=self._may_be_deleted)
        self._laws = chronicle
        self._loop = loop
        self._asked = 0
        self._unsure: dict[str, int] = {}
        """How many requests may still begin a tree, of which nobody knows what became."""

    def _may_be_deleted(self, root_id: str) -> bool:
        """Nobody may begin it anew: not what a trigger starts, either."""
        return root_id in self.roots and root_id not in self._unsure

    def ask_machine(self, call: Call, machine: "Machine") -> None:
        """Ask a machine. Whoever gets no answer asks again."""
        call.waits, call.node = True, machine
        self._asked += 1
        event = _marked(call.event, f"mark {self._asked}")
        if isinstance(event, STARTS):
            self._unsure[call.root_id] = self._unsure.get(call.root_id, 0) + 1
        self._loop.spawn(machine.process, self._ask(call, machine, event))

    async def _ask(self, call: Call, machine: "Machine", event: Event | None) -> None:
        try:
            await machine.engine._requests.route(call.root_id, _request(event))
        except Unavailable:
            is_answered = False
        except Error as error:
            is_answered = True
            self._laws._log.append(f"    {machine.name} refuses {call.name} {call.root_id[:4]}: {error.code}")
            self._laws.on_refused(event)
            self._settle(call, event)
        else:
            is_answered = self._chance.random() >= ASKS_AGAIN
            self._laws.on_accepted(call.root_id, event)
            self._settle(call, event)
        if call.node is not machine:
            return  # The connection has broken.
        call.waits = False
        if is_answered and call in self.calls:
            self.calls.remove(call)

    def _settle(self, call: Call, event: Event | None) -> None:
        if isinstance(event, STARTS):
            self._unsure[call.root_id] -= 1
            if not self._unsure[call.root_id]:
                del self._unsure[call.root_id]


def _request(event: Event | None) -> Request:
    match event:
        case None:
            return Deletion(True)
        case event if isinstance(event, STARTS):
            return Planting(event)
        case event:
            return Submission(event)


def _marked(event: Event | None, mark: str) -> Event | None:
    match event:
        case PauseRequested() | StopRequested():
            return replace(event, message=mark)
        case ResumeRequested():
            return replace(event, env={"mark": mark})
        case ExecutionUpdateRequested() if event.description is not None:
            return replace(event, description=mark)
    return event
