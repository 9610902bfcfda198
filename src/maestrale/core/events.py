"""What happened: the input of `decide`, and the history of a tree.

An event is stored as it came, with the instant, the seed and the facts it was decided with, so that
folding `decide` over the entries gives the rows again.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct

from maestrale.core.catalogue import Result
from maestrale.core.state import Pin
from maestrale.expressions import Json


class ExecutionRequested(Struct, frozen=True, kw_only=True, tag=True):
    """Somebody wants a workflow run. `document` holds it; `pins` are definitions known beforehand."""

    execution_id: str
    workflow: str
    document: str
    namespace: str = ""
    input: Mapping[str, Json] = {}
    params: Mapping[str, Json] = {}
    description: str = ""
    pins: tuple[Pin, ...] = ()


class ActionStarted(Struct, frozen=True, tag=True):
    """A worker is about to begin an attempt that must not be repeated blindly."""

    run_id: str
    attempt: int


class ActionCompleted(Struct, frozen=True, tag=True):
    """An attempt ended. `attempt` None: completed from outside, whichever attempt is under way."""

    run_id: str
    attempt: int | None
    result: Result


class ActionLost(Struct, frozen=True, tag=True):
    """The worker of an attempt is gone, and with it the knowledge of how far the attempt came."""

    run_id: str
    attempt: int


class TimerFired(Struct, frozen=True, tag=True):
    timer_id: str


class TurnContinued(Struct, frozen=True, tag=True):
    """The tree had more to do than fits one turn, and has its turn again."""


class PauseRequested(Struct, frozen=True, tag=True):
    execution_id: str
    message: str | None = None


class ResumeRequested(Struct, frozen=True, tag=True):
    """`env` is merged deeply into the environment of the execution."""

    execution_id: str
    env: Mapping[str, Json] = {}


class StopRequested(Struct, frozen=True, tag=True):
    execution_id: str
    state: Literal["SUCCESS", "ERROR", "CANCELLED"]
    message: str | None = None


class TaskRerunRequested(Struct, frozen=True, tag=True):
    """Somebody wants a failed task run again. `reset` False: only the items of its loop that failed."""

    task_id: str
    reset: bool = True
    env: Mapping[str, Json] = {}


class TaskSkipRequested(Struct, frozen=True, tag=True):
    """Somebody wants the execution to go on as if a failed task had done its work."""

    task_id: str


Event: TypeAlias = (
    ExecutionRequested
    | ActionStarted
    | ActionCompleted
    | ActionLost
    | TimerFired
    | TurnContinued
    | PauseRequested
    | ResumeRequested
    | StopRequested
    | TaskRerunRequested
    | TaskSkipRequested
)


class Fact(Struct, frozen=True):
    """An answer from outside the tree that a decision needed, kept with its event.

    `question` is one of `core.facts`' questions in its canonical text.
    """

    question: str
    answer: Json


class Entry(Struct, frozen=True):
    """One line of a tree's history: an event with all that its decision depended on.

    `seed` feeds `uuid()` and `random()`.
    """

    event: Event
    at: datetime
    seed: str
    facts: tuple[Fact, ...] = ()
