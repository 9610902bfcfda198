"""Starting what is stored: the workflow, the environment and the earlier execution that a request names.

Whoever starts a stored workflow, the API or a trigger, says what it wants as a `StoredStart`; `find_start`
looks it up with the eyes of the project it is for, and gives what `Engine.start` takes.
"""

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from maestrale.core.publishing import deep_merge
from maestrale.core.state import Pin
from maestrale.engine.engine import StartRequest
from maestrale.errors import InvalidInput, NotFound
from maestrale.expressions import Json
from maestrale.expressions.secrets import restored
from maestrale.lang.names import UUID
from maestrale.store import Access, StoreReader
from maestrale.store.listing_tables import EXECUTIONS
from maestrale.store.records import EnvironmentRecord, WorkflowRecord

LONGEST_ID = 255
"""Characters of an id that a caller chooses for an execution."""

_OF_A_TASK = frozenset({"root_execution_id", "task_execution_id", "index"})
"""Parameters that a sub-execution has from the task that started it; another execution has none of them."""

_SOURCE = ("workflow_id", "workflow_name", "workflow_namespace", "input", "params")


class StoredStart(Struct, frozen=True, kw_only=True):
    """What somebody wants started.

    Args:
        workflow_id: Goes before `workflow_name`. Either may be the id or the name of a workflow.
        namespace: Where a name is looked up; exactly there. None: in the default one, or in that of the
            source.
        params: `env` may be the name of a stored environment.
        source_id: An execution whose workflow, input and parameters are used, with `input` and `params`
            merged over them; it goes before `workflow_name`. Where they have `***`, a secret stays.
        id: That of the execution to be. None: any.
    """

    workflow_id: str | None = None
    workflow_name: str | None = None
    namespace: str | None = None
    input: Mapping[str, Json] = {}
    params: Mapping[str, Json] = {}
    description: str = ""
    source_id: str | None = None
    id: str | None = None


def find_start(store: StoreReader, access: Access, wanted: StoredStart) -> StartRequest:
    """The request that starts what is wanted. The execution belongs to the project that asks for it, even if
    the workflow is another's that was made public or shared.

    Raises:
        InvalidInput: No workflow is named (`workflow-missing`), there is no environment of that name
            (`unknown-environment`), or the id cannot be one (`execution-id`).
        NotFound: The workflow or the source does not exist, or is not seen.
    """
    _check_id(wanted.id)
    wanted = replace(wanted, params=_with_environment(store, access, wanted.params))
    if wanted.source_id is not None:
        wanted = _like_source(store, access, wanted, wanted.source_id)
    workflow = _find_workflow(store, access, wanted)
    pin = Pin("workflow", workflow.namespace, workflow.name, workflow.document, workflow.id)
    return StartRequest(
        workflow=workflow.name,
        namespace=workflow.namespace,
        pins=(pin,),
        project_id=access.project_id,
        input=wanted.input,
        params=wanted.params,
        description=wanted.description,
        id=wanted.id,
    )


def is_taken(store: StoreReader, id: str) -> bool:
    """Whether an execution or an action run of any project has this id."""
    everybody = Access(is_admin=True)
    if store.find_row(EXECUTIONS, everybody, id, ("id",)) is not None:
        return True
    # An action run without a task is a tree under its own id; runs of tasks have derived ids.
    return store.load_tree(id) is not None


def _check_id(id: str | None) -> None:
    if id is not None and len(id) > LONGEST_ID:
        raise InvalidInput(
            f"the id of an execution may have {LONGEST_ID} characters, and this one has {len(id)}",
            code="execution-id",
            hint="leave it out to have one made",
        )
    if id is not None and not id.isprintable():
        raise InvalidInput(
            f"the id of an execution may not have invisible characters, and this one is `{id!r}`",
            code="execution-id",
            hint="leave it out to have one made",
        )


def _with_environment(store: StoreReader, access: Access, params: Mapping[str, Json]) -> Mapping[str, Json]:
    """The parameters with the variables of the environment that they name."""
    name = params.get("env")
    if not isinstance(name, str) or not name:
        return params
    # Not with the eyes of an administrator: an environment of another project must not be met by its name.
    environment = store.find_record(EnvironmentRecord, replace(access, is_admin=False), name=name)
    if environment is None:
        raise InvalidInput(
            f"Environment is not found: {name}",
            code="unknown-environment",
            hint="`GET /v2/environments` lists those that there are; `env` may also hold the variables",
        )
    return {**params, "env": environment.variables}


def _like_source(store: StoreReader, access: Access, wanted: StoredStart, source_id: str) -> StoredStart:
    """What is wanted, as far as it is not said taken from an earlier execution."""
    source = store.find_row(EXECUTIONS, access, source_id, _SOURCE)
    if source is None:
        raise NotFound(f"there is no execution `{source_id}` to start from", code="unknown-execution")
    params = {name: value for name, value in source["params"].items() if name not in _OF_A_TASK}
    return replace(
        wanted,
        workflow_id=wanted.workflow_id or source["workflow_id"] or None,
        workflow_name=source["workflow_name"],
        namespace=source["workflow_namespace"] if wanted.namespace is None else wanted.namespace,
        input=deep_merge(source["input"], restored(wanted.input, source["input"])),
        params=deep_merge(params, restored(wanted.params, params)),
        description=f"{wanted.description} Based on the execution '{source_id}'".strip(),
    )


def _find_workflow(store: StoreReader, access: Access, wanted: StoredStart) -> WorkflowRecord:
    identifier = wanted.workflow_id or wanted.workflow_name
    if not identifier:
        raise InvalidInput(
            "Workflow ID or workflow name must be provided. Workflow ID is recommended.",
            code="workflow-missing",
        )
    namespace = wanted.namespace or ""
    found: WorkflowRecord | None = None
    if UUID.fullmatch(identifier):
        found = store.find_record(WorkflowRecord, access, id=identifier)
    if found is None:
        found = store.find_record(WorkflowRecord, access, name=identifier, namespace=namespace)
    if found is None:
        place = f" in the namespace `{namespace}`" if namespace else ""
        raise NotFound(f"there is no workflow `{identifier}`{place}", code="unknown-workflow")
    return found
