"""A checked definition, frozen. The rest of the program never sees YAML.

`Template` holds a value as written together with its compiled expressions. Task defaults are already
applied, inline parameters already merged into `input`; `source` keeps what the author wrote, for
`task().spec`.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from msgspec import Struct

from maestrale.expressions import Json, Template

ENGINE_COMMANDS = ("noop", "fail", "succeed", "pause")


class WorkflowType(StrEnum):
    DIRECT = "direct"
    REVERSE = "reverse"


class Parameter(Struct, frozen=True):
    """A declared input of a workflow or an ad-hoc action. The default is data, never evaluated."""

    name: str
    required: bool = True
    default: Json = None


class Publish(Struct, frozen=True):
    """Variables to publish: name → template. None: the section is absent, which differs from empty."""

    branch: Mapping[str, Template] | None = None
    global_: Mapping[str, Template] | None = None


class Transition(Struct, frozen=True):
    """One way on: to a task or an engine command. `message` is the `msg` of a command."""

    target: str
    condition: Template | None = None
    message: Template | None = None

    @property
    def is_command(self) -> bool:
        return self.target in ENGINE_COMMANDS


class Clause(Struct, frozen=True):
    """An `on-success`, `on-error`, `on-complete` or `on-skip`."""

    next: tuple[Transition, ...] = ()
    publish: Publish | None = None


class Retry(Struct, frozen=True):
    """`count` repeats after the first run, `delay` seconds before each."""

    count: Template
    delay: Template
    break_on: Template | None = None
    continue_on: Template | None = None


class Policies(Struct, frozen=True, kw_only=True):
    """The task's own values where it has any, the workflow's defaults otherwise. Times in seconds."""

    retry: Retry | None = None
    wait_before: Template | None = None
    wait_after: Template | None = None
    timeout: Template | None = None
    pause_before: Template | None = None
    concurrency: Template | None = None
    fail_on: Template | None = None


class TaskDefinition(Struct, frozen=True, kw_only=True):
    """One entry under `tasks`.

    Exactly one of `action` and `workflow` is set (a task with neither got `std.noop`); both are
    templates of the name alone. `input` is a mapping template, or a single expression that gives
    one. `with_items` pairs each loop variable with the template of its list.
    """

    name: str
    action: Template | None = None
    workflow: Template | None = None
    input: Template | None = None
    with_items: tuple[tuple[str, Template], ...] = ()
    publish: Publish | None = None
    publish_on_error: Publish | None = None
    publish_on_skip: Publish | None = None
    keep_result: Template | None = None
    safe_rerun: Template | None = None
    target: Template | None = None
    policies: Policies = Policies()
    join: int | Literal["all"] | None = None
    requires: tuple[str, ...] = ()
    on_success: Clause = Clause()
    on_error: Clause = Clause()
    on_complete: Clause = Clause()
    on_skip: Clause = Clause()
    tags: tuple[str, ...] = ()
    description: str | None = None
    source: Mapping[str, Json]

    @property
    def clauses(self) -> tuple[tuple[str, Clause], ...]:
        """Every clause with its name, in the order in which Mistral reads them."""
        return (
            ("on-success", self.on_success),
            ("on-error", self.on_error),
            ("on-complete", self.on_complete),
            ("on-skip", self.on_skip),
        )


class Workflow(Struct, frozen=True, kw_only=True):
    """A workflow definition. `name` is its full name, `workbook.member` for a workbook's member.

    `workbook` is the workbook's name, which takes part in the resolution of names (section 1.2.4).
    """

    name: str
    workbook: str | None = None
    type: WorkflowType = WorkflowType.DIRECT
    description: str | None = None
    tags: tuple[str, ...] = ()
    input: tuple[Parameter, ...] = ()
    vars: Mapping[str, Template] = {}
    output: Mapping[str, Template] | None = None
    output_on_error: Mapping[str, Template] | None = None
    tasks: Mapping[str, TaskDefinition]
    graph: "Graph"
    source: Mapping[str, Json]


class Graph(Struct, frozen=True):
    """What follows from the tasks of a workflow alone, worked out once.

    Args:
        start: The tasks that nothing leads to, in document order (direct workflows).
        inbound: task → the tasks that mention it in a clause, or that it requires (reverse).
        outbound: task → the tasks it mentions in any clause, or that require it (reverse).
        ahead: task → (join, inbound task of it) pairs that a token leaving this task can still
            reach: the walk goes on through tasks and stops at the first join of each path.
        circular: the tasks from which some path leads back to them.
    """

    start: tuple[str, ...]
    inbound: Mapping[str, tuple[str, ...]]
    outbound: Mapping[str, tuple[str, ...]]
    ahead: Mapping[str, tuple[tuple[str, str], ...]]
    circular: frozenset[str] = frozenset()
    _needed: dict[str, frozenset[str]] = {}

    def needed(self, target: str) -> frozenset[str]:
        """The task and everything it requires, directly or not (reverse workflows)."""
        if target not in self._needed:
            found, wanted = {target}, [target]
            while wanted:
                new = [name for name in self.inbound[wanted.pop()] if name not in found]
                found.update(new)
                wanted.extend(new)
            self._needed[target] = frozenset(found)
        return self._needed[target]


class AdHocAction(Struct, frozen=True, kw_only=True):
    """An action built from another: `base`, its input as a template, and what becomes of its result."""

    name: str
    workbook: str | None = None
    base: str
    base_input: Template | None = None
    input: tuple[Parameter, ...] = ()
    output: Template | None = None
    description: str | None = None
    tags: tuple[str, ...] = ()
    source: Mapping[str, Json]


class Definitions(Struct, frozen=True):
    """Everything one document defines, by full name, in document order."""

    workflows: Mapping[str, Workflow] = {}
    actions: Mapping[str, AdHocAction] = {}
    workbook: str | None = None
