"""What a value of a test file may look like: a check that reports what does not fit, with its place, and the
same as JSON Schema, for editors.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from maestrale.expressions import Json
from maestrale.expressions import is_expression as is_expression_text
from maestrale.lang.reader import Reader
from maestrale.lang.report import listed
from maestrale.lang.templates import check_expressions
from maestrale.testing.cases.durations import PART, read_duration
from maestrale.testing.paths import SEGMENT, UnknownPath, segments


class Shape(Protocol):
    """What a value may look like."""

    def check(self, reader: Reader) -> None:
        """Report everything that does not fit."""
        ...

    def schema(self) -> dict[str, Json]: ...


class Text:
    def check(self, reader: Reader) -> None:
        reader.text()

    def schema(self) -> dict[str, Json]:
        return {"type": "string", "minLength": 1}


class Message:
    """Text that may be empty, or nothing."""

    def check(self, reader: Reader) -> None:
        if not isinstance(reader.value, str | None):
            reader.must_be("text or null")

    def schema(self) -> dict[str, Json]:
        return {"type": ["string", "null"]}


class Word(Struct, frozen=True):
    """One of a few words."""

    words: tuple[str, ...]

    def check(self, reader: Reader) -> None:
        if reader.value in self.words:
            return
        allowed = listed(self.words)
        if not isinstance(reader.value, str):
            reader.must_be(f"one of {allowed}")
            return
        meant = reader.report.suggestions.closest(reader.value, self.words)
        hint = f"did you mean `{meant}`?" if meant else None
        reader.error("unknown-word", f"{reader.name} must be one of {allowed}", hint=hint)

    def schema(self) -> dict[str, Json]:
        return {"enum": list(self.words)}


class Whole(Struct, frozen=True):
    """A whole number from `least` up."""

    least: int = 0

    def check(self, reader: Reader) -> None:
        if not isinstance(reader.value, int) or isinstance(reader.value, bool):
            reader.must_be(f"a whole number from {self.least} up")
        elif reader.value < self.least:
            message = f"{reader.name} must be {self.least} or more, but it is {reader.value}"
            reader.error("out-of-range", message)

    def schema(self) -> dict[str, Json]:
        return {"type": "integer", "minimum": self.least}


class Flag:
    def check(self, reader: Reader) -> None:
        if not isinstance(reader.value, bool):
            reader.must_be("true or false")

    def schema(self) -> dict[str, Json]:
        return {"type": "boolean"}


class Yes:
    """`true`: the key itself says it."""

    def check(self, reader: Reader) -> None:
        if reader.value is not True:
            reader.must_be("true", hint="leave the key out otherwise")

    def schema(self) -> dict[str, Json]:
        return {"const": True}


class Duration:
    def check(self, reader: Reader) -> None:
        if read_duration(reader.value) is None:
            message = f"{reader.name} must be a length of time of at most a century"
            reader.error("duration-syntax", message, hint="write seconds, or such as `1h 30min` or `200ms`")

    def schema(self) -> dict[str, Json]:
        text = {"type": "string", "pattern": rf"^\s*{PART}(\s*{PART})*\s*$"}
        return {"anyOf": [{"type": "number", "minimum": 0}, text]}


class Instant:
    """A point of time; without a zone it is UTC."""

    def check(self, reader: Reader) -> None:
        try:
            datetime.fromisoformat(reader.value)
        except (TypeError, ValueError):
            message = f"{reader.name} must be a point of time"
            reader.error("instant-syntax", message, hint="write it as `2026-03-01 12:00:00`")

    def schema(self) -> dict[str, Json]:
        return {"type": "string"}


class TaskPath:
    """The path of a task."""

    def check(self, reader: Reader) -> None:
        if reader.text() is None:
            return
        try:
            segments(reader.value)
        except UnknownPath as error:
            reader.error("path-syntax", str(error))

    def schema(self) -> dict[str, Json]:
        segment = re.sub(r"\?P<\w+>", "", SEGMENT.pattern)
        return {"type": "string", "pattern": f"^{segment}(/{segment})*$"}


class Value:
    """Any data; expressions in it must be readable."""

    def check(self, reader: Reader) -> None:
        check_expressions(reader)

    def schema(self) -> dict[str, Json]:
        return {}


MATCHERS = ("equals", "contains", "matches")


class ExpectedValue:
    """Data to compare with. In it, a text that is one whole expression is a condition; see `matching`."""

    def check(self, reader: Reader) -> None:
        matcher = matcher_of(reader)
        if matcher is None:
            self._check_parts(reader)
        elif matcher.path[-1] == "matches":
            _check_pattern(matcher)
        elif matcher.path[-1] == "contains":
            self._check_parts(matcher)

    def _check_parts(self, reader: Reader) -> None:
        if isinstance(reader.value, str) and is_expression_text(reader.value):
            check_expressions(reader)
        for _, field in reader.fields():
            self.check(field)
        for element in reader.elements():
            self.check(element)

    def schema(self) -> dict[str, Json]:
        return {}


def matcher_of(reader: Reader) -> Reader | None:
    """What stands under the only key of a mapping, if that key is a matcher."""
    if isinstance(reader.value, dict) and len(reader.value) == 1:
        return next((field for key, field in reader.fields() if key in MATCHERS), None)
    return None


def _check_pattern(reader: Reader) -> None:
    if reader.text() is None:
        return
    try:
        re.compile(reader.value)
    except (re.error, RecursionError, OverflowError) as error:
        reader.error("pattern-syntax", f"`matches` must be a regular expression: {error}")


class ListOf(Struct, frozen=True):
    """A list of at least one item."""

    item: Shape
    empty: bool = False

    def check(self, reader: Reader) -> None:
        if not isinstance(reader.value, list):
            reader.must_be("a list")
        elif not reader.value and not self.empty:
            reader.must_not_be_empty()
        for element in reader.elements():
            self.item.check(element)

    def schema(self) -> dict[str, Json]:
        return {"type": "array", "items": self.item.schema(), **({} if self.empty else {"minItems": 1})}


class MappingOf(Struct, frozen=True):
    """A mapping whose keys are names of the author's. `key`: what these names may look like."""

    value: Shape
    key: Shape | None = None
    empty: bool = True

    def check(self, reader: Reader) -> None:
        reader.is_mapping(empty=self.empty)
        for _, field in reader.fields():
            if self.key is not None:
                self.key.check(field.key())
            self.value.check(field)

    def schema(self) -> dict[str, Json]:
        schema = {"type": "object", "additionalProperties": self.value.schema()}
        if self.key is not None:
            schema["propertyNames"] = self.key.schema()
        return schema if self.empty else {**schema, "minProperties": 1}


class Key(Struct, frozen=True):
    """A key that a mapping may have, and a line about it."""

    about: str
    shape: Shape


class Keys(Struct, frozen=True):
    """A mapping with certain keys.

    Args:
        of: What messages call it, such as "a test".
        required: Keys that it must have.
        one_of: Keys of which it must have exactly one.
    """

    of: str
    keys: Mapping[str, Key]
    required: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()

    def check(self, reader: Reader) -> None:
        if not reader.is_mapping(empty=True):
            return
        for name, field in reader.fields():
            if name in self.keys:
                self.keys[name].shape.check(field)
            else:
                field.refuse_key(self.keys, of=self.of)
        for name in self.required:
            reader.get(name)
        self._check_one_of(reader)

    def _check_one_of(self, reader: Reader) -> None:
        given = [field for name, field in reader.fields() if name in self.one_of]
        if self.one_of and not given and not reader.is_spoilt:
            message = f"{reader.name} has none of {listed(self.one_of)}"
            reader.error("missing-key", message, at=reader.key_mark, shown=...)
        for extra in given[1:]:
            message = f"{self.of} has `{given[0].path[-1]}` and `{extra.path[-1]}`, which exclude each other"
            extra.error("conflicting-keys", message, at=extra.key_mark, shown=extra.path[-1])

    def schema(self) -> dict[str, Json]:
        schema: dict[str, Json] = {
            "type": "object",
            "properties": {
                name: {"description": key.about, **key.shape.schema()} for name, key in self.keys.items()
            },
            "additionalProperties": False,
        }
        if self.required:
            schema["required"] = list(self.required)
        if self.one_of:
            schema["oneOf"] = [{"required": [name]} for name in self.one_of]
        return schema


class ByKind(Struct, frozen=True):
    """A value whose kind says what it is. A kind without a shape does not fit."""

    what: str
    mapping: Shape | None = None
    items: Shape | None = None
    text: Shape | None = None
    number: Shape | None = None
    null: bool = False

    def check(self, reader: Reader) -> None:
        shape: Shape | None = None
        match reader.value:
            case None if self.null:
                return
            case dict():
                shape = self.mapping
            case list():
                shape = self.items
            case str():
                shape = self.text
            case int() | float() if not isinstance(reader.value, bool):
                shape = self.number
        if shape is None:
            reader.must_be(self.what)
        else:
            shape.check(reader)

    def schema(self) -> dict[str, Json]:
        shapes = (self.mapping, self.items, self.text, self.number)
        schemas = [shape.schema() for shape in shapes if shape is not None]
        return {"anyOf": [*schemas, *([{"type": "null"}] if self.null else [])]}
