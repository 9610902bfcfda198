"""Comparing what is expected with what is there, down to the first difference in each part.

An expected value is data to be equal to, but for three things: a text that is one whole expression is a
condition, in which `$` (or `_`) is the actual value; `{contains: …}` asks for a part of a text, some items of
a list or some entries of a mapping; `{matches: …}` is a regular expression to be found in a text.
`{equals: …}` takes a value as it stands.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from msgspec import Struct

from maestrale.expressions import EvaluationError, Json
from maestrale.expressions import is_expression as is_expression_text
from maestrale.lang.problems import Mark
from maestrale.lang.reader import Reader
from maestrale.testing.cases.shapes import matcher_of

ABSENT: Any = object()
"""There is no such entry."""

Evaluate = Callable[[str, Json], Json]
"""Evaluates an expression on a value. Raises: EvaluationError."""


class Difference(Struct, frozen=True):
    """A part that is not what was expected. `expected` None: it was not expected at all."""

    what: str
    mark: Mark
    expected: str | None
    actual: str | None
    reason: str = ""


def plain(value: Any) -> Json:
    """Data of a row as plain lists and mappings."""
    return msgspec.json.decode(msgspec.json.encode(value, enc_hook=dict))


def shown(value: Json) -> str:
    return msgspec.json.encode(value).decode() if value is not ABSENT else "nothing"


class Matcher:
    """Compares. `evaluate`: for the conditions among what is expected."""

    def __init__(self, evaluate: Evaluate) -> None:
        self._evaluate = evaluate

    def fits(self, wanted: Reader, actual: Json) -> bool:
        """Whether a value contains what is wanted of it."""
        return next(self._containing(wanted, "", actual), None) is None

    def differences(self, expected: Reader, what: str, actual: Json) -> Iterator[Difference]:
        """Every part in which a value differs from what is expected. `what`: the name of the value."""
        matcher = matcher_of(expected)
        if matcher is not None:
            match matcher.path[-1]:
                case "equals":
                    yield from self._equal(matcher, what, actual, as_it_stands=True)
                case "contains":
                    yield from self._containing(matcher, what, actual)
                case _:
                    yield from self._matching(matcher, what, actual)
        elif isinstance(expected.value, str) and is_expression_text(expected.value):
            yield from self._condition(expected, what, actual)
        else:
            yield from self._equal(expected, what, actual, as_it_stands=False)

    def _inside(self, expected: Reader, what: str, actual: Json, as_it_stands: bool) -> Iterator[Difference]:
        if as_it_stands:
            return self._equal(expected, what, actual, as_it_stands=True)
        return self.differences(expected, what, actual)

    # Equal.

    def _equal(
        self, expected: Reader, what: str, actual: Json, *, as_it_stands: bool
    ) -> Iterator[Difference]:
        value = expected.value
        if isinstance(value, dict) and isinstance(actual, dict):
            yield from self._entries(expected, what, actual, as_it_stands)
            for key in actual:
                if key not in value:
                    place = _inside_of(what, key)
                    yield Difference(place, expected.key_mark, None, shown(actual[key]))
        elif isinstance(value, list) and isinstance(actual, list) and len(value) == len(actual):
            for index, element in enumerate(expected.elements()):
                yield from self._inside(element, f"{what}[{index}]", actual[index], as_it_stands)
        elif not _same(value, actual):
            yield _difference(expected, what, actual)

    def _entries(
        self, expected: Reader, what: str, actual: dict[str, Json], as_it_stands: bool
    ) -> Iterator[Difference]:
        for key, field in expected.fields():
            place = _inside_of(what, key)
            if key not in actual:
                yield Difference(place, field.key_mark, shown(field.value), None)
            else:
                yield from self._inside(field, place, actual[key], as_it_stands)

    # Contains.

    def _containing(self, wanted: Reader, what: str, actual: Json) -> Iterator[Difference]:
        value = wanted.value
        if matcher_of(wanted) is not None:
            yield from self.differences(wanted, what, actual)
        elif isinstance(value, dict) and isinstance(actual, dict):
            for key, field in wanted.fields():
                if key not in actual:
                    place = _inside_of(what, key)
                    yield Difference(place, field.key_mark, shown(field.value), None)
                else:
                    yield from self._containing(field, _inside_of(what, key), actual[key])
        elif isinstance(value, list) and isinstance(actual, list):
            for element in wanted.elements():
                if not any(next(self.differences(element, "", item), None) is None for item in actual):
                    expected = f"a list with {shown(element.value)} in it"
                    yield Difference(what, element.mark, expected, shown(actual))
        elif _is_part_of_text(wanted):
            if not isinstance(actual, str) or value not in actual:
                yield Difference(what, wanted.mark, f"text with {shown(value)} in it", shown(actual))
        else:
            yield from self.differences(wanted, what, actual)

    # Conditions and patterns.

    def _matching(self, pattern: Reader, what: str, actual: Json) -> Iterator[Difference]:
        if not isinstance(actual, str) or re.search(pattern.value, actual) is None:
            yield Difference(what, pattern.mark, f"text that matches {shown(pattern.value)}", shown(actual))

    def _condition(self, expected: Reader, what: str, actual: Json) -> Iterator[Difference]:
        wanted = f"{expected.value} to be true"
        try:
            if not self._evaluate(expected.value, actual):
                yield Difference(what, expected.mark, wanted, shown(actual))
        except EvaluationError as error:
            yield Difference(what, expected.mark, wanted, shown(actual), error.message)


def _is_part_of_text(wanted: Reader) -> bool:
    """Whether the text of a `contains` is meant: one further down is a value of its own."""
    is_text = isinstance(wanted.value, str) and not is_expression_text(wanted.value)
    return is_text and wanted.path[-1:] == ("contains",)


def _difference(expected: Reader, what: str, actual: Json) -> Difference:
    reason = ""
    if isinstance(expected.value, list) and isinstance(actual, list):
        reason = f"the length is {len(actual)}, not {len(expected.value)}"
    return Difference(what, expected.mark, shown(expected.value), shown(actual), reason)


def _same(expected: Json, actual: Json) -> bool:
    """Whether two values are the same JSON: 1 is 1.0, but true is not 1."""
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    return bool(expected == actual)


def _inside_of(what: str, key: str) -> str:
    name = key if key.isidentifier() else f"[{shown(key)}]"
    return f"{what}.{name}" if what and key.isidentifier() else f"{what}{name}"
