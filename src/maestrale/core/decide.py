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
    match entry.event:
        case ExecutionRequested() as event:
            on_execution_requested(turn, event)
        case ActionRequested() as event:
            on_action_requested(turn, event)
        case ActionStarted() as event:
            on_action_started(turn, event)
        case ActionCompleted() as event:
            on_action_completed(turn, event)
        case ActionLost() as event:
            on_action_lost(turn, event)
        case ActionPauseRequested() as event:
            on_action_pause_requested(turn, event)
        case ActionResumeRequested() as event:
            on_action_resume_requested(turn, event)
        case TimerFired() as event:
            on_timer_fired(turn, event)
        case PauseRequested() as event:
            on_pause_requested(turn, event)
        case ResumeRequested() as event:
            on_resume_requested(turn, event)
        case ExecutionUpdateRequested() as event:
            on_execution_update_requested(turn, event)
        case StopRequested() as event:
            on_stop_requested(turn, event)
        case TaskRerunRequested() as event:
            on_task_rerun_requested(turn, event)
        case TaskSkipRequested() as event:
            on_task_skip_requested(turn, event)
        case TurnContinued():
            pass
    for task in turn.work():
        advance(turn, task)
    return turn.decision()
