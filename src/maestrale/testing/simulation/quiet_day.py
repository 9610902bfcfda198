"""How runs end in the simulation, and what a workflow comes to when nothing goes wrong."""

from functools import lru_cache

from maestrale.core import ActionRun, Execution, Result, State
from maestrale.core.events import ActionCompleted
from maestrale.core.status import ENDED_EXECUTION, RunState
from maestrale.expressions import Json
from maestrale.testing import laws
from maestrale.testing.stage import Stage

FROM_OUTSIDE = Result(value="from outside")
"""What somebody outside ends an asynchronous action with."""


def answer_of(state: State, run: ActionRun) -> Result:
    """How a run ends: by what it is, never by when it ends or how often it was cut off."""
    if not run.task_id:
        return Result(value=run.name)
    task = state.tasks[run.task_id]
    number = sum(map(ord, task.name)) + (run.index or 0) + task.attempt
    return Result(error=f"{task.name} failed") if number % 5 == 0 else Result(value=[task.name, run.index])


def was_cut_off(run: ActionRun) -> bool:
    """Whether a run failed because nobody knows how far it came."""
    return run.state is RunState.ERROR and "was cut off" in str(run.result)


def undisturbed(text: str, root: Execution) -> dict[str, object]:
    """The outcome of a workflow when nothing goes wrong."""
    return _undisturbed(text, root.workflow, tuple(root.input.items()))


@lru_cache
def _undisturbed(text: str, workflow: str, input: tuple[tuple[str, Json], ...]) -> dict[str, object]:
    stage = Stage(text)
    stage.start(workflow, dict(input))
    while stage.root.state not in ENDED_EXECUTION:
        for run in stage.open_runs():
            result = FROM_OUTSIDE if run.asynchronous else answer_of(stage.state, run)
            stage.send(ActionCompleted(run.id, run.attempt, result))
        stage.pass_to_next_timer()
    return laws.outcome_of(stage.state)
