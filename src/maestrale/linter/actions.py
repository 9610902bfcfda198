"""Actions and workflows that tasks name: whether there are such, and whether they get what they require."""

from collections.abc import Iterable, Mapping

from maestrale.core.catalogue import INTERNAL_PREFIX
from maestrale.expressions import Json, Template, has_expression
from maestrale.lang import AdHocAction, TaskDefinition, Workflow
from maestrale.lang.reader import Reader
from maestrale.linter.document import place_of
from maestrale.linter.known import Interface, Known


def check_work(workflow: Workflow, place: Reader, known: Known) -> None:
    """Report what is wrong with the actions and workflows that the tasks of a workflow name."""
    for task in workflow.tasks.values():
        at = place_of(place, task)
        if task.workflow is not None:
            _check_workflow(task, task.workflow, at, known, workflow.workbook)
        elif task.action is not None:
            _check_action(task, task.action, at, known, workflow.workbook)


def check_base(action: AdHocAction, place: Reader, known: Known) -> None:
    """Report what is wrong with the base of an ad-hoc action, and with the input that it gets."""
    field = place.find("base")
    if field is None or has_expression(action.base):
        return
    interface = known.find_action(action.base, workbook=action.workbook)
    if interface is None:
        _report_unknown_action(field, action.base, known, action.workbook)
        return
    _check_input(place, "base-input", "base", action.base, interface, action.base_input)


def _check_action(
    task: TaskDefinition, name: Template, place: Reader, known: Known, workbook: str | None
) -> None:
    if not name.is_constant:
        return
    action = str(name.source)
    interface = known.find_action(action, workbook=workbook)
    field = place.find("action")
    if interface is None and field is not None:
        _report_unknown_action(field, action, known, workbook)
    elif interface is not None:
        _check_input(place, "input", "action", action, interface, task.input)


def _report_unknown_action(place: Reader, name: str, known: Known, workbook: str | None) -> None:
    message = f"there is no action `{name}`"
    names = {*known.names(), *_short(known.actions, workbook)}
    hint = place.report.suggestions.hint(name, sorted(n for n in names if not n.startswith(INTERNAL_PREFIX)))
    place.warn("unknown-action", message, hint=hint or "define it, or install what has it")


def _check_workflow(
    task: TaskDefinition, name: Template, place: Reader, known: Known, workbook: str | None
) -> None:
    field = place.find("workflow")
    if not name.is_constant or field is None:
        return
    wanted = str(name.source)
    interface = known.find_workflow(wanted, workbook=workbook)
    if interface is not None:
        _check_input(place, "input", "workflow", wanted, interface, task.input)
        return
    hint = place.report.suggestions.hint(wanted, sorted(_short(known.workflows, workbook)))
    message = f"there is no workflow `{wanted}`"
    field.warn("unknown-workflow", message, hint=hint or "define it, or name the file that does")


def _short(names: Iterable[str], workbook: str | None) -> set[str]:
    """Names as members of a workbook write them."""
    return {name.removeprefix(f"{workbook}.") for name in names} if workbook else set(names)


def _check_input(
    place: Reader, section: str, kind: str, name: str, interface: Interface, given: Template | None
) -> None:
    """Report what is missing in an input and what should not be there, if its keys are written down."""
    source: Json = given.source if given is not None else {}
    if not isinstance(source, Mapping):
        return
    field, written = place.find(kind), place.find(section)
    noun = "workflow" if kind == "workflow" else "action"
    declared = {parameter.name: parameter for parameter in interface.parameters}
    missing = [each.name for each in declared.values() if each.required and each.name not in source]
    unexpected = [] if interface.accepts_any else [key for key in source if key not in declared]
    anchor = field or place
    if missing:
        names = ", ".join(f"`{each}`" for each in missing)
        message = f"{noun} `{name}` requires {names}, which it does not get here"
        anchor.warn("missing-parameter", message, hint=_how_to_give(section, noun))
    for key in unexpected:
        at = written.find(key) if written else None
        hint = place.report.suggestions.hint(key, [each for each in declared if each not in source])
        takes = ", ".join(f"`{each}`" for each in declared) or "no input"
        message = f"{noun} `{name}` has no parameter `{key}`"
        mark = at.key_mark if at else anchor.mark
        anchor.warn("unexpected-parameter", message, hint=hint or f"it takes {takes}", at=mark, shown=key)


def _how_to_give(section: str, noun: str) -> str:
    if section == "input" and noun == "action":
        return "give it under `input`, or under `__actions` in the environment"
    return f"give it under `{section}`"
