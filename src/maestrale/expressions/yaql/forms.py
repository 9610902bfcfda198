"""Code for what makes scopes and goes into them: `let`, `with`, `unpack`, `def` and `->`, and for `call`.

Directly on the left of `->` a scope is made of Python variables. Anywhere else it is a `Context`, and what
stands right of the `->` that meets it is compiled when the names of its functions are known.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from maestrale.expressions.scope import Scope
from maestrale.expressions.yaql.failures import Failure
from maestrale.expressions.yaql.generation import Built
from maestrale.expressions.yaql.invocation import function_name, in_context, normal
from maestrale.expressions.yaql.overloads import Slot, ambiguous, split_named, unsuitable
from maestrale.expressions.yaql.scopes import Frame, Functions, Mapped, Names, Numbered
from maestrale.expressions.yaql.tree import Binary, Call, Constant, Empty, Group, Node, Pair
from maestrale.expressions.yaql.writing import Writing

_Bound: TypeAlias = tuple[str | None, Frame]
"""Code that has to run before the right side of `->`, and the scope of that side."""


def arrow(writer: Writing, node: Binary, frame: Frame) -> str:
    """Code for `left -> right`."""
    if frame.function("#operator_->") is not None:
        return writer.fail(ambiguous("#operator_->", is_method=False), node.position)
    try:
        bound = _bind(writer, node.left, frame)
    except Failure as failure:
        return writer.fail(failure, node.left.position)
    if bound is None:
        send = writer.unit.constant(_Arrow(node.right, writer.build_inner).send)
        return f"({writer.note(node.position)}{send}(scope, data, {writer.expression(node.left, frame)}))"
    before, inner = bound
    right = writer.expression(node.right, inner)
    return right if before is None else f"({before}, {right})[-1]"


class _Arrow:
    """The right side of a `->` whose left side is known at run time only."""

    def __init__(self, right: Node, build: Callable[[Node, frozenset[str]], Built]) -> None:
        self._right = right
        self._build = build
        self._built: dict[frozenset[str], Built] = {}

    def send(self, scope: Scope, data: Any, left: Any) -> Any:
        context = in_context(left)
        names = frozenset(context.functions)
        built = self._built.get(names)
        if built is None:
            built = self._built[names] = self._build(self._right, names)
        return built.run(scope, data, context.variables, context.functions)


def _bind(writer: Writing, left: Node, frame: Frame) -> _Bound | None:
    """The scope that `left` makes, in Python variables; None: it has to be a `Context`.

    Raises:
        Failure: Its arguments are wrong.
    """
    while isinstance(left, Group):
        left = left.inner
    if isinstance(left, Call) and frame.function(left.name.rstrip("_")) is None:
        bind = _BINDINGS.get(left.name.rstrip("_"))
        return None if bind is None else bind(writer, left.arguments, frame)
    if isinstance(left, Binary) and left.operator == "." and isinstance(left.right, Call):
        is_unpack = left.right.name.rstrip("_") == "unpack" and frame.function("#operator_.") is None
        return _bind_items(writer, left.left, left.right, frame) if is_unpack else None
    return None


def _bind_let(writer: Writing, arguments: Sequence[Slot], frame: Frame) -> _Bound:
    positional, by_name = split_named(arguments)
    slots = {str(number): slot for number, slot in enumerate(positional, 1)} | by_name
    names = {name: writer.unit.name() for name in slots}
    codes = [f"({names[name]} := {writer.argument(slot, frame)})" for name, slot in slots.items()]
    return ", ".join(codes) if codes else None, Names(frame, names)


def _bind_with(writer: Writing, arguments: Sequence[Slot], frame: Frame) -> _Bound:
    if any(isinstance(argument, Pair) for argument in arguments):
        raise unsuitable("with", is_method=False)
    return _bind_let(writer, arguments, frame)


def _bind_items(writer: Writing, items: Node, call: Call, frame: Frame) -> _Bound:
    values = writer.unit.name()
    receiver = writer.expression(items, frame)
    added = unpack(writer, receiver, call.arguments, frame, call.position, is_bound=True)
    code = f"({values} := {added})"
    names = [argument.value for argument in call.arguments if isinstance(argument, Constant)]
    if names and len(names) == len(call.arguments) and all(isinstance(name, str) for name in names):
        return code, Names(frame, {normal(name): f"{values}[{normal(name)!r}]" for name in names})
    return code, Mapped(frame, values)


def unpack(
    writer: Writing,
    receiver: str,
    arguments: Sequence[Slot],
    frame: Frame,
    position: int,
    *,
    is_bound: bool = False,
) -> str:
    """Code for `receiver.unpack(arguments)`: a context, or if `is_bound` the variables that it adds."""
    if any(isinstance(argument, Pair) for argument in arguments):
        return writer.fail(unsuitable("unpack", is_method=True), position)
    codes = [receiver, *(writer.argument(argument, frame) for argument in arguments)]
    variables = f"{writer.note(position)}unpacked({', '.join(codes)})"
    return f"({variables})" if is_bound else _context([f"**{variables}"], {}, frame)


def _bind_def(writer: Writing, arguments: Sequence[Slot], frame: Frame) -> _Bound | None:
    name, body = _definition(arguments)
    if not isinstance(name, Constant):
        return None
    if not isinstance(name.value, str):
        raise unsuitable("def", is_method=False)
    known = function_name(name.value)
    return None, Functions(frame, {known: _define(writer, known, body, frame)})


def _definition(arguments: Sequence[Slot]) -> tuple[Node, Node]:
    """The name and the body that `def` is given."""
    name, body = _take(arguments, ("name", "func"), "def")
    assert name is not None
    assert body is not None
    return name, body


def _take(arguments: Sequence[Slot], names: Sequence[str], function: str, optional: int = 0) -> list[Any]:
    """The arguments of a function in the order of its parameters; None for an optional one not given.

    Raises:
        Failure: They are not what the function takes.
    """
    positional, by_name = split_named(arguments)
    given: dict[str, Any] = dict(zip(names, positional, strict=False))
    wrong = len(positional) > len(names) or given.keys() & by_name.keys() or by_name.keys() - set(names)
    given |= by_name
    required = names[: len(names) - optional]
    if wrong or any(isinstance(given.get(name), (Empty, type(None))) for name in required):
        raise unsuitable(function, is_method=False)
    return [None if isinstance(given.get(name), Empty) else given.get(name) for name in names]


def _define(writer: Writing, name: str | None, body: Node, frame: Frame) -> str:
    """Define a function of the author, which sees itself if its name is known."""
    function, values, options = (writer.unit.name() for _ in range(3))
    outer = frame if name is None else Functions(frame, {name: function})
    inner = Mapped(Numbered(outer, values), options, has_numbers=False)
    writer.define(function, f"*{values}, **{options}", body, inner)
    return function


_BINDINGS: dict[str, Callable[[Writing, Sequence[Slot], Frame], _Bound | None]] = {
    "let": _bind_let,
    "with": _bind_with,
    "def": _bind_def,
}


def _let(writer: Writing, arguments: Sequence[Slot], frame: Frame, position: int) -> str:
    positional, by_name = split_named(arguments)
    slots = {str(number): slot for number, slot in enumerate(positional, 1)} | by_name
    codes = [f"{name!r}: {writer.argument(slot, frame)}" for name, slot in slots.items()]
    return _context(codes, {}, frame)


def _with(writer: Writing, arguments: Sequence[Slot], frame: Frame, position: int) -> str:
    if any(isinstance(argument, Pair) for argument in arguments):
        raise unsuitable("with", is_method=False)
    return _let(writer, arguments, frame, position)


def _def(writer: Writing, arguments: Sequence[Slot], frame: Frame, position: int) -> str:
    name, body = _definition(arguments)
    known = function_name(name.value) if isinstance(name, Constant) and isinstance(name.value, str) else None
    function = _define(writer, known, body, frame)
    if known is not None:
        return _context([], {repr(known): function}, frame)
    return _context(
        [], {f"{writer.note(position)}known_as({writer.expression(name, frame)})": function}, frame
    )


def _context(variables: list[str], functions: dict[str, str], frame: Frame) -> str:
    """Code for a context that holds all that is visible in `frame`, and some more."""
    visible = {repr(name): code for name, code in frame.functions().items()} | functions
    items = ", ".join(f"{name}: {code}" for name, code in visible.items())
    return f"Context({{{', '.join([*frame.snapshot(), *variables])}}}, {{{items}}})"


def _call(writer: Writing, arguments: Sequence[Slot], frame: Frame, position: int) -> str:
    slots = _take(arguments, ("name", "args", "kwargs", "receiver"), "call", optional=1)
    codes = [writer.argument(slot, frame) for slot in slots if slot is not None]
    variables = ", ".join(frame.snapshot())
    functions = ", ".join(f"{name!r}: {code}" for name, code in frame.functions().items())
    return f"({writer.note(position)}invoke(scope, {{{variables}}}, {{{functions}}}, {', '.join(codes)}))"


def _safely(
    form: Callable[[Writing, Sequence[Slot], Frame, int], str],
) -> Callable[[Writing, Sequence[Slot], Frame, int], str]:
    """A form whose wrong arguments are a failure when it is evaluated."""

    def write(writer: Writing, arguments: Sequence[Slot], frame: Frame, position: int) -> str:
        try:
            return form(writer, arguments, frame, position)
        except Failure as failure:
            return writer.fail(failure, position)

    return write


FUNCTIONS = {
    "let": _safely(_let),
    "with": _safely(_with),
    "def": _safely(_def),
    "call": _safely(_call),
}
"""The functions whose code is written here, by their names."""


def argument_codes(writer: Writing, arguments: Sequence[Slot], frame: Frame) -> list[str]:
    """Code for the arguments of a function of the author.

    Raises:
        Failure: What stands before a `=>` is no word.
    """
    positional, by_name = split_named(arguments)
    codes = [writer.argument(slot, frame) for slot in positional]
    options = ", ".join(f"{name!r}: {writer.argument(slot, frame)}" for name, slot in by_name.items())
    return [*codes, f"**{{{options}}}"] if options else codes
