"""The actions this process knows: the standard ones, the plugins', and those it was given."""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

from maestrale.actions.context import Settings
from maestrale.actions.declare import Action, DeclarationError, declarations_of
from maestrale.actions.expression_functions import use_installed_functions
from maestrale.actions.plugins import RESERVED_PREFIXES, STANDARD_PREFIX, Plugins, load_plugins
from maestrale.actions.providers import ProviderSettings
from maestrale.core.catalogue import INTERNAL_PREFIX, ActionSpec
from maestrale.errors import Conflict, NotFound
from maestrale.expressions.suggestions import Suggestions


class Registry:
    """A `Catalogue`. Nothing is imported or searched for before a name needs it.

    Args:
        functions: Decorated functions of the embedding program.
        settings: What the operator set, one instance of each class.
        plugins: Whether installed plugins take part, as far as the settings let them.
    """

    def __init__(
        self,
        functions: Iterable[Callable[..., Any]] = (),
        *,
        settings: Iterable[Settings] = (),
        plugins: bool = False,
    ) -> None:
        self.settings: Mapping[type, Settings] = {type(each): each for each in settings}
        found = self.settings.get(ProviderSettings)
        self.providers = found if isinstance(found, ProviderSettings) else ProviderSettings()
        """Which actions there may be."""
        self._wants_plugins = plugins
        self._own: dict[str, Action] = {}
        for function in functions:
            self.add(function)

    @classmethod
    def standard(cls, *, settings: Iterable[Settings] = ()) -> "Registry":
        """The standard actions, and what installed plugins bring: actions, and functions of expressions."""
        registry = cls(settings=settings, plugins=True)
        if registry.providers.has_plugins and not registry.providers.only_builtin:
            use_installed_functions()
        return registry

    def add(self, function: Callable[..., Any]) -> None:
        """Register a decorated function under each of its names.

        Raises:
            DeclarationError: It is not decorated, or its signature has what no input can fill.
            Conflict: There is another action of that name, or the name is a reserved one.
        """
        declared = declarations_of(function)
        if not declared:
            raise DeclarationError(
                f"`{getattr(function, '__name__', function)}` is not declared as an action",
                hint='decorate it: `@action("acme.deploy")`',
            )
        for action in declared:
            known = self._own.get(action.name)
            if action.name.startswith(RESERVED_PREFIXES) or (known and known.function is not function):
                raise Conflict(f"There is another action `{action.name}`", code="action-name-taken")
            _ = action.spec
            self._own[action.name] = action

    def find_action(self, name: str) -> ActionSpec | None:
        """What the engine must know of an action; None: there is none of that name.

        An action that should be there but cannot be used, because its plugin is broken or another
        plugin has the same name, is given as one that takes any input: whoever runs it gets the
        reason from `get_action`, and the task fails with it.
        """
        found = self._find(name)
        if found is not None:
            return found.spec
        return ActionSpec(name=name, accepts_any=True) if self._fault_of(name) else None

    def get_action(self, name: str) -> Action:
        """The action to run.

        Raises:
            Conflict: Several plugins have an action of that name.
            NotFound: The plugin that may have it could not be loaded, with the reason; or there is
                none, with a hint at a close name.
        """
        found = self._find(name)
        if found is not None:
            return found
        fault = self._fault_of(name)
        if fault is not None:
            raise fault
        hint = Suggestions().hint(name, self.names())
        raise NotFound(f"There is no action `{name}`", code="unknown-action", hint=hint)

    def names(self) -> list[str]:
        """Every name that tasks can use, sorted."""
        known = {*self._standard, *self._plugins.actions, *self._own}
        return sorted(name for name in known if self.providers.allows_action(name))

    def runnable_names(self) -> list[str]:
        """Every name that a run may have: those of `names`, and those that only definitions use, sorted."""
        return sorted([*self.names(), *self._internal])

    def list_actions(self) -> list[ActionSpec]:
        """Every action, by name."""
        return [self.get_action(name).spec for name in self.names()]

    def list_faults(self) -> list[str]:
        """What is wrong with the installed plugins, a sentence each."""
        return [*self._plugins.broken.values(), *self._plugins.contested.values()]

    def _find(self, name: str) -> Action | None:
        if name.startswith(INTERNAL_PREFIX):
            return self._internal.get(name)
        if not self.providers.allows_action(name):
            return None
        if name.startswith(STANDARD_PREFIX):
            return self._standard.get(name)
        return self._own.get(name) or self._plugins.actions.get(name)

    def _fault_of(self, name: str) -> Conflict | NotFound | None:
        if name.startswith(RESERVED_PREFIXES) or not self.providers.allows_action(name):
            return None
        if name in self._plugins.contested:
            return Conflict(self._plugins.contested[name], code="action-name-taken")
        # An entry point is named after its action or after the prefix of its actions.
        for plugin in (name, name.rpartition(".")[0], name.partition(".")[0]):
            if plugin in self._plugins.broken:
                return NotFound(self._plugins.broken[plugin], code="broken-plugin")
        return None

    @cached_property
    def _standard(self) -> dict[str, Action]:
        from maestrale.actions import std

        functions = {id(member): member for member in vars(std).values()}.values()
        return {action.name: action for function in functions for action in declarations_of(function)}

    @cached_property
    def _internal(self) -> dict[str, Action]:
        from maestrale.actions.python_source import python_source

        return {action.name: action for action in declarations_of(python_source)}

    @cached_property
    def _plugins(self) -> Plugins:
        return load_plugins(self.providers) if self._wants_plugins else Plugins({}, {}, {})
