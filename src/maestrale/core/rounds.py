"""One round of a join: what has come to it, what still may, and what follows from that.

Of each inbound task the latest run that has ended counts. What came to an earlier round counts once more,
unless a cycle under way may bring it again.

Source: Mistral v2, section 2.7.
"""

from collections.abc import Iterator
from enum import Enum

from msgspec import Struct

from maestrale.core.state import Execution, Task, Trigger
from maestrale.core.status import TaskState
from maestrale.core.turn import Turn, has_ended, lives_on
from maestrale.lang.model import TaskDefinition, Workflow


class Verdict(Enum):
    WAIT = "some inbound task may still come"
    RUN = "enough inbound tasks have come"
    FAIL = "enough inbound tasks can never come"


class Judgement(Struct, frozen=True):
    """Whether a join runs, fails or waits.

    Args:
        came: What has led to it.
        never: What failed it and why, if it has run and the join needs them all.
        names: All inbound tasks that never will come.
    """

    verdict: Verdict
    came: tuple[Trigger, ...]
    never: tuple[Trigger, ...]
    names: tuple[str, ...]


def judge(turn: Turn, execution: Execution, join: Task) -> Judgement:
    """Look at the inbound tasks one by one."""
    workflow = turn.workflow(execution)
    inbound = workflow.graph.inbound[join.name]
    round_ = _Round(turn, execution, workflow, join)
    came: list[Trigger] = []
    never: list[Trigger] = []
    names: list[str] = []
    for name in inbound:
        match round_.contribution(name):
            case Trigger() as trigger:
                came.append(trigger)
            case "not triggered" | "impossible route" as event:
                names.append(name)
                task = round_.latest(name)
                if task is not None:
                    never.append(Trigger(task.id, event))
            case None:
                pass
    enough = needed(turn, execution, workflow.tasks[join.name])
    verdict = Verdict.WAIT
    if len(came) >= enough:
        verdict = Verdict.RUN
    elif len(names) > len(inbound) - enough:
        verdict = Verdict.FAIL
    if enough < len(inbound):
        never = []  # None of them alone has kept it from running.
    return Judgement(verdict, tuple(came), tuple(never), tuple(names))


def needed(turn: Turn, execution: Execution, definition: TaskDefinition) -> int:
    """How many inbound tasks must come before the join runs."""
    if definition.join == "all":
        return len(turn.workflow(execution).graph.inbound[definition.name])
    assert isinstance(definition.join, int)
    return definition.join


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
        if task is None or not has_ended(task):
            return self._contribution_before(name, task)
        if not task.processed:
            return None
        event, is_to_come = self._event_of(task)
        if event is None:
            return None if is_to_come else "not triggered"
        if task.id in self._used and self._comes_again(name):
            return None
        return Trigger(task.id, event)

    def _contribution_before(self, name: str, task: Task | None) -> Trigger | str | None:
        """What an inbound task contributes that has not run, or runs: who has come has come, also if the same
        task runs once more."""
        runs = self._turn.tasks_named(self._execution.id, name)
        earlier = next(filter(has_ended, runs), None)
        if earlier is not None and earlier.processed and earlier.id not in self._used:
            event, _ = self._event_of(earlier)
            if event is not None:
                return Trigger(earlier.id, event)
        if task is not None and self._moves(task):
            return None
        return None if self._can_be_reached(name) else "impossible route"

    def _event_of(self, task: Task) -> tuple[str | None, bool]:
        """With which event a task that has ended has come, or whether it may still."""
        events = [event for target, event in task.next_tasks if target == self._join.name]
        left = (*task.pending, *self._held.get(task.id, ()))
        to_come = sum(command.target == self._join.name for command in left)
        if len(events) > to_come:
            return events[0], False
        # A task with commands left may still come to the one that leads here.
        return None, bool(to_come or task.pending)

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
            elif self._moves(task):
                yield before

    def _comes_again(self, name: str) -> bool:
        """Whether a cycle under way can lead once more to a task that an earlier round has used."""
        return any(self._moves(task) for _, _, task in self._upstream(name, through_ended=True))

    def _upstream(
        self, name: str, *, through_ended: bool = False
    ) -> Iterator[tuple[str, str | None, Task | None]]:
        """Walk against the transitions: (task, the one before it or None at a start, its latest run).

        Args:
            through_ended: Tasks that have run may run once more, as those behind a join in a later round.
        """
        wanted = [(name, through_ended)]
        seen = {(each, anew) for each in (name, self._join.name) for anew in (True, False)}
        while wanted:
            here, anew = wanted.pop()
            inbound = self._workflow.graph.inbound[here]
            if not inbound and self.latest(here) is None:
                yield here, None, None
            anew = anew or self._waits_anew(here)
            for before in inbound:
                task = self.latest(before)
                yield here, before, task
                passable = task is None or task.state is TaskState.WAITING or anew
                if (before, anew) not in seen and passable:
                    seen.add((before, anew))
                    wanted.append((before, anew))

    def _waits_anew(self, name: str) -> bool:
        """Whether this is a join that waits in a round that is not its first."""
        latest = self.latest(name)
        waits = latest is not None and latest.state is TaskState.WAITING
        return waits and self._turn.has_come_again(self._execution.id, name)

    def _moves(self, task: Task | None) -> bool:
        """Whether a task may lead somewhere by itself, or once a pause is over.

        A join that waits only hands on what others do: joins that wait for each other would wait for ever.
        """
        if task is None:
            return False
        to_come = task.turn is not None or task.id in self._held
        return to_come or (lives_on(task) and task.state is not TaskState.WAITING)
