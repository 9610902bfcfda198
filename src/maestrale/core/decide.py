"""The front door of the core: an event in, its consequences out."""

from maestrale.core.catalogue import World
from maestrale.core.events import (
    ActionCompleted,
    ActionLost,
    ActionPauseRequested,
    ActionRequested,
    ActionResumeRequested,
    ActionStarted,
    Entry,
    Event,
    ExecutionRequested,
    ExecutionUpdateRequested,
    PauseRequested,
    ResumeRequested,
    StopRequested,
    TaskRerunRequested,
    TaskSkipRequested,
    TimerFired,
    TurnContinued,
)
from maestrale.core.pause import on_pause_requested
from maestrale.core.pause_actions import on_action_pause_requested, on_action_resume_requested
from maestrale.core.rerun import on_task_rerun_requested, on_task_skip_requested
from maestrale.core.resume import on_resume_requested
from maestrale.core.runs import on_action_completed, on_action_lost, on_action_started
from maestrale.core.standalone import on_action_requested
from maestrale.core.starting import on_execution_requested
from maestrale.core.state import State
from maestrale.core.stop import on_stop_requested
from maestrale.core.tasks import advance, on_timer_fired
from maestrale.core.turn import Decision, Turn
from maestrale.core.update import on_execution_update_requested
from maestrale.errors import Error


def decide(world: World, state: State, entry: Entry) -> Decision:
    """What follows from an event. `state` is not changed; apply the decision's changes to it.

    An event that changes nothing (a repetition, something too late) gives an empty decision and does
    not belong into the history.

    Raises:
        InvalidInput, NotFound, Conflict, Forbidden: The request of a caller is refused; nothing follows
            from it.
        FactNeeded: The decision depends on something outside the tree. Decide again with the fact.
        OverBudget: An expression went over its budget. Decide again with that as a fact.
    """
    turn = Turn(world, state, entry)
    try:
        _handle(turn, entry.event)
        for task in turn.work():
            advance(turn, task)
    except Error as error:
        error.reword(turn.scrub)
        raise
    return turn.decision()


def _handle(turn: Turn, event: Event) -> None:
    """What follows at once from an event; the rest is the work of the turn."""
    match event:
        case ExecutionRequested():
            on_execution_requested(turn, event)
        case ActionRequested():
            on_action_requested(turn, event)
        case ActionStarted():
            on_action_started(turn, event)
        case ActionCompleted():
            on_action_completed(turn, event)
        case ActionLost():
            on_action_lost(turn, event)
        case ActionPauseRequested():
            on_action_pause_requested(turn, event)
        case ActionResumeRequested():
            on_action_resume_requested(turn, event)
        case TimerFired():
            on_timer_fired(turn, event)
        case PauseRequested():
            on_pause_requested(turn, event)
        case ResumeRequested():
            on_resume_requested(turn, event)
        case ExecutionUpdateRequested():
            on_execution_update_requested(turn, event)
        case StopRequested():
            on_stop_requested(turn, event)
        case TaskRerunRequested():
            on_task_rerun_requested(turn, event)
        case TaskSkipRequested():
            on_task_skip_requested(turn, event)
        case TurnContinued(steps):
            if steps is not None:
                turn.steps_left = min(turn.steps_left, steps)
