"""An ad-hoc action under its name (sections 1.2.5 and 5.4)."""

from maestrale.expressions import Template, compile_template
from maestrale.lang.inline import Inline, read_inline
from maestrale.lang.model import AdHocAction
from maestrale.lang.parameters import read_parameters
from maestrale.lang.reader import Reader
from maestrale.lang.report import extract
from maestrale.lang.templates import NOTHING, check_expressions, merge, read_template

KEYS = ("base", "base-input", "input", "output", "description", "tags")
INJECTED = ("name", "version")


def read_action(name: str, reader: Reader, *, workbook: str | None = None) -> AdHocAction | None:
    """The action, or None where it has no base that can be read."""
    if not reader.is_mapping(hint="an ad-hoc action is a mapping with `base` in it"):
        return None
    for key, field in reader.fields():
        if key in INJECTED:
            message = f"an action's `{key}` follows from where it stands; this one is ignored"
            field.warn("no-effect", message, at=field.key_mark)
        elif key not in KEYS:
            field.refuse_key(KEYS, of=f"the action `{extract(name)}`")
    base, input_, output = reader.get("base"), reader.find("input"), reader.find("output")
    description, tags = reader.find("description"), reader.find("tags")
    inline = read_inline(base) if base else None
    base_input = _read_base_input(reader.find("base-input"), inline)
    return AdHocAction(
        name=f"{workbook}.{name}" if workbook is not None else name,
        workbook=workbook,
        base=inline.name if inline else "",
        base_input=base_input,
        input=read_parameters(input_) if input_ else (),
        output=read_template(output) if output and output.value is not None else None,
        description=description.text() if description else None,
        tags=tags.texts(empty=True) if tags else (),
        source={**reader.value, "name": name, "version": "2.0"},
    )


def _read_base_input(reader: Reader | None, inline: Inline | None) -> Template | None:
    parameters = inline.parameters if inline else {}
    sound = inline is None or inline.sound
    written = {}
    if reader is not None and reader.is_mapping():
        sound = check_expressions(reader) and sound
        written = reader.value
    merged = merge(written, parameters)
    if not merged:
        return None
    return compile_template(merged) if sound else NOTHING
