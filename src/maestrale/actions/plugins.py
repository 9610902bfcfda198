"""Actions of others: what installed packages declare under entry points.

`maestrale.actions` names functions, or modules with functions, that have the decorator `action`;
`mistral.actions` names classes written for Mistral, each by the name of its action; `mistral.generators`
names functions that give generators of such classes.
"""

from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from maestrale.actions.declare import Action, declarations_of
from maestrale.actions.mistral_classes import ClassAction
from maestrale.actions.providers import ProviderSettings
from maestrale.actions.results import message_of
from maestrale.core.catalogue import INTERNAL_PREFIX
from maestrale.errors import Error

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

STANDARD_MODULE = "maestrale.actions.std"
STANDARD_PREFIX = "std."
RESERVED_PREFIXES = (STANDARD_PREFIX, INTERNAL_PREFIX)

Loader: TypeAlias = "Callable[[EntryPoint], Sequence[Action]]"


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


def load_plugins(settings: ProviderSettings) -> Plugins:
    """Load every plugin that may be. One that cannot be loaded does not keep the others from it."""
    plugins = Plugins({}, {}, {})
    owners: dict[str, str] = {}
    for entry_point, load in _entry_points(settings):
        try:
            declared = load(entry_point)
            _check(declared)
        except (Exception, SystemExit) as error:
            plugins.broken[entry_point.name] = _reason(entry_point, error)
            continue
        for action in declared:
            _add(plugins, owners, entry_point, action)
    for name in plugins.contested:
        plugins.actions.pop(name, None)
    return plugins


def _entry_points(settings: ProviderSettings) -> "Iterator[tuple[EntryPoint, Loader]]":
    """What to load, and how, in an order that does not depend on the installation."""
    from importlib.metadata import entry_points  # Takes longer to load than all of this package.

    groups: list[tuple[str, Loader]] = []
    if settings.has_plugins and not settings.only_builtin:
        groups += [("maestrale.actions", _declared_by), ("mistral.actions", _class_of)]
    if settings.has_generators and not settings.only_builtin:
        groups += [("mistral.generators", _generated_by)]
    for group, load in groups:
        for found in sorted(entry_points(group=group), key=lambda found: (found.name, found.value)):
            if not _is_standard(found):
                yield found, load


def _is_standard(entry_point: "EntryPoint") -> bool:
    """Our own actions, which are known without a search, and Mistral's, in whose place ours are."""
    is_mistrals = entry_point.group == "mistral.actions" and entry_point.name.startswith(STANDARD_PREFIX)
    return entry_point.value == STANDARD_MODULE or is_mistrals


def _declared_by(entry_point: "EntryPoint") -> list[Action]:
    loaded = entry_point.load()
    members = list(vars(loaded).values()) if isinstance(loaded, ModuleType) else [loaded]
    functions = {id(member): member for member in members}.values()
    declared = [action for function in functions for action in declarations_of(function)]
    if not declared:
        raise LookupError("there is no function with the decorator `action` in it")
    return declared


def _class_of(entry_point: "EntryPoint") -> list[Action]:
    return [ClassAction(entry_point.name, entry_point.load())]


def _generated_by(entry_point: "EntryPoint") -> list[Action]:
    """The actions that all generators of a function make. Source: Mistral v2, "Providers"."""
    return [
        ClassAction(
            made["name"],
            made["class"],
            description=made.get("description") or "",
            parameters=made.get("arg_list") or None,
        )
        for generator in entry_point.load()() or ()
        for made in generator.create_actions()
    ]


def _check(declared: Sequence[Action]) -> None:
    """A wrong declaration is told here, not in the middle of a workflow."""
    for action in declared:
        if action.name.startswith(RESERVED_PREFIXES):
            prefix = action.name.partition(".")[0]
            raise LookupError(f"it declares `{action.name}`; `{prefix}.` is reserved")
        _ = action.spec


def _add(plugins: Plugins, owners: dict[str, str], entry_point: "EntryPoint", action: Action) -> None:
    here = _describe(entry_point)
    known = plugins.actions.get(action.name)
    if known is not None and known.origin is not action.origin:
        plugins.contested[action.name] = (
            f"Two plugins declare the action `{action.name}`: {owners[action.name]} and {here}; "
            "uninstall one of them or rename its action"
        )
        return
    plugins.actions[action.name] = action
    owners.setdefault(action.name, here)


def _describe(entry_point: "EntryPoint") -> str:
    package = f" of `{entry_point.dist.name}`" if entry_point.dist else ""
    return f"`{entry_point.name} = {entry_point.value}`{package}"


def _reason(entry_point: "EntryPoint", error: BaseException) -> str:
    text = error.message if isinstance(error, Error) else message_of(error)
    reason = f"The plugin {_describe(entry_point)} could not be loaded: {type(error).__name__}: {text}"
    if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] == "mistral_lib":
        return f"{reason}; install the package `mistral-lib` beside Maestrale"
    return reason
