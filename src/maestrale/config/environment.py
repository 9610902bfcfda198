"""Which variables of the environment are meant for Maestrale."""

from collections.abc import Iterable, Mapping

from maestrale.config.setting import PREFIX, Setting
from maestrale.expressions.suggestions import Suggestions

CONFIG_VARIABLE = "MAESTRALE_CONFIG"
"""Names the TOML file."""

OF_ACTIONS = frozenset(
    PREFIX + name for name in ("EXECUTION_ID", "TASK_ID", "ACTION_EXECUTION_ID", "ATTEMPT", "IDEMPOTENCY_KEY")
)
"""What `std.command` tells its program, which may be a server."""

OF_CLIENTS = frozenset(PREFIX + name for name in ("URL", "PROJECT", "TOKEN"))
"""What the commands about a server read: often exported where a server is started, too."""


def set_variables(environment: Mapping[str, str], settings: Iterable[Setting]) -> dict[str, str]:
    """What the environment sets, by the name of the setting. An empty variable sets nothing."""
    found = {setting.name: environment.get(setting.variable, "") for setting in settings}
    return {name: text for name, text in found.items() if text}


def unknown_variables(environment: Mapping[str, str], settings: Iterable[Setting]) -> list[str]:
    """A sentence for each variable that looks like ours and is not."""
    known = {CONFIG_VARIABLE, *OF_CLIENTS, *(setting.variable for setting in settings)}
    suffixes = sorted(name.removeprefix(PREFIX) for name in known)
    suggestions = Suggestions()
    sentences = []
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known and name not in OF_ACTIONS:
            # Without the prefix, which would make any two of them look alike.
            close = suggestions.closest(name.removeprefix(PREFIX), suffixes)
            hint = f"; did you mean `{PREFIX}{close}`?" if close else ""
            sentences.append(f"the variable `{name}` sets nothing{hint}")
    return sentences
