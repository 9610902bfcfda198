"""Code for operators and literals.

Where one Python operation does for the types that are met most often, it is written in place, behind a
test of the types; all else is left to the overloads of the library.
"""

from typing import Any

from maestrale.expressions.yaql import forms
from maestrale.expressions.yaql.delegates import delegate
from maestrale.expressions.yaql.failures import Failure
from maestrale.expressions.yaql.overloads import Given, ambiguous
from maestrale.expressions.yaql.scopes import Frame
from maestrale.expressions.yaql.tree import (
    Binary,
    Call,
    Constant,
    Empty,
    Index,
    Items,
    Node,
    Pair,
    Rules,
    Unary,
)
from maestrale.expressions.yaql.writing import Writing

_NAMES = {"=": "*equal", "!=": "*not_equal"}
_COMPARISONS = frozenset({"<", ">", "<=", ">="})
_PYTHON = {"=": "==", "!=": "!="}


def _scalar(node: Node) -> Any:
    """The number that a node stands for; None: it is no plain number."""
    if isinstance(node, Unary) and node.operator == "-":
        inner = _scalar(node.operand) if isinstance(node.operand, Constant) else None
        return None if inner is None else -inner
    return node.value if isinstance(node, Constant) and type(node.value) in (int, float) else None


def unary(writer: Writing, node: Unary, frame: Frame) -> str:
    """Code for `operator operand`."""
    name = f"#unary_operator_{node.operator}"
    own = frame.function(name)
    if own is not None:
        return writer.call_own(own, name, (node.operand,), frame, node.position)
    if node.operator == "not":
        return f"(not {writer.expression(node.operand, frame)})"
    number = _scalar(node)
    if number is not None:
        return writer.unit.constant(number)
    return writer.call(name, (node.operand,), frame, node.position)


def binary(writer: Writing, node: Binary, frame: Frame) -> str:
    """Code for `left operator right`."""
    operator = node.operator
    name = _NAMES.get(operator, f"#operator_{operator}")
    if operator == "->":
        return forms.arrow(writer, node, frame)
    if operator == ".":
        return dot(writer, writer.expression(node.left, frame), node.right, frame, node.position)
    if operator == "?.":
        return _elvis(writer, node, frame)
    own = frame.function(name)
    if own is not None:
        return writer.call_own(own, name, (node.left, node.right), frame, node.position)
    if operator in ("and", "or"):
        return f"({writer.expression(node.left, frame)} {operator} {writer.expression(node.right, frame)})"
    if operator in _PYTHON:
        return _equality(writer, node, frame)
    if operator in ("+", "-"):
        return _compute(writer, node, frame, name, "int")
    if operator in _COMPARISONS:
        return _compute(writer, node, frame, name, "ORDERED")
    return writer.call(name, (node.left, node.right), frame, node.position)


def _compute(writer: Writing, node: Binary, frame: Frame, name: str, fast: str) -> str:
    """Code that computes with Python's operator where both values have one type of those in `fast`."""
    left, right = writer.expression(node.left, frame), writer.expression(node.right, frame)
    otherwise = writer.unit.constant(delegate(name, 2))
    one, two = writer.unit.name(), writer.unit.name()
    note = writer.note(node.position)
    number = _scalar(node.right)
    if number is not None:
        test = f"type({one} := {left}) is {type(number).__name__}"
        if type(number) is int and fast != "int":
            test = f"type({one} := {left}) is int or type({one}) is float"
        two = right
    else:
        test = f"type({one} := {left}) is type({two} := {right}) {'in' if fast != 'int' else 'is'} {fast}"
    return f"({note}{one} {node.operator} {two} if {test} else {note}{otherwise}({one}, {two}))"


def _equality(writer: Writing, node: Binary, frame: Frame) -> str:
    left, right = writer.expression(node.left, frame), writer.expression(node.right, frame)
    sign = _PYTHON[node.operator]
    if isinstance(node.left, Constant) or isinstance(node.right, Constant):
        return f"({left} {sign} {right})"
    one, two = writer.unit.name(), writer.unit.name()
    otherwise = f"{'not ' if sign == '!=' else ''}equal({one}, {two})"
    note = writer.note(node.position)
    return (
        f"({note}{one} {sign} {two} if type({one} := {left}) is type({two} := {right}) in SCALARS"
        f" else {note}{otherwise})"
    )


def _elvis(writer: Writing, node: Binary, frame: Frame) -> str:
    if frame.function("#operator_?.") is not None:
        return writer.fail(ambiguous("#operator_?.", is_method=False), node.position)
    value = writer.unit.name()
    left = writer.expression(node.left, frame)
    step = dot(writer, value, node.right, frame, node.position)
    return f"(None if ({value} := {left}) is None else {step})"


def dot(writer: Writing, receiver: str, right: Node, frame: Frame, position: int) -> str:
    """Code for `receiver.right`, the receiver being code already."""
    own = frame.function("#operator_.")
    if isinstance(right, Call):
        if own is not None:
            return writer.fail(ambiguous("#operator_.", is_method=False), position)
        return writer.method(receiver, right, frame)
    if not isinstance(right, Constant) or not right.is_keyword:
        reason = "what stands after `.` has to be a word or the call of a method"
        return writer.fail(Failure(reason), position)
    if own is not None:
        return writer.call_own(own, "#operator_.", (Given(receiver), right), frame, position)
    key = writer.unit.constant(right.value)
    if receiver == "data":
        note = writer.note(right.position, "data")
        test = "type(data) is dict or type(data) is Layers"
        return f"({note}data[{key}] if {test} else {note}read(data, {key}))"
    value = writer.unit.name()
    note = writer.note(right.position, value)
    return f"({note}{value}[{key}] if type({value} := {receiver}) is dict else {note}read({value}, {key}))"


def index(writer: Writing, node: Index, frame: Frame) -> str:
    """Code for `value[arguments]`."""
    arguments = (node.value, *node.arguments)
    own = frame.function("#indexer")
    if own is not None:
        return writer.call_own(own, "#indexer", arguments, frame, node.position)
    only = node.arguments[0] if len(node.arguments) == 1 else None
    if isinstance(only, (Constant, Unary)):
        number = _scalar(only)
        if type(number) is int:
            return _item(writer, node, frame, number, "type({0}) is tuple")
        if isinstance(only, Constant) and type(only.value) is str:
            return _item(writer, node, frame, only.value, "")
    return writer.call("#indexer", arguments, frame, node.position)


def _item(writer: Writing, node: Index, frame: Frame, key: Any, also: str) -> str:
    """Code for an item with a key or a number that is known."""
    value, code = writer.unit.name(), writer.expression(node.value, frame)
    kind = "list" if also else "dict"
    test = f"type({value} := {code}) is {kind}" + (f" or {also.format(value)}" if also else "")
    constant = writer.unit.constant(key)
    otherwise = writer.unit.constant(delegate("#indexer", 2))
    note = writer.note(node.position, value)
    return f"({note}{value}[{constant}] if {test} else {note}{otherwise}({value}, {constant}))"


def items(writer: Writing, node: Items, frame: Frame) -> str:
    """Code for `[arguments]`."""
    own = frame.function("#list")
    if own is not None:
        return writer.call_own(own, "#list", node.arguments, frame, node.position)
    if any(isinstance(argument, Pair) for argument in node.arguments):
        return writer.fail(Failure("a list takes values, no `a => b`: use `{}`"), node.position)
    codes = [f"{writer.argument(argument, frame)}, " for argument in node.arguments]
    return f"({''.join(codes)})"


def rules(writer: Writing, node: Rules, frame: Frame) -> str:
    """Code for `{arguments}`."""
    if frame.function("#map") is not None:
        return writer.fail(ambiguous("#map", is_method=False), node.position)
    codes = []
    for argument in node.arguments:
        if not isinstance(argument, Pair):
            reason = (
                "a mapping takes rules `key => value`"
                if not isinstance(argument, Empty)
                else "a rule is missing"
            )
            return writer.fail(Failure(reason), argument.position)
        key = writer.expression(argument.source, frame)
        if not isinstance(argument.source, Constant):
            key = f"as_key({key})"
        codes.append(f"{key}: {writer.expression(argument.destination, frame)}")
    return f"({writer.note(node.position)}FrozenDict({{{', '.join(codes)}}}))"
