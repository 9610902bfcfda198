"""Tasks as the API shows them."""

from typing import Any

from maestrale.api.collections import Attribute, Collection, Row, present_row, read_attributes
from maestrale.core.state import Items
from maestrale.core.status import ENDED_EXECUTION, ENDED_RUN, TaskState
from maestrale.core.views import result_from
from maestrale.expressions import Json, mask
from maestrale.store import Access, Condition, Order, Query, StoreReader, listing_tables
from maestrale.wire.formats import json_text_of

_PUBLISHED_IN = (TaskState.SUCCESS, TaskState.ERROR)


def runtime_context(row: Row) -> dict[str, Json]:
    """What Mistral's engine notes of a task while it runs. Source: Mistral v2, section 2.13."""
    context: dict[str, Json] = {}
    if row["triggered_by"]:
        context["triggered_by"] = [
            {"task_id": trigger.task_id, "event": trigger.event} for trigger in row["triggered_by"]
        ]
    for policy in ("wait_before", "wait_after"):
        if row[policy.replace("wait", "waited")]:
            context[f"{policy}_policy"] = {"skip": True}
    if row["retried"]:
        context["retry_task_policy"] = {"retry_no": row["attempt"]} if row["attempt"] else {}
    if row["concurrency"]:
        context["concurrency"] = row["concurrency"]
    if row["items"] is not None:
        context["with_items"] = _with_items(row["items"])
    return context


def _with_items(items: Items) -> dict[str, Json]:
    """`capacity`: how many more may run at the same time; null where there is no bound."""
    running = items.launched - len(items.again) - items.ended
    return {"capacity": items.concurrency - running if items.concurrency else None, "count": items.total}


_CONTEXT = ("triggered_by", "waited_before", "waited_after", "retried", "attempt", "concurrency", "items")

TASKS = Collection(
    name="tasks",
    singular="task",
    listing=listing_tables.TASKS,
    attributes=(
        Attribute(name="id", is_filter=False),
        Attribute(name="name"),
        Attribute(name="type", is_filter=False),
        Attribute(name="workflow_name"),
        Attribute(name="workflow_namespace", is_filter=False),
        Attribute(name="workflow_id", kind="uuid"),
        Attribute(name="workflow_execution_id", kind="uuid"),
        Attribute(name="tags", kind="tags"),
        Attribute(name="state"),
        Attribute(name="state_info"),
        Attribute(name="project_id", is_filter=False),
        Attribute(
            name="runtime_context", kind="json", reads=_CONTEXT, value=runtime_context, is_filter=False
        ),
        Attribute(
            name="result",
            shown="item",
            choice="empty",
            reads=("type", "items"),
            value=lambda row: json_text_of(mask(row["result"])),
            is_filter=False,
        ),
        Attribute(name="published", kind="json"),
        Attribute(
            name="published_global",
            kind="json",
            shown="item",
            choice="empty",
            reads=("published_global", "state"),
            value=lambda row: row["published_global"] if row["state"] in _PUBLISHED_IN else None,
            is_filter=False,
        ),
        Attribute(name="processed", kind="bool"),
        Attribute(name="created_at", kind="time"),
        Attribute(name="updated_at", kind="time"),
        Attribute(name="started_at", kind="time", is_filter=False),
        Attribute(name="finished_at", kind="time", is_filter=False),
        Attribute(name="reset", shown="asked", choice="empty", value=lambda row: None, is_filter=False),
        Attribute(name="env", shown="asked", choice="empty", value=lambda row: None, is_filter=False),
    ),
)

_NEVER_SHOWN = ("reset", "env")
"""Attributes of requests."""


def read_task(
    store: StoreReader, access: Access, task_id: str, attributes: tuple[Attribute, ...]
) -> Row | None:
    """A task that the caller sees, with its result if that is among the attributes."""
    row = store.find_row(TASKS.listing, access, task_id, read_attributes(attributes))
    if row is not None and any(each.name == "result" for each in attributes):
        row["result"] = _result(store, row)
    return row


def present_task(row: Row, attributes: tuple[Attribute, ...]) -> dict[str, Any]:
    """A single task as the API shows it."""
    shown = tuple(each for each in attributes if each.name not in _NEVER_SHOWN)
    item = present_row(row, shown)
    if item.get("published_global", "") is None:
        del item["published_global"]
    return item


def _result(store: StoreReader, row: Row) -> Json:
    """The result of a task, from its own children only."""
    is_workflow = row["type"] == "WORKFLOW"
    result = "output" if is_workflow else "result"
    ended = [str(state) for state in (ENDED_EXECUTION if is_workflow else ENDED_RUN)]
    children = store.list_page(
        listing_tables.EXECUTIONS if is_workflow else listing_tables.ACTION_RUNS,
        Access(is_admin=True),  # Whoever sees a task sees what it has started.
        Query(
            conditions=(
                Condition("task_execution_id", "eq", row["id"]),
                Condition("accepted", "eq", True),
                Condition("state", "in", ended),
            ),
            order=(Order("number"),),
            attributes=("index", result),
        ),
    )
    found = [(child["index"], child[result]) for child in children]
    return result_from(found, is_loop=row["items"] is not None)
