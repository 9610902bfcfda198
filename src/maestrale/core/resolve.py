"""From the names in a task to what they stand for: an action with the ad-hoc actions around it, or a
workflow. What is found outside the tree is pinned, so that a later version changes nothing under way.

Source: Mistral v2, sections 1.2.4, 1.6, 5.4 and 5.7.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct

from maestrale.core.catalogue import INTERNAL_PREFIX, ActionSpec
from maestrale.core.failures import ForcedFailure, TaskFailure, expected_input, wrong_input
from maestrale.core.inquiries import question
from maestrale.core.publishing import deep_merge
from maestrale.core.scopes import evaluate, evaluate_openly, task_scope, wrapper_scope
from maestrale.core.state import Execution, Pin, Task
from maestrale.core.turn import Turn
from maestrale.errors import InvalidInput
from maestrale.expressions import Json, Template
from maestrale.expressions.secrets import spread
from maestrale.lang.model import AdHocAction
from maestrale.lang.report import extract
from maestrale.lang.yaml_tree import kind_of


class ResolvedAction(Struct, frozen=True):
    """A built-in action and the ad-hoc actions around it, the outermost first."""

    spec: ActionSpec
    wrappers: tuple[Pin, ...] = ()


def action_name(turn: Turn, task: Task, template: Template) -> str:
    """The evaluated name of a task's action; nothing at all means `std.noop`.

    Raises:
        ForcedFailure: It is no text.
        EvaluationError: It cannot be evaluated.
    """
    name = evaluate_openly("`action`", template, task_scope(turn, task))
    if name is not None and not isinstance(name, str):
        given = f"`{extract(template.source)}` gives {kind_of(name)}"
        raise ForcedFailure(f"Failed to find action: {given}, not a name")
    return name or "std.noop"


def workflow_name(turn: Turn, task: Task, template: Template) -> str:
    """The evaluated name of a task's workflow.

    Raises:
        TaskFailure: It is no text, or an empty one: no workflow is called so.
        EvaluationError: It cannot be evaluated.
    """
    name = evaluate_openly("`workflow`", template, task_scope(turn, task))
    if not isinstance(name, str) or not name:
        given = "an empty text" if name == "" else kind_of(name)
        raise TaskFailure(f"Failed to find workflow: `{extract(template.source)}` gives {given}, not a name")
    return name


def find_action_for(turn: Turn, execution: Execution, name: str) -> ResolvedAction:
    """The action of this name, as seen from a task of this execution. Raises: see `find_action`."""
    return find_action(turn, name, namespace=execution.namespace, workbook=turn.workflow(execution).workbook)


def find_action(turn: Turn, name: str, *, namespace: str, workbook: str | None = None) -> ResolvedAction:
    """The action of this name, as seen from a namespace and a workbook.

    Raises:
        ForcedFailure: There is none, or ad-hoc actions are based on each other in a circle.
        TaskFailure: An ad-hoc action is based on one that does not exist.
    """
    wrappers: list[Pin] = []
    while True:
        spec, pin = _look_up(turn, namespace, name, workbook)
        if spec is not None and spec.name.startswith(INTERNAL_PREFIX) and not wrappers:
            spec = None
        if spec is not None:
            return ResolvedAction(spec, tuple(wrappers))
        if pin is None:
            told = not_found("action", name, namespace=namespace, workbook=workbook)
            if wrappers:
                raise TaskFailure(f"{told}; it is the base of `{wrappers[-1].name}`")
            raise ForcedFailure(told)
        if pin in wrappers:
            chain = " → ".join(each.name for each in (*wrappers, pin))
            raise ForcedFailure(f"Found a cycle in an ad-hoc action chain [{chain}]")
        wrappers.append(pin)
        wrapper = definition_of(turn, pin)
        name, workbook = wrapper.base, wrapper.workbook


def _look_up(
    turn: Turn, namespace: str, name: str, workbook: str | None
) -> tuple[ActionSpec | None, Pin | None]:
    """The built-in action of a name, or else the ad-hoc one."""
    for candidate in candidates(name, workbook):
        spec = turn.world.catalogue.find_action(candidate)
        if spec is not None:
            return spec, None
        pin = _find_definition(turn, "action", namespace, candidate)
        if pin is not None:
            return None, pin
    return None, None


def find_workflow(turn: Turn, execution: Execution, name: str) -> Pin | None:
    """The workflow of this name, as seen from a task of this execution."""
    for candidate in candidates(name, turn.workflow(execution).workbook):
        pin = _find_definition(turn, "workflow", execution.namespace, candidate)
        if pin is not None:
            return pin
    return None


def not_found(kind: Literal["workflow", "action"], name: str, *, namespace: str, workbook: str | None) -> str:
    """That there is no definition of a name, and where it was looked for."""
    names = " and ".join(f"`{candidate}`" for candidate in candidates(name, workbook))
    places = f"the namespace `{namespace}` and the default one" if namespace else "the default namespace"
    if kind == "action":
        told = f"[action_name={name}]: looked for {names} among the built-in actions and in {places}"
    else:
        told = f"[name={name}] [namespace={namespace}]: looked for {names} in {places}"
    return f"Failed to find {kind} {told}"


def candidates(name: str, workbook: str | None) -> Iterator[str]:
    if workbook is not None:
        yield f"{workbook}.{name}"
    yield name


def _find_definition(
    turn: Turn, kind: Literal["workflow", "action"], namespace: str, name: str
) -> Pin | None:
    for place in dict.fromkeys((namespace, "")):
        pin = turn.find_pin(kind, place, name)
        if pin is not None:
            return pin
        asked = {"project": turn.tree.project_id, "namespace": place, "name": name}
        found = turn.fact(question(kind, asked))
        if found is not None:
            pin = Pin(kind, place, name, found["document"], found["id"])
            turn.pin(pin)
            return pin
    return None


def definition_of(turn: Turn, pin: Pin) -> AdHocAction:
    """The ad-hoc action that a pin names. Raises: ForcedFailure: It was stored unchecked and is wrong."""
    try:
        return turn.world.library.get_action(pin.document, pin.name)
    except InvalidInput as error:
        raise ForcedFailure(f"Failed to read action {pin.name}: {error.message}") from error


def base_input(
    turn: Turn, task: Task | None, action: ResolvedAction, given: Mapping[str, Json]
) -> dict[str, Json]:
    """The input of the built-in action, after that of every ad-hoc action around it.

    `task` None: no task asked for the action.

    Raises:
        ForcedFailure: The input does not fit the outermost action's parameters, or a base-input is no
            mapping.
        EvaluationError: A base-input cannot be evaluated.
    """
    current: dict[str, Json] = dict(given)
    if not action.wrappers:
        spec = action.spec
        fault = wrong_input(spec.name, spec.parameters, current, extra_allowed=spec.accepts_any)
        if fault is not None:
            raise ForcedFailure(f"{fault}: {expected_input('action', spec.parameters)}")
        return current
    for position, pin in enumerate(action.wrappers):
        wrapper = definition_of(turn, pin)
        fault = wrong_input(wrapper.name, wrapper.input, current) if position == 0 else None
        if fault is not None:
            raise ForcedFailure(f"{fault}: {expected_input('action', wrapper.input)}")
        own = {p.name: p.default for p in wrapper.input if not p.required} | current
        current = {}
        if wrapper.base_input is not None:
            evaluated = evaluate(
                f"`base-input` of `{wrapper.name}`", wrapper.base_input, wrapper_scope(turn, task, own)
            )
            evaluated = spread(evaluated)
            if not isinstance(evaluated, Mapping):
                raise ForcedFailure(f"The base-input of action {wrapper.name} must be a mapping")
            current = dict(evaluated)
    return base_input(turn, task, ResolvedAction(action.spec), current)


def with_preset(turn: Turn, execution: Execution, name: str, given: Mapping[str, Json]) -> Mapping[str, Json]:
    """The input with what the environment presets for the action under `__actions`.

    Source: section 2.2; only in the execution that owns the environment.
    """
    env = turn.root.params.get("env") if execution.parent_task_id is None else None
    presets = spread(env.get("__actions")) if isinstance(env, Mapping) else None
    preset = spread(presets.get(name)) if isinstance(presets, Mapping) else None
    return deep_merge(preset, given) if isinstance(preset, Mapping) else given
