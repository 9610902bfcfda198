"""Where in the text of an expression something stands."""

import re

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
    Pair,
    Rules,
    Unary,
)

_LONGEST = 60
_PATH = re.compile(r"\$\w*(?:\.\w+(?![\w(]))*+(?=[^\w.(\[]|$)")


def subject_at(expression: str, position: int) -> str | None:
    """The text before the step, the call of a method or the index that stands at `position`.

    None: nothing like that stands there, or its text is too long to be told.
    """
    try:
        tree = parse(expression)
    except ReadingFailure:
        return None
    found = _find(tree, position)
    text = expression[found[0] : found[1]].strip() if found else ""
    return text if 0 < len(text) <= _LONGEST else None


def _find(node: Argument, position: int) -> tuple[int, int] | None:
    """The bounds of what stands before the node that has its place at `position`."""
    match node:
        case Binary(operator="." | "?.", left=left, right=Constant() | Call() as right):
            if right.position == position:
                return start_of(left), node.position
        case Index(value=value) if node.position == position:
            return start_of(value), position
    return next(filter(None, (_find(inner, position) for inner in _inner(node))), None)


def operands_at(expression: str, position: int) -> tuple[str | None, ...]:
    """The texts of both operands of the operator that stands at `position`; None for one that is no path."""
    node = _operator(parse(expression), position)
    if node is None:
        return ()
    starts = start_of(node.left), start_of(node.right)
    found = (_PATH.match(expression, start) for start in starts)
    return tuple(match[0] if match and len(match[0]) <= _LONGEST else None for match in found)


def _operator(node: Argument, position: int) -> Binary | None:
    if isinstance(node, Binary) and node.position == position:
        return node
    return next(filter(None, (_operator(inner, position) for inner in _inner(node))), None)


def _inner(node: Argument) -> tuple[Argument, ...]:
    match node:
        case Group(inner=inner):
            return (inner,)
        case Unary(operand=operand):
            return (operand,)
        case Binary(left=left, right=right):
            return left, right
        case Index(value=value, arguments=arguments):
            return (value, *arguments)
        case Pair(source=source, destination=destination):
            return source, destination
        case Call(arguments=arguments) | Items(arguments=arguments) | Rules(arguments=arguments):
            return arguments
        case _:
            return ()


def start_of(node: Argument) -> int:
    """The offset of the first character of a node."""
    match node:
        case Binary(left=left):
            return start_of(left)
        case Index(value=value):
            return start_of(value)
        case _:
            return node.position
