"""How a tree stands in memory, for whoever looks over what a node does."""

from collections.abc import Callable, Container, Iterator

from msgspec import Struct

from maestrale.core import ActionRun, Execution, State, Task, Timer, Tree
from maestrale.core.effects import RunAction
from maestrale.engine.recovery import attempts_lost, effects_due


class Inspection(Struct, frozen=True, kw_only=True):
    """A tree of which everything decided is committed: what a node that took it over now would find to do.

    The rows are those of that moment, whatever becomes of the tree.

    Args:
        attempts: Runs with their attempts that should be under way, and that no worker has.
        timers: Timers that should be set, and are not.
        lacks_turn: It has something to do, and will not be asked to do it.
    """

    tree: Tree
    executions: tuple[Execution, ...]
    tasks: tuple[Task, ...]
    runs: tuple[ActionRun, ...]
    timers: tuple[Timer, ...]
    attempts_missing: tuple[tuple[str, int], ...]
    timers_missing: tuple[str, ...]
    lacks_turn: bool

    @property
    def is_sound(self) -> bool:
        """Whether all that is to happen by itself is going to."""
        return not (self.attempts_missing or self.timers_missing or self.lacks_turn)


def inspect(
    state: State, *, holds: Callable[[str, int], bool], timers_set: Container[str], will_go_on: bool
) -> Inspection:
    """Look at a tree that is committed."""
    assert state.tree is not None
    return Inspection(
        tree=state.tree,
        executions=tuple(state.executions.values()),
        tasks=tuple(state.tasks.values()),
        runs=tuple(state.runs.values()),
        timers=tuple(state.timers.values()),
        attempts_missing=tuple(_attempts_missing(state, holds)),
        timers_missing=tuple(id for id in state.timers if id not in timers_set),
        lacks_turn=state.has_work and not will_go_on,
    )


def _attempts_missing(state: State, holds: Callable[[str, int], bool]) -> Iterator[tuple[str, int]]:
    """What recovery would begin or give up, had this node just taken the tree over."""
    for effect in effects_due(state, holds):
        if isinstance(effect, RunAction):
            yield effect.run_id, effect.attempt
    for lost in attempts_lost(state, holds):
        yield lost.run_id, lost.attempt
