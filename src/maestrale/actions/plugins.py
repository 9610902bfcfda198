"""Actions of others: what installed packages declare under the entry point group `maestrale.actions`."""

from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

from msgspec import Struct

from maestrale.actions.declare import Action, declarations_of
from maestrale.actions.results import message_of
from maestrale.core.catalogue import INTERNAL_PREFIX
from maestrale.errors import Error

GROUP = "maestrale.actions"
STANDARD_MODULE = "maestrale.actions.std"
STANDARD_PREFIX = "std."
RESERVED_PREFIXES = (STANDARD_PREFIX, INTERNAL_PREFIX)


class Plugins(Struct, frozen=True):
    """What the plugins of this installation declare.

    Args:
        actions: By name.
        broken: The entry points that could not be loaded, with the reason.
        contested: The action names that several plugins declare, with the reason they cannot be used.
    """

    actions: dict[str, Action]
    broken: dict[str, str]
    contested: dict[str, str]


def load_plugins() -> Plugins:
    """Load every plugin. One that cannot be loaded does not keep the others from it."""
    plugins = Plugins({}, {}, {})
    owners: dict[str, str] = {}
    for entry_point in sorted(entry_points(group=GROUP), key=lambda found: (found.name, found.value)):
        if entry_point.value == STANDARD_MODULE:
            continue  # Known without a search.
        try:
            declared = _declared_by(entry_point)
        except (Exception, SystemExit) as error:
            plugins.broken[entry_point.name] = _reason(entry_point, error)
            continue
        for action in declared:
            _add(plugins, owners, entry_point, action)
    for name in plugins.contested:
        plugins.actions.pop(name, None)
    return plugins


def _declared_by(entry_point: EntryPoint) -> list[Action]:
    loaded = entry_point.load()
    members = list(vars(loaded).values()) if isinstance(loaded, ModuleType) else [loaded]
    functions = {id(member): member for member in members}.values()
    declared = [action for function in functions for action in declarations_of(function)]
    if not declared:
        raise LookupError("there is no function with the decorator `action` in it")
    for action in declared:
        if action.name.startswith(RESERVED_PREFIXES):
            prefix = action.name.partition(".")[0]
            raise LookupError(f"it declares `{action.name}`; `{prefix}.` is reserved")
        _ = action.spec  # A wrong declaration is told here, not in the middle of a workflow.
    return declared


def _add(plugins: Plugins, owners: dict[str, str], entry_point: EntryPoint, action: Action) -> None:
    here = _describe(entry_point)
    known = plugins.actions.get(action.name)
    if known is not None and known.function is not action.function:
        plugins.contested[action.name] = (
            f"Two plugins declare the action `{action.name}`: {owners[action.name]} and {here}; "
            "uninstall one of them or rename its action"
        )
        return
    plugins.actions[action.name] = action
    owners.setdefault(action.name, here)


def _describe(entry_point: EntryPoint) -> str:
    package = f" of `{entry_point.dist.name}`" if entry_point.dist else ""
    return f"`{entry_point.name} = {entry_point.value}`{package}"


def _reason(entry_point: EntryPoint, error: BaseException) -> str:
    text = error.message if isinstance(error, Error) else message_of(error)
    return f"The plugin {_describe(entry_point)} could not be loaded: {type(error).__name__}: {text}"
