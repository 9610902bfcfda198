"""The tables of what may follow what."""

from collections.abc import Mapping
from enum import StrEnum

import pytest

from maestrale.core.status import (
    ENDED_EXECUTION,
    ENDED_RUN,
    ENDED_TASK,
    EXECUTION_MOVES,
    RUN_MOVES,
    TASK_MOVES,
    ExecutionState,
    RunState,
    TaskState,
)

TABLES = [
    (ExecutionState, EXECUTION_MOVES, ENDED_EXECUTION),
    (TaskState, TASK_MOVES, ENDED_TASK),
    (RunState, RUN_MOVES, ENDED_RUN),
]


@pytest.mark.parametrize(("states", "moves", "ended"), TABLES)
def test_every_state_has_its_row_and_every_end_can_be_reached(
    states: type[StrEnum], moves: Mapping[StrEnum, frozenset[StrEnum]], ended: frozenset[StrEnum]
) -> None:
    reached = set().union(*moves.values())

    assert set(moves) == set(states)
    assert ended <= reached
    assert all(state not in targets for state, targets in moves.items()), "staying is no move"


@pytest.mark.parametrize(("states", "moves", "ended"), TABLES)
def test_from_every_state_that_is_no_end_an_end_can_be_reached(
    states: type[StrEnum], moves: Mapping[StrEnum, frozenset[StrEnum]], ended: frozenset[StrEnum]
) -> None:
    for state in states:
        reached = {state}
        while new := set().union(*(moves[each] for each in reached)) - reached:
            reached |= new
        assert reached & ended, state


def test_what_succeeded_or_was_skipped_never_runs_again() -> None:
    assert EXECUTION_MOVES[ExecutionState.SUCCESS] == frozenset()
    assert all(TaskState.RUNNING not in TASK_MOVES[state] for state in (TaskState.SUCCESS, TaskState.SKIPPED))
    assert all(RUN_MOVES[state] == frozenset() for state in ENDED_RUN)
