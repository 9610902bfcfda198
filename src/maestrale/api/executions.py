"""Executions: list, read, delete. They are started in `execution_starts`, changed in `execution_updates`."""

from typing import Any

from maestrale.api.call import Call
from maestrale.api.collections import chosen_attributes, list_collection, read_attributes, unknown_item
from maestrale.api.endpoint import Endpoint, Parameter, page_type
from maestrale.api.execution_rows import (
    EXECUTIONS,
    NOT_FOR_ITEMS,
    present_execution,
    with_output,
)
from maestrale.api.paging import PAGE_PARAMETERS
from maestrale.api.waiting import WAIT_PARAMETERS, Waiting, read_waiting, wait_for_state
from maestrale.core.scopes import SECURITY
from maestrale.errors import Forbidden
from maestrale.lang import parse
from maestrale.store import StoreReader
from maestrale.wire.executions import Execution

FIELDS = next(each for each in PAGE_PARAMETERS if each.name == "fields")

MOST_KNOWN = 10_000
_known_names: dict[tuple[str, str], frozenset[str]] = {}
"""The names in `vars`, by document and workflow. A document is named by its content: they stay the same."""


async def list_executions(call: Call) -> dict[str, Any]:
    also = ("output",) if call.query["include_output"] else ()
    answer = await list_collection(call, EXECUTIONS, also=also)
    for item in answer["executions"]:
        with_output(item)
    return answer


async def get_execution(call: Call) -> dict[str, Any]:
    execution_id = call.path["id"]
    waiting = read_waiting(call)
    attributes = chosen_attributes(call, EXECUTIONS, is_item=True, refused=NOT_FOR_ITEMS)
    if waiting is not None:
        await _wait(call, execution_id, waiting)

    row = await find_execution(call, execution_id, *read_attributes(attributes))
    if "context" in row:
        row["published_global"] = await _published_globals(call, row)
    shown = tuple(each for each in attributes if each.name != "source_execution_id")
    return present_execution(row, shown)


def _names_of_vars(store: StoreReader, document: str, workflow_name: str) -> frozenset[str]:
    """The names in the `vars` of the workflow that an execution keeps. It is read and parsed beside the loop,
    which has better to do than to wait for a commit or for a long text."""
    key = (document, workflow_name)
    names = _known_names.get(key)
    if names is None:
        definitions = parse(store.get_document(document).text).definitions
        names = frozenset() if definitions is None else frozenset(definitions.workflows[workflow_name].vars)
        if len(_known_names) >= MOST_KNOWN:
            _known_names.clear()
        _known_names[key] = names
    return names


async def _published_globals(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    """The workflow's variables but `openstack` and those of its `vars`, even if a task has published one of
    these names.

    Source: Mistral v2, section 6.3.
    """
    if not row["context"]:
        return {}
    document, name = row["document"], row["workflow_name"]
    hidden = {SECURITY, *await call.backend.read(lambda store: _names_of_vars(store, document, name))}
    return {name: value for name, value in row["context"].items() if name not in hidden}


async def _wait(call: Call, execution_id: str, waiting: Waiting) -> None:
    row = await find_execution(call, execution_id, "root_id", "state")
    if row["state"] in waiting.states:
        return
    await wait_for_state(call, execution_id, row["root_id"], waiting)


async def find_execution(call: Call, execution_id: str, *columns: str) -> dict[str, Any]:
    """What the listing has in these columns of an execution that the caller sees.

    Raises:
        NotFound: There is no such execution.
    """
    row = await call.backend.read(
        lambda store: store.find_row(EXECUTIONS.listing, call.access, execution_id, columns)
    )
    if row is None:
        raise unknown_item(EXECUTIONS, execution_id)
    return row


async def delete_execution(call: Call) -> None:
    execution_id = call.path["id"]
    row = await find_execution(call, execution_id, "root_execution_id")
    root_id = row["root_execution_id"]
    if root_id is not None:
        raise Forbidden(
            f"`{execution_id}` was started by a task of the execution `{root_id}`, and goes with it",
            code="sub-execution",
            hint=f"delete `{root_id}`",
        )
    await call.backend.engine.delete(execution_id, force=call.query["force"])


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v2/executions",
        summary="List executions, those of sub-workflows included",
        tag="executions",
        handler=list_executions,
        query=EXECUTIONS.parameters(),
        result=page_type("executions", Execution),
        statuses=(400, 403, 404),
    ),
    Endpoint(
        method="GET",
        path="/v2/executions/{id}",
        summary="Read an execution, or wait for what becomes of it",
        tag="executions",
        handler=get_execution,
        query=(FIELDS, *WAIT_PARAMETERS),
        result=Execution,
        statuses=(400, 404),
        takes_seconds=False,
    ),
    Endpoint(
        method="DELETE",
        path="/v2/executions/{id}",
        summary="Delete an execution with its tasks, action executions and sub-executions",
        tag="executions",
        handler=delete_execution,
        query=(Parameter("force", "bool", "Delete it even if it has not ended"),),
        status=204,
        statuses=(403, 404, 409),
    ),
)
