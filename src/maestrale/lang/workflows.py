"""A workflow under its name (section 1.3)."""

from collections.abc import Mapping

from maestrale.lang.clauses import CLAUSES, Targets, read_clause
from maestrale.lang.graph import build_graph
from maestrale.lang.model import Clause, Policies, TaskDefinition, Workflow, WorkflowType
from maestrale.lang.parameters import read_parameters
from maestrale.lang.policies import POLICIES, read_policies
from maestrale.lang.reader import Reader
from maestrale.lang.report import extract
from maestrale.lang.semantics import check_direct, check_reverse
from maestrale.lang.tasks import Defaults, Surroundings, read_requires, read_task
from maestrale.lang.templates import read_flag, read_templates

KEYS = (
    *("name", "version", "type", "description", "tags", "input", "output", "output-on-error"),
    *("vars", "task-defaults", "tasks"),
)
NAME_FORGOTTEN = "put the name of the workflow above its keys: a document is a list of workflows by name"
DEFAULT_KEYS = (*POLICIES, *CLAUSES, "safe-rerun", "requires")
TOLERATED_DEFAULT_KEYS = ("name", "version", "type", "description", "tags")


def read_workflow(name: str, reader: Reader, *, workbook: str | None = None) -> Workflow | None:
    """The workflow, or None where too little of it can be read; see the report for everything wrong."""
    hint = "a workflow is a mapping with `tasks` in it"
    if not reader.is_mapping(hint=hint):
        return None
    _check_keys(name, reader)
    # Named `tasks`, it is most likely what a workflow without a name has there.
    type_, tasks = _read_type(reader), reader.get("tasks", hint=NAME_FORGOTTEN if name == "tasks" else None)
    tags, input_, vars_ = reader.find("tags"), reader.find("input"), reader.find("vars")
    output, output_on_error = reader.find("output"), reader.find("output-on-error")
    around = Surroundings(type_, tasks.value.keys() if tasks and isinstance(tasks.value, dict) else ())
    definitions = _read_tasks(reader, tasks, around)
    graph = build_graph(definitions, type_)
    if tasks and len(definitions) == len(around.tasks) > 0:
        # With a task missing, what is said of the graph could be wrong.
        if around.is_direct:
            check_direct(tasks, definitions, graph)
        else:
            check_reverse(tasks, graph)
    description = reader.value.get("description")
    return Workflow(
        name=f"{workbook}.{name}" if workbook is not None else name,
        workbook=workbook,
        type=type_,
        description=description if isinstance(description, str) else None,
        tags=tags.texts() if tags else (),
        input=read_parameters(input_) if input_ else (),
        vars=read_templates(vars_) if vars_ else {},
        output=read_templates(output) if output else None,
        output_on_error=read_templates(output_on_error) if output_on_error else None,
        tasks=definitions,
        graph=graph,
        source=_source(name, reader, definitions),
    )


def _source(name: str, reader: Reader, tasks: Mapping[str, TaskDefinition]) -> dict[str, object]:
    written = {task.name: task.source for task in tasks.values()}
    return {**reader.value, "name": name, "version": "2.0", "tasks": written}


def _check_keys(name: str, reader: Reader) -> None:
    for key, field in reader.fields():
        if key not in KEYS:
            hint = reader.report.suggestions.hint(key, KEYS)
            message = f"a workflow has no key `{extract(key)}`; it is ignored"
            field.warn("ignored-key", message, hint=hint, at=field.key_mark, shown=key)
    written = reader.find("name")
    if written and written.value != name:
        message = f"the workflow's name is its key, `{extract(name)}`; this one is ignored"
        written.warn("no-effect", message, at=written.key_mark)


def _read_type(reader: Reader) -> WorkflowType:
    type_ = reader.find("type")
    if type_ is None:
        return WorkflowType.DIRECT
    if type_.value in ("direct", "reverse"):
        return WorkflowType(type_.value)
    if isinstance(type_.value, str):
        message = f"`type` must be `direct` or `reverse`, but it is `{extract(type_.value)}`"
        meant = reader.report.suggestions.closest(type_.value, WorkflowType)
        type_.error("unknown-word", message, hint=f"did you mean `{meant}`?" if meant else None)
        # Read as it was meant, the rest of the workflow is not wrong for this mistake alone.
        return WorkflowType(meant) if meant else WorkflowType.DIRECT
    type_.must_be("`direct` or `reverse`")
    return WorkflowType.DIRECT


def _read_tasks(workflow: Reader, tasks: Reader | None, around: Surroundings) -> dict[str, TaskDefinition]:
    defaults = workflow.find("task-defaults")
    if defaults:
        around = Surroundings(around.type, around.tasks, _read_defaults(defaults, around))
    if tasks is None or not tasks.is_mapping(hint="write a mapping of task names to tasks"):
        return {}
    definitions = ((name, read_task(name, field, around)) for name, field in tasks.fields())
    return {name: definition for name, definition in definitions if definition is not None}


def _read_defaults(reader: Reader, around: Surroundings) -> Defaults:
    """`task-defaults` (section 2.3)."""
    if not reader.is_mapping():
        return Defaults()
    reader_keys = (*DEFAULT_KEYS, *TOLERATED_DEFAULT_KEYS)
    for key, field in reader.fields():
        if key not in reader_keys:
            field.refuse_key(DEFAULT_KEYS, of="`task-defaults`")
        elif key in TOLERATED_DEFAULT_KEYS:
            message = f"`{key}` in `task-defaults` is ignored"
            field.warn("no-effect", message, at=field.key_mark)
        elif key in (("requires",) if around.is_direct else CLAUSES):
            message = f"`{key}` in `task-defaults` means nothing to a {around.type} workflow"
            field.warn("no-effect", message, at=field.key_mark)
    targets = Targets(around.tasks, "`task-defaults`")
    safe_rerun, requires = reader.find("safe-rerun"), reader.find("requires")
    return Defaults(
        policies=read_policies(reader, Policies()),
        safe_rerun=read_flag(safe_rerun) if safe_rerun else None,
        requires=read_requires(requires, targets) if requires and not around.is_direct else (),
        clauses=_read_default_clauses(reader, targets) if around.is_direct else {},
    )


def _read_default_clauses(reader: Reader, targets: Targets) -> dict[str, Clause]:
    clauses = {}
    for key in CLAUSES:
        field = reader.find(key)
        if field is None:
            continue
        clauses[key] = read_clause(field, targets)
        publish = field.find("publish")
        if publish and clauses[key].publish is not None:
            message = f"`publish` in the `{key}` of `task-defaults` publishes nothing"
            publish.warn("no-effect", message, hint="publish in the tasks themselves", at=publish.key_mark)
    return clauses
