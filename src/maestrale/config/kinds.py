"""What a setting may be: each kind reads a value from text and from TOML, and says what it allows."""

import ipaddress
import json
import math
import re
from typing import Any, Protocol

from msgspec import Struct

from maestrale.core import Publisher, check_publishers
from maestrale.errors import InvalidInput
from maestrale.expressions.suggestions import Suggestions
from maestrale.notifier.signing import key_of
from maestrale.store.urls import parse_url

_PASSWORD = re.compile(r"(?<=://)([^/@:\s]*):([^/\s]*)@")


class WrongValue(Exception):
    """This is none of the values allowed. It says why where the kind's `allowed` does not say enough."""


class Kind(Protocol):
    """What a setting may be."""

    @property
    def allowed(self) -> str:
        """The values there are, as the end of the sentence "it must be …"."""
        ...

    def from_text(self, text: str) -> Any:
        """The value that a variable or a flag means. Raises: WrongValue."""
        ...

    def from_data(self, data: object) -> Any:
        """The value that TOML gives. Raises: WrongValue."""
        ...


class Whole(Struct, frozen=True):
    """A whole number, both ends of its range included."""

    low: int
    high: int

    @property
    def allowed(self) -> str:
        return f"a whole number from {self.low} to {self.high}"

    def from_text(self, text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", text):
            raise WrongValue
        return self.from_data(int(text))

    def from_data(self, data: object) -> int:
        if not isinstance(data, int) or isinstance(data, bool) or not self.low <= data <= self.high:
            raise WrongValue
        return data


class Number(Struct, frozen=True):
    """A number, with or without a fraction, both ends of its range included."""

    low: float
    high: float

    @property
    def allowed(self) -> str:
        return f"a number from {self.low:g} to {self.high:g}"

    def from_text(self, text: str) -> float:
        try:
            return self.from_data(float(text))
        except ValueError as error:
            raise WrongValue from error

    def from_data(self, data: object) -> float:
        if not isinstance(data, int | float) or isinstance(data, bool):
            raise WrongValue
        if math.isnan(data) or not self.low <= data <= self.high:
            raise WrongValue
        return float(data)


class Switch(Struct, frozen=True):
    """On or off."""

    allowed: str = "true or false"

    def from_text(self, text: str) -> bool:
        if text.lower() not in ("true", "false"):
            raise WrongValue
        return text.lower() == "true"

    def from_data(self, data: object) -> bool:
        if not isinstance(data, bool):
            raise WrongValue
        return data


class Choice(Struct, frozen=True):
    """One of some words."""

    words: tuple[str, ...]

    @property
    def allowed(self) -> str:
        return f"{', '.join(self.words[:-1])} or {self.words[-1]}"

    def from_text(self, text: str) -> str:
        return self.from_data(text)

    def from_data(self, data: object) -> str:
        if not isinstance(data, str) or data not in self.words:
            raise WrongValue
        return data


class Text(Struct, frozen=True):
    """A text in one line. `allowed` says what it names; the whole of it must fit the pattern."""

    allowed: str
    pattern: str = r".*\S.*"

    def from_text(self, text: str) -> str:
        return self.from_data(text)

    def from_data(self, data: object) -> str:
        if not isinstance(data, str) or not data.isprintable() or not re.fullmatch(self.pattern, data):
            raise WrongValue
        return data


class Texts(Struct, frozen=True):
    """A list of texts: an array in TOML, separated by commas elsewhere. `each` says what each is."""

    each: Text

    @property
    def allowed(self) -> str:
        return f"a list, each {self.each.allowed}"

    def from_text(self, text: str) -> tuple[str, ...]:
        return self.from_data([part.strip() for part in text.split(",") if part.strip()])

    def from_data(self, data: object) -> tuple[str, ...]:
        if not isinstance(data, list):
            raise WrongValue
        return tuple(self.each.from_data(each) for each in data)


class Words(Struct, frozen=True):
    """Some of some words, at least one: an array in TOML, separated by commas elsewhere.

    The value has them in the order of `words`, each once.
    """

    words: tuple[str, ...]

    @property
    def allowed(self) -> str:
        return f"a list of at least one of {', '.join(self.words[:-1])} and {self.words[-1]}"

    def from_text(self, text: str) -> tuple[str, ...]:
        return self.from_data([part.strip() for part in text.split(",") if part.strip()])

    def from_data(self, data: object) -> tuple[str, ...]:
        if not isinstance(data, list) or not data:
            raise WrongValue
        for each in data:
            if each not in self.words:
                raise WrongValue(self._unknown(each))
        return tuple(word for word in self.words if word in data)

    def _unknown(self, given: object) -> str:
        if not isinstance(given, str):
            return "one of them is no text"
        hint = Suggestions().hint(given, self.words)
        shown = given[:40].encode("unicode_escape").decode()
        return f"there is no `{shown}`{f'; {hint}' if hint else ''}"


class Networks(Texts, frozen=True):
    """A list of networks."""

    def from_data(self, data: object) -> tuple[str, ...]:
        texts = Texts.from_data(self, data)
        for text in texts:
            try:
                ipaddress.ip_network(text)
            except ValueError as error:
                raise WrongValue(str(error)) from error
        return texts


class Publishers(Struct, frozen=True):
    """A list of publishers: tables in TOML, JSON elsewhere."""

    allowed: str = 'a list of publishers such as {"type": "webhook", "url": "https://example.org/hook"}'

    def from_text(self, text: str) -> tuple[Publisher, ...]:
        try:
            return self.from_data(json.loads(text))
        except (ValueError, RecursionError) as error:
            raise WrongValue("it is no JSON") from error

    def from_data(self, data: object) -> tuple[Publisher, ...]:
        if not isinstance(data, list) or not all(isinstance(each, dict) for each in data):
            raise WrongValue
        try:
            return check_publishers(data)
        except InvalidInput as error:
            raise WrongValue(error.message) from error


class Secrets(Struct, frozen=True):
    """A list of secrets: an array in TOML, separated by commas elsewhere."""

    allowed: str = "a list, each base64 of 24 to 64 random bytes, with whsec_ before it"

    def from_text(self, text: str) -> tuple[str, ...]:
        return self.from_data([part.strip() for part in text.split(",") if part.strip()])

    def from_data(self, data: object) -> tuple[str, ...]:
        if not isinstance(data, list) or not all(isinstance(each, str) for each in data):
            raise WrongValue
        try:
            for secret in data:
                key_of(secret)
        except ValueError as error:
            raise WrongValue(str(error)) from error
        return tuple(data)


class DatabaseUrl(Struct, frozen=True):
    """The URL of a database."""

    allowed: str = "the URL of a database, such as sqlite:////var/lib/maestrale.db or postgresql://user:password@host/name"

    def from_text(self, text: str) -> str:
        return self.from_data(text)

    def from_data(self, data: object) -> str:
        url = Text(self.allowed).from_data(data)
        try:
            parse_url(url)
        except InvalidInput as error:
            raise WrongValue(error.message) from error
        return url


def without_password(text: str) -> str:
    """The text with the password of each URL in it made unreadable."""
    return _PASSWORD.sub(r"\1:********@", text)
