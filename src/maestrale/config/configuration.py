"""Settings from everywhere, checked, with where each came from."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from msgspec import Struct

from maestrale.config.combinations import find_contradictions
from maestrale.config.environment import CONFIG_VARIABLE, set_variables, unknown_variables
from maestrale.config.kinds import WrongValue
from maestrale.config.objects import Settings
from maestrale.config.setting import Setting
from maestrale.config.table import SETTINGS
from maestrale.config.toml_file import Entry, read_toml
from maestrale.errors import InvalidInput
from maestrale.expressions.suggestions import Suggestions

MOST_CHARACTERS = 80
NOT_SET = "default"

Object = TypeVar("Object", bound=Struct)


class Effective(Struct, frozen=True):
    """The value of a setting, and where it was set: `default`, a variable, a flag, or a line of a file."""

    setting: Setting
    value: Any
    origin: str = NOT_SET


class Configuration(Struct, frozen=True):
    """What a server runs with.

    Args:
        effective: Every setting, by name.
        warnings: What is odd, but no reason to stop; a sentence each.
    """

    effective: Mapping[str, Effective]
    warnings: tuple[str, ...] = ()

    def settings(self) -> Settings:
        """The object of each layer."""
        objects = {field: type(getattr(Settings(), field)) for field in Settings.__struct_fields__}
        return Settings(**{field: self._object(of) for field, of in objects.items()})

    def _object(self, of: type[Object]) -> Object:
        return of(
            **{
                each.setting.field_name: each.setting.to_field(each.value)
                for each in self.effective.values()
                if each.setting.of is of
            }
        )


def load_configuration(
    flags: Mapping[str, str | None], environment: Mapping[str, str], *, file: str | None = None
) -> Configuration:
    """Gather the settings: a flag wins over a variable, that over the file, and that over the default.

    Args:
        flags: Texts by the name of the setting; None: not given.
        file: The path of a TOML file. None: what the environment names, if it does.

    Raises:
        InvalidInput: The file cannot be read or is no TOML, or settings are unknown or wrong; all of
            these are told at once.
    """
    path = file or environment.get(CONFIG_VARIABLE)
    entries = read_toml(path) if path else {}
    variables = set_variables(environment, SETTINGS.values())
    effective = {name: Effective(setting, setting.default) for name, setting in SETTINGS.items()}
    faults = list(_unknown_names(entries))
    for setting, value, origin in _given(entries, variables, flags):
        try:
            is_text = not isinstance(value, Entry)
            read = setting.kind.from_text(value) if is_text else setting.kind.from_data(value.value)
            effective[setting.name] = Effective(setting, read, origin)
        except WrongValue as error:
            faults.append(_fault(setting, value, origin, str(error)))
    if not faults:  # Otherwise some values are not those that were meant.
        faults.extend(_contradictions(effective))
    _raise_faults(faults)
    return Configuration(effective, tuple(unknown_variables(environment, SETTINGS.values())))


def _given(
    entries: Mapping[str, Entry], variables: Mapping[str, str], flags: Mapping[str, str | None]
) -> Iterator[tuple[Setting, Any, str]]:
    """What is set, from what counts least to what counts most."""
    for name, entry in entries.items():
        if name in SETTINGS:
            yield SETTINGS[name], entry, entry.place
    for name, text in variables.items():
        yield SETTINGS[name], text, SETTINGS[name].variable
    for name, given in flags.items():
        if given is not None:
            yield SETTINGS[name], given, SETTINGS[name].flag


def _unknown_names(entries: Mapping[str, Entry]) -> Iterator[str]:
    suggestions = Suggestions()
    for name, entry in entries.items():
        if name not in SETTINGS:
            hint = suggestions.hint(name, SETTINGS)
            if hint is None and isinstance(entry.value, dict):
                hint = "settings stand at the top level, not in tables"
            yield f"{entry.place}: there is no setting `{_cut(name)}`{f'; {hint}' if hint else ''}"


def _fault(setting: Setting, value: Any, origin: str, reason: str) -> str:
    given = value.value if isinstance(value, Entry) else value
    shown = _cut(setting.shown(given)) if isinstance(given, str | int | float | list) else "no such value"
    sentence = f"{origin}: `{setting.name}` is {shown}; it must be {setting.kind.allowed}"
    return f"{sentence}: {reason}" if reason else sentence


def _contradictions(effective: Mapping[str, Effective]) -> Iterator[str]:
    for name, reason in find_contradictions({name: each.value for name, each in effective.items()}):
        yield f"{effective[name].origin}: `{name}` {reason}"


def _cut(text: str) -> str:
    shown = text.encode("unicode_escape").decode() if not text.isprintable() else text
    return shown if len(shown) <= MOST_CHARACTERS else f"{shown[:MOST_CHARACTERS]}…"


def _raise_faults(faults: list[str]) -> None:
    if not faults:
        return
    message = faults[0] if len(faults) == 1 else "\n  ".join([f"{len(faults)} settings are wrong:", *faults])
    raise InvalidInput(message, code="wrong-settings", hint="maestrale server --help lists all settings")
