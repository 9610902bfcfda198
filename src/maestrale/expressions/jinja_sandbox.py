"""Jinja's sandbox with tighter walls: bounded sizes, no clock, and nothing of the engine's changed.

Templates read the engine's own data, not a copy. A call that would change a list or a mapping stops
the evaluation with `NeedsCopy`; it is done again from the start on a copy, which may be changed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import partial, update_wrapper
from itertools import repeat
from types import BuiltinMethodType, FunctionType, GeneratorType, MethodType
from typing import Any

from jinja2 import StrictUndefined
from jinja2.compiler import CodeGenerator, Frame, operators
from jinja2.exceptions import TemplateRuntimeError, UndefinedError
from jinja2.nodes import Compare, Concat, Dict, Expr, Filter, For, Template
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment, SandboxedEscapeFormatter, SandboxedFormatter
from jinja2.utils import missing
from markupsafe import Markup

from maestrale.errors import InvalidInput
from maestrale.expressions import limits
from maestrale.expressions.budget import ticking
from maestrale.expressions.jinja_bounds import BOUNDED_FILTERS, bounded_tests, check_method
from maestrale.expressions.weights import weighed

PRIVATE = " private"
"""The variable that is true when the data is a copy. No template can write a name with a space."""

COUNTED = " counted"
"""The filter that counts the rounds of a loop. No template can write a name with a space."""

_READING_METHODS: Mapping[type, frozenset[str]] = {
    list: frozenset({"copy", "count", "index"}),
    dict: frozenset({"copy", "fromkeys", "get", "items", "keys", "values"}),
    set: frozenset({"copy", "difference", "intersection", "symmetric_difference", "union"}),
}
_WITHOUT_TEXT = (GeneratorType, FunctionType, MethodType, BuiltinMethodType, Iterator)
_CLOCK_METHODS = frozenset(
    {"astimezone", "fromtimestamp", "now", "timestamp", "today", "utcfromtimestamp", "utcnow"}
)


class NeedsCopy(BaseException):
    """A template is about to change data. Not an `Exception`: nothing on the way may swallow it."""


class IsNotDefined(UndefinedError):
    """A template uses what is not there.

    Args:
        owner: What does not have it; `missing` of Jinja: it was to be a variable.
    """

    def __init__(self, message: str, name: Any, owner: Any) -> None:
        super().__init__(message)
        self.name = name
        self.owner = owner


class NotDefined(StrictUndefined):
    """What stands for what is not there. Any use of it fails, and the error knows what was looked for."""

    __slots__ = ()

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: type[TemplateRuntimeError] = UndefinedError,
    ) -> None:
        raising = partial(IsNotDefined, name=name, owner=obj) if exc is UndefinedError and not hint else exc
        super().__init__(hint, obj, name, raising)  # type: ignore[arg-type]


class _Formatter(SandboxedFormatter):
    """`str.format` with bounded fields and a bounded result."""

    def __init__(self, env: Any, **kwargs: Any) -> None:
        super().__init__(env, **kwargs)
        self._length = 0

    def format_field(self, value: Any, format_spec: str) -> Any:
        limits.check_format(format_spec)
        text = super().format_field(value, format_spec)
        self._length += len(text)
        limits.check_text(self._length)
        return text


class _EscapeFormatter(_Formatter, SandboxedEscapeFormatter):
    """The same for text that is marked as HTML."""


class _CodeGenerator(CodeGenerator):
    """Has the environment look at what `~` joins, at what is compared, and at keys of mappings."""

    def visit_Concat(self, node: Concat, frame: Frame) -> None:
        self.write("environment.concatenate((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("), context.eval_ctx.autoescape)")

    def visit_Compare(self, node: Compare, frame: Frame) -> None:
        self.write("(")
        self._visit_weighed(node.expr, frame)
        for operand in node.ops:
            self.write(f" {operators[operand.op]} ")
            self._visit_weighed(operand.expr, frame)
        self.write(")")

    def visit_Dict(self, node: Dict, frame: Frame) -> None:
        self.write("{")
        for pair in node.items:
            self._visit_weighed(pair.key, frame)
            self.write(": ")
            self.visit(pair.value, frame)
            self.write(", ")
        self.write("}")

    def _visit_weighed(self, node: Expr, frame: Frame) -> None:
        self.write("environment.weighed(")
        self.visit(node, frame)
        self.write(")")


def _counted(items: Any) -> Any:
    """What a loop goes through, each round of which is a step."""
    tick = ticking()
    if isinstance(items, (list, tuple, str, Mapping)):  # A loop goes to the end, and may ask how long it is.
        for _ in repeat(None, len(items)):
            tick()
        return items
    return filter(lambda item: tick(), items)


def _rendered(pieces: Iterable[str]) -> str:
    return limits.join("", pieces)


class Sandbox(SandboxedEnvironment):
    """The environment in which all templates are compiled and evaluated."""

    code_generator_class = _CodeGenerator
    concat = staticmethod(_rendered)
    weighed = staticmethod(weighed)
    intercepted_binops = frozenset(("+", "*", "**", "%"))

    def __init__(self) -> None:
        super().__init__(
            undefined=NotDefined,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,
            finalize=_checked_output,
            cache_size=0,
        )
        self.filters.update(BOUNDED_FILTERS)
        self.filters[COUNTED] = _counted
        self.tests.update(bounded_tests(dict[str, Any](self.tests)))
        self.binop_table.update({"+": limits.add, "*": limits.multiply, "**": limits.power, "%": _modulo})

    def _generate(self, source: Template, *args: Any, **kwargs: Any) -> str:
        """The code of a template, whose loops are counted."""
        for loop in source.find_all(For):
            loop.iter = Filter(loop.iter, COUNTED, [], [], None, None, environment=self)
        return super()._generate(source, *args, **kwargs)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Names with an underscore and Python's own internals are closed, and so are clocks."""
        if attr in _CLOCK_METHODS and (isinstance(obj, date) or obj is date):
            return False
        return super().is_safe_attribute(obj, attr, value)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """`obj[argument]`."""
        return super().getitem(obj, weighed(argument))

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Call what a template calls, unless it is unsafe, too large, or changes data not its own."""
        ticking()()
        if isinstance(__obj, BuiltinMethodType):
            own = __obj.__self__
            check_method(own, __obj.__name__, args, kwargs)
            reading = _READING_METHODS.get(type(own))
            if reading is not None and __obj.__name__ not in reading and not __context.get(PRIVATE):
                raise NeedsCopy
        return super().call(__context, __obj, *args, **kwargs)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """`str.format` and `format_map`, formatting within the sandbox and its bounds."""
        if not isinstance(value, (MethodType, BuiltinMethodType)) or not isinstance(value.__self__, str):
            return None
        if value.__name__ not in ("format", "format_map"):
            return None
        return _bounded_format(self, value.__self__, value)

    def concatenate(self, values: Iterable[Any], autoescape: bool) -> str:
        """What `~` makes of its operands."""
        if autoescape:
            escaped = [Markup.escape(value) for value in values]
            return Markup(limits.join("", escaped))
        return limits.join("", map(str, values))


def _bounded_format(environment: Sandbox, template: str, method: Any) -> Callable[..., str]:
    def formatted(*args: Any, **kwargs: Any) -> str:
        formatter = (
            _EscapeFormatter(environment, escape=template.escape)
            if isinstance(template, Markup)
            else _Formatter(environment)
        )
        if method.__name__ == "format_map":
            if kwargs or len(args) != 1:
                raise TypeError("format_map takes exactly one argument")
            return type(template)(formatter.vformat(template, (), args[0]))
        return type(template)(formatter.vformat(template, args, kwargs))

    return update_wrapper(formatted, method)


def _modulo(left: Any, right: Any) -> Any:
    return limits.format_percent(left, right) if isinstance(left, str) else left % right


def _shows_an_address(value: object) -> bool:
    kind: Any = type(value)
    return kind.__str__ is object.__str__ and kind.__repr__ is object.__repr__


def _checked_output(value: Any) -> Any:
    """Refuse to put into text what has only an address to show, which differs in each process."""
    if isinstance(value, _WITHOUT_TEXT) or _shows_an_address(value):
        raise InvalidInput(
            "a generator or a function cannot be put into text: make a list of it with `|list`"
        )
    return value
