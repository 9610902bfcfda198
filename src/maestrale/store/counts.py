"""Figures about all executions, for whoever watches the service."""

from datetime import datetime

from maestrale.core.status import ENDED_EXECUTION, ExecutionState
from maestrale.store.columns import instant_value
from maestrale.store.database import Database


def count_states(database: Database) -> dict[str, int]:
    """How many executions are in each state; a state that none is in is there too."""
    found = dict(database.rows("SELECT state, count(*) FROM executions GROUP BY state"))
    return {state.value: found.get(state.value, 0) for state in ExecutionState}


def oldest_unfinished_at(database: Database) -> datetime | None:
    """When the oldest of the executions was made that are still to end. None: all have ended."""
    oldest = [
        database.rows("SELECT min(created_at) FROM executions WHERE state = ?", (state.value,))[0][0]
        for state in ExecutionState
        if state not in ENDED_EXECUTION
    ]
    return min((instant_value(at) for at in oldest if at is not None), default=None)
