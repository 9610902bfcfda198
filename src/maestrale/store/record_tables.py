"""The tables of the rows that people make by hand: what must be unique, and who sees a row."""

from collections.abc import Iterator
from typing import Any, Generic, TypeVar

from msgspec import Struct

from maestrale.store.records import (
    ActionRecord,
    CodeSourceRecord,
    CronTriggerRecord,
    DynamicActionRecord,
    EnvironmentRecord,
    EventTriggerRecord,
    MemberRecord,
    Record,
    WorkbookRecord,
    WorkflowRecord,
)
from maestrale.store.tables import Table
from maestrale.store.visibility import Visibility

RecordRow = TypeVar("RecordRow", bound=Record | MemberRecord)


class RecordTable(Table[RecordRow], Generic[RecordRow]):
    """A table of records.

    Args:
        noun: What one of them is called in a message, with its article.
        unique: The columns that no two rows have alike; the names people look rows up by come first, so
            that the index serves that too.
    """

    def __init__(
        self,
        name: str,
        row_type: type[RecordRow],
        *,
        noun: str,
        unique: tuple[str, ...],
        visibility: Visibility = Visibility.SCOPED,
    ) -> None:
        super().__init__(name, row_type, key=("id",), order="id")
        self.row_type = row_type
        self.noun = noun
        self.unique = unique
        self.visibility = visibility

    @property
    def indexes(self) -> Iterator[str]:
        """The statements that make its indexes."""
        columns = ", ".join(self.unique)
        yield f"CREATE UNIQUE INDEX {self.name}_unique ON {self.name} ({columns})"


_IN_A_NAMESPACE = ("name", "namespace", "project_id")

WORKBOOKS = RecordTable("workbooks", WorkbookRecord, noun="a workbook", unique=_IN_A_NAMESPACE)
WORKFLOWS = RecordTable(
    "workflows", WorkflowRecord, noun="a workflow", unique=_IN_A_NAMESPACE, visibility=Visibility.SHARED
)
ACTIONS = RecordTable("actions", ActionRecord, noun="an action", unique=_IN_A_NAMESPACE)
ENVIRONMENTS = RecordTable(
    "environments", EnvironmentRecord, noun="an environment", unique=("name", "project_id")
)
MEMBERS = RecordTable(
    "members",
    MemberRecord,
    noun="a member",
    unique=("resource_id", "resource_type", "member_id"),
    visibility=Visibility.MEMBERS,
)
CRON_TRIGGERS = RecordTable(
    "cron_triggers", CronTriggerRecord, noun="a cron trigger", unique=("name", "project_id")
)
EVENT_TRIGGERS = RecordTable(
    "event_triggers",
    EventTriggerRecord,
    noun="an event trigger",
    unique=("exchange", "topic", "event", "workflow_id", "project_id"),
)
CODE_SOURCES = RecordTable("code_sources", CodeSourceRecord, noun="a code source", unique=_IN_A_NAMESPACE)
DYNAMIC_ACTIONS = RecordTable(
    "dynamic_actions", DynamicActionRecord, noun="a dynamic action", unique=_IN_A_NAMESPACE
)

RECORD_TABLES: tuple[RecordTable[Any], ...] = (
    WORKBOOKS,
    WORKFLOWS,
    ACTIONS,
    ENVIRONMENTS,
    MEMBERS,
    CRON_TRIGGERS,
    EVENT_TRIGGERS,
    CODE_SOURCES,
    DYNAMIC_ACTIONS,
)

_BY_TYPE: dict[type[Struct], RecordTable[Any]] = {table.row_type: table for table in RECORD_TABLES}


def table_of(row_type: type[RecordRow]) -> RecordTable[RecordRow]:
    """The table that holds rows of this type."""
    return _BY_TYPE[row_type]
