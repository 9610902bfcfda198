"""Executions as the API shows them."""

from typing import Any

from maestrale.api.collections import Attribute, Collection, Row, present_row
from maestrale.api.endpoint import Parameter
from maestrale.core import Execution
from maestrale.store import listing_tables

EXECUTIONS = Collection(
    name="executions",
    singular="execution",
    listing=listing_tables.EXECUTIONS,
    options=(
        Parameter("include_output", "bool", "Show `output`, too"),
        Parameter("all_projects", "bool", "List those of all projects; for administrators"),
        Parameter("nulls", "unique-list", "Attributes that must be null, such as `root_execution_id`"),
    ),
    attributes=(
        Attribute(name="id", is_filter=False),
        Attribute(name="workflow_id", kind="uuid"),
        Attribute(name="workflow_name"),
        Attribute(name="workflow_namespace", is_filter=False),
        Attribute(name="description"),
        Attribute(name="tags", kind="tags"),
        Attribute(name="params", kind="json"),
        Attribute(name="task_execution_id", kind="uuid", is_nullable=True),
        Attribute(name="root_execution_id", kind="uuid", is_nullable=True),
        Attribute(name="state"),
        Attribute(name="state_info", is_nullable=True),
        Attribute(name="input", kind="json"),
        Attribute(name="output", kind="json", shown="item", is_nullable=True),
        Attribute(name="created_at", kind="time"),
        Attribute(name="updated_at", kind="time"),
        Attribute(name="project_id", kind="uuid", is_admin_filter=True),
        Attribute(
            name="published_global",
            kind="json",
            shown="item",
            choice="empty",
            reads=("context", "document", "workflow_name"),
            value=lambda row: row["published_global"],
            is_filter=False,
        ),
        Attribute(
            name="source_execution_id", shown="asked", choice="empty", value=lambda row: None, is_filter=False
        ),
    ),
)

NOT_FOR_ITEMS = ("published_global", "source_execution_id")
"""What `fields` cannot choose of a single execution."""

STORED = tuple(each for each in EXECUTIONS.attributes if each.is_stored)
"""All that is shown of an execution but its global variables."""

COLUMNS = tuple(each.source for each in STORED)


def row_of(execution: Execution) -> Row:
    """An execution that the engine gave, as a row of the listing."""
    return {
        "id": execution.id,
        "workflow_id": execution.workflow_id,
        "workflow_name": execution.workflow,
        "workflow_namespace": execution.namespace,
        "description": execution.description,
        "tags": execution.tags,
        "params": execution.params,
        "task_execution_id": execution.parent_task_id,
        "root_execution_id": None if execution.parent_task_id is None else execution.root_id,
        "state": execution.state,
        "state_info": execution.state_info,
        "input": execution.input,
        "output": execution.output,
        "created_at": execution.created_at,
        "updated_at": execution.updated_at,
        "project_id": execution.project_id,
    }


def present_execution(row: Row, attributes: tuple[Attribute, ...] = STORED) -> dict[str, Any]:
    """An execution as the API shows it."""
    return with_output(present_row(row, attributes))


def with_output(item: dict[str, Any]) -> dict[str, Any]:
    """An item whose output, if it has none yet, is empty: so Mistral shows it."""
    if "output" in item and item["output"] is None:
        item["output"] = "{}"
    return item
