"""The declaration of a setting."""

from typing import Any

from msgspec import Struct
from msgspec.structs import fields

from maestrale.config.kinds import Kind, Switch, without_password
from maestrale.core import Publisher

PREFIX = "MAESTRALE_"
MASK = "********"
"""What is shown in the place of a secret."""


class Setting(Struct, frozen=True, kw_only=True):
    """One setting. Its default is that of the field it is for.

    Args:
        name: Its name in a TOML file; variable and flag are made from it.
        about: What it does: the sentence for the help and the documentation.
        of: The settings object that it is a field of.
        field: The name of that field, where it is not the setting's.
        unit: How many of the field's units one of the setting's is, such as 1024 bytes for a kilobyte.
        unset: What the default None means.
        is_secret: Whether it may hold secrets: then it is not shown as it is.
    """

    name: str
    kind: Kind
    about: str
    of: type[Struct]
    field: str = ""
    unit: int = 1
    unset: str = ""
    is_secret: bool = False

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
        if isinstance(value, Publisher):
            return _shown_publisher(value)
        if self.is_secret and not isinstance(value, list | tuple):
            return _quoted(MASK)
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, list | tuple):
            return f"[{', '.join(self.shown(each) for each in value)}]"
        if isinstance(value, float):
            return repr(value).removesuffix(".0")
        return _quoted(value) if isinstance(value, str) else str(value)


def _shown_publisher(publisher: Publisher) -> str:
    """As a table in one line, with the names of its headers and without their values."""
    parts = [f"type = {_quoted(publisher.type)}"]
    if publisher.url:
        parts.append(f"url = {_quoted(publisher.url)}")
    if publisher.headers:
        headers = ", ".join(f"{_quoted(name)} = {_quoted(MASK)}" for name in publisher.headers)
        parts.append(f"headers = {{{headers}}}")
    if publisher.event_types:
        parts.append(f"event_types = [{', '.join(map(_quoted, publisher.event_types))}]")
    return f"{{{', '.join(parts)}}}"


def _quoted(text: str) -> str:
    escaped = without_password(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
