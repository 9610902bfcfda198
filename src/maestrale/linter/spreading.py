"""How variables spread over the ways between tasks.

The variables that come to a task are bits of a number: joining what two ways bring is one operation, however
many variables there are.
"""

from collections.abc import Iterable, Iterator

from maestrale.core.publishing import sections_for
from maestrale.core.status import TaskState
from maestrale.lang import TaskDefinition, Workflow, WorkflowType
from maestrale.lang.graph import circles, reachable

STATES = (TaskState.SUCCESS, TaskState.ERROR, TaskState.SKIPPED)

MOST_BITS = 400_000_000
"""Tasks times variables, about 50 MB. Beyond that every variable counts as known everywhere."""

MOST_ROUNDS = 50
"""How often each task is looked at. In tangled cycles beyond that, too."""


class Spreading:
    """Where variables of these names may come to."""

    def __init__(self, workflow: Workflow, names: Iterable[str]) -> None:
        self._workflow = workflow
        self._bits = {name: 1 << place for place, name in enumerate(sorted(names))}
        self._published = {
            name: {state: self._mask(published_by(task, state)) for state in STATES}
            for name, task in workflow.tasks.items()
        }
        self._running = _running(workflow)
        self._inbound = dict.fromkeys(workflow.tasks, 0)
        self._is_known = len(self._bits) * len(workflow.tasks) <= MOST_BITS and self._spread()
        self._anywhere = 0
        for name in self._running:
            self._anywhere |= self._behind(name, STATES)

    def comes_to(self, variable: str, task: str) -> bool:
        """Whether a task may find the variable; too where it never runs, or nobody can tell."""
        return self._is_unknown(task) or bool(self._inbound[task] & self._bits[variable])

    def is_known_behind(self, variable: str, task: str, clause: str | None) -> bool:
        """Whether a clause of a task may find the variable, or (None) the question whether to repeat it."""
        states = STATES if clause is None else _states_before(clause)
        return self._is_unknown(task) or bool(self._behind(task, states) & self._bits[variable])

    def comes_anywhere(self, variable: str) -> bool:
        """Whether any task that runs may know the variable in the end."""
        return not self._is_known or bool(self._anywhere & self._bits[variable])

    def _is_unknown(self, task: str) -> bool:
        return not self._is_known or task not in self._running

    def _mask(self, names: Iterable[str]) -> int:
        mask = 0
        for name in names:
            mask |= self._bits.get(name, 0)
        return mask

    def _behind(self, task: str, states: Iterable[TaskState]) -> int:
        """What may be known behind a task that has ended in one of these states."""
        mask = self._inbound[task]
        for state in states:
            mask |= self._published[task][state]
        return mask

    def _spread(self) -> bool:
        """Bring what is published along all ways, until nothing is added any more. False: it took too long.

        The tasks are taken in the order in which they lead to each other: without cycles, once is enough.
        """
        order = [name for group in circles(self._workflow.graph.outbound) for name in group]
        pending = dict.fromkeys(name for name in reversed(order) if name in self._running)
        rounds_left = MOST_ROUNDS * len(order)
        while pending and rounds_left:
            rounds_left -= 1
            name = next(iter(pending))
            del pending[name]
            for target, states in self._ways_from(name):
                grown = self._inbound[target] | self._behind(name, states)
                if grown != self._inbound[target]:
                    self._inbound[target] = grown
                    pending[target] = None
        return not pending

    def _ways_from(self, name: str) -> Iterator[tuple[str, tuple[TaskState, ...]]]:
        if self._workflow.type is WorkflowType.REVERSE:
            for target in self._workflow.graph.outbound[name]:
                yield target, (TaskState.SUCCESS, TaskState.SKIPPED)
            return
        for clause, content in self._workflow.tasks[name].clauses:
            for way in content.next:
                if not way.is_command:
                    yield way.target, _states_before(clause)


def _running(workflow: Workflow) -> frozenset[str]:
    """The tasks that some path leads to; what is said of others means nothing."""
    if workflow.type is WorkflowType.REVERSE:
        return frozenset(workflow.tasks)
    return frozenset(reachable(workflow.graph.start, workflow.graph.outbound))


def _states_before(clause: str) -> tuple[TaskState, ...]:
    """The states after which a clause leads on: after a skip `on-success` may stand in for `on-skip`."""
    match clause:
        case "on-success":
            return TaskState.SUCCESS, TaskState.SKIPPED
        case "on-error":
            return (TaskState.ERROR,)
        case "on-skip":
            return (TaskState.SKIPPED,)
        case _:
            return TaskState.SUCCESS, TaskState.ERROR


def published_by(task: TaskDefinition, state: TaskState) -> frozenset[str]:
    """The branch variables that a task may publish before it ends in a state.

    A task that `fail-on` makes a failure has published as a success.
    """
    states = [state]
    if state is TaskState.ERROR and task.policies.fail_on is not None:
        states.append(TaskState.SUCCESS)
    found = (section.branch for each in states for section in sections_for(task, each) if section is not None)
    return frozenset(name for branch in found for name in branch or ())


def published_by_any(task: TaskDefinition) -> frozenset[str]:
    """The branch variables that a task may publish, however it ends."""
    return frozenset(name for state in STATES for name in published_by(task, state))


def published_globally(task: TaskDefinition) -> frozenset[str]:
    """The variables that a task may publish for the whole execution."""
    found = (section for state in STATES for section in sections_for(task, state) if section is not None)
    return frozenset(name for section in found for name in section.global_ or ())
