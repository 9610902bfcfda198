"""What people store: definitions, environments, triggers, code, and who shares what."""

from datetime import datetime

from msgspec import Struct

from maestrale.client.decoding import JsonObject, Resource


class Workbook(Resource, frozen=True, kw_only=True):
    id: str
    name: str
    namespace: str = ""
    definition: str = ""
    tags: tuple[str, ...] = ()
    scope: str = "private"
    project_id: str | None = None
    created_at: datetime
    updated_at: datetime | None = None


class Workflow(Resource, frozen=True, kw_only=True):
    """A workflow.

    Args:
        input: Its parameters for people: `p1, p2="10"`.
        interface: Its parameters as declared and the names of its outputs.
        checksum: None: it came with a workbook.
    """

    id: str
    name: str
    namespace: str = ""
    input: str = ""
    interface: JsonObject = {}
    definition: str = ""
    checksum: str | None = None
    tags: tuple[str, ...] = ()
    scope: str = "private"
    project_id: str | None = None
    created_at: datetime
    updated_at: datetime | None = None


class Member(Resource, frozen=True, kw_only=True):
    """The workflow `resource_id` of `project_id` is shared to the project `member_id`."""

    id: str
    resource_id: str
    resource_type: str = "workflow"
    project_id: str
    member_id: str
    status: str
    created_at: datetime
    updated_at: datetime | None = None


class Action(Resource, frozen=True, kw_only=True):
    """An action: a built-in one has neither an owner nor instants, and its `id` is its name."""

    id: str
    name: str
    namespace: str = ""
    is_system: bool = False
    input: str | None = None
    description: str | None = None
    tags: tuple[str, ...] = ()
    definition: str = ""
    scope: str | None = None
    project_id: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Environment(Resource, frozen=True, kw_only=True):
    id: str
    name: str
    description: str | None = None
    variables: JsonObject = {}
    scope: str = "private"
    project_id: str | None = None
    created_at: datetime
    updated_at: datetime | None = None


class CronTrigger(Resource, frozen=True, kw_only=True):
    """`remaining_executions` None: for ever."""

    id: str
    name: str
    workflow_id: str
    workflow_name: str
    workflow_input: JsonObject = {}
    workflow_params: JsonObject = {}
    pattern: str | None = None
    remaining_executions: int | None = None
    first_execution_time: datetime | None = None
    next_execution_time: datetime | None = None
    scope: str = "private"
    project_id: str | None = None
    created_at: datetime
    updated_at: datetime | None = None


class EventTrigger(Resource, frozen=True, kw_only=True):
    id: str
    name: str = ""
    workflow_id: str
    workflow_input: JsonObject = {}
    workflow_params: JsonObject = {}
    exchange: str
    topic: str
    event: str
    scope: str = "private"
    project_id: str | None = None
    created_at: datetime
    updated_at: datetime | None = None


class CodeSource(Resource, frozen=True, kw_only=True):
    """Python source. `version` counts its updates, from 1."""

    id: str
    name: str
    namespace: str = ""
    content: str = ""
    version: int = 1
    scope: str = "private"
    project_id: str | None = None
    created_at: datetime
    updated_at: datetime | None = None


class DynamicAction(Resource, frozen=True, kw_only=True):
    """A class of a code source, as an action."""

    id: str
    name: str
    namespace: str = ""
    class_name: str
    code_source_id: str
    code_source_name: str | None = None
    scope: str = "private"
    project_id: str | None = None
    created_at: datetime
    updated_at: datetime | None = None


class DefinitionWarning(Struct, frozen=True):
    """Something that is allowed, but most likely not meant. `line` and `column` count from 1."""

    code: str
    line: int
    column: int
    message: str
    suggestion: str | None = None


class Validation(Struct, frozen=True):
    """Whether a definition could be stored; if not, `error` has all its problems."""

    valid: bool
    error: str | None = None
    warnings: tuple[DefinitionWarning, ...] = ()
