"""The names in a text for Jinja, and what a condition in Jinja compares."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, TypeAlias

from jinja2 import TemplateAssertionError, TemplateSyntaxError, meta, nodes

from maestrale.expressions import jinja_language
from maestrale.expressions.texts import whole_jinja

Name: TypeAlias = tuple[str, str, bool]
"""Kind, name, and whether it is safe; see `references.Reference`."""

DATA = "_"
KNOWN_NAMES = frozenset({DATA, "__env", "__execution", "__task_execution"})
SAFE_TESTS = ("defined", "undefined", "none")
SAFE_FILTERS = ("default", "d")
METHODS = frozenset(dir({}))
"""Attributes of the data that are Python's, and no variables."""

OPERATORS = {"eq": "=", "ne": "!=", "lt": "<", "gt": ">", "lteq": "<=", "gteq": ">="}
OPPOSITES = {"holds": "fails", "fails": "holds", "=": "!=", "!=": "="}


@lru_cache(maxsize=1024)
def read(text: str) -> nodes.Template | None:
    """The tree of a text; None: it cannot be read."""
    try:
        return jinja_language.parse(text)
    except (TemplateSyntaxError, RecursionError):
        return None


def find_names(text: str) -> Iterator[Name]:
    """Every name that the text reads."""
    tree = read(text)
    if tree is None:
        return
    for name in sorted(_undeclared(tree) - KNOWN_NAMES):
        if not jinja_language.is_global(name):
            yield "free", name, any(_is_guarded(test, name) for test in tree.find_all(nodes.Test))
    if any(name.name == DATA and name.ctx != "load" for name in tree.find_all(nodes.Name)):
        yield "data", "", False  # What `_` is changes on the way.
    yield from _names(tree, False)


def _undeclared(tree: nodes.Template) -> set[str]:
    """The names that nothing in the text gives a value; none where it uses a filter or a test there is not:
    Jinja then says so and looks no further."""
    try:
        return meta.find_undeclared_variables(tree)
    except TemplateAssertionError:
        return set()


def _is_guarded(test: nodes.Test, name: str) -> bool:
    return test.name in SAFE_TESTS and isinstance(test.node, nodes.Name) and test.node.name == name


def _names(node: nodes.Node, is_safe: bool) -> Iterator[Name]:
    match node:
        case nodes.Name(name="_", ctx="load"):
            yield "data", "", False
            return
        case nodes.Call(
            node=nodes.Getattr(node=owner, attr="get"), args=[nodes.Const(value=str(name)), *rest]
        ):
            yield from _key(owner, name, True)
            for argument in rest:
                yield from _names(argument, is_safe)
            return
        case nodes.Getattr(node=owner, attr=name) if not (_is_data(owner) and name in METHODS):
            yield from _key(owner, name, is_safe)
            return
        case nodes.Getitem(node=owner, arg=nodes.Const(value=str(name))):
            yield from _key(owner, name, is_safe)
            return
        case nodes.Call(node=nodes.Name(name=function), args=arguments):
            yield from _function(function, arguments)
            for child in [*arguments, *node.kwargs]:
                yield from _names(child, is_safe)
            return
        case nodes.Filter(node=source, name=function, args=arguments) if source is not None:
            yield from _function(function, arguments)
            if not (_is_data(source) and jinja_language.is_global(function)):
                yield from _names(source, is_safe or function in SAFE_FILTERS)
            for child in [*arguments, *node.kwargs]:
                yield from _names(child, is_safe)
            return
        case nodes.Test(node=source, name=test):
            is_safe = is_safe or test in SAFE_TESTS
    for child in node.iter_child_nodes():
        yield from _names(child, is_safe)


def _key(owner: nodes.Node, name: str, is_safe: bool) -> Iterator[Name]:
    """`owner.name`."""
    match owner:
        case nodes.Name(name="_", ctx="load"):
            yield "variable", name, is_safe
            return
        case nodes.Call(node=nodes.Name(name="env"), args=[]):
            yield "environment", name, is_safe
    yield from _names(owner, is_safe)


def _function(name: str, arguments: list[nodes.Expr]) -> Iterator[Name]:
    yield "function", name, False
    match name, arguments:
        case "task", [nodes.Const(value=str(task)), *_]:
            yield "task", task, False
        case "global", [nodes.Const(value=str(variable)), *_]:
            yield "variable", variable, True


def _is_data(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name == DATA


# What a condition compares.


def comparison(text: str) -> tuple[Any, str, Any] | None:
    """As for YAQL; None too where the text is not one expression."""
    tree = read(text) if whole_jinja(text) is not None else None
    match tree:
        case nodes.Template(body=[nodes.Output(nodes=[expression])]):
            return _comparison(expression)
        case _:
            return None


def _comparison(node: nodes.Node) -> tuple[Any, str, Any]:
    match node:
        case nodes.Not(node=inner):
            left, operator, right = _comparison(inner)
            opposite = OPPOSITES.get(operator)
            return (left, opposite, right) if opposite else ((left, operator, right), "fails", None)
        case nodes.Compare(expr=left, ops=[nodes.Operand(op=operator, expr=right)]) if operator in OPERATORS:
            return _shape(left), OPERATORS[operator], _shape(right)
        case _:
            return _shape(node), "holds", None


def _shape(node: nodes.Node) -> Any:
    if isinstance(node, nodes.Const):
        return "literal", type(node.value).__name__, node.value
    return repr(node)  # A tree of Jinja shows what it says, and not where.
