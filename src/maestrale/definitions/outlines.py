"""What a definition says of itself for people: its input, its output, its tags."""

import json
from collections.abc import Iterable, Mapping

from msgspec import Struct

from maestrale.expressions import Json
from maestrale.lang import Parameter


class Outline(Struct, frozen=True, kw_only=True):
    """A definition of a text, as far as storing it needs.

    It is read from the data of the text, so that a definition whose validation was skipped has one too.

    Args:
        name: The full name: `workbook.member` for a workbook's member.
        definition: The text that is kept of it.
        document: The text that executions parse; it holds the definition under its full name.
    """

    name: str
    definition: str
    document: str
    input: tuple[Parameter, ...] = ()
    output: tuple[str, ...] = ()
    description: str | None = None
    tags: tuple[str, ...] = ()


def outline(name: str, source: Json, *, definition: str, document: str) -> Outline:
    """The outline of a definition from its data. What has another form than it should is passed over."""
    data = source if isinstance(source, Mapping) else {}
    output, description, tags = data.get("output"), data.get("description"), data.get("tags")
    return Outline(
        name=name,
        definition=definition,
        document=document,
        input=declared_parameters(data.get("input")),
        output=tuple(output) if isinstance(output, Mapping) else (),
        description=description if isinstance(description, str) else None,
        tags=_read_tags(tags),
    )


def declared_parameters(value: Json) -> tuple[Parameter, ...]:
    """The parameters of an input as it is declared; what is none is passed over."""
    parameters: dict[str, Parameter] = {}
    for item in value if isinstance(value, list) else ():
        if isinstance(item, str):
            parameters[item] = Parameter(item)
        elif isinstance(item, Mapping) and len(item) == 1:
            ((name, default),) = item.items()
            parameters[name] = Parameter(name, required=False, default=default)
    return tuple(parameters.values())


def _read_tags(value: Json) -> tuple[str, ...]:
    return tuple(tag for tag in value if isinstance(tag, str)) if isinstance(value, list) else ()


def workflow_signature(parameters: Iterable[Parameter]) -> str:
    """A workflow's input for people: `p1, p2="10"`, with defaults as Python writes them."""
    return ", ".join(p.name if p.required else f'{p.name}="{p.default}"' for p in parameters)


def action_signature(parameters: Iterable[Parameter]) -> str:
    """An action's input for people: `str1, str2="x", n=5`, with defaults as JSON."""
    return ", ".join(p.name if p.required else f"{p.name}={json.dumps(p.default)}" for p in parameters)


def workflow_interface(definition: Outline) -> dict[str, Json]:
    """What goes in, as it is declared, and the names of what comes out."""
    declared = [p.name if p.required else {p.name: p.default} for p in definition.input]
    return {"input": declared, "output": list(definition.output)}
