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
from maestrale.ids import DEFAULT_PROJECT


class ExecutionRequested(Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """Somebody wants a workflow run. `document` holds it; `pins` are definitions known beforehand.

    `security` says who wants it, for `$.openstack`; it is empty where nobody has to say who they are.
    """

    execution_id: str
    project_id: str = DEFAULT_PROJECT
    workflow: str
    workflow_id: str = ""
    document: str
    namespace: str = ""
    input: Mapping[str, Json] = {}
    params: Mapping[str, Json] = {}
    description: str = ""
    security: Mapping[str, Json] = {}
    pins: tuple[Pin, ...] = ()


class ActionRequested(Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """Somebody wants an action run by itself, without a task.

    Args:
        namespace: Where its name is looked up first, if it is an ad-hoc action.
        timeout_seconds: How long it may take; None: as long as it wants.
    """

    run_id: str
    project_id: str = DEFAULT_PROJECT
    action: str
    namespace: str = ""
    input: Mapping[str, Json] = {}
    description: str = ""
    target: str | None = None
    timeout_seconds: int | None = None


class ActionStarted(Struct, frozen=True, tag=True, gc=False):
    """A worker is about to begin an attempt that must not be repeated blindly."""

    run_id: str
    attempt: int


class ActionCompleted(Struct, frozen=True, tag=True, gc=False):
    """An attempt ended. `attempt` None: completed from outside, whichever attempt is under way."""

    run_id: str
    attempt: int | None
    result: Result


class ActionLost(Struct, frozen=True, tag=True, gc=False):
    """The worker of an attempt is gone, and with it the knowledge of how far the attempt came."""

    run_id: str
    attempt: int


class ActionPauseRequested(Struct, frozen=True, tag=True, gc=False):
    """Whoever does the work of an asynchronous action lets it rest."""

    run_id: str


class ActionResumeRequested(Struct, frozen=True, tag=True, gc=False):
    run_id: str


class TimerFired(Struct, frozen=True, tag=True, gc=False):
    timer_id: str


class TurnContinued(Struct, frozen=True, tag=True, omit_defaults=True, gc=False):
    """The tree had more to do than fits one turn, and has its turn again.

    Args:
        steps: So many tasks or items are seen to at most, as others wait for theirs; None: as the limits say.
    """

    steps: int | None = None


class PauseRequested(Struct, frozen=True, tag=True, gc=False):
    execution_id: str
    message: str | None = None


class ResumeRequested(Struct, frozen=True, tag=True, gc=False):
    """`env` is merged deeply into the environment of the execution."""

    execution_id: str
    env: Mapping[str, Json] = {}


class ExecutionUpdateRequested(Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """Somebody changes what an execution is called, or its environment. `env` is merged deeply."""

    execution_id: str
    description: str | None = None
    env: Mapping[str, Json] = {}


class StopRequested(Struct, frozen=True, tag=True, gc=False):
    execution_id: str
    state: Literal["SUCCESS", "ERROR", "CANCELLED"]
    message: str | None = None


class TaskRerunRequested(Struct, frozen=True, tag=True, gc=False):
    """Somebody wants a failed task run again. `reset` False: only the items of its loop that failed."""

    task_id: str
    reset: bool = True
    env: Mapping[str, Json] = {}


class TaskSkipRequested(Struct, frozen=True, tag=True, gc=False):
    """Somebody wants the execution to go on as if a failed task had done its work."""

    task_id: str


Event: TypeAlias = (
    ExecutionRequested
    | ActionRequested
    | ActionStarted
    | ActionCompleted
    | ActionLost
    | ActionPauseRequested
    | ActionResumeRequested
    | TimerFired
    | TurnContinued
    | PauseRequested
    | ResumeRequested
    | ExecutionUpdateRequested
    | StopRequested
    | TaskRerunRequested
    | TaskSkipRequested
)


class Fact(Struct, frozen=True, gc=False):
    """An answer from outside the tree that a decision needed, kept with its event.

    `question` is one of `core.facts`' questions in its canonical text.
    """

    question: str
    answer: Json


class Entry(Struct, frozen=True, gc=False):
    """One line of a tree's history: an event with all that its decision depended on.

    `seed` feeds `uuid()` and `random()`.
    """

    event: Event
    at: datetime
    seed: str
    facts: tuple[Fact, ...] = ()
