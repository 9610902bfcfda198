"""Which actions there are at all, as the operator says. Source: Mistral v2, "Providers"."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Literal

from maestrale.actions.context import Settings

BUILT_IN = "legacy"
STORED: tuple[Literal["adhoc", "dynamic"], ...] = ("adhoc", "dynamic")
"""Where actions come from, in the order they are looked for: standard ones and those of plugins, then those
that are kept in the database. The names are Mistral's."""

NO_ACTION = "std.noop"
"""What a task without an action runs. No list takes it away, or no such task could run."""


class ProviderSettings(Settings, frozen=True, kw_only=True):
    """Which actions tasks may use. A list has patterns such as `std.*`; if something is allowed by name, all
    else is denied, and the list of what is denied does not count.

    Args:
        allowed_providers, denied_providers: Of `legacy`, `adhoc`, `dynamic`.
        allowed_actions, denied_actions: Of the names of standard actions and those of plugins.
        has_plugins: Whether installed packages may bring actions, under the entry points `maestrale.actions`
            and `mistral.actions`.
        has_generators: Whether they may generate actions, under `mistral.generators`.
        only_builtin: No package may do either.
    """

    allowed_providers: tuple[str, ...] = ()
    denied_providers: tuple[str, ...] = ()
    allowed_actions: tuple[str, ...] = ()
    denied_actions: tuple[str, ...] = ()
    has_plugins: bool = True
    has_generators: bool = True
    only_builtin: bool = False

    def allows_provider(self, name: str) -> bool:
        return _allows(name, self.allowed_providers, self.denied_providers)

    def allows_action(self, name: str) -> bool:
        """Whether a standard action, or one of a plugin, may be used."""
        if name == NO_ACTION:
            return True
        return self.allows_provider(BUILT_IN) and _allows(name, self.allowed_actions, self.denied_actions)

    @property
    def stored_providers(self) -> tuple[Literal["adhoc", "dynamic"], ...]:
        """Those of the actions that are kept in the database, in the order they are looked for."""
        return tuple(name for name in STORED if self.allows_provider(name))


def _allows(name: str, allowed: Sequence[str], denied: Sequence[str]) -> bool:
    if allowed:
        return any(fnmatchcase(name, pattern) for pattern in allowed)
    return not any(fnmatchcase(name, pattern) for pattern in denied)
