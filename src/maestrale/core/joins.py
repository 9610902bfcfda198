"""Joins: one task where several branches meet.

A join waits as a task of its own from the first branch that reaches it. It counts arrivals; only when
some task went another way than towards it, or a branch may have come before, does it look at its inbound
tasks one by one, to see whether it can still happen: then it knows anew how many have come. It runs once: a branch that comes later is noted and ignored, unless the same
inbound task comes again, as in a cycle, which begins a new round with a task of its own.

Source: Mistral v2, section 2.7; running once is what its documentation promises (Appendix D, 13).
"""

from collections.abc import Iterator
from enum import Enum
from itertools import islice

from msgspec import Struct

from maestrale.core.starting import cleared, create_task
from maestrale.core.state import Execution, Task, Trigger
from maestrale.core.status import TaskState
from maestrale.core.turn import Turn, has_ended, lives_on
from maestrale.lang.model import TaskDefinition, Workflow


class Verdict(Enum):
    WAIT = "some inbound task may still come"
    RUN = "enough inbound tasks have come"
    FAIL = "enough inbound tasks can never come"


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
        return  # It was run again and comes to the round in which it had its part.
    elif _came_before(turn, join, trigger):
        _begin_round(turn, execution, definition, trigger)
    else:
        turn.update_task(join, late=(*join.late, trigger))


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
    enough = join.arrived >= needed(turn, execution, definition)
    # On a cycle, what has just arrived may have been the last that could bring the others here. A join begun
    # anew has not counted who came while it had failed.
    anew = join.reruns or join.name in turn.workflow(execution).graph.circular
    if enough or anew or _may_have_come(turn, trigger):
        turn.enqueue(join)


def _may_have_come(turn: Turn, trigger: Trigger) -> bool:
    """Whether this inbound task may have come to the round before: it has run more than once."""
    task = turn.task(trigger.task_id)
    if task.reruns or task.state is TaskState.SKIPPED:
        return True
    runs = turn.tasks_named(task.execution_id, task.name)
    return len(list(islice(runs, 2))) > 1


def led_to(turn: Turn, join: Task, task_id: str) -> bool:
    """Whether an earlier run of a join has led to this task: a cycle comes round, or the join was rerun."""
    wanted, seen = [task_id], {task_id}
    while wanted:
        task = turn.task(wanted.pop())
        if task.id == join.id:
            return True
        before = {*task.sources, *(other.task_id for other in task.triggered_by)} - seen
        seen |= before
        wanted.extend(before)
    return False


def _is_revived(turn: Turn, execution: Execution, join: Task, trigger: Trigger) -> bool:
    """Whether a join that failed for want of a branch waits once more: the branch was rerun or skipped.

    What comes by a cycle begins a new round instead.
    """
    if join.state is not TaskState.ERROR or join.started_at is not None:
        return False
    task = turn.task(trigger.task_id)
    if task.reruns or task.state is TaskState.SKIPPED:
        return not led_to(turn, join, task.id)
    return _has_what_it_wants(turn, execution, join)


def _has_what_it_wants(turn: Turn, execution: Execution, join: Task) -> bool:
    """Whether a join that failed can run, since something before its inbound tasks was rerun or skipped.

    The very tasks that failed it must have come, or those whose way was impossible: others of their names
    come by a cycle.
    """
    verdict, triggers, _ = judge(turn, execution, join)
    failed = {turn.task(trigger.task_id).name: trigger.task_id for trigger in join.triggered_by}
    return verdict is Verdict.RUN and all(
        failed.get(turn.task(trigger.task_id).name, trigger.task_id) == trigger.task_id
        and not led_to(turn, join, trigger.task_id)
        for trigger in triggers
    )


def _came_before(turn: Turn, join: Task, trigger: Trigger) -> bool:
    """Whether this inbound task already had its part in the join's round, so that this is a new one."""
    name = turn.task(trigger.task_id).name
    return any(turn.task(other.task_id).name == name for other in (*join.triggered_by, *join.late))


def needed(turn: Turn, execution: Execution, definition: TaskDefinition) -> int:
    """How many inbound tasks must come before the join runs."""
    if definition.join == "all":
        return len(turn.workflow(execution).graph.inbound[definition.name])
    assert isinstance(definition.join, int)
    return definition.join


def recheck(turn: Turn, execution: Execution, task: Task, chosen: set[str]) -> None:
    """A task ended without taking all its ways: have the joins ahead of the others look again.

    A join that nobody waits at may now never come to be; then those behind it look again, too.
    """
    workflow = turn.workflow(execution)
    ahead = [
        join
        for target in workflow.graph.outbound[task.name]
        if target not in chosen
        for join in _joins_from(workflow, target)
    ]
    seen, affected = set(ahead), []
    while ahead:
        name = ahead.pop()
        join = turn.latest_task(execution.id, name)
        if join is None or has_ended(join):
            behind = {other for other, _ in workflow.graph.ahead[name]} - seen
            seen |= behind
            ahead.extend(behind)
        elif join.state is TaskState.WAITING and join.turn is None:
            affected.append(join)
    for join in sorted(affected, key=lambda join: join.name):
        turn.enqueue(join)


def _joins_from(workflow: Workflow, target: str) -> list[str]:
    """The first joins that a way beginning with this task comes to."""
    if workflow.tasks[target].join is not None:
        return [target]
    return [join for join, _ in workflow.graph.ahead[target]]


def judge(turn: Turn, execution: Execution, join: Task) -> tuple[Verdict, list[Trigger], list[str]]:
    """Whether the join runs, fails or waits.

    Returns: The verdict, the triggers that bear it (of one that waits: those that have come), and the names of
    the inbound tasks that failed it.
    """
    workflow = turn.workflow(execution)
    inbound = workflow.graph.inbound[join.name]
    round_ = _Round(turn, execution, workflow, join)
    arrived: list[Trigger] = []
    failed: list[Trigger] = []
    names: list[str] = []
    for name in inbound:
        match round_.contribution(name):
            case Trigger() as trigger:
                arrived.append(trigger)
            case "not triggered" | "impossible route" as event:
                names.append(name)
                task = round_.latest(name)
                if task is not None:
                    failed.append(Trigger(task.id, event))
            case None:
                pass
    enough = needed(turn, execution, workflow.tasks[join.name])
    if len(arrived) >= enough:
        return Verdict.RUN, arrived, []
    if len(names) > len(inbound) - enough:
        return Verdict.FAIL, failed if enough == len(inbound) else [], names
    return Verdict.WAIT, arrived, []


class Missing(Struct, frozen=True):
    """An inbound task that has not come to a join.

    Args:
        task: Its latest run, if it has run.
        never: Why it cannot come any more; None: it still may.
        ways: The tasks from which a way to it is still open, if it has not run.
    """

    name: str
    task: Task | None
    never: str | None
    ways: tuple[str, ...] = ()


class Survey(Struct, frozen=True, kw_only=True):
    """How a join stands, for people to see. `came` and `missing` are the first of them."""

    needed: int
    inbound: int
    arrived: int
    came: tuple[Trigger, ...]
    missing: tuple[Missing, ...]


def survey(turn: Turn, execution: Execution, join: Task, *, most: int) -> Survey:
    """What has come to a join that waits, and what has not: at most so many of each."""
    workflow = turn.workflow(execution)
    inbound = workflow.graph.inbound[join.name]
    round_ = _Round(turn, execution, workflow, join)
    came: list[Trigger] = []
    missing: list[Missing] = []
    for name in inbound:
        task = round_.latest(name)
        if len(missing) >= most and (task is None or not has_ended(task)):
            continue  # It has not come. How it might would have to be looked for.
        contribution = round_.contribution(name)
        if isinstance(contribution, Trigger):
            came.append(contribution)
        elif len(missing) < most:
            begun = task is not None and task.state is not TaskState.WAITING
            ways = () if begun or contribution else round_.first_ways_to(name, most)
            missing.append(Missing(name, task, contribution, ways))
    return Survey(
        needed=needed(turn, execution, workflow.tasks[join.name]),
        inbound=len(inbound),
        arrived=len(came),
        came=tuple(came[:most]),
        missing=tuple(missing),
    )


class _Round:
    """One round of a join: what each inbound task contributes to it."""

    def __init__(self, turn: Turn, execution: Execution, workflow: Workflow, join: Task) -> None:
        self._turn = turn
        self._execution = execution
        self._workflow = workflow
        self._join = join
        self._used = {
            trigger.task_id
            for earlier in turn.tasks_named(execution.id, join.name)
            if earlier.id != join.id
            for trigger in (*earlier.triggered_by, *earlier.late)
        }
        self._held = {backlog.task_id: backlog.commands for backlog in execution.backlog}

    def latest(self, name: str) -> Task | None:
        return self._turn.latest_task(self._execution.id, name)

    def contribution(self, name: str) -> Trigger | str | None:
        """The trigger an inbound task gave, why it never will, or None while it still may."""
        task = self.latest(name)
        if task is None or (not _moves(task) and not has_ended(task)):
            return None if self._can_be_reached(name) else "impossible route"
        if not has_ended(task) or not task.processed:
            return None
        events = [event for target, event in task.next_tasks if target == self._join.name]
        left = (*task.pending, *self._held.get(task.id, ()))
        to_come = sum(command.target == self._join.name for command in left)
        if len(events) <= to_come:
            # A task with commands left may still come to the one that leads here.
            return None if to_come or task.pending else "not triggered"
        if task.id in self._used and self._comes_again(name):
            return None
        return Trigger(task.id, events[0])

    def _can_be_reached(self, name: str) -> bool:
        return next(self._ways_to(name), None) is not None

    def first_ways_to(self, name: str, most: int) -> tuple[str, ...]:
        """Each once, and no more than so many: the walk ends with the last of them."""
        found: dict[str, None] = {}
        for before in self._ways_to(name):
            found[before] = None
            if len(found) == most:
                break
        return tuple(found)

    def _ways_to(self, name: str) -> Iterator[str]:
        """The tasks from which a way can still lead to one that has not run, or to a join that waits."""
        for here, before, task in self._upstream(name):
            if before is None:
                yield here
            elif _moves(task) or (_has_led_to(task, here) and self.latest(here) is None):
                yield before

    def _comes_again(self, name: str) -> bool:
        """Whether a cycle under way can lead once more to a task that an earlier round has used."""
        return any(_moves(task) for _, _, task in self._upstream(name, through_ended=True))

    def _upstream(
        self, name: str, *, through_ended: bool = False
    ) -> Iterator[tuple[str, str | None, Task | None]]:
        """Walk against the transitions: (task, the one before it or None at a start, its latest run)."""
        wanted, seen = [name], {name, self._join.name}
        while wanted:
            here = wanted.pop()
            inbound = self._workflow.graph.inbound[here]
            if not inbound:
                yield here, None, None
            for before in inbound:
                task = self.latest(before)
                yield here, before, task
                passable = task is None or task.state is TaskState.WAITING or through_ended
                if before not in seen and passable:
                    seen.add(before)
                    wanted.append(before)


def _has_led_to(task: Task | None, name: str) -> bool:
    return task is not None and any(target == name for target, _ in task.next_tasks)


def _moves(task: Task | None) -> bool:
    """Whether a task may lead somewhere by itself.

    A join that waits only hands on what others do: joins that wait for each other would wait for ever.
    """
    if task is None:
        return False
    return task.turn is not None or (lives_on(task) and task.state is not TaskState.WAITING)
