"""The law of the core, asked of what is stored: folding the history gives the rows."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from msgspec import Struct

from maestrale.auditor.differences import MOST_DIFFERENCES, Difference, differences, rows_by_kind, rows_of
from maestrale.core import Entry, State, World, decide
from maestrale.core.audit import Rows
from maestrale.core.findings import KINDS, Finding
from maestrale.core.state import ActionRun, Execution, Task, Timer, Tree
from maestrale.errors import Error, Unavailable

History = Callable[[], Iterable[tuple[int, Entry]]]
"""Gives the entries of a tree from the first on, as often as it is asked."""

_ROWS: dict[str, type] = {
    "tree": Tree,
    "executions": Execution,
    "tasks": Task,
    "runs": ActionRun,
    "timers": Timer,
}


class Fold(Struct, frozen=True):
    """What a history gives.

    Args:
        state: None: it cannot be decided again.
        sequence: The number of the last entry that was decided.
        problem: Why it went no further.
    """

    state: State | None
    sequence: int = 0
    problem: str | None = None


def fold(world: World, history: History) -> Fold:
    """Decide a history again.

    Raises:
        Unavailable: The database did not answer.
    """
    state, last = State(), 0
    try:
        for sequence, entry in history():
            state.apply(decide(world, state, entry).changes)
            last = sequence
    except Unavailable:
        raise
    except Error as error:
        return Fold(None, last, f"{error.message} [{error.code}]")
    except Exception as bug:  # Whatever a damaged entry leads to.
        return Fold(None, last, f"{type(bug).__name__}: {bug}")
    return Fold(state if state.tree is not None else None, last, None if state.tree else "it is empty")


def compare(world: World, stored: Rows, history: History, folded: Fold) -> list[Finding]:
    """What is wrong with stored rows, going by their history.

    Raises:
        Unavailable: The database did not answer.
    """
    root_id = stored.tree.id
    if folded.state is None:
        text = f"its history cannot be decided again after entry {folded.sequence}: {folded.problem}"
        evidence = {"sequence": folded.sequence}
        return [_of_tree("history-unreadable", root_id, text, evidence)]
    found = list(islice(differences(rows_by_kind(stored), rows_of(folded.state)), MOST_DIFFERENCES))
    return _findings(root_id, found, _last_changes(world, history, found)) if found else []


def _of_tree(code: str, root_id: str, text: str, evidence: dict[str, Any]) -> Finding:
    return Finding(code=code, root_id=root_id, kind="tree", id=root_id, text=text, evidence=evidence)


def _findings(root_id: str, found: Sequence[Difference], entries: Sequence[str | None]) -> list[Finding]:
    """One for each row that differs, with its fields."""
    by_row: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for difference, entry in zip(found, entries, strict=True):
        field = {
            "field": difference.field or "the row",
            "stored": difference.stored,
            "expected": difference.expected,
            **({"place": difference.place} if difference.place else {}),
            "last_changed_by": entry,
        }
        by_row.setdefault((difference.kind, difference.id), []).append(field)
    return [
        Finding(
            code="history-differs",
            root_id=root_id,
            kind=KINDS[_ROWS[kind]],
            id=id,
            text=f"its {', '.join(str(field['field']) for field in fields)} is not what its history gives",
            evidence={"fields": fields},
        )
        for (kind, id), fields in by_row.items()
    ]


def _last_changes(world: World, history: History, found: Sequence[Difference]) -> list[str | None]:
    """For each field the entry of the history that has changed it last, and so must have been lost on it."""
    last: list[str | None] = [None] * len(found)
    state = State()
    before: list[object] = [None] * len(found)
    for sequence, entry in history():
        state.apply(decide(world, state, entry).changes)
        rows = rows_of(state)
        for position, difference in enumerate(found):
            row = rows[difference.kind].get(difference.id)
            value = row if not difference.field or row is None else getattr(row, difference.field)
            is_there = value is not None if not difference.field else value
            if is_there != before[position]:
                before[position] = is_there
                last[position] = f"entry {sequence}, {type(entry.event).__name__} at {entry.at.isoformat()}"
    return last
