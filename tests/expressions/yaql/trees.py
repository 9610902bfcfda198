"""Trees as plain tuples, of our parser and of the yaql library's, so that they can be compared."""

from functools import cache
from typing import Any

from yaql.language import expressions, factory, utils

from maestrale.expressions.yaql.parser import parse
from maestrale.expressions.yaql.tree import (
    Argument,
    Binary,
    Call,
    Constant,
    Empty,
    Group,
    Index,
    Items,
    Pair,
    Rules,
    Unary,
    Variable,
)


def our_tree(text: str) -> Any:
    """What our parser makes of an expression."""
    return _ours(parse(text))


def library_tree(text: str) -> Any:
    """What the parser of the yaql library makes of an expression."""
    engine = _engine()
    return _theirs(engine.parser.parse(text, lexer=engine.lexer.clone()))


@cache
def _engine() -> Any:
    return factory.YaqlFactory().create({})


def _ours(node: Argument) -> Any:
    match node:
        case Constant(value=value, is_keyword=is_keyword):
            return "word" if is_keyword else "constant", type(value), value
        case Variable(name=name):
            return "variable", name
        case Group(inner=inner):
            return "group", _ours(inner)
        case Call(name=name, arguments=arguments):
            return (name, *map(_ours, arguments))
        case Unary(operator=operator, operand=operand):
            return "unary", operator, _ours(operand)
        case Binary(operator=operator, left=left, right=right):
            return "binary", operator, _ours(left), _ours(right)
        case Index(value=value, arguments=arguments):
            return ("#indexer", _ours(value), *map(_ours, arguments))
        case Items(arguments=arguments):
            return ("#list", *map(_ours, arguments))
        case Rules(arguments=arguments):
            return ("#map", *map(_ours, arguments))
        case Pair(source=source, destination=destination):
            return "pair", _ours(source), _ours(destination)
        case Empty():
            return "empty"


def _theirs(node: Any) -> Any:
    match node:
        case utils.NO_VALUE:
            return "empty"
        case expressions.MappingRuleExpression():
            return "pair", _theirs(node.source), _theirs(node.destination)
        case expressions.Wrap():
            return "group", _theirs(node.expr)
        case expressions.Constant():
            word = isinstance(node, expressions.KeywordConstant)
            return "word" if word else "constant", type(node.value), node.value
        case expressions.GetContextValue():
            return "variable", node.path.value[1:] or "1"
        case expressions.BinaryOperator():
            return "binary", node.operator, *map(_theirs, node.args)
        case expressions.UnaryOperator():
            return "unary", node.operator, *map(_theirs, node.args)
        case _:
            return (node.name, *map(_theirs, node.args))
