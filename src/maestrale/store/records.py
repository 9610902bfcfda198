"""The rows that people make by hand: definitions, environments, triggers, code. One struct for each table.

Every row has its project. `scope` is `private` or `public`; a public row is seen, and can be used, by every
project. `updated_at` is None until a stored value really changes.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct

from maestrale.expressions import Json

Scope: TypeAlias = Literal["private", "public"]


class Record(Struct, frozen=True, kw_only=True):
    """What all of them have."""

    id: str
    project_id: str
    scope: Scope = "private"
    created_at: datetime
    updated_at: datetime | None = None


class WorkbookRecord(Record, frozen=True, kw_only=True):
    """`definition` is the text exactly as it was uploaded."""

    name: str
    namespace: str = ""
    definition: str
    tags: tuple[str, ...] = ()


class WorkflowRecord(Record, frozen=True, kw_only=True):
    """A workflow as it is now; executions keep the version they started with.

    Args:
        document: The content id of `definition` in the store's documents: what executions pin.
        checksum: Hex MD5 of the definition; None for a member of a workbook.
        input: The declared input for people: `p1, p2="10"`.
        interface: `{"input": [as declared…], "output": [names…]}`.
        workbook: The workbook it came from, None for one of its own.
    """

    name: str
    namespace: str = ""
    definition: str
    document: str
    checksum: str | None = None
    input: str = ""
    interface: Mapping[str, Json] = {}
    tags: tuple[str, ...] = ()
    workbook: str | None = None


class ActionRecord(Record, frozen=True, kw_only=True):
    """An ad-hoc action. `definition` is the whole text of its upload; `document` its content id."""

    name: str
    namespace: str = ""
    definition: str
    document: str
    input: str = ""
    description: str | None = None
    tags: tuple[str, ...] = ()
    workbook: str | None = None


class EnvironmentRecord(Record, frozen=True, kw_only=True):
    name: str
    description: str | None = None
    variables: Mapping[str, Json] = {}


class MemberRecord(Struct, frozen=True, kw_only=True):
    """The workflow `resource_id` of `project_id` is shared to the project `member_id`."""

    id: str
    resource_id: str
    resource_type: str = "workflow"
    project_id: str
    member_id: str
    status: Literal["pending", "accepted", "rejected"] = "pending"
    created_at: datetime
    updated_at: datetime | None = None


class CronTriggerRecord(Record, frozen=True, kw_only=True):
    """`remaining_executions` None: for ever."""

    name: str
    workflow_id: str
    workflow_name: str
    workflow_input: Mapping[str, Json] = {}
    workflow_params: Mapping[str, Json] = {}
    pattern: str | None = None
    first_execution_time: datetime | None = None
    next_execution_time: datetime
    remaining_executions: int | None = None


class EventTriggerRecord(Record, frozen=True, kw_only=True):
    name: str = ""
    workflow_id: str
    workflow_input: Mapping[str, Json] = {}
    workflow_params: Mapping[str, Json] = {}
    exchange: str
    topic: str
    event: str


class CodeSourceRecord(Record, frozen=True, kw_only=True):
    """Python source. `version` counts its updates, from 1."""

    name: str
    namespace: str = ""
    content: str
    version: int = 1


class DynamicActionRecord(Record, frozen=True, kw_only=True):
    """A class of a code source, as an action.

    Args:
        document: The content id of the generated ad-hoc definition that runs it; executions pin that.
        input: Its parameters for people, as far as its source shows them.
    """

    name: str
    namespace: str = ""
    class_name: str
    code_source_id: str
    code_source_name: str
    document: str
    input: str = ""
    description: str | None = None
