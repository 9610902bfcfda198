"""What the source of a Python class says about how it is made. No code of it is run.

Only what stands in the source counts: a base class that is imported adds no parameters, and `*args` and
`**kwargs` are none, for no input could be checked against them.
"""

import ast
import inspect
from collections.abc import Iterator

from msgspec import Struct

from maestrale.actions.results import NotJson, to_json
from maestrale.expressions import Json
from maestrale.lang import Parameter

BYTE_ORDER_MARK = "\ufeff"
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)


class ClassSignature(Struct, frozen=True, kw_only=True):
    """How an action's class is instantiated.

    Args:
        parameters: In order. One whose default is worked out when the code runs has null as its default.
        computed: The names of those; giving null for one means not to give it.
        description: The first paragraph of the class's documentation.
    """

    parameters: tuple[Parameter, ...] = ()
    computed: tuple[str, ...] = ()
    description: str | None = None


def read_class(source: str, class_name: str) -> ClassSignature:
    """The signature of a class of that source; an empty one if there is no such class to be read."""
    try:
        module = ast.parse(source.removeprefix(BYTE_ORDER_MARK))
    except UNREADABLE:
        return ClassSignature()
    classes = {node.name: node for node in module.body if isinstance(node, ast.ClassDef)}
    class_ = classes.get(class_name)
    if class_ is None:
        return ClassSignature()
    constructor = _find_constructor(class_name, classes, set())
    parameters = list(_parameters(constructor)) if constructor else []
    return ClassSignature(
        parameters=tuple(parameter for parameter, _ in parameters),
        computed=tuple(parameter.name for parameter, is_computed in parameters if is_computed),
        description=_first_paragraph(class_),
    )


def _find_constructor(name: str, classes: dict[str, ast.ClassDef], seen: set[str]) -> ast.FunctionDef | None:
    """The `__init__` of a class or, depth first, of its bases in the same source."""
    if name in seen or name not in classes:
        return None
    seen.add(name)
    for node in reversed(classes[name].body):
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            return node
    for base in classes[name].bases:
        found = _find_constructor(base.id, classes, seen) if isinstance(base, ast.Name) else None
        if found is not None:
            return found
    return None


def _parameters(constructor: ast.FunctionDef) -> Iterator[tuple[Parameter, bool]]:
    """Each parameter after `self`, and whether its default has to be worked out."""
    arguments = constructor.args
    positional = [*arguments.posonlyargs, *arguments.args]
    without = len(positional) - len(arguments.defaults)
    defaults: list[ast.expr | None] = [*[None] * without, *arguments.defaults]
    named = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    for argument, default in [*list(zip(positional, defaults, strict=True))[1:], *named]:
        if default is None:
            yield Parameter(argument.arg), False
        else:
            value, is_literal = _literal(default)
            yield Parameter(argument.arg, required=False, default=value), not is_literal


def _literal(node: ast.expr) -> tuple[Json, bool]:
    """The value of a default, if JSON has it as Python does."""
    try:
        value = ast.literal_eval(node)
        plain = to_json(value)
    except (*UNREADABLE, TypeError, NotJson):
        return None, False
    return (plain, True) if repr(plain) == repr(value) else (None, False)


def _first_paragraph(class_: ast.ClassDef) -> str | None:
    text = inspect.cleandoc(ast.get_docstring(class_) or "")
    return " ".join(text.split("\n\n")[0].split()) or None
