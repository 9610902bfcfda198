"""One entry under `tasks` (section 2)."""

from collections.abc import Collection, Mapping
from typing import Literal

from msgspec import Struct

from maestrale.expressions import Json, Template, compile_template
from maestrale.lang.clauses import CLAUSES, Targets, read_basic_publish, read_clause
from maestrale.lang.inline import Inline, read_inline
from maestrale.lang.model import Clause, Policies, Publish, TaskDefinition, WorkflowType
from maestrale.lang.names import check_task_name
from maestrale.lang.policies import POLICIES, read_policies
from maestrale.lang.reader import Reader
from maestrale.lang.report import extract
from maestrale.lang.templates import (
    NOTHING,
    check_expressions,
    is_expression,
    merge,
    read_flag,
    read_template,
)
from maestrale.lang.with_items import read_with_items

INJECTED = ("name", "type", "version")
"""Keys that the task's specification gets from its surroundings, whatever the author writes there."""

DIRECT_KEYS = ("join", *CLAUSES)
REVERSE_KEYS = ("requires",)
BOTH_KEYS = (
    *(
        "description",
        "tags",
        "action",
        "workflow",
        "input",
        "with-items",
        "target",
        "keep-result",
        "safe-rerun",
    ),
    *("publish", "publish-on-error", "publish-on-skip"),
    *POLICIES,
)
KEYS = (*BOTH_KEYS, *DIRECT_KEYS, *REVERSE_KEYS)


class Defaults(Struct, frozen=True):
    """What `task-defaults` holds, for the tasks that do not say it themselves."""

    policies: Policies = Policies()
    safe_rerun: Template | None = None
    requires: tuple[str, ...] = ()
    clauses: Mapping[str, Clause] = {}


class Surroundings(Struct, frozen=True):
    """What reading a task needs to know of its workflow."""

    type: WorkflowType
    tasks: Collection[str]
    defaults: Defaults = Defaults()

    @property
    def is_direct(self) -> bool:
        return self.type is WorkflowType.DIRECT


def read_task(name: str, reader: Reader, around: Surroundings) -> TaskDefinition | None:
    """A task with the defaults applied. None: it is no mapping."""
    if not reader.is_mapping(empty=True, hint=f"write `{extract(name)}: {{}}` for a task that does nothing"):
        return None
    _check_keys(reader, around)
    action, workflow, input_ = _read_work(reader)
    join = _read_join(reader) if around.is_direct else None
    check_task_name(reader.key(), name, is_join=join is not None)
    clauses = _read_clauses(name, reader, around)
    safe_rerun = reader.find("safe-rerun")
    with_items, keep_result = reader.find("with-items"), reader.find("keep-result")
    description, tags, target = reader.find("description"), reader.find("tags"), reader.find("target")
    _check_concurrency(reader)
    return TaskDefinition(
        name=name,
        action=action,
        workflow=workflow,
        input=input_,
        with_items=read_with_items(with_items) if with_items else (),
        publish=_read_publish(reader, "publish"),
        publish_on_error=_read_publish(reader, "publish-on-error"),
        publish_on_skip=_read_publish(reader, "publish-on-skip"),
        keep_result=read_flag(keep_result) if keep_result else None,
        safe_rerun=read_flag(safe_rerun) if safe_rerun else around.defaults.safe_rerun,
        target=_read_target(target) if target else None,
        policies=read_policies(reader, around.defaults.policies),
        join=join,
        requires=_read_requires(name, reader, around),
        on_success=clauses["on-success"],
        on_error=clauses["on-error"],
        on_complete=clauses["on-complete"],
        on_skip=clauses["on-skip"],
        tags=tags.texts() if tags else (),
        description=description.text() if description else None,
        source={**reader.value, "name": name, "type": around.type.value, "version": "2.0"},
    )


def _check_keys(reader: Reader, around: Surroundings) -> None:
    foreign = REVERSE_KEYS if around.is_direct else DIRECT_KEYS
    own = BOTH_KEYS + (DIRECT_KEYS if around.is_direct else REVERSE_KEYS)
    other = WorkflowType.REVERSE if around.is_direct else WorkflowType.DIRECT
    for key, field in reader.fields():
        if key in foreign:
            message = f"`{key}` belongs to {other} workflows, and this one is {around.type}"
            hint = f"give the workflow `type: {other}`, or take the key away"
            field.error("wrong-workflow-type", message, hint=hint, at=field.key_mark)
        elif key in INJECTED:
            message = f"a task's `{key}` follows from where the task stands; this one is ignored"
            field.warn("no-effect", message, at=field.key_mark)
        elif key not in own:
            field.refuse_key(own, of=f"the task `{extract(reader.path[-1])}`")


def _read_work(reader: Reader) -> tuple[Template | None, Template | None, Template | None]:
    """The action, the workflow and the input of a task, the inline parameters among it."""
    action, workflow = reader.find("action"), reader.find("workflow")
    if action and workflow:
        message = f"{reader.name} has an action and a workflow; it can run only one of them"
        later = max((action, workflow), key=lambda field: (field.key_mark.line, field.key_mark.column))
        later.error("action-and-workflow", message, hint="make two tasks of it", at=later.key_mark)
    given = action or workflow
    inline = read_inline(given) if given else None
    name = None
    if inline is not None:
        name = compile_template(inline.name) if inline.sound else NOTHING
    input_ = _read_input(reader.find("input"), inline)
    if workflow and not action:
        return None, name, input_
    return name or compile_template("std.noop"), None, input_


def _read_input(reader: Reader | None, inline: Inline | None) -> Template | None:
    parameters = inline.parameters if inline else {}
    sound = inline is None or inline.sound
    if reader is None:
        return compile_template(dict(parameters)) if parameters and sound else None
    if isinstance(reader.value, str):
        return _read_input_expression(reader, parameters)
    if not reader.is_mapping(hint="write a mapping, or one expression that gives one"):
        return None
    sound = check_expressions(reader) and sound
    return compile_template(merge(reader.value, parameters)) if sound else NOTHING


def _read_input_expression(reader: Reader, parameters: Mapping[str, Json]) -> Template | None:
    if reader.text() is None:
        return None
    if parameters:
        message = "`input` is one expression, so parameters in the line of the action cannot be added to it"
        hint = "put the parameters into the mapping that the expression gives"
        reader.error("inline-with-expression-input", message, hint=hint)
    elif not is_expression(reader.value):
        # Mistral takes it, and fails the task when it runs.
        message = "`input` is text, but not one expression: it cannot give the mapping that an input must be"
        reader.warn("not-an-expression", message, hint="write a mapping, or one expression that gives one")
    return read_template(reader)


def _read_publish(reader: Reader, key: str) -> Publish | None:
    publish = reader.find(key)
    return read_basic_publish(publish) if publish else None


def _read_target(reader: Reader) -> Template | None:
    return read_template(reader) if reader.text() is not None else None


def _read_join(reader: Reader) -> int | Literal["all"] | None:
    join = reader.find("join")
    if join is None:
        return None
    match join.value:
        case "all" | "one" as word:
            return 1 if word == "one" else "all"
        case bool():
            pass
        case int() as number:
            if number < 0:
                join.error("out-of-range", f"`join` must be 0 or more, but it is {number}")
            return number if number > 0 else None
        case str() as text:
            message = f"`join` must be `all`, `one` or a whole number, but it is `{extract(text)}`"
            hint = "write the number without quotes" if text.isdecimal() else None
            hint = hint or reader.report.suggestions.hint(text, ("all", "one"))
            join.error("unknown-word", message, hint=hint)
            return None
    join.must_be("`all`, `one` or a whole number")
    return None


def _read_clauses(name: str, reader: Reader, around: Surroundings) -> dict[str, Clause]:
    """The task's own clauses. One that leads nowhere takes the way that the defaults name."""
    targets = Targets(around.tasks, f"task `{extract(name)}`")
    clauses = {}
    for key in CLAUSES:
        field = reader.find(key) if around.is_direct else None
        clause = read_clause(field, targets) if field else Clause()
        default = around.defaults.clauses.get(key)
        if default is not None and not clause.next:
            # A task that the defaults lead to would otherwise follow itself for ever.
            ways = tuple(transition for transition in default.next if transition.target != name)
            clause = Clause(next=ways, publish=clause.publish)
        clauses[key] = clause
    return clauses


def _read_requires(name: str, reader: Reader, around: Surroundings) -> tuple[str, ...]:
    if around.is_direct:
        return ()
    field = reader.find("requires")
    own = read_requires(field, Targets(around.tasks, f"task `{extract(name)}`")) if field else ()
    if field and name in own:
        field.warn("no-effect", f"task `{extract(name)}` requires itself; that is ignored")
    # As keys of a dictionary: each once, in order.
    return tuple(required for required in dict.fromkeys(own + around.defaults.requires) if required != name)


def read_requires(reader: Reader, targets: Targets) -> tuple[str, ...]:
    """One task's name, or a list of several; all of them must exist."""
    if isinstance(reader.value, str):
        text = reader.text()
        places = [reader] if text is not None else []
    else:
        if not isinstance(reader.value, list):
            reader.must_be("the name of a task or a list of them")
            return ()
        places = [element for element in reader.elements() if element.text() is not None]
        reader.is_list()
    for place in places:
        if place.value not in targets.tasks:
            message = f"{targets.owner} requires `{extract(place.value)}`, which is not defined"
            hint = place.report.suggestions.hint(place.value, targets.tasks)
            hint = hint or "add a task of that name, or name one that there is"
            place.error("undefined-task", message, hint=hint)
    return tuple(place.value for place in places)


def _check_concurrency(reader: Reader) -> None:
    concurrency = reader.find("concurrency")
    if concurrency is not None and reader.find("with-items") is None:
        message = "`concurrency` has an effect only together with `with-items`"
        concurrency.warn("no-effect", message, hint="take it away", at=concurrency.key_mark)
