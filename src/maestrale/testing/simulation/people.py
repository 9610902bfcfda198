"""What people may want of the trees in the simulation: they ask until they are answered."""

from collections.abc import Iterator
from random import Random
from typing import Literal

from msgspec import Struct

from maestrale.core import ActionRun, Event, Execution, State
from maestrale.core.events import (
    ActionCompleted,
    ActionPauseRequested,
    ActionResumeRequested,
    ExecutionUpdateRequested,
    PauseRequested,
    ResumeRequested,
    StopRequested,
)
from maestrale.core.status import ENDED_RUN, ExecutionState, RunState
from maestrale.testing.simulation.quiet_day import FROM_OUTSIDE

STOPS: tuple[Literal["SUCCESS", "ERROR", "CANCELLED"], ...] = ("CANCELLED", "ERROR", "SUCCESS")


class Call(Struct, eq=False):
    """Something that somebody outside wants.

    Args:
        event: None: the tree is to be deleted.
        waits: Somebody was asked, and has not answered.
        node: Who was asked.
    """

    root_id: str
    event: Event | None
    waits: bool = False
    node: object = None

    @property
    def name(self) -> str:
        return "deletion" if self.event is None else type(self.event).__name__


def wish(chance: Random, root_id: str, state: State) -> Call:
    """Something that may be wanted of a tree. It may well be refused."""
    if chance.random() < 0.12:
        return Call(root_id, None)
    runs = [run for run in state.runs.values() if run.asynchronous and run.state not in ENDED_RUN]
    if runs and (not state.executions or chance.random() < 0.6):
        return Call(root_id, _wish_of_run(chance, chance.choice(runs)))
    if state.executions:
        return Call(root_id, _wish_of_execution(chance, chance.choice(list(state.executions.values()))))
    return Call(root_id, ActionPauseRequested(root_id))


def _wish_of_run(chance: Random, run: ActionRun) -> Event:
    return chance.choice((ActionPauseRequested, ActionResumeRequested))(run.id)


def _wish_of_execution(chance: Random, execution: Execution) -> Event:
    match chance.randrange(12):
        case 0 | 1 | 2 | 3:
            return PauseRequested(execution.id)
        case 4 | 5 | 6 | 7:
            return ResumeRequested(execution.id)
        case 8 | 9:
            return ExecutionUpdateRequested(execution_id=execution.id, description=f"{chance.random()}")
        case 10:
            return ExecutionUpdateRequested(execution_id=execution.id, env={"e": chance.random()})
    return StopRequested(execution.id, chance.choice(STOPS), "stopped")


def work_outside(chance: Random, run: ActionRun) -> Iterator[Call]:
    """Somebody does the work of an asynchronous action, and rests at times."""
    if chance.random() < 0.3:
        yield Call(run.root_id, ActionPauseRequested(run.id))
        yield Call(run.root_id, ActionResumeRequested(run.id))
    yield Call(run.root_id, ActionCompleted(run.id, None, FROM_OUTSIDE))


def resumptions(root_id: str, state: State) -> Iterator[Call]:
    """What makes a tree go on where people let it rest."""
    for run in state.runs.values():
        if run.state is RunState.PAUSED:
            yield Call(root_id, ActionResumeRequested(run.id))
    for execution in state.executions.values():
        if execution.state is ExecutionState.PAUSED:
            yield Call(root_id, ResumeRequested(execution.id))
