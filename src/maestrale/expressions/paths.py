"""The commonest expressions, evaluated without a language library: paths such as `$.a.b`.

A path starts at the data, at the environment, or at a task, and goes down by keys. It is walked on
the scope's own data, so it costs what its steps cost. Whatever is not plain sailing, such as a key
that is missing, is left to the library, which then finds the same fault and says what it is.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from maestrale.expressions.limits import ITEM_LIMIT
from maestrale.expressions.scope import Layers, Scope

NO_PATH: Any = object()
"""Stands for a value that only the library can give."""

_KNOWN_PATHS = 4096

_NAME = r"(?!__)[^\W\d]\w*"
_YAQL_PATH = re.compile(
    rf"(?P<root>\$|env\(\)|execution\(\)|task\((?P<task>{_NAME}|'[^'\\]*')?\)|global\((?P<global>{_NAME}|'[^'\\]*')\))"
    rf"(?P<steps>(?:\.{_NAME})*)"
)
_JINJA_PATH = re.compile(rf"\s*_(?P<steps>(?:\.{_NAME})+)\s*")
_YAQL_WORDS = frozenset({"and", "or", "not", "in", "mod", "true", "false", "null"})
_ATTRIBUTES = frozenset(dir({})) | frozenset(dir(Layers))

Path = Callable[[Scope], Any]


@lru_cache(maxsize=_KNOWN_PATHS)
def yaql_path(expression: str) -> Path | None:
    """The path that a YAQL expression is, or None if it is something else."""
    match = _YAQL_PATH.fullmatch(expression)
    if match is None:
        return None
    names = (match["task"], match["global"])
    steps = tuple(match["steps"].split(".")[1:])
    if _YAQL_WORDS.intersection(steps) or _YAQL_WORDS.intersection(filter(None, names)):
        return None
    root = _yaql_root(match)

    def walk(scope: Scope) -> Any:
        value = root(scope)
        for step in steps:
            value = _yaql_step(value, step)
        return value

    return walk


def _yaql_root(match: re.Match[str]) -> Callable[[Scope], Any]:
    kind = match["root"].partition("(")[0]
    if kind == "task":
        task_name = match["task"] and match["task"].strip("'")
        return lambda scope: scope.task(task_name)
    if kind == "global":
        variable = match["global"].strip("'")
        return lambda scope: scope.global_variable(variable)
    return {
        "$": lambda scope: scope.data,
        "env": lambda scope: scope.env(),
        "execution": lambda scope: scope.execution(),
    }[kind]


def _yaql_step(value: Any, name: str) -> Any:
    """`value.name` of YAQL: a key of a mapping, or of each mapping in a list."""
    kind = type(value)
    if kind is dict or isinstance(value, Mapping):
        return value.get(name, NO_PATH)
    if kind is not list or len(value) > ITEM_LIMIT:
        return NO_PATH
    values = [_yaql_step(item, name) for item in value]
    return NO_PATH if any(item is NO_PATH for item in values) else values


@lru_cache(maxsize=_KNOWN_PATHS)
def jinja_path(inner: str) -> Path | None:
    """The path that the inside of a whole `{{ … }}` is, or None if it is something else."""
    match = _JINJA_PATH.fullmatch(inner)
    if match is None:
        return None
    steps = tuple(match["steps"].split(".")[1:])
    if _ATTRIBUTES.intersection(steps):
        return None

    def walk(scope: Scope) -> Any:
        value = scope.data
        for step in steps:
            if type(value) not in (dict, Layers) or step not in value:
                return NO_PATH
            value = value[step]
        return value

    return walk
