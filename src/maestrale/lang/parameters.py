"""Declared inputs, of workflows and ad-hoc actions alike (sections 1.2.5 and 1.3)."""

from maestrale.lang.model import Parameter
from maestrale.lang.reader import Reader
from maestrale.lang.report import extract
from maestrale.lang.templates import texts_in

HINT = "write `name` for a required input, `name: default` for an optional one"


def read_parameters(reader: Reader) -> tuple[Parameter, ...]:
    """A list of texts, and of mappings of one name to its default; of two with one name the last counts."""
    if not reader.is_list():
        return ()
    parameters: dict[str, Parameter] = {}
    for element in reader.elements():
        parameter = _read_parameter(element)
        if parameter is None:
            continue
        if parameter.name in parameters:
            message = f"the input `{extract(parameter.name)}` is declared twice; this last one counts"
            element.warn("duplicate-input", message, hint="leave the other one out")
        parameters[parameter.name] = parameter
    return tuple(parameters.values())


def _read_parameter(reader: Reader) -> Parameter | None:
    if isinstance(reader.value, str):
        name = reader.text()
        return Parameter(name) if name is not None else None
    if not isinstance(reader.value, dict):
        reader.must_be("the name of an input", hint=HINT)
        return None
    if not reader.is_mapping():
        return None
    if len(reader.value) > 1:
        message = f"{reader.name} must be one name with its default, but it has {len(reader.value)} names"
        reader.error("wrong-type", message, hint="make every input an item of its own")
        return None
    ((name, default),) = reader.fields()
    if any("<%" in text or "{{" in text for text in texts_in(default.value)):
        message = (
            f"no expression in the default of `{extract(name)}` is evaluated: it is taken as it is written"
        )
        default.warn("no-effect", message, hint="use `vars` for what has to be worked out")
    return Parameter(name, required=False, default=default.value)
