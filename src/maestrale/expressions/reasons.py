"""Why an evaluation failed, in words that carry no data.

Messages of libraries quote the values they stumble over, and those may be secrets. What is told is
the kind of the error, and of its details only those that the author of the expression wrote.
"""

import re
from json import JSONDecodeError

from maestrale.errors import Error
from maestrale.expressions.limits import OverLimit
from maestrale.expressions.results import NotStorable
from maestrale.expressions.yaql.failures import Failure

_QUOTED = re.compile(r"""(['"`])(.*?)\1""")
_TYPES = (
    frozenset({"NoneType", "None", "bool", "int", "float", "str", "bytes", "list", "tuple", "dict", "set"})
    | frozenset({"range", "map", "filter", "generator", "datetime", "date", "timedelta", "object", "type"})
    | frozenset({"dict_keys", "dict_values", "dict_items", "OrderedSet", "Layers"})
    | frozenset({"+", "-", "*", "/", "//", "%", "**", "<", ">", "<=", ">=", "==", "!="})
)
"""Names of types and operators that messages of Python quote."""

_KINDS: tuple[tuple[type[BaseException], str], ...] = (
    (RecursionError, "it recurses too deeply"),
    (MemoryError, "it needs more memory than there is"),
    (ZeroDivisionError, "division by zero"),
    (IndexError, "an index is out of range"),
    (OverflowError, "a number is too large"),
    (StopIteration, "a collection has too few items, or for `single` too many"),
    (re.error, "a regular expression is malformed"),
    (UnicodeError, "a text cannot be encoded or decoded"),
    (AttributeError, "a value has no such attribute or method"),
)

_ABOUT_THE_TEXT = frozenset({"TemplateSyntaxError", "TemplateAssertionError"})
"""Errors of the libraries whose messages are made of the expression's text alone."""

_IN_WORDS = {
    "AssertionError": "an assertion failed",
    "TypeError": "a value is of the wrong type",
    "UndefinedError": "a value is undefined",
    "SecurityError": "this is not allowed",
}
"""Errors whose messages name attributes and types; told if all names are the author's own."""


def reason_for(error: BaseException, expression: str) -> str:
    """Why `expression` failed with `error`, without any data."""
    if isinstance(error, (Failure, OverLimit, NotStorable)):
        return str(error)
    if isinstance(error, Error):
        return error.message
    if isinstance(error, KeyError):
        return _missing_key(error, expression)
    for kind, text in _KINDS:
        if isinstance(error, kind):
            return text
    return _special(error, expression) or _by_name(error, expression)


def is_authors(word: object, expression: str) -> bool:
    """Whether a word stands in the expression, so that telling it tells no data."""
    return isinstance(word, str) and bool(word) and word in expression


def _missing_key(error: KeyError, expression: str) -> str:
    key = error.args[0] if error.args else None
    return f"there is no key `{key}`" if is_authors(key, expression) else "there is no such key"


def _special(error: BaseException, expression: str) -> str | None:
    """The reasons for errors that carry their details in attributes of their own."""
    if isinstance(error, JSONDecodeError):
        return f"the text is no JSON: {error.msg} at line {error.lineno}, column {error.colno}"
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        return (
            f"the text is no YAML that is understood, at its line {mark.line + 1}, column {mark.column + 1}"
        )
    return None


def _by_name(error: BaseException, expression: str) -> str:
    name = type(error).__name__
    detail = getattr(error, "message", None) or str(error)
    if name in _ABOUT_THE_TEXT:
        return str(detail)
    if name not in _IN_WORDS:
        return f"a value does not have the form that is needed ({name})"
    if _is_all_authors(str(detail), expression, whole=name == "AssertionError"):
        return f"{_IN_WORDS[name]}: {detail}"
    return _IN_WORDS[name]


def _is_all_authors(detail: str, expression: str, *, whole: bool) -> bool:
    """Whether what a message says is made of the expression's text, and of names of types."""
    if whole or not detail:
        return bool(detail) and detail in expression
    if any(mark in _QUOTED.sub("", detail) for mark in "'\"`"):
        return False  # Quotes within quotes: what is inside cannot be told from what is outside.
    return all(
        match[2] in expression or all(word in _TYPES for word in match[2].split())
        for match in _QUOTED.finditer(detail)
    )
