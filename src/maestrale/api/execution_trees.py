"""What is below an execution or a task: read level by level, as deep as it is asked for.

Whoever sees an execution sees all that it has started, so that only the first row is looked up with the
caller's eyes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from maestrale.api.endpoint import Parameter
from maestrale.core.status import TaskState
from maestrale.store import Access, Condition, Order, Query, StoreReader
from maestrale.store.conditions import MOST_VALUES
from maestrale.store.listing_tables import ACTION_RUNS, EXECUTIONS, TASKS, Listing

Row = Mapping[str, Any]

EVERYBODY = Access(is_admin=True)

DEPTH_PARAMETERS = (
    Parameter("errors_only", "bool", "Only look into tasks that are in `ERROR`"),
    Parameter("max_depth", "int", "How deep to look; -1: however deep it goes", default=-1),
)

MOST_QUERIES = 100
"""More tasks than this have their action runs read with all those of the whole tree, in one go."""


class Branches(Struct, frozen=True):
    """How far to look from an execution or a task."""

    errors_only: bool
    max_depth: int

    def reaches(self, depth: int) -> bool:
        return self.max_depth < 0 or depth <= self.max_depth


def tasks_of(
    store: StoreReader,
    execution_ids: Iterable[str],
    attributes: Sequence[str],
    branches: Branches,
    *more: Condition,
) -> dict[str, list[Row]]:
    """The tasks of each of these executions that are looked into, in the order they were made."""
    conditions = more
    if branches.errors_only:
        conditions = (*more, Condition("state", "eq", str(TaskState.ERROR)))
    wanted = ("workflow_execution_id", *attributes)
    rows = _rows_with(store, TASKS, "workflow_execution_id", execution_ids, wanted, conditions)
    return _grouped(rows, "workflow_execution_id")


def executions_of(
    store: StoreReader, task_ids: Iterable[str], attributes: Sequence[str]
) -> dict[str, list[Row]]:
    """The executions that each of these tasks has started, in the order they were made."""
    wanted = ("task_execution_id", *attributes)
    rows = _rows_with(store, EXECUTIONS, "task_execution_id", task_ids, wanted, ())
    return _grouped(rows, "task_execution_id")


def runs_of(
    store: StoreReader, root_id: str, task_ids: Sequence[str], attributes: Sequence[str]
) -> dict[str, list[Row]]:
    """The action runs of each of these tasks of one tree, in the order they were made."""
    wanted = ("task_execution_id", *attributes)
    ways = [Condition("task_execution_id", "eq", task_id) for task_id in task_ids]
    if len(ways) > MOST_QUERIES:
        ways = [Condition("root_id", "eq", root_id)]
    rows: list[Row] = []
    for way in ways:
        query = Query(conditions=(way,), order=(Order("number"),), attributes=wanted)
        rows += store.list_page(ACTION_RUNS, EVERYBODY, query)
    return _grouped(rows, "task_execution_id")


def executions_below(
    store: StoreReader, execution_id: str, attributes: Sequence[str], branches: Branches, *, depth: int = 0
) -> Iterator[Row]:
    """The executions below one, depth first, in the order of its tasks. `depth` is its own."""
    below: dict[str, list[Row]] = {}
    level = [execution_id]
    while level and branches.reaches(depth := depth + 1):
        tasks = tasks_of(store, level, ("id",), branches, Condition("type", "eq", "WORKFLOW"))
        started = executions_of(store, (row["id"] for rows in tasks.values() for row in rows), attributes)
        for parent_id, rows in tasks.items():
            below[parent_id] = [child for row in rows for child in started.get(row["id"], ())]
        level = [child["id"] for rows in started.values() for child in rows]
    return _depth_first(below, execution_id)


def _depth_first(below: Mapping[str, list[Row]], execution_id: str) -> Iterator[Row]:
    """Sub-workflows may nest deeper than Python's stack."""
    waiting = list(reversed(below.get(execution_id, ())))
    while waiting:
        row = waiting.pop()
        yield row
        waiting += reversed(below.get(row["id"], ()))


def _rows_with(
    store: StoreReader,
    listing: Listing,
    name: str,
    values: Iterable[str],
    attributes: Sequence[str],
    conditions: tuple[Condition, ...],
) -> list[Row]:
    """The rows that have one of these values in an attribute. However many there are, each asks the
    database for no more than it takes at once."""
    wanted = list(values)
    rows: list[Row] = []
    for first in range(0, len(wanted), MOST_VALUES):
        part = Condition(name, "in", wanted[first : first + MOST_VALUES])
        query = Query(conditions=(part, *conditions), order=(Order("number"),), attributes=tuple(attributes))
        rows += store.list_page(listing, EVERYBODY, query)
    return rows


def _grouped(rows: Iterable[Row], name: str) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[name], []).append(row)
    return groups
