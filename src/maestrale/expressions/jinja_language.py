"""Jinja, evaluated by jinja2 in a sandbox. Import this module only when a text needs it."""

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from jinja2 import Template, TemplateSyntaxError, Undefined, nodes
from jinja2.environment import TemplateExpression

from maestrale.expressions.jinja_functions import SCOPE, copied, register_functions
from maestrale.expressions.jinja_places import find_place
from maestrale.expressions.jinja_sandbox import COUNTED, PRIVATE, NeedsCopy, Sandbox
from maestrale.expressions.scope import SPECIAL, Layers, Scope
from maestrale.expressions.texts import jinja_start

_COMPILED_TEXTS = 2048


@cache
def _environment() -> Sandbox:
    environment = Sandbox()
    register_functions(environment)
    return environment


@lru_cache(maxsize=_COMPILED_TEXTS)
def _expression(inner: str) -> TemplateExpression:
    return _environment().compile_expression(inner, undefined_to_none=False)


@lru_cache(maxsize=_COMPILED_TEXTS)
def _template(text: str) -> Template:
    return _environment().from_string(text)


def prepare() -> None:
    """Do what the first evaluation would otherwise wait for, and must not be interrupted in."""
    _environment()


def parse(text: str) -> nodes.Template:
    """The tree of a text. Raises: TemplateSyntaxError: it has none."""
    return _environment().parse(text)


def is_global(name: str) -> bool:
    """Whether every template knows something of that name."""
    return name in _environment().globals


def function_names() -> tuple[list[str], list[str]]:
    """The functions and the filters that every template knows."""
    filters = [name for name in _environment().filters if name != COUNTED]
    return list(_environment().globals), filters


def test_names() -> list[str]:
    """The tests, as in `is defined`, that every template knows."""
    return list(_environment().tests)


def find_fault(text: str) -> tuple[str, int | None] | None:
    """Why the text cannot be read, with the offset of the fault as near as it is known; None: it can."""
    try:
        _environment().parse(text)
    except TemplateSyntaxError as error:
        message = str(error.message)
        place = find_place(text, message, error.lineno)
        return message, _offset(text, error.lineno) if place is None else place
    except (RecursionError, MemoryError) as error:
        return f"the expression cannot be read ({type(error).__name__})", None
    return None


def _offset(text: str, line: int) -> int:
    """The start of a line of the text; in the first one, that of the first expression."""
    start = jinja_start(text)
    lines = text.splitlines(keepends=True)
    return max(start, sum(len(one) for one in lines[: line - 1]))


def evaluate(inner: str, scope: Scope) -> Any:
    """The value of a whole `{{ … }}`, with its type.

    Raises:
        Exception: Whatever Jinja raises, which `reasons` puts into words.
    """
    expression = _expression(inner)
    try:
        value = expression(_variables(scope, scope.data))
    except NeedsCopy:
        value = expression(_variables(scope, copied(scope.data), private=True))
    if isinstance(value, Undefined):
        str(value)  # A strict undefined raises when it is used.
    return value


def render(text: str, scope: Scope) -> str:
    """The text that a template with blocks, or with text around its expressions, makes.

    Raises:
        Exception: Whatever Jinja raises, which `reasons` puts into words.
    """
    template = _template(text)
    try:
        return template.render(_variables(scope, scope.data))
    except NeedsCopy:
        return template.render(_variables(scope, copied(scope.data), private=True))


def _variables(scope: Scope, data: Any, *, private: bool = False) -> dict[str, Any]:
    """The names a template may use, and two that only our own functions can."""
    if isinstance(data, Mapping) and not isinstance(data, (dict, Layers)):
        data = Layers(data)
    variables = {"_": data, SCOPE: scope, PRIVATE: private}
    for name in SPECIAL:
        variables[name] = data.get(name) if isinstance(data, Mapping) else None
    return variables
