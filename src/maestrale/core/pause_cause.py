"""Why an execution is paused, as far as its rows tell.

A pause leaves its mark only where it began: a message, transitions held back, a task held by
`pause-before`, an action run that is paused. It goes from there to all executions below and above.
"""

from itertools import islice

from msgspec import Struct

from maestrale.core.pause import live_children
from maestrale.core.state import Execution, Task
from maestrale.core.status import ExecutionState, RunState, TaskState
from maestrale.core.transitions import clauses_after
from maestrale.core.turn import Turn
from maestrale.core.waits import Named, PauseCause

MOST_BELOW = 100
"""Sub-executions that are looked at for the one where a pause began."""


class Cause(Struct, frozen=True):
    """`origin` is the task, the action run or the execution that the pause comes from."""

    kind: PauseCause
    origin: Named | None = None


def cause_of(turn: Turn, execution: Execution) -> Cause:
    """Why this execution is paused; it must be."""
    own = _own_cause(turn, execution)
    if own is not None:
        return own
    parent = _paused_parent(turn, execution)
    above = parent
    while above is not None:
        if _own_cause(turn, above) is not None:
            return Cause("parent", Named(above.id, above.workflow))
        above = _paused_parent(turn, above)
    for below in _paused_below(turn, execution):
        if _own_cause(turn, below) is not None:
            return Cause("sub-workflow", Named(below.id, below.workflow))
    task = _may_have_paused(turn, execution)
    if task is not None:
        return Cause("request-or-command", Named(task.id, task.name))
    return Cause("request") if parent is None else Cause("parent", Named(parent.id, parent.workflow))


def _own_cause(turn: Turn, execution: Execution) -> Cause | None:
    """The cause if the pause began here and has left a mark."""
    if execution.backlog:
        task = turn.task(execution.backlog[0].task_id)
        return Cause("command", Named(task.id, task.name))
    if execution.state_info is not None:  # Only a request and `pause` have a message.
        led = _may_have_paused(turn, execution)
        return Cause("request") if led is None else Cause("request-or-command", Named(led.id, led.name))
    for task in turn.live_tasks(execution):
        if task.held:
            return Cause("pause-before", Named(task.id, task.name))
        if task.state is TaskState.PAUSED and task.type == "ACTION":
            for run in turn.child_runs(task.id):
                if run.state is RunState.PAUSED and not run.abandoned:
                    return Cause("action-run", Named(run.id, run.name))
    return None


def _may_have_paused(turn: Turn, execution: Execution) -> Task | None:
    """A task that may have led to `pause`: whether it did is not kept once nothing is held back."""
    for name, definition in turn.workflow(execution).tasks.items():
        if not any(way.target == "pause" for _, clause in definition.clauses for way in clause.next):
            continue
        for task in turn.tasks_named(execution.id, name):
            fired = clauses_after(definition, task.state)  # None of a task that has not ended.
            ways = [way.target for _, clause in fired for way in clause.next]
            if task.processed and "pause" in ways:
                return task
    return None


def _paused_parent(turn: Turn, execution: Execution) -> Execution | None:
    """The execution above, if that is paused, too."""
    if execution.parent_task_id is None:
        return None
    parent = turn.execution(turn.task(execution.parent_task_id).execution_id)
    return parent if parent.state is ExecutionState.PAUSED else None


def _paused_below(turn: Turn, execution: Execution) -> list[Execution]:
    """The paused executions below, level by level."""
    found = [execution]
    for above in found:  # It grows while it is walked.
        children = live_children(turn, above)
        paused = (child for child in children if child.state is ExecutionState.PAUSED)
        found.extend(islice(paused, MOST_BELOW - len(found) + 1))
        if len(found) > MOST_BELOW:
            break
    return found[1:]
