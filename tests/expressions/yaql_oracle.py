"""The yaql library, run as Mistral runs it: what our compiler has to agree with.

What it gives is `Undetermined` where an address in memory or the order of a set has a part in it, for then it
gives something else each time; and where it goes over bounds, for they differ from ours.
"""

import collections.abc  # The library uses it without importing it.
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any

import yaql
from dateutil import parser
from yaql.language import contexts, conventions, exceptions, factory, utils
from yaql.standard_library import date_time, math, strings

from maestrale.expressions import documents, limits
from maestrale.expressions.results import native
from maestrale.expressions.yaql import language
from maestrale.testing.scopes import NOON, a_scope

from .comparing import same

_ITEMS = 2000
_OPTIONS = {"yaql.convertInputData": True, "yaql.limitIterators": _ITEMS, "yaql.memoryQuota": 4_000_000}
_ADDRESS = re.compile(r" at 0x[0-9a-f]+>|<map object|<filter object")
_NO_VALUES = (complex, contexts.ContextBase, utils.MappingRule)
_SPECIAL = ("__env", "__execution", "__task_execution")


class Undetermined(BaseException):
    """The library would give another value in another process, or within other bounds."""


class Failed:
    """Stands for the value of an expression that has none."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __repr__(self) -> str:
        return f"Failed({type(self.error).__name__}: {self.error})"


@cache
def _engine() -> Any:
    return factory.YaqlFactory().create(_OPTIONS)


@cache
def library() -> Any:
    """A context with all functions of the language."""
    context = yaql.create_context(convention=conventions.CamelCaseConvention(), yaqlized=False)
    for function in (documents.json_parse, documents.json_dump, documents.yaml_parse, documents.yaml_dump):
        context.register_function(_on_data(function), name=function.__name__)
    context.register_function(_environment, name="env")
    for name, original, replacement in (
        ("str", strings.str_, _determined(strings.str_)),
        ("characters", strings.characters, _in_order(strings.characters)),
        ("datetime", date_time.datetime_from_string, _datetime),
        # Without these one step of the library may take all time there is.
        ("round", math.round_, limits.round_number),
        ("pow", math.pow_, limits.power),
        ("shiftBitsLeft", math.shift_bits_left, limits.shift_left),
    ):
        _replace(context, name, original, replacement)
    return context


def _replace(context: Any, name: str, original: Any, replacement: Any) -> None:
    definitions = [definition for layer in context.collect_functions(name) for definition in layer]
    (found,) = (definition for definition in definitions if definition.payload is original)
    found.payload = replacement


def _datetime(string: str, format__: str | None = None) -> datetime:
    """As the library's, but what a text leaves out is that of the day of the scope."""
    if format__:
        return date_time.datetime_from_string(string, format__)  # type: ignore[no-any-return]
    found = parser.parse(string, default=NOON.replace(tzinfo=None, hour=0))
    return found if found.tzinfo else found.replace(tzinfo=date_time.UTCTZ)


def _determined(to_text: Any) -> Any:
    def determined(value: Any) -> str:
        text: str = to_text(value)
        if _ADDRESS.search(text) or ("frozenset({" in text and "," in text):
            raise Undetermined
        return text

    return determined


def _in_order(function: Any) -> Any:
    return lambda *args, **kwargs: tuple(sorted(function(*args, **kwargs)))


def _on_data(function: Any) -> Any:
    def apply(data: Any) -> Any:
        return function(data)

    return apply


def _environment(context: Any) -> Any:
    return context["$__env"]


def expected(expression: str, data: Any) -> Any:
    """What the library makes of an expression, or `Failed`."""
    context = library().create_child_context()
    for name in _SPECIAL:
        if isinstance(data, collections.abc.Mapping) and name in data:
            context[f"${name}"] = data[name]
    try:
        with _no_warnings():
            value = _engine()(expression).evaluate(data=data, context=context)
    except Undetermined as undetermined:
        return undetermined
    except (exceptions.CollectionTooLargeException, exceptions.MemoryQuotaExceededException):
        return Undetermined()
    except Exception as error:
        return Failed(error)
    return Failed(TypeError("it has no form in JSON")) if _is_no_value(value) else value


def computed(expression: str, data: Any) -> Any:
    """What our compiler makes of an expression, or `Failed`."""
    try:
        with _no_warnings():
            return native(language.evaluate(expression, a_scope(data)))
    except Exception as error:
        return Failed(error)


@contextmanager
def _no_warnings() -> Iterator[None]:
    """Patterns and zones of random expressions may be such that Python will read them otherwise one day."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def agree(ours: Any, theirs: Any) -> bool:
    """Whether two values are equal and of the same types, or both are failures."""
    if isinstance(theirs, Undetermined):
        return True
    if isinstance(ours, Failed) or isinstance(theirs, Failed):
        return isinstance(ours, Failed) and isinstance(theirs, Failed)
    return same(_normal(ours), _normal(theirs))


def _normal(value: Any) -> Any:
    """A value that can be compared: NaN is itself."""
    if isinstance(value, collections.abc.Mapping):
        return {_normal(key): _normal(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_normal(item) for item in value]
    return "NaN" if value != value else value


def _is_no_value(value: Any) -> bool:
    """Whether a value holds what cannot be stored: complex numbers, contexts, marks of the library."""
    if isinstance(value, collections.abc.Mapping):
        return any(map(_is_no_value, value.values()))
    if isinstance(value, (list, set)):
        return any(map(_is_no_value, value))
    return value is utils.NO_VALUE or isinstance(value, _NO_VALUES)
