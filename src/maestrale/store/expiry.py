"""Which trees have ended long enough ago to be deleted."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from maestrale.store.columns import instant_parameter, instant_value
from maestrale.store.database import Database


class Boundary(Struct, frozen=True, order=True):
    """What has changed last before or at this point is to be deleted. Of one instant, the id decides."""

    updated_at: datetime
    id: str


class Ended(Struct, frozen=True):
    """A tree that has ended, with what says how far a walk has come.

    `created_at` and `number` are those of its root execution, or of its action run without a task.
    """

    id: str
    state: str
    created_at: datetime
    number: int

    @property
    def key(self) -> tuple[int, int, str]:
        """What trees of one state are sorted by."""
        return instant_parameter(self.created_at), self.number, self.id


def find_boundary(database: Database, states: Sequence[str], *, keep: int) -> Boundary | None:
    """The root execution that has changed last, of all but the `keep` newest in these states.

    None: there are no more than those. It looks at every root execution that has ended.
    """
    found = database.rows(
        f"SELECT updated_at, id FROM executions WHERE id = root_id AND state IN ({_marks(states)})"
        " ORDER BY updated_at DESC, id DESC LIMIT 1 OFFSET ?",
        (*states, keep),
    )
    return Boundary(instant_value(found[0][0]), found[0][1]) if found else None


def list_ended_executions(
    database: Database, states: Sequence[str], boundary: Boundary, *, after: Ended | None, limit: int
) -> list[Ended]:
    """Root executions in these states up to the boundary: state by state, the oldest of each first.

    `after`: only those that come behind this one.
    """
    begun = 0 if after is None else states.index(after.state)
    found: list[Ended] = []
    for state in states[begun:]:
        found += _walk(database, state, boundary, after, limit - len(found))
        after = None
        if len(found) == limit:
            break
    return found


def _walk(
    database: Database, state: str, boundary: Boundary, after: Ended | None, limit: int
) -> Iterable[Ended]:
    """Those of one state. None changes before it is made, so that the index by age bounds the walk."""
    last = instant_parameter(boundary.updated_at)
    behind, key = _behind("created_at", after)
    rows = database.rows(
        f"SELECT id, state, created_at, number FROM executions WHERE state = ? AND created_at <= ?{behind}"
        " AND id = root_id AND (updated_at < ? OR (updated_at = ? AND id <= ?))"
        " ORDER BY created_at, number, id LIMIT ?",
        (state, last, *key, last, last, boundary.id, limit),
    )
    return map(_ended, rows)


def list_ended_runs(
    database: Database, states: Sequence[str], *, before: datetime, after: Ended | None, limit: int
) -> list[Ended]:
    """Action runs without a task in these states that have changed last before an instant, oldest first.

    `after`: only those that come behind this one.
    """
    # They have in common that their task is empty: its index leads to them, past the runs of all tasks.
    behind, key = _behind("(created_at + 0)", after)
    rows = database.rows(
        "SELECT id, state, created_at, number FROM action_runs WHERE task_id = '' AND id = root_id"
        f" AND state IN ({_marks(states)}) AND updated_at < ?{behind}"
        " ORDER BY created_at + 0, number, id LIMIT ?",
        (*states, instant_parameter(before), *key, limit),
    )
    return [_ended(row) for row in rows]


def _behind(age: str, after: Ended | None) -> tuple[str, tuple[Any, ...]]:
    """The condition that a row comes behind another one, with its parameters."""
    return ("", ()) if after is None else (f" AND ({age}, number, id) > (?, ?, ?)", after.key)


def _marks(states: Sequence[str]) -> str:
    return ", ".join("?" * len(states))


def _ended(row: tuple[Any, ...]) -> Ended:
    id, state, created_at, number = row
    return Ended(id, state, instant_value(created_at), number)
