"""What else plugins bring: functions for expressions, under the entry point `mistral.expression.functions`.

The functions themselves, and what is asked of them, are `expressions.installed_functions`.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from maestrale.actions.results import message_of
from maestrale.errors import InvalidInput
from maestrale.expressions import provide_functions

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "mistral.expression.functions"
MISTRALS_OWN = ("mistral.", "mistral_lib.")
"""Where Mistral's functions are, which ours stand for."""


def use_installed_functions() -> None:
    """Let expressions call the functions of installed packages. They are looked for when one needs it."""
    provide_functions(load_functions)


def load_functions() -> Mapping[str, Callable[..., Any]]:
    """Every function by its name. One that cannot be loaded fails when it is called, with the reason."""
    from importlib.metadata import entry_points

    found: dict[str, Callable[..., Any]] = {}
    for entry_point in sorted(entry_points(group=GROUP), key=lambda each: (each.name, each.value)):
        if entry_point.value.startswith(MISTRALS_OWN):
            continue
        if entry_point.name in found:
            reason = f"two installed packages have the function `{entry_point.name}`; uninstall one of them"
            found[entry_point.name] = _failing(reason)
        else:
            found[entry_point.name] = _load(entry_point)
    return found


def _load(entry_point: "EntryPoint") -> Callable[..., Any]:
    try:
        loaded = entry_point.load()
    except (Exception, SystemExit) as error:
        text = f"{type(error).__name__}: {message_of(error)}"
        reason = f"the installed function `{entry_point.name}` could not be loaded: {text}"
    else:
        if callable(loaded):
            return loaded  # type: ignore[no-any-return]
        reason = f"the installed function `{entry_point.name}` is no function"
    return _failing(reason)


def _failing(reason: str) -> Callable[..., Any]:
    def fail(*arguments: object) -> None:
        raise InvalidInput(reason)

    return fail
