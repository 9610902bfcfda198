"""The ways between the tasks of an execution, and how often each was taken."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from maestrale.core.state import Command, Execution, Task
from maestrale.core.status import TaskState
from maestrale.core.transitions import clauses_after
from maestrale.core.turn import Turn, has_ended
from maestrale.lang.model import TaskDefinition, Transition, Workflow, WorkflowType


class Edge(Struct, frozen=True, kw_only=True):
    """A way from one task to another, or to an engine command.

    Args:
        event: The clause it stands in, such as `on-success`; `requires` in reverse workflows, where it leads
            from what is required to what requires it.
        is_command: `target` is the engine command of that name, even if there is a task called so.
        condition: As its author wrote it; None: it is always taken. Of a way that a clause has twice, both.
        taken: How often. None: the rows do not tell, which happens with commands only, whose conditions leave
            no trace.
    """

    source: str
    target: str
    event: str
    is_command: bool = False
    condition: str | None = None
    taken: int | None = 0


Way: TypeAlias = tuple[str, str, str]
"""Source, target and event."""


def edges_of(turn: Turn, execution: Execution) -> Iterator[Edge]:
    """Every edge of the definition, in document order."""
    workflow = turn.workflow(execution)
    if workflow.type is WorkflowType.REVERSE:
        yield from _requirements(turn, execution, workflow)
        return
    taken = _taken(turn, execution, workflow)
    for definition in workflow.tasks.values():
        for event, target, ways in _ways_from(definition):
            conditions = [str(way.condition.source) for way in ways if way.condition is not None]
            is_command = ways[0].is_command
            yield Edge(
                source=definition.name,
                target=target,
                event=event,
                is_command=is_command,
                condition=" or ".join(conditions) if len(conditions) == len(ways) else None,
                taken=_command_taken(turn, execution, definition, event, target)
                if is_command
                else taken[definition.name, target, event],
            )


def _ways_from(definition: TaskDefinition) -> Iterator[tuple[str, str, list[Transition]]]:
    """By clause and target: the transitions between them."""
    for event, clause in definition.clauses:
        by_target: dict[str, list[Transition]] = {}
        for transition in clause.next:
            by_target.setdefault(transition.target, []).append(transition)
        for target, ways in by_target.items():
            yield event, target, ways


def _requirements(turn: Turn, execution: Execution, workflow: Workflow) -> Iterator[Edge]:
    """A task of a reverse workflow begins once all that it requires is there: then all its ways are taken."""
    for definition in workflow.tasks.values():
        count = sum(1 for _ in turn.tasks_named(execution.id, definition.name))
        for required in dict.fromkeys(definition.requires):
            yield Edge(source=required, target=definition.name, event="requires", taken=count)


# Ways to tasks.


def _taken(turn: Turn, execution: Execution, workflow: Workflow) -> Mapping[Way, int]:
    """How often each way to a task was taken.

    A task says what led to it. A join says so only when it has run, and no more than one clause of each
    inbound task: there the inbound tasks are asked, too. (Who came to a join that failed is forgotten
    when the inbound task is run again or skipped.)
    """
    count: Counter[Way] = Counter()
    to_joins: set[tuple[str, str, str]] = set()
    held = {backlog.task_id: backlog.commands for backlog in execution.backlog}
    for task in turn.tasks_in(execution.id):
        if workflow.tasks[task.name].join is None:
            count.update((turn.task(by.task_id).name, task.name, by.event) for by in task.triggered_by)
        else:
            to_joins.update((by.task_id, task.name, by.event) for by in (*task.triggered_by, *task.late))
        to_joins.update((task.id, *led) for led in _led_to(task, held))
    for task_id, target, event in to_joins:
        way = (turn.task(task_id).name, target, event)
        met = turn.latest_task(execution.id, target) is not None  # Or an engine command came between them.
        if met and workflow.tasks[target].join is not None and event in _CLAUSES:
            count[way] += 1
    return count


_CLAUSES = frozenset({"on-success", "on-error", "on-complete", "on-skip"})
"""A join also notes why an inbound task did not come."""


def _led_to(task: Task, held: Mapping[str, Sequence[Command]]) -> Counter[tuple[str, str]]:
    """Where a task has led by now: not where a pause, or its own turn, still keeps it from leading."""
    if not task.processed or not has_ended(task):
        return Counter()
    to_come = (*task.pending, *held.get(task.id, ()))
    return Counter(task.next_tasks) - Counter((command.target, command.event) for command in to_come)


# Ways to commands.


def _command_taken(
    turn: Turn, execution: Execution, definition: TaskDefinition, event: str, target: str
) -> int | None:
    """How often a task has led to an engine command, as far as that can be known.

    No row notes it. It is certain where the way has no condition and nothing stands before it, and where its
    clause was never looked at.
    """
    count = 0
    for task in turn.tasks_named(execution.id, definition.name):
        if not (task.processed and has_ended(task)) or _was_forced(definition, task):
            continue
        before = [
            (name, transition)
            for name, clause in clauses_after(definition, task.state)
            for transition in clause.next
        ]
        here = [place for place, (name, way) in enumerate(before) if (name, way.target) == (event, target)]
        if not here:
            continue
        ahead = [transition.target for _, transition in before[: here[0]]]
        if before[here[0]][1].condition is not None or target == "pause" or set(ahead) - {"noop"}:
            return None
        if task.state is TaskState.SKIPPED and ahead:
            return None  # Then `on-success` may not have been looked at.
        if task.state is TaskState.ERROR and event != "on-error" and not task.error_handled:
            return None  # It may have failed past its clauses.
        count += 1
    return count


def _was_forced(definition: TaskDefinition, task: Task) -> bool:
    """Whether a task failed past its clauses: its `on-error` always leads somewhere, and has not."""
    always = any(transition.condition is None for transition in definition.on_error.next)
    return task.state is TaskState.ERROR and always and not task.error_handled
