"""Calling functions of the library by name: from within the library, and from code written in place."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from maestrale.expressions.yaql.overloads import Given, Resolution, Site, adapter, resolve
from maestrale.expressions.yaql.signatures import ASKS_SCOPE, Parameter


def hidden_parameters(resolution: Resolution) -> tuple[Parameter, ...]:
    """The hidden parameters of all candidates, each once."""
    hidden = dict.fromkeys(
        parameter
        for candidate in resolution.candidates
        for parameter in candidate.overload.parameters
        if parameter.is_hidden
    )
    return tuple(hidden)


def site_of(resolution: Resolution, checked: Sequence[int]) -> Site:
    """The choice among the candidates of a call by the values of the slots `checked`."""
    hidden = hidden_parameters(resolution)
    width = len(resolution.slots)
    return Site(
        resolution, checked, [adapter(candidate, hidden, width) for candidate in resolution.candidates]
    )


@lru_cache(maxsize=256)
def delegate(name: str, arguments: int, is_method: bool = False) -> Callable[..., Any]:
    """A function that calls the library's function `name` with `arguments` values.

    Raises:
        Failure: The library has no such function.
    """
    resolution = resolve(name, [Given("")] * arguments, is_method=is_method)
    checked = [slot for slot in range(arguments) if slot not in resolution.lazy]
    site = site_of(resolution, checked)
    known, choose = site.table.get, site.choose
    hidden = [delegate(*named(parameter)) for parameter in hidden_parameters(resolution)]
    if checked == [0, 1] and not hidden:

        def call_two(one: Any, two: Any) -> Any:
            return (known((type(one), type(two))) or choose(one, two))(one, two)

        return call_two
    if len(checked) == 1:
        decides = checked[0]

        def call_one(*values: Any) -> Any:
            value = values[decides]
            return (known(type(value)) or choose(value))(*hidden, *values)

        return call_one

    def call(*values: Any) -> Any:
        deciding = [values[slot] for slot in checked]
        return (known(tuple(map(type, deciding))) or choose(*deciding))(*hidden, *values)

    return call


def named(parameter: Parameter) -> tuple[str, int, bool]:
    """The function that a parameter made by `calling` stands for, as `delegate` takes it."""
    assert parameter.use != ASKS_SCOPE, "a function that is called by name cannot ask the scope"
    name = parameter.name
    return name.removeprefix("."), parameter.arguments, name.startswith(".")
