"""The names in a YAQL expression, and what a condition in YAQL compares."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, TypeAlias

from maestrale.expressions.yaql.failures import ReadingFailure
from maestrale.expressions.yaql.parser import parse
from maestrale.expressions.yaql.tree import (
    Argument,
    Binary,
    Call,
    Constant,
    Group,
    Index,
    Items,
    Node,
    Pair,
    Rules,
    Unary,
    Variable,
)

Name: TypeAlias = tuple[str, str, int, bool]
"""Kind, name, offset in the expression, and whether it is safe; see `references.Reference`."""

DATA = "1"
STEPS = (".", "?.")
LOOKUPS = ("get", "containsKey")
"""Methods of the data that ask for a key by name and do not mind if there is none."""

REBINDING = frozenset(
    {"accumulate", "aggregate", "all", "any", "assert", "call", "def", "distinct", "examine", "filter"}
    | {"generate", "generateMany", "groupBy", "indexWhere", "join", "lastIndexWhere", "map", "mergeWith"}
    | {"orderBy", "orderByDescending", "reduce", "replaceBy", "search", "searchAll", "select"}
    | {"selectAllCases", "selectCase", "selectMany", "skipWhile", "sliceWhere", "splitWhere", "switchCase"}
    | {"takeWhile", "thenBy", "thenByDescending", "toDict", "where", "with"}
)
"""Functions in whose arguments `$` is something else than outside, such as the item at hand."""


@lru_cache(maxsize=1024)
def read(expression: str) -> Node | None:
    """The tree of an expression; None: it cannot be read."""
    try:
        return parse(expression)
    except ReadingFailure:
        return None


def find_names(expression: str) -> Iterator[Name]:
    """Every name that the expression reads."""
    node = read(expression)
    if node is not None:
        yield from _names(node, True)


def _names(node: Argument, rooted: bool) -> Iterator[Name]:
    """`rooted`: `$` is the data of the scope here."""
    match node:
        case Variable(name=name, position=position):
            if rooted and name == DATA:
                yield "data", "", position, False
        case Group(inner=inner):
            yield from _names(inner, rooted)
        case Unary(operand=operand):
            yield from _names(operand, rooted)
        case Binary(operator=operator, left=left, right=right) if operator in STEPS:
            yield from _step(left, right, rooted)
        case Binary(operator=operator, left=left, right=right):
            yield from _names(left, rooted)
            yield from _names(right, rooted and operator != "->")
        case Index(value=value, arguments=arguments):
            yield from _index(value, arguments, rooted)
        case Items(arguments=arguments) | Rules(arguments=arguments):
            for argument in arguments:
                yield from _names(argument, rooted)
        case Pair(source=source, destination=destination):
            yield from _names(source, rooted)
            yield from _names(destination, rooted)
        case Call():
            yield from _call(node, rooted, is_method=False)


def _step(left: Node, right: Node, rooted: bool) -> Iterator[Name]:
    """`left.right`: a key, or a method."""
    on_data = rooted and _is_data(left)
    match right:
        case Constant(value=str(name), position=position, is_keyword=True) if on_data:
            yield "variable", name, position, False
            return
        case Constant(value=str(name), position=position, is_keyword=True) if _is_env(left):
            yield "environment", name, position, False
        case Call(name=method, arguments=(Constant(value=str(name), position=position), *_)):
            if method in LOOKUPS and on_data:
                yield "variable", name, position, True
                yield from _call(right, rooted, is_method=True)
                return
            if method in LOOKUPS and _is_env(left):
                yield "environment", name, position, True
    yield from _names(left, rooted)
    if isinstance(right, Call):
        yield from _call(right, rooted, is_method=True)
    else:
        yield from _names(right, rooted)


def _index(value: Node, arguments: tuple[Argument, ...], rooted: bool) -> Iterator[Name]:
    match arguments:
        case (Constant(value=str(name), position=position),) if rooted and _is_data(value):
            yield "variable", name, position, False
        case _:
            yield from _names(value, rooted)
            for argument in arguments:
                yield from _names(argument, rooted)


def _call(node: Call, rooted: bool, *, is_method: bool) -> Iterator[Name]:
    yield "function", node.name, node.position, False
    match node.name, node.arguments:
        case "task", (Constant(value=str(name), position=position), *_) if not is_method:
            yield "task", name, position, False
        case "global", (Constant(value=str(name), position=position), *_) if not is_method:
            yield "variable", name, position, True
    rebinds = node.name in REBINDING
    for place, argument in enumerate(node.arguments):
        is_receiver = place == 0 and not is_method
        yield from _names(argument, rooted and (is_receiver or not rebinds))


def _is_data(node: Node) -> bool:
    return isinstance(node, Variable) and node.name == DATA


def _is_env(node: Node) -> bool:
    return isinstance(node, Call) and node.name == "env" and not node.arguments


# What a condition compares.


def comparison(expression: str) -> tuple[Any, str, Any] | None:
    """A condition as (left, operator, right), shapes without places; `(x, "holds", None)` for any other.

    None: it cannot be read.
    """
    node = read(expression)
    return None if node is None else _comparison(node)


def _comparison(node: Node) -> tuple[Any, str, Any]:
    match node:
        case Group(inner=inner):
            return _comparison(inner)
        case Unary(operator="not", operand=operand):
            left, operator, right = _comparison(operand)
            opposite = {"holds": "fails", "fails": "holds", "=": "!=", "!=": "="}.get(operator)
            return (left, opposite, right) if opposite else ((left, operator, right), "fails", None)
        case Binary(operator="=" | "!=" | "<" | ">" | "<=" | ">=" as operator, left=left, right=right):
            return _shape(left), operator, _shape(right)
        case _:
            return _shape(node), "holds", None


def _shape(node: Argument) -> Any:
    """What an expression says, wherever it stands: equal shapes have equal values in one scope."""
    match node:
        case Group(inner=inner):
            return _shape(inner)
        case Constant(value=value):
            return "literal", type(value).__name__, value
        case Variable(name=name):
            return "variable", name
        case Unary(operator=operator, operand=operand):
            return operator, _shape(operand)
        case Binary(operator=operator, left=left, right=right):
            return operator, _shape(left), _shape(right)
        case Index(value=value, arguments=arguments):
            return ("index", _shape(value), *map(_shape, arguments))
        case Call(name=name, arguments=arguments):
            return ("call", name, *map(_shape, arguments))
        case Items(arguments=arguments):
            return ("items", *map(_shape, arguments))
        case Rules(arguments=arguments):
            return ("rules", *map(_shape, arguments))
        case Pair(source=source, destination=destination):
            return "pair", _shape(source), _shape(destination)
        case _:
            return ("empty",)
