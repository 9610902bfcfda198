"""The commonest Jinja expressions, evaluated without Jinja: paths such as `_.a.b`.

A path goes down from the data by keys. It is walked on the scope's own data, so it costs what its steps
cost. Whatever is not plain sailing, such as a key that is missing, is left to Jinja, which then finds the
same fault and says what it is.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from maestrale.expressions.scope import Layers, Scope

NO_PATH: Any = object()
"""Stands for a value that only Jinja can give."""

_KNOWN_PATHS = 4096

_NAME = r"(?!__)[^\W\d]\w*"
_JINJA_PATH = re.compile(rf"\s*_(?P<steps>(?:\.{_NAME})+)\s*")
_ATTRIBUTES = frozenset(dir({})) | frozenset(dir(Layers))

Path = Callable[[Scope], Any]


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
