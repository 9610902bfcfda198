"""What the expressions in a text name: variables, tasks, functions, keys of the environment.

It reads the expressions and evaluates none. What an expression does with a name that it works out itself
(`$.get($.key)`, `task($.name)`) is not known before it runs, and not listed.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from maestrale.expressions.texts import has_jinja, has_yaql, jinja_start, yaql_inner, yaql_matches

if TYPE_CHECKING:
    from types import ModuleType

Comparison: TypeAlias = tuple[Any, str, Any]
"""Left side, operator, right side. The sides are shapes: equal ones have equal values in the same scope."""

LITERAL = "literal"
"""The first word of the shape of a literal; its type and its value follow."""


class Kind(StrEnum):
    """What a name is the name of."""

    VARIABLE = "variable"
    """An entry of the data: `$.name`, `_.name`."""
    DATA = "data"
    """All of the data at once: `$`, `$.keys()`."""
    TASK = "task"
    """A task: `task(name)`. Without a name it is the task itself, and not listed."""
    FUNCTION = "function"
    ENVIRONMENT = "environment"
    """A key of the environment: `env().name`."""
    FREE = "free"
    """A name of Jinja that means nothing: `{{ name }}` without the `_.` before it."""


class Reference(Struct, frozen=True):
    """One name in a text.

    Args:
        offset: Where it stands in the text, as near as it is known.
        is_safe: The expression can do without what it names: `$.get(name)`, `_.name is defined`.
    """

    kind: Kind
    name: str
    offset: int
    is_safe: bool = False


def find_references(text: str) -> tuple[Reference, ...]:
    """Every name in the expressions of a text, in order; nothing for what cannot be read.

    A variable that is used safely once is safe in the whole text: what else is said of it stands behind a
    question such as `$.containsKey(name)`.
    """
    found = list(_in_jinja(text)) if has_jinja(text) else list(_in_yaql(text))
    called = {each.name for each in found if each.kind is Kind.FUNCTION}
    found = [each for each in found if each.kind is not Kind.FREE or each.name not in called]
    asked = {each.name for each in found if each.kind is Kind.VARIABLE and each.is_safe}
    everything = any(each.kind is Kind.DATA for each in found)
    return tuple(
        replace(each, is_safe=True)
        if each.kind is Kind.VARIABLE and (everything or each.name in asked)
        else each
        for each in found
    )


def _in_yaql(text: str) -> Iterator[Reference]:
    for match, start in yaql_matches(text):
        expression = yaql_inner(match)
        offset = start + match.find(expression)
        for kind, name, position, is_safe in _yaql().find_names(expression):
            yield Reference(Kind(kind), name, offset + position, is_safe)


def _in_jinja(text: str) -> Iterator[Reference]:
    start = jinja_start(text)
    for kind, name, is_safe in _jinja().find_names(text):
        yield Reference(Kind(kind), name, _place(text, name, start), is_safe)


def _place(text: str, name: str, start: int) -> int:
    """Jinja's trees know the line alone: the first mention of the name is taken for its place."""
    mention = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)").search(text, start) if name else None
    return mention.start() if mention else start


def find_comparison(text: str) -> Comparison | None:
    """What a condition compares: `(x, "holds", None)` or `(x, "fails", None)` where it is no comparison.

    None: the text is not one expression, or cannot be read.
    """
    comparison: Comparison | None = None
    if has_jinja(text):
        comparison = _jinja().comparison(text)
    elif has_yaql(text) and len(yaql_matches(text)) == 1:
        comparison = _yaql().comparison(yaql_inner(text.strip()))
    return comparison


@cache
def _yaql() -> "ModuleType":
    from maestrale.expressions import yaql_references

    return yaql_references


@cache
def _jinja() -> "ModuleType":
    from maestrale.expressions import jinja_references

    return jinja_references
