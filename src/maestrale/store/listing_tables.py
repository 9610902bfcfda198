"""Which attributes each collection has, where they are in the tables, and who sees the rows."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from maestrale.errors import InvalidInput
from maestrale.store import record_tables, schema
from maestrale.store.columns import Column, Kind
from maestrale.store.record_tables import RecordTable
from maestrale.store.tables import Table
from maestrale.store.visibility import Visibility


class Attribute(Struct, frozen=True):
    """A named value of the rows of a collection.

    Args:
        column: How the value is stored, and read again.
        expression: Where it is, in SQL.
        join: The alias of the joined table that it is in; None: the collection's own.
        is_default: Whether it is read when nobody says which attributes are wanted.
        narrow: A column with an index, equal to the attribute where that is not NULL, that few rows
            have alike: the way to them, whatever else is asked.
    """

    column: Column
    expression: str
    join: str | None = None
    is_default: bool = True
    narrow: str | None = None

    @property
    def kind(self) -> Kind:
        return self.column.kind

    @property
    def is_tags(self) -> bool:
        """Whether it is a list of texts, which can be asked for some of them."""
        return bool(self.column.type == tuple[str, ...])


class Listing(Struct, frozen=True, kw_only=True):
    """A collection of rows that can be listed.

    Args:
        name: What messages call it; the segment of its URL.
        source: The table and its alias.
        joins: What finds the row of each joined table, by its alias.
        states: The attribute by whose values an index is divided, if there is one.
    """

    name: str
    source: str
    alias: str
    visibility: Visibility
    attributes: Mapping[str, Attribute]
    joins: Mapping[str, str] = {}
    states: str | None = None

    @property
    def default_attributes(self) -> tuple[str, ...]:
        """What is read when nobody says what is wanted."""
        return tuple(name for name, attribute in self.attributes.items() if attribute.is_default)

    def get(self, name: str) -> Attribute:
        """The attribute of that name.

        Raises:
            InvalidInput: There is none (`unknown-attribute`).
        """
        attribute = self.attributes.get(name)
        if attribute is None:
            raise InvalidInput(
                f"{self.name.replace('_', ' ')} have no attribute `{name}`",
                code="unknown-attribute",
                hint=f"there are {', '.join(f'`{each}`' for each in self.attributes)}",
            )
        return attribute


class _Place:
    """A table under an alias, from whose columns attributes are made."""

    def __init__(self, table: Table[Any], alias: str, *, is_joined: bool = False) -> None:
        self._columns = {column.name: column for column in table.columns}
        self._alias = alias
        self._join = alias if is_joined else None

    def columns(self, names: str) -> Iterator[tuple[str, Attribute]]:
        """Attributes that are columns, and are called like them."""
        for name in names.split():
            yield self.column(name)

    def column(
        self, name: str, source: str | None = None, *, is_default: bool = True, is_narrow: bool = False
    ) -> tuple[str, Attribute]:
        """An attribute that is a column, called `source` where it has another name there."""
        column = self._columns[source or name]
        expression = f"{self._alias}.{column.quoted}"
        nullable = column.nullable or self._join is not None
        return name, Attribute(
            column=Column(name, column.kind, nullable=nullable, type=column.type),
            expression=expression,
            join=self._join,
            is_default=is_default,
            narrow=expression if is_narrow else None,
        )


def _text(
    name: str, expression: str, *, join: str | None = None, narrow: str | None = None
) -> tuple[str, Attribute]:
    """An attribute that is a text, or NULL, made by an expression."""
    column = Column(name, Kind.TEXT, nullable=True)
    return name, Attribute(column, expression, join=join, narrow=narrow)


def _never(name: str, column: Column) -> tuple[str, Attribute]:
    """An attribute that the API knows and that nothing is ever stored in: NULL in every row."""
    return name, Attribute(column, "CAST(NULL AS TEXT)", is_default=False)


def _of(*parts: Iterable[tuple[str, Attribute]]) -> dict[str, Attribute]:
    return dict(attribute for part in parts for attribute in part)


def _record_listing(table: RecordTable[Any], *others: tuple[str, Attribute]) -> Listing:
    """The listing of a table of records: its attributes are its columns, and others."""
    place = _Place(table, "r")
    return Listing(
        name=table.name,
        source=f"{table.name} r",
        alias="r",
        visibility=table.visibility,
        attributes=_of(place.columns(" ".join(column.name for column in table.columns)), others),
    )


_NO_TAGS = _never("tags", Column("tags", Kind.JSON, nullable=True, type=tuple[str, ...]))

WORKBOOKS = _record_listing(record_tables.WORKBOOKS)
WORKFLOWS = _record_listing(record_tables.WORKFLOWS)
ACTIONS = _record_listing(record_tables.ACTIONS)
ENVIRONMENTS = _record_listing(record_tables.ENVIRONMENTS)
MEMBERS = _record_listing(record_tables.MEMBERS)
CRON_TRIGGERS = _record_listing(record_tables.CRON_TRIGGERS)
EVENT_TRIGGERS = _record_listing(record_tables.EVENT_TRIGGERS)
CODE_SOURCES = _record_listing(record_tables.CODE_SOURCES, _NO_TAGS)
DYNAMIC_ACTIONS = _record_listing(record_tables.DYNAMIC_ACTIONS, _NO_TAGS)

_execution = _Place(schema.EXECUTIONS, "e")
_joined_execution = _Place(schema.EXECUTIONS, "e", is_joined=True)
_task = _Place(schema.TASKS, "t")
_joined_task = _Place(schema.TASKS, "t", is_joined=True)
_run = _Place(schema.RUNS, "r")

EXECUTIONS = Listing(
    name="executions",
    source="executions e",
    alias="e",
    visibility=Visibility.OWN,
    states="state",
    attributes=_of(
        [_execution.column("id", is_narrow=True), _execution.column("workflow_id")],
        [
            _execution.column("workflow_name", "workflow"),
            _execution.column("workflow_namespace", "namespace"),
        ],
        _execution.columns("description tags params"),
        [
            _execution.column("task_execution_id", "parent_task_id", is_narrow=True),
            _text("root_execution_id", "NULLIF(e.root_id, e.id)", narrow="e.root_id"),
        ],
        _execution.columns("state state_info input"),
        [_execution.column("output", is_default=False)],
        _execution.columns("created_at updated_at finished_at project_id"),
        [
            _execution.column(name, is_default=False)
            for name in ("context", "document", "number", "index", "accepted")
        ],
        [_execution.column("root_id", is_default=False, is_narrow=True)],
    ),
)

TASKS = Listing(
    name="tasks",
    source="tasks t",
    alias="t",
    visibility=Visibility.OWN,
    joins={"e": "LEFT JOIN executions e ON e.root_id = t.root_id AND e.id = t.execution_id"},
    attributes=_of(
        [_task.column("id", is_narrow=True)],
        _task.columns("name type"),
        [
            _joined_execution.column("workflow_name", "workflow"),
            _joined_execution.column("workflow_namespace", "namespace"),
            _joined_execution.column("workflow_id"),
            _task.column("workflow_execution_id", "execution_id", is_narrow=True),
        ],
        _task.columns("tags state state_info project_id published published_global processed"),
        _task.columns("created_at updated_at started_at finished_at"),
        _task.columns("triggered_by next_tasks has_next_tasks error_handled attempt retried reruns"),
        _task.columns("waited_before waited_after waiting_outcome concurrency arrived late items"),
        [
            _task.column("root_id", is_default=False, is_narrow=True),
            _task.column("number", is_default=False),
        ],
    ),
)

# To be compared with, where null is a result like any other.
_result_or_null = (
    "result_or_null",
    Attribute(Column("result_or_null", Kind.JSON, type=Any), "coalesce(r.result, 'null')", is_default=False),
)
ACTION_RUNS = Listing(
    name="action_executions",
    source="action_runs r",
    alias="r",
    visibility=Visibility.OWN,
    joins={
        "e": "LEFT JOIN executions e ON e.root_id = r.root_id AND e.id = r.execution_id",
        "t": "LEFT JOIN tasks t ON t.root_id = r.root_id AND t.id = r.task_id",
    },
    attributes=_of(
        [
            _run.column("id", is_narrow=True),
            _joined_execution.column("workflow_name", "workflow"),
            _text("workflow_namespace", "coalesce(e.namespace, r.namespace)", join="e"),
            _text("task_execution_id", "NULLIF(r.task_id, '')", narrow="r.task_id"),
            _joined_task.column("task_name", "name"),
        ],
        _run.columns("state"),
        [_joined_task.column("tags")],
        _run.columns("name description project_id accepted input"),
        [_run.column("result", is_default=False), _result_or_null],
        _run.columns("created_at updated_at finished_at index attempt asynchronous"),
        [
            _run.column("root_id", is_default=False, is_narrow=True),
            _run.column("number", is_default=False),
        ],
    ),
)
