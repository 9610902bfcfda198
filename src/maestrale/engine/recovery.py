"""What a node that takes a tree over has to do for it: all of it can be read off the rows.

Source: architecture, "What a failure does": effects that were committed and not carried out are carried
out; attempts whose worker is gone are given up.
"""

from collections.abc import Callable, Iterator

from maestrale.core import State
from maestrale.core.effects import CancelAction, ContinueTurn, Effect, RunAction, SetTimer
from maestrale.core.events import ActionLost
from maestrale.core.state import ActionRun
from maestrale.core.status import ENDED_RUN


def effects_due(state: State, holds: Callable[[str, int], bool]) -> Iterator[Effect]:
    """The effects that the rows ask for, besides attempts that `holds` says are under way."""
    for timer_id in state.timers:
        yield SetTimer(timer_id)
    for run in _open_runs(state, holds):
        if not run.started and not run.abandoned and (run.asynchronous or not run.safe_rerun):
            yield RunAction(run.id, run.attempt)
    for run in state.runs.values():
        is_over = run.abandoned or run.state in ENDED_RUN
        if is_over and not run.asynchronous and holds(run.id, run.attempt):
            yield CancelAction(run.id, run.attempt)
    if state.has_work:
        yield ContinueTurn()


def attempts_lost(state: State, holds: Callable[[str, int], bool]) -> list[ActionLost]:
    """The attempts that may have begun somewhere and are under way nowhere.

    An attempt that is safe to repeat was not marked when it began, so each of these may have begun. An
    asynchronous action that was started is waited for. What nobody waits for must not begin any more.
    """
    return [
        ActionLost(run.id, run.attempt)
        for run in _open_runs(state, holds)
        if not run.asynchronous and (run.started or run.safe_rerun or run.abandoned)
    ]


def _open_runs(state: State, holds: Callable[[str, int], bool]) -> Iterator[ActionRun]:
    for run in state.runs.values():
        if run.state not in ENDED_RUN and not holds(run.id, run.attempt):
            yield run
