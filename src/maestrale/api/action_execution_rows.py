"""Runs of actions as the API shows them."""

from typing import Any

from maestrale.api.collections import Attribute, Collection, Row
from maestrale.api.endpoint import Parameter
from maestrale.core import ActionRun
from maestrale.core.status import ENDED_RUN
from maestrale.expressions import Json
from maestrale.store import listing_tables


def output(row: Row) -> dict[str, Json] | None:
    """What came of a run; nothing until it has ended."""
    return {"result": row["result"]} if row["state"] in ENDED_RUN else None


ACTION_EXECUTIONS = Collection(
    name="action_executions",
    singular="action execution",
    listing=listing_tables.ACTION_RUNS,
    options=(
        Parameter("include_output", "bool", "Show `output`, too"),
        Parameter("output", "text", "Filter: `value` or `operator:value` (json)"),
        Parameter("state_info", "text", "Filter: `value` or `operator:value` (text)"),
    ),
    attributes=(
        Attribute(name="id", is_filter=False),
        Attribute(name="workflow_name"),
        Attribute(name="workflow_namespace", is_filter=False),
        Attribute(name="task_execution_id", kind="uuid"),
        Attribute(name="task_name", shown="asked", choice="empty"),
        Attribute(name="state"),
        Attribute(name="state_info", value=lambda row: None, is_filter=False),
        Attribute(name="tags", kind="tags"),
        Attribute(name="name"),
        Attribute(name="description"),
        Attribute(name="project_id", is_filter=False),
        Attribute(name="accepted", kind="bool"),
        Attribute(name="input", kind="json"),
        Attribute(
            name="output",
            kind="json",
            shown="item",
            reads=("state", "result"),
            value=output,
            is_filter=False,
        ),
        Attribute(name="params", shown="asked", choice="empty", value=lambda row: None, is_filter=False),
        Attribute(name="created_at", kind="time"),
        Attribute(name="updated_at", kind="time"),
    ),
)

SHOWN = tuple(each for each in ACTION_EXECUTIONS.attributes if each.shown != "asked")
"""All that is ever shown of a run."""


def unsaved_row(run: ActionRun) -> dict[str, Any]:
    """A run that leaves nothing behind, as a row of the listing."""
    return {
        "id": None,
        "workflow_name": None,
        "workflow_namespace": run.namespace,
        "task_execution_id": None,
        "state": run.state,
        "tags": None,
        "name": run.name,
        "description": run.description,
        "project_id": None,
        "accepted": None,
        "input": run.input,
        "result": run.result,
        "created_at": None,
        "updated_at": None,
    }
