"""Find executions, tasks and action runs across all trees."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from maestrale.core.state import ActionRun, Execution, Task
from maestrale.core.status import ExecutionState
from maestrale.errors import InvalidInput
from maestrale.store.blobs import BlobReader
from maestrale.store.columns import instant_parameter, instant_value
from maestrale.store.database import Database
from maestrale.store.ownership import Ownership
from maestrale.store.schema import EXECUTIONS, LIVE_STATES, RUNS, TASKS
from maestrale.store.tables import Row, Table

_CANDIDATES_SHOWN = 5

# Where something leads to a few rows, the database must not go through all rows of the project instead.
_NO_WAY_IN = "(project_id || '') = ?"

# Sorts after every character an id may have.
_LAST_CHARACTER = "\U0010ffff"


class RootSummary(Struct, frozen=True, kw_only=True):
    """A root execution in a line. `node_id`, `pid`: who runs it or ran it last, as far as known.

    Where nodes share the database, that is whoever has its shard now.
    """

    id: str
    workflow: str
    namespace: str
    state: ExecutionState
    state_info: str | None
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    node_id: int | None
    pid: int | None
    is_alive: bool
    """Whether the process of `node_id` lives."""


def find_execution(database: Database, id_or_prefix: str) -> Execution | None:
    """The execution of that id, or the only one whose id begins like that.

    Raises:
        InvalidInput: Several ids begin like that (`ambiguous-id`), or nothing was given.
    """
    if not id_or_prefix:
        raise InvalidInput("an execution's id must not be empty", code="empty-id")
    found = database.rows(
        "SELECT id FROM executions WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
        (id_or_prefix, id_or_prefix + _LAST_CHARACTER, _CANDIDATES_SHOWN + 1),
    )
    ids = [id for (id,) in found]
    if len(ids) > 1 and ids[0] != id_or_prefix:
        names = ", ".join(f"`{id}`" for id in ids[:_CANDIDATES_SHOWN])
        more = ", …" if len(ids) > _CANDIDATES_SHOWN else ""
        raise InvalidInput(
            f"several executions begin with `{id_or_prefix}`: {names}{more}",
            code="ambiguous-id",
            hint="give more characters of the id",
        )
    rows = _select(database, EXECUTIONS, ["id = ?"], ids[:1]) if ids else []
    return rows[0] if rows else None


def latest_execution(database: Database, *, unfinished_only: bool) -> Execution | None:
    """The root execution that was made last. None: there is none."""
    conditions = ["id = root_id"]
    if unfinished_only:
        conditions.append(f"state IN {LIVE_STATES}")
    order = "ORDER BY created_at DESC, id DESC LIMIT 1"
    rows = _select(database, EXECUTIONS, conditions, [], order=order)
    return rows[0] if rows else None


def list_roots(
    database: Database,
    ownership: Ownership,
    *,
    states: Collection[ExecutionState] | None,
    limit: int,
    id: str | None = None,
) -> list[RootSummary]:
    """Root executions, the latest first."""
    if states is not None and not states:
        return []
    conditions = ["e.id = e.root_id"]
    if states is not None:
        conditions.append(f"e.state IN ({', '.join('?' * len(states))})")
    parameters: list[Any] = [str(state) for state in states or ()]
    if id is not None:
        conditions.append("e.id = ?")
        parameters.append(id)
    rows = database.rows(
        "SELECT e.id, e.workflow, e.namespace, e.state, e.state_info, e.created_at, e.updated_at,"
        f" e.finished_at, {ownership.owner_column}, n.pid FROM executions e JOIN trees t ON t.id = e.root_id"
        f" {ownership.node_joins} WHERE {' AND '.join(conditions)}"
        " ORDER BY e.created_at DESC, e.id DESC LIMIT ?",
        (*parameters, limit),
    )
    living = {node_id: ownership.is_alive(node_id) for node_id in {row[8] for row in rows} - {None}}
    return [_summary(row, is_alive=living.get(row[8], False)) for row in rows]


def _summary(row: tuple[Any, ...], *, is_alive: bool) -> RootSummary:
    id, workflow, namespace, state, state_info, created_at, updated_at, finished_at, node_id, pid = row
    return RootSummary(
        id=id,
        workflow=workflow,
        namespace=namespace,
        state=ExecutionState(state),
        state_info=state_info,
        created_at=instant_value(created_at),
        updated_at=instant_value(updated_at),
        finished_at=None if finished_at is None else instant_value(finished_at),
        node_id=node_id,
        pid=pid,
        is_alive=is_alive,
    )


def list_executions(
    database: Database,
    *,
    project_id: str | None,
    id: str | None,
    root_id: str | None,
    state: str | None,
    from_time: datetime | None,
    to_time: datetime | None,
) -> list[Execution]:
    """The executions of all trees that pass every filter that is given, oldest first.

    `from_time` is included, `to_time` is not; both look at `created_at`.
    """
    is_few = id is not None or root_id is not None
    filters = [
        (_NO_WAY_IN if is_few else "project_id = ?", project_id),
        ("id = ?", id),
        ("root_id = ?", root_id),
        ("state = ?", state),
        ("created_at >= ?", from_time and instant_parameter(from_time)),
        ("created_at < ?", to_time and instant_parameter(to_time)),
    ]
    return _filtered(database, EXECUTIONS, filters, order="ORDER BY created_at, root_id, number")


def list_tasks(
    database: Database,
    *,
    project_id: str | None,
    execution_id: str | None,
    recursive: bool,
    state: str | None,
) -> list[Task]:
    """The tasks of all trees that pass every filter that is given, oldest first.

    `recursive`: those of the sub-executions of `execution_id` too, however deep.
    """
    if execution_id is not None and recursive:
        below = [(_NO_WAY_IN, project_id), ("t.state = ?", state)]
        return _tasks_below(database, execution_id, below)
    of_project = "project_id = ?" if execution_id is None else _NO_WAY_IN
    filters = [(of_project, project_id), ("execution_id = ?", execution_id), ("state = ?", state)]
    return _filtered(database, TASKS, filters, order="ORDER BY created_at, root_id, number")


def _tasks_below(database: Database, execution_id: str, filters: Sequence[tuple[str, Any]]) -> list[Task]:
    """The tasks of an execution and of all its sub-executions, oldest first."""
    given = [(condition, value) for condition, value in filters if value is not None]
    conditions = "".join(f" AND {condition}" for condition, _ in given)
    sql = (
        "WITH RECURSIVE below (id) AS (SELECT id FROM executions WHERE id = ? UNION ALL"
        " SELECT e.id FROM below b JOIN tasks p ON p.execution_id = b.id"
        " JOIN executions e ON e.parent_task_id = p.id)"
        f" SELECT {TASKS.select_columns('t')} FROM tasks t"
        f" WHERE t.execution_id IN (SELECT id FROM below){conditions}"
        " ORDER BY t.created_at, t.root_id, t.number"
    )
    blobs = BlobReader(database)
    with database.reading():
        chunks = database.chunks(sql, (execution_id, *(value for _, value in given)))
        return [row for chunk in chunks for row in TASKS.decode(chunk, blobs)]


def list_runs(database: Database, *, task_id: str | None, execution_id: str | None) -> list[ActionRun]:
    """The action runs of a task or of an execution, oldest first."""
    filters = [("task_id = ?", task_id), ("execution_id = ?", execution_id)]
    return _filtered(database, RUNS, filters, order="ORDER BY created_at, root_id, number")


def _filtered(
    database: Database, table: Table[Row], filters: Sequence[tuple[str, Any]], *, order: str
) -> list[Row]:
    given = [(condition, value) for condition, value in filters if value is not None]
    conditions = [condition for condition, _ in given]
    return _select(database, table, conditions, [value for _, value in given], order=order)


def _select(
    database: Database,
    table: Table[Row],
    conditions: Sequence[str],
    parameters: Sequence[Any],
    *,
    order: str = "",
) -> list[Row]:
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    blobs = BlobReader(database)
    with database.reading():
        chunks = database.chunks(f"{table.select}{where} {order}", parameters)
        return [row for chunk in chunks for row in table.decode(chunk, blobs)]
