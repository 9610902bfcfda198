"""YAQL, evaluated by the `yaql` library.

The library is asked for no more than parsing, choosing overloads and its functions: the conversion of
the context and of the result, the limits and the present are ours. Import this module only when an
expression needs it; the library takes a quarter of a second.
"""

import collections.abc  # The library uses it without importing it.
from functools import cache, lru_cache
from typing import Any

import yaql
from yaql.language import contexts, conventions, exceptions, expressions, factory, utils

from maestrale.expressions.frozen import freeze
from maestrale.expressions.limits import ITEM_LIMIT, MEMORY_LIMIT
from maestrale.expressions.scope import Scope
from maestrale.expressions.yaql_bounds import bound_library
from maestrale.expressions.yaql_functions import register_functions

_PARSED_EXPRESSIONS = 4096
_SPECIAL_VARIABLES = {
    "$__env": "__env",
    "$__execution": "__execution",
    "$__task_execution": "__task_execution",
}

_OPTIONS = {
    "yaql.convertInputData": False,
    "yaql.limitIterators": ITEM_LIMIT,
    "yaql.memoryQuota": MEMORY_LIMIT,
}


class _Context(contexts.Context):  # type: ignore[misc]
    """The variables of one evaluation, or of one call in it, over the functions of the library.

    Functions are looked for in the scopes of the evaluation only where a `def` has put some, and in
    the library once per name.
    """

    def __init__(self, parent: Any, scope: Scope | None = None) -> None:
        super().__init__(parent)
        self.scope: Scope = parent.scope if scope is None else scope

    def collect_functions(self, name: str, predicate: Any = None, use_convention: bool = False) -> Any:
        overloads = []
        context = self
        while isinstance(context, _Context):
            if context._functions:
                found, _ = context.get_functions(name, None, use_convention)
                overloads.append(found)
            context = context.parent
        overloads.extend(_library_overloads(name, use_convention))
        if predicate is None:
            return [layer for layer in overloads if layer]
        chosen = ({one for one in layer if predicate(one, self)} for layer in overloads)
        return [layer for layer in chosen if layer]


class _Root(_Context):
    """The outermost scope of an evaluation: `$` and the variables that the data has for it."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(_library(), scope)
        self["$"] = freeze(scope.data)

    def get_data(self, name: str, default: Any = None, ask_parent: bool = True) -> Any:
        key = _SPECIAL_VARIABLES.get(name)
        data = self.scope.data
        if key is not None and isinstance(data, collections.abc.Mapping) and key in data:
            return data[key]
        return super().get_data(name, default, ask_parent)

    def create_child_context(self) -> _Context:
        return _Context(self)


@cache
def _engine() -> Any:
    return factory.YaqlFactory().create(_OPTIONS)


@cache
def _library() -> Any:
    """The functions of the language, which no evaluation changes."""
    context = yaql.create_context(convention=conventions.CamelCaseConvention(), yaqlized=False)
    bound_library(context)
    register_functions(context)
    return context


@lru_cache(maxsize=4096)
def _library_overloads(name: str, use_convention: bool) -> tuple[frozenset[Any], ...]:
    layers = _library().collect_functions(name, use_convention=use_convention)
    return tuple(frozenset(layer) for layer in layers)


@lru_cache(maxsize=_PARSED_EXPRESSIONS)
def _parse(expression: str) -> expressions.Expression:
    engine = _engine()
    # The parser keeps its place in the lexer: two threads must not share one.
    return engine.parser.parse(expression, lexer=engine.lexer.clone())


def prepare() -> None:
    """Do what the first evaluation would otherwise wait for, and must not be interrupted in."""
    _engine()
    _library()


def find_fault(expression: str) -> tuple[str, int | None] | None:
    """Why `expression` cannot be read, with the offset of the fault in it; None: it can."""
    try:
        _parse(expression)
    except exceptions.YaqlParsingException as error:
        return str(error.message), error.position
    except (ValueError, RecursionError, MemoryError) as error:
        return f"the expression cannot be read ({type(error).__name__})", None
    return None


def evaluate(expression: str, scope: Scope) -> Any:
    """The value of `expression` as the library gives it: frozen, and lazy where it is.

    Raises:
        Exception: Whatever the library raises, which `reasons` puts into words.
    """
    return _parse(expression)(utils.NO_VALUE, _Root(scope), _engine())
