"""YAQL, compiled: the front door of this package.

An expression is compiled when it is first evaluated, and what it became is kept by its text.
"""

from functools import lru_cache
from typing import Any

import maestrale.expressions.yaql.library  # noqa: F401  # It registers the functions.
from maestrale.expressions.scope import Scope
from maestrale.expressions.yaql.compiler import build
from maestrale.expressions.yaql.failures import Failure, NotAnExpression, ReadingFailure
from maestrale.expressions.yaql.generation import Built, Place
from maestrale.expressions.yaql.parser import parse

_EXPRESSIONS = 4096


def prepare() -> None:
    """Do what the first evaluation must not be interrupted in. Importing this module is all of it."""


@lru_cache(maxsize=_EXPRESSIONS)
def compiled(expression: str) -> Built:
    """What an expression became.

    Raises:
        Failure: It cannot be read.
    """
    try:
        return build(parse(expression))
    except ReadingFailure as failure:
        unreadable = NotAnExpression(failure, expression)
    raise unreadable


def evaluate(expression: str, scope: Scope) -> Any:
    """The value of `expression`, lazy where YAQL is.

    Raises:
        Exception: It has none. `reasons` says why, `place_of` where.
    """
    return compiled(expression).run(scope, scope.data)


def place_of(expression: str, error: BaseException) -> Place:
    """What in `expression` failed with `error`: its offset, and the value that was in the way."""
    if isinstance(error, Failure) and error.position is not None:
        return Place(error.position, error.found)
    place = compiled(expression).place_of(error.__traceback__)
    return Place(place.position, error.found) if isinstance(error, Failure) else place
