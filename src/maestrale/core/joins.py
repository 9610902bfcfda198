"""Joins: one task where several branches meet.

A join waits as a task of its own from the first branch that reaches it. It counts arrivals; only when
some task went another way than towards it, or the same branch may have come before, does it look at its
inbound tasks one by one (`rounds`), to see whether it can still happen: then it knows anew how many have
come. It runs once: a branch that comes later is noted and ignored, unless the same inbound task comes again,
as in a cycle, which begins a new round with a task of its own.

Source: Mistral v2, section 2.7; running once is what its documentation promises (Appendix D, 13).
"""

from collections.abc import Iterator

from maestrale.core import rounds
from maestrale.core.starting import cleared, create_task
from maestrale.core.state import Execution, Task, Trigger
from maestrale.core.status import TaskState
from maestrale.core.turn import Turn, has_ended
from maestrale.lang.model import TaskDefinition, Workflow


def arrive(turn: Turn, execution: Execution, definition: TaskDefinition, trigger: Trigger) -> None:
    """A task leads to the join."""
    join = turn.latest_task(execution.id, definition.name)
    if join is None:
        _begin_round(turn, execution, definition, trigger)
    elif join.state is TaskState.WAITING:
        _count(turn, execution, definition, join, trigger)
    elif _is_revived(turn, execution, join, trigger):
        again = {"state": TaskState.WAITING, "state_info": "Task is waiting.", "reruns": join.reruns + 1}
        turn.enqueue(cleared(turn, join, **again))
    elif any(other.task_id == trigger.task_id for other in (*join.triggered_by, *join.late)):
        # It was run again and comes to the round in which it had its part.
        _disappoint(turn, execution, join)
    elif _came_before(turn, join, trigger):
        _begin_round(turn, execution, definition, trigger)
    else:
        turn.update_task(join, late=(*join.late, trigger))
        _disappoint(turn, execution, join)


def _disappoint(turn: Turn, execution: Execution, join: Task) -> None:
    """What has come leads no further: later rounds that counted on it look again."""
    ahead = {name for name, _ in turn.workflow(execution).graph.ahead[join.name]}
    for waiting in _waiting(turn, execution, ahead):
        if turn.has_come_again(execution.id, waiting.name):
            turn.enqueue(waiting)


def _begin_round(turn: Turn, execution: Execution, definition: TaskDefinition, trigger: Trigger) -> None:
    join = create_task(turn, execution, definition, state=TaskState.WAITING)
    _count(turn, execution, definition, join, trigger)
    if turn.task(join.id).turn is None:
        turn.enqueue(turn.task(join.id))  # Some inbound tasks may have gone another way already.


def _count(
    turn: Turn, execution: Execution, definition: TaskDefinition, join: Task, trigger: Trigger
) -> None:
    join = turn.update_task(join, arrived=join.arrived + 1)
    if join.turn is not None:
        return
    enough = join.arrived >= rounds.needed(turn, execution, definition)
    # On a cycle, what has just arrived may have been the last that could bring the others here. A join begun
    # anew has not counted who came while it had failed.
    anew = join.reruns or join.name in turn.workflow(execution).graph.circular
    if enough or anew or _may_have_come(turn, trigger):
        turn.enqueue(join)


def _may_have_come(turn: Turn, trigger: Trigger) -> bool:
    """Whether this inbound task may have come to the round before: it has run more than once."""
    task = turn.task(trigger.task_id)
    return _is_repaired(task) or turn.has_come_again(task.execution_id, task.name)


def led_to(turn: Turn, join: Task, task_id: str) -> bool:
    """Whether an earlier run of a join has led to this task: a cycle comes round, or the join was rerun."""
    return any(task.id == join.id for task in _ancestry(turn, task_id))


def _ancestry(turn: Turn, task_id: str) -> Iterator[Task]:
    """A task, and those through which it came to be."""
    wanted, seen = [task_id], {task_id}
    while wanted:
        task = turn.task(wanted.pop())
        yield task
        before = {*task.sources, *(other.task_id for other in task.triggered_by)} - seen
        seen |= before
        wanted.extend(before)


def _is_repaired(task: Task) -> bool:
    return task.reruns > 0 or task.state is TaskState.SKIPPED


def _is_revived(turn: Turn, execution: Execution, join: Task, trigger: Trigger) -> bool:
    """Whether a join that failed for want of a branch waits once more: the branch was rerun or skipped.

    What comes by a cycle begins a new round instead.
    """
    if join.state is not TaskState.ERROR or join.started_at is not None:
        return False
    task = turn.task(trigger.task_id)
    if _is_repaired(task):
        return not led_to(turn, join, task.id)
    return _has_what_it_wants(turn, execution, join)


def _has_what_it_wants(turn: Turn, execution: Execution, join: Task) -> bool:
    """Whether a join that failed can run, since something before its inbound tasks was rerun or skipped.

    The very tasks that failed it must have come, or those whose way was impossible: others of their names
    come by a cycle.
    """
    judged = rounds.judge(turn, execution, join)
    failed = {turn.task(trigger.task_id).name: trigger.task_id for trigger in join.triggered_by}
    if judged.verdict is not rounds.Verdict.RUN:
        return False
    came = [turn.task(trigger.task_id) for trigger in judged.came]
    before = {task.id: task for each in came for task in _ancestry(turn, each.id)}
    same = all(failed.get(task.name, task.id) == task.id for task in came)
    return same and join.id not in before and any(map(_is_repaired, before.values()))


def _came_before(turn: Turn, join: Task, trigger: Trigger) -> bool:
    """Whether this inbound task already had its part in the join's round, so that this is a new one."""
    name = turn.task(trigger.task_id).name
    return any(turn.task(other.task_id).name == name for other in (*join.triggered_by, *join.late))


def recheck(turn: Turn, execution: Execution, task: Task, chosen: set[str]) -> None:
    """A task ended without taking all its ways: have the joins ahead of the others look again.

    A join that nobody waits at may now never come to be; then those behind it look again, too.
    """
    workflow = turn.workflow(execution)
    ahead = {
        join
        for target in workflow.graph.outbound[task.name]
        if target not in chosen
        for join in _joins_from(workflow, target)
    }
    for join in _waiting(turn, execution, ahead) if ahead else ():
        turn.enqueue(join)


def _waiting(turn: Turn, execution: Execution, ahead: set[str]) -> list[Task]:
    """The first joins, of these and of those behind them, that wait and have no turn to look."""
    graph = turn.workflow(execution).graph
    wanted, seen, found = list(ahead), set(ahead), []
    while wanted:
        name = wanted.pop()
        join = turn.latest_task(execution.id, name)
        if join is None or has_ended(join):
            behind = {other for other, _ in graph.ahead[name]} - seen
            seen |= behind
            wanted.extend(behind)
        elif join.state is TaskState.WAITING and join.turn is None:
            found.append(join)
    return sorted(found, key=lambda join: join.name)


def recheck_circle(turn: Turn, execution: Execution, join: Task) -> None:
    """A join in a circle has had its turn and goes on waiting: those ahead that counted on it look again.

    They wait for each other, and it may be that nobody else can bring them what they lack. Only those get a
    turn that need not wait any more: all would give it to each other for ever.
    """
    graph = turn.workflow(execution).graph
    wanted = [join.name] if join.name in graph.circular else []
    seen = {join.name}
    while wanted:
        for name in sorted({name for name, _ in graph.ahead[wanted.pop()]} & graph.circular - seen):
            seen.add(name)
            other = turn.latest_task(execution.id, name)
            if other is None or other.state is TaskState.WAITING:
                wanted.append(name)
            if other is None or other.state is not TaskState.WAITING or other.turn is not None:
                continue
            if rounds.judge(turn, execution, other).verdict is not rounds.Verdict.WAIT:
                turn.enqueue(other)


def _joins_from(workflow: Workflow, target: str) -> list[str]:
    """The first joins that a way beginning with this task comes to."""
    if workflow.tasks[target].join is not None:
        return [target]
    return [join for join, _ in workflow.graph.ahead[target]]
