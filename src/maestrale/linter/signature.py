"""Which states of an execution are the same for all that can still happen.

A cycle runs its tasks again and again, and every run leaves a row. What the rules still look at is little:
the runs under way, the latest run of each task that some join may ask for, and the rounds of the joins. Two
states that agree in that have the same future, so that the explorer goes on from one of them only.
"""

from collections import Counter
from collections.abc import Hashable, Iterator

from maestrale.core import Execution, State, Task
from maestrale.core.state import Command
from maestrale.core.status import ENDED_EXECUTION, ENDED_TASK, TaskState
from maestrale.lang import Workflow
from maestrale.lang.graph import reachable


class Signatures:
    """Makes the signatures of the states of one workflow."""

    def __init__(self, workflow: Workflow) -> None:
        self._workflow = workflow
        joins = [name for name, task in workflow.tasks.items() if task.join is not None]
        self._before_joins = frozenset(reachable(joins, workflow.graph.inbound))
        self._is_skippable = any(task.on_skip.next for task in workflow.tasks.values())

    def signature(self, state: State) -> Hashable:
        """Equal for states with the same future."""
        root = state.root
        if root.state in ENDED_EXECUTION and not (self._is_skippable and root.state == "ERROR"):
            return str(root.state)
        live: Counter[Hashable] = Counter()
        known = []
        for (_, name), ids in state.tasks_named.items():
            latest = state.tasks[ids[-1]]
            if name in self._before_joins or self._is_skippable:
                known.append(self._latest(state, latest, ids))
            elif _lives(latest):
                live[_stage(latest)] += 1
            live.update(_stage(task) for id in ids[:-1] if _lives(task := state.tasks[id]))
        return (_standing(root, state), frozenset(known), frozenset(live.items()))

    def _latest(self, state: State, task: Task, ids: list[str]) -> Hashable:
        led_to = frozenset(target for target, _ in task.next_tasks)
        if self._workflow.tasks[task.name].join is None:
            return (*_stage(task), led_to)
        return (*_stage(task), led_to, *self._round(state, task, ids[:-1]))

    def _round(self, state: State, join: Task, earlier_ids: list[str]) -> Iterator[Hashable]:
        """What tells a round of a join from another one."""
        earlier = [state.tasks[id] for id in earlier_ids]
        used = {trigger.task_id for each in earlier for trigger in (*each.triggered_by, *each.late)}
        yield join.arrived
        yield join.reruns > 0, join.started_at is None
        for triggers in (join.triggered_by, join.late):
            yield frozenset(
                (state.tasks[each.task_id].name, _is_latest(state, each.task_id)) for each in triggers
            )
        inbound = self._workflow.graph.inbound[join.name]
        ids = {name: latest for name in inbound if (latest := _latest_id(state, join, name)) is not None}
        yield frozenset(name for name, id in ids.items() if id in used)
        if join.state is TaskState.ERROR and join.started_at is None:
            yield frozenset(name for name, id in ids.items() if _descends(state, id, join.id))


def _standing(root: Execution, state: State) -> Hashable:
    backlog = tuple((state.tasks[each.task_id].name, _commands(each.commands)) for each in root.backlog)
    agenda = tuple(state.tasks[id].name for _, id in state.agenda)
    return str(root.state), root.unhandled > 0, root.cancelled > 0, backlog, agenda


def _stage(task: Task) -> tuple[Hashable, ...]:
    return task.name, str(task.state), task.turn is not None, task.processed, _commands(task.pending)


def _commands(commands: tuple[Command, ...]) -> Hashable:
    return tuple(command.target for command in commands)


def _lives(task: Task) -> bool:
    return task.state not in ENDED_TASK or bool(task.pending) or not task.processed or task.turn is not None


def _latest_id(state: State, join: Task, name: str) -> str | None:
    ids = state.tasks_named.get((join.execution_id, name))
    return ids[-1] if ids else None


def _is_latest(state: State, task_id: str) -> bool:
    task = state.tasks[task_id]
    return _latest_id(state, task, task.name) == task_id


def _descends(state: State, task_id: str, ancestor_id: str) -> bool:
    """Whether a task came to be through another one."""
    wanted, seen = [task_id], {task_id}
    while wanted:
        id = wanted.pop()
        if id == ancestor_id:
            return True
        task = state.tasks[id]
        before = {*task.sources, *(trigger.task_id for trigger in task.triggered_by)} - seen
        seen |= before
        wanted.extend(before)
    return False
