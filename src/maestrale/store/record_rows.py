"""Keep, change, delete and find the rows that people make by hand."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from maestrale.errors import Conflict, Error, NotFound
from maestrale.store.blobs import BlobReader, InlineWriter
from maestrale.store.columns import Column, Kind, instant_parameter
from maestrale.store.database import Database
from maestrale.store.json_comparisons import as_stored, is_among
from maestrale.store.listings import Access
from maestrale.store.record_tables import CRON_TRIGGERS, EVENT_TRIGGERS, RecordRow, RecordTable, table_of
from maestrale.store.records import CronTriggerRecord
from maestrale.store.settings import count_change
from maestrale.store.visibility import precedence, visible

_ID = ("id",)


def insert_record(database: Database, record: RecordRow) -> None:
    """Store a new row. The caller commits.

    Raises:
        Conflict: There is one of that name, or whatever else must be unique (`name-taken`).
    """
    table = table_of(type(record))
    _check_unique(database, table, record, _ID)
    _check_unique(database, table, record, table.unique)
    if isinstance(record, CronTriggerRecord):
        _check_no_equal_trigger(database, record)
    with _saying_what_is_taken(table, record):
        database.run(table.insert.sql, table.insert.encode([record], InlineWriter())[0])
    _let_others_know(database, table)


def update_record(database: Database, old: RecordRow, new: RecordRow) -> None:
    """Write the columns in which `new` differs from `old`, as it was read. The caller commits.

    Raises:
        Conflict: Another row has the new name (`name-taken`), or the row is not any more as it was read
            (`rows-out-of-step`).
        NotFound: The row is gone (`record-unknown`).
    """
    assert (type(old), old.id) == (type(new), new.id), "an update is of one and the same row"
    table = table_of(type(new))
    changed = table.changed(old, new)
    if not any(changed):
        return
    if any(getattr(old, name) != getattr(new, name) for name in table.unique):
        _check_unique(database, table, new, table.unique)
    conditions, parameters = _still(table, old, changed)
    plan = table.update(changed, *conditions)
    with _saying_what_is_taken(table, new):
        is_written = database.run(plan.sql, (*plan.encode([new], InlineWriter())[0], *parameters))
    if not is_written:
        raise _gone_or_changed(database, table, old)
    _let_others_know(database, table)


def delete_record(database: Database, record: RecordRow) -> None:
    """Delete a row. The caller commits.

    Raises:
        NotFound: It is gone already (`record-unknown`).
    """
    table = table_of(type(record))
    if not database.run(f"DELETE FROM {table.name} WHERE id = ?", (record.id,)):
        raise _unknown(table, record.id)
    _let_others_know(database, table)


def _let_others_know(database: Database, table: RecordTable[Any]) -> None:
    """Count the change where nodes keep in mind what is there: when a trigger is due, which events matter."""
    if table in (CRON_TRIGGERS, EVENT_TRIGGERS):
        count_change(database)


def find_record(
    database: Database,
    row_type: type[RecordRow],
    access: Access | None,
    *,
    id: str | None,
    name: str | None,
    namespace: str | None,
) -> RecordRow | None:
    """The row that is meant, of those that are seen: one's own before a public before a shared one."""
    assert (id is None) != (name is None), "a row is found by its id or by its name"
    table = table_of(row_type)
    given = {"id": id, "name": name, "namespace": namespace}
    conditions, parameters = _equal(table, {key: it for key, it in given.items() if it is not None})
    order = "created_at, id"
    if access is not None:
        rank, ranked = precedence(table.visibility, "r", access.project_id)
        seen, seen_by = visible(table.visibility, "r", access)
        conditions += [seen] if seen else []
        parameters += seen_by + ranked
        order = f"{rank}, {order}"
    rows = _select(database, table, conditions, parameters, order=f"{order} LIMIT 1")
    return rows[0] if rows else None


def list_records(
    database: Database, row_type: type[RecordRow], access: Access | None, equal: dict[str, Any]
) -> list[RecordRow]:
    """The rows that are seen, all of which have these values in their columns, oldest first."""
    table = table_of(row_type)
    conditions, parameters = _equal(table, equal)
    if access is not None:
        seen, seen_by = visible(table.visibility, "r", access)
        conditions += [seen] if seen else []
        parameters += seen_by
    return _select(database, table, conditions, parameters, order="created_at, id")


def _select(
    database: Database,
    table: RecordTable[RecordRow],
    conditions: Sequence[str],
    parameters: Sequence[Any],
    *,
    order: str,
) -> list[RecordRow]:
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    # One statement sees one state of the database, and records refer to no blobs: no transaction is needed.
    rows = database.rows(f"{table.select} r{where} ORDER BY {order}", parameters)
    return table.decode(rows, BlobReader(database))


def _equal(table: RecordTable[RecordRow], values: dict[str, Any]) -> tuple[list[str], list[Any]]:
    """The conditions that columns have these values."""
    columns = {column.name: column for column in table.columns}
    conditions: list[str] = []
    parameters: list[Any] = []
    for name, value in values.items():
        column = columns[name]
        assert column.kind is not Kind.JSON, f"`{name}` holds data, which a listing can compare"
        conditions.append(f"{column.quoted} IS NULL" if value is None else f"{column.quoted} = ?")
        parameters += [] if value is None else [_parameter(column, value)]
    return conditions, parameters


def _parameter(column: Column, value: Any) -> Any:
    return instant_parameter(value) if column.kind is Kind.INSTANT else value


@contextmanager
def _saying_what_is_taken(table: RecordTable[RecordRow], record: RecordRow) -> Iterator[None]:
    """Say in words what the index refuses: somebody else may have come in between since it was looked for."""
    try:
        yield
    except Conflict as error:
        raise _taken(table, {name: getattr(record, name) for name in table.unique}) from error


def _check_unique(
    database: Database, table: RecordTable[RecordRow], record: RecordRow, columns: Sequence[str]
) -> None:
    """Refuse a row that has these columns alike with another one.

    The index refuses it too, but does not say in words what is taken.
    """
    conditions = " AND ".join(f"{name} = ?" for name in columns)
    values = [getattr(record, name) for name in columns]
    but = () if columns == _ID else (record.id,)
    others = " AND id <> ?" if but else ""
    if database.rows(f"SELECT 1 FROM {table.name} WHERE {conditions}{others}", (*values, *but)):
        raise _taken(table, {name: value for name, value in zip(columns, values, strict=True) if value})


def _check_no_equal_trigger(database: Database, trigger: CronTriggerRecord) -> None:
    """Refuse a trigger that would start the same as often at the same times. Source: Mistral v2.

    Only a new one: `remaining_executions` goes down with each start, and may then meet that of another.
    """
    fields = ("workflow_name", "pattern", "remaining_executions", "first_execution_time")
    if (
        trigger.pattern is None
        or trigger.remaining_executions is None
        or trigger.first_execution_time is None
    ):
        return
    sql = (
        "SELECT name, workflow_input, workflow_params FROM cron_triggers WHERE project_id = ?"
        " AND workflow_name = ? AND pattern = ? AND remaining_executions = ? AND first_execution_time = ?"
        " ORDER BY created_at, id"
    )
    parameters = (
        trigger.project_id,
        trigger.workflow_name,
        trigger.pattern,
        trigger.remaining_executions,
        instant_parameter(trigger.first_execution_time),
    )
    input, params = as_stored([trigger.workflow_input]), as_stored([trigger.workflow_params])
    for name, its_input, its_params in database.rows(sql, parameters):
        if is_among(its_input, input) and is_among(its_params, params):
            raise _taken(CRON_TRIGGERS, {"name": name} | {field: getattr(trigger, field) for field in fields})


def _taken(table: RecordTable[Any], values: Mapping[str, Any]) -> Conflict:
    shown = ", ".join(f"{name} `{value}`" for name, value in values.items() if name != "project_id")
    return Conflict(
        f"there is {table.noun} with {shown} already",
        code="name-taken",
        hint="give another one, or change or delete the one that exists",
    )


def _still(
    table: RecordTable[RecordRow], old: RecordRow, changed: Sequence[bool]
) -> tuple[list[str], list[Any]]:
    """The conditions that what is to be changed is still as it was read.

    Data is left out: two texts may stand for the same data.
    """
    plain = {
        column.name: getattr(old, column.name)
        for column, is_changed in zip(table.columns, changed, strict=True)
        if is_changed and column.kind is not Kind.JSON
    }
    return _equal(table, plain)


def _gone_or_changed(database: Database, table: RecordTable[RecordRow], old: RecordRow) -> Error:
    if not database.rows(f"SELECT 1 FROM {table.name} WHERE id = ?", (old.id,)):
        return _unknown(table, old.id)
    return Conflict(
        f"{table.noun} `{old.id}` is not any more as it was read",
        code="rows-out-of-step",
        hint="read it again and decide again",
    )


def _unknown(table: RecordTable[Any], id: str) -> NotFound:
    return NotFound(f"{table.noun} `{id}` is not there any more", code="record-unknown")
