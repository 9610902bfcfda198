"""The declaration of a setting."""

from typing import Any

from msgspec import Struct
from msgspec.structs import fields

from maestrale.config.kinds import Kind, Switch, without_password

PREFIX = "MAESTRALE_"


class Setting(Struct, frozen=True, kw_only=True):
    """One setting. Its default is that of the field it is for.

    Args:
        name: Its name in a TOML file; variable and flag are made from it.
        about: What it does: the sentence for the help and the documentation.
        of: The settings object that it is a field of.
        field: The name of that field, where it is not the setting's.
        unit: How many of the field's units one of the setting's is, such as 1024 bytes for a kilobyte.
        unset: What the default None means.
    """

    name: str
    kind: Kind
    about: str
    of: type[Struct]
    field: str = ""
    unit: int = 1
    unset: str = ""

    @property
    def variable(self) -> str:
        return PREFIX + self.name.upper()

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def is_switch(self) -> bool:
        """Whether the flag alone means true."""
        return isinstance(self.kind, Switch)

    @property
    def field_name(self) -> str:
        return self.field or self.name

    @property
    def default(self) -> Any:
        """The value where nobody sets one, in the setting's own unit."""
        [field] = [field for field in fields(self.of) if field.name == self.field_name]
        return field.default if self.unit == 1 else field.default // self.unit

    def to_field(self, value: Any) -> Any:
        """The value of the field."""
        return value if value is None or self.unit == 1 else value * self.unit

    def shown(self, value: object) -> str:
        """A value as TOML, for people: without passwords."""
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, list | tuple):
            return f"[{', '.join(self.shown(each) for each in value)}]"
        if isinstance(value, float):
            return repr(value).removesuffix(".0")
        return _quoted(value) if isinstance(value, str) else str(value)


def _quoted(text: str) -> str:
    escaped = without_password(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
