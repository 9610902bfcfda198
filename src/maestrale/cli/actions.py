"""`maestrale actions`: what a task can do."""

import sys

from maestrale.actions import Registry
from maestrale.cli.terminal import BOLD, paint, say, write_output
from maestrale.cli.texts import to_json
from maestrale.core import ActionSpec
from maestrale.expressions import Json

WIDEST_SIGNATURE = 60


def show_actions(name: str | None, *, json: bool) -> None:
    """Write the known actions, or one of them in full.

    Raises:
        NotFound: There is no action of that name.
    """
    registry = Registry.standard()
    specs = registry.list_actions() if name is None else [registry.get_action(name).spec]
    if json:
        write_output(to_json([_as_json(spec) for spec in specs], pretty=True))
    elif name is None:
        write_output("\n".join(_line(spec) for spec in specs))
    else:
        write_output(_in_full(specs[0]))
    if name is None:
        for fault in registry.list_faults():
            say(f"warning: {fault}")


def _line(spec: ActionSpec) -> str:
    names = [p.name if p.required else f"[{p.name}]" for p in spec.parameters]
    names += ["…"] if spec.accepts_any else []
    signature = " ".join(names)
    if len(signature) > WIDEST_SIGNATURE:
        signature = signature[:WIDEST_SIGNATURE].rsplit(" ", 1)[0] + " …"
    return f"{_title(spec.name)} {signature}".rstrip() + f"\n    {spec.description}"


def _in_full(spec: ActionSpec) -> str:
    lines = [_title(spec.name), f"  {spec.description}", ""]
    if spec.parameters:
        lines.append("Parameters:")
    for parameter in spec.parameters:
        default = "required" if parameter.required else f"default {to_json(parameter.default)}"
        lines.append(f"  {paint(parameter.name, BOLD, stream=sys.stdout)}  ({default})")
    if spec.accepts_any:
        lines.append("  any others")
    if not spec.parameters and not spec.accepts_any:
        lines.append("It takes no parameters.")
    if spec.asynchronous:
        lines.append("Asynchronous: it ends when somebody completes it from outside.")
    lines.append(f"After a crash in the middle of it: {_rerun(spec)}.")
    return "\n".join(lines)


def _rerun(spec: ActionSpec) -> str:
    if callable(spec.safe_rerun):
        return "run again where its input says that this is safe, otherwise an error"
    if spec.safe_rerun:
        return "run again"
    return "an error, unless the task says `safe-rerun: true`"


def _title(name: str) -> str:
    return paint(name, BOLD, stream=sys.stdout)


def _as_json(spec: ActionSpec) -> Json:
    return {
        "name": spec.name,
        "description": spec.description,
        "parameters": [
            {"name": p.name, "required": True}
            if p.required
            else {"name": p.name, "required": False, "default": p.default}
            for p in spec.parameters
        ],
        "accepts_any": spec.accepts_any,
        "asynchronous": spec.asynchronous,
        "safe_rerun": "depends on the input" if callable(spec.safe_rerun) else spec.safe_rerun,
    }
