"""A bounded number of places, and who gets the next one: whoever waits, project by project.

What hangs keeps its place, so that places have to be left over before anybody needs them. The more a project
or an execution has, the more it has to leave free: one more is given to a project while it has less than
`PROJECT_SHARE` times what is free, and to an execution while it has less than `EXECUTION_SHARE` times. So a
project alone gets three quarters of the places and an execution alone a half; of `n` projects that want all,
each gets `3 / (3 * n + 1)`, and whoever comes next still finds some.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)

PROJECT_SHARE, EXECUTION_SHARE = 3, 1


class _Owner(Generic[T]):
    """A project or an execution: the places it has, and what waits for one, each execution's in its order."""

    def __init__(self) -> None:
        self.taken = 0
        self.waiting: dict[str, OrderedDict[T, None]] = {}


class FairQueue(Generic[T]):
    """See the module. It holds what waits; whoever uses it says when a place is free again."""

    def __init__(self, places: int) -> None:
        self.places = places
        self.taken = 0
        self._projects: dict[str, _Owner[T]] = {}
        self._executions: dict[str, int] = {}
        self._waiting = 0

    def __len__(self) -> int:
        """How many wait."""
        return self._waiting

    @property
    def free(self) -> int:
        """How many places nobody has."""
        return self.places - self.taken

    def waiting_by_project(self) -> dict[str, int]:
        """How many wait, of each project that has any."""
        counts = ((id, sum(map(len, each.waiting.values()))) for id, each in self._projects.items())
        return {id: count for id, count in counts if count}

    @property
    def crowded(self) -> set[str]:
        """The executions of which something waits."""
        return {id for project in self._projects.values() for id in project.waiting}

    def put(self, project_id: str, execution_id: str, item: T) -> None:
        """Let something wait for a place."""
        project = self._projects.setdefault(project_id, _Owner())
        project.waiting.setdefault(execution_id, OrderedDict())[item] = None
        self._waiting += 1

    def take(self) -> T | None:
        """Give a place to who is next. None: nobody waits who may have one now.

        The projects take turns, and so do the executions of each.
        """
        for project_id, project in self._projects.items():
            if not self._may_have(project.taken, PROJECT_SHARE):
                continue
            for execution_id in project.waiting:
                if self._may_have(self._executions.get(execution_id, 0), EXECUTION_SHARE):
                    return self._give(project_id, project, execution_id)
        return None

    def give_back(self, project_id: str, execution_id: str) -> None:
        """A place is free again."""
        project = self._projects[project_id]
        project.taken -= 1
        self.taken -= 1
        self._executions[execution_id] -= 1
        if not self._executions[execution_id]:
            del self._executions[execution_id]
        self._forget_idle(project_id, project)

    def discard(self, project_id: str, execution_id: str, item: T) -> None:
        """What waits is not to be done any more."""
        project = self._projects[project_id]
        waiting = project.waiting[execution_id]
        del waiting[item]
        self._waiting -= 1
        if not waiting:
            del project.waiting[execution_id]
        self._forget_idle(project_id, project)

    def _may_have(self, taken: int, share: int) -> bool:
        return taken < share * self.free

    def _give(self, project_id: str, project: _Owner[T], execution_id: str) -> T:
        waiting = project.waiting.pop(execution_id)
        item, _ = waiting.popitem(last=False)
        if waiting:
            project.waiting[execution_id] = waiting  # At the end: the others go first.
        self._projects[project_id] = self._projects.pop(project_id)
        self._waiting -= 1
        self.taken += 1
        project.taken += 1
        self._executions[execution_id] = self._executions.get(execution_id, 0) + 1
        return item

    def _forget_idle(self, project_id: str, project: _Owner[T]) -> None:
        if not project.taken and not project.waiting:
            del self._projects[project_id]
