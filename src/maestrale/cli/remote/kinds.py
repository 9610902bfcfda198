"""The table from which the verbs that are the same for most kinds of things are made."""

from collections.abc import Sequence

from msgspec import Struct

from maestrale.cli.remote.tables import Column, columns

LATEST_FIRST = "-created_at"


class Kind(Struct, frozen=True, kw_only=True):
    """What people handle in one way.

    Args:
        manager: The attribute of `Client` that has it.
        noun: What one of them is called.
        key: What names one: `NAME`, `ID` or `NAME-OR-ID`.
        shown: The columns of its list.
        sort: The order of its list, unless the person wants another.
        namespaced: Whether a name needs a namespace.
        all_projects: Whether administrators can list those of all projects.
        hidden: Attributes that `show` leaves to a verb of their own.
    """

    manager: str
    noun: str
    key: str
    shown: Sequence[Column]
    sort: Sequence[str] = ()
    namespaced: bool = False
    all_projects: bool = False
    hidden: Sequence[str] = ()


EXECUTION = Kind(
    manager="executions",
    noun="execution",
    key="ID",
    shown=columns("id", "workflow_name", "state", "created_at", "updated_at", "description"),
    sort=[LATEST_FIRST],
    all_projects=True,
)

TASK = Kind(
    manager="tasks",
    noun="task",
    key="ID",
    shown=columns("id", "name", "workflow_name", "state", "started_at", "finished_at", "state_info"),
    sort=[LATEST_FIRST],
)

ACTION_EXECUTION = Kind(
    manager="action_executions",
    noun="action execution",
    key="ID",
    shown=columns("id", "name", "state", "accepted", "task_execution_id", "created_at", "updated_at"),
    sort=[LATEST_FIRST],
)

WORKBOOK = Kind(
    manager="workbooks",
    noun="workbook",
    key="NAME",
    shown=columns("name", "namespace", "tags", "scope", "created_at", "updated_at"),
    sort=["name"],
    namespaced=True,
    hidden=["definition"],
)

WORKFLOW = Kind(
    manager="workflows",
    noun="workflow",
    key="NAME-OR-ID",
    shown=columns("id", "name", "namespace", "input", "tags", "scope", "created_at", "updated_at"),
    sort=["name"],
    namespaced=True,
    all_projects=True,
    hidden=["definition", "interface"],
)

ACTION = Kind(
    manager="actions",
    noun="action",
    key="NAME",
    shown=columns("name", "namespace", "input", "description", "scope"),
    sort=["name"],
    namespaced=True,
    hidden=["definition"],
)

ENVIRONMENT = Kind(
    manager="environments",
    noun="environment",
    key="NAME",
    shown=columns("name", "description", "variables", "scope", "created_at", "updated_at"),
    sort=["name"],
)

CRON_TRIGGER = Kind(
    manager="cron_triggers",
    noun="cron trigger",
    key="NAME-OR-ID",
    shown=columns("name", "workflow_name", "pattern", "next_execution_time", "remaining_executions", "scope"),
    sort=["name"],
    all_projects=True,
)

EVENT_TRIGGER = Kind(
    manager="event_triggers",
    noun="event trigger",
    key="ID",
    shown=columns("id", "name", "workflow_id", "exchange", "topic", "event", "scope"),
    sort=["name"],
    all_projects=True,
)

CODE_SOURCE = Kind(
    manager="code_sources",
    noun="code source",
    key="NAME-OR-ID",
    shown=columns("id", "name", "namespace", "version", "scope", "created_at", "updated_at"),
    sort=["name"],
    namespaced=True,
    all_projects=True,
    hidden=["content"],
)

DYNAMIC_ACTION = Kind(
    manager="dynamic_actions",
    noun="dynamic action",
    key="NAME-OR-ID",
    shown=columns("id", "name", "namespace", "class_name", "code_source_name", "scope", "created_at"),
    sort=["name"],
    namespaced=True,
    all_projects=True,
)
