"""From the tree of an expression to a Python function.

`Writer` turns each node into Python code for its value: queries take half the time that they take as
closures, and a path no more. What a call means is told by `overloads`; the
forms of operators that deserve code of their own are in `operations`, what is about scopes in `forms`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from maestrale.expressions.yaql import forms, operations
from maestrale.expressions.yaql.delegates import delegate, hidden_parameters, named, site_of
from maestrale.expressions.yaql.failures import Failure
from maestrale.expressions.yaql.generation import Body, Built, Unit
from maestrale.expressions.yaql.invocation import check_shadowing
from maestrale.expressions.yaql.kinds import ANYTHING
from maestrale.expressions.yaql.overloads import Given, Resolution, Slot, call_code, resolve
from maestrale.expressions.yaql.runtime import NAMES, wrong_argument
from maestrale.expressions.yaql.scopes import Frame, Functions, Mapped, Names, Numbered, Root
from maestrale.expressions.yaql.signatures import ASKS_SCOPE, LAZY_RULES, VARYING, Parameter
from maestrale.expressions.yaql.tree import (
    Binary,
    Call,
    Constant,
    Empty,
    Group,
    Index,
    Items,
    Node,
    Pair,
    Rules,
    Unary,
    Variable,
)

_NESTED = 20
"""Levels of an expression in one Python expression: Python's parser takes 200 parentheses."""


def build(node: Node) -> Built:
    """The function `run(scope)` that gives the value of an expression, lazy where it is.

    Raises:
        Failure: It is too deep for Python.
    """
    return _build(node, Root(), "scope, data", is_whole=True)


def build_inner(node: Node, functions: frozenset[str]) -> Built:
    """The function `run(scope, data, variables, functions)` for what stands on the right of a `->`.

    Args:
        functions: The names of the author's functions that are visible there.
    """
    codes = {name: f"functions[{name!r}]" for name in functions}
    frame = Functions(Mapped(Root(), "variables"), codes)
    return _build(node, frame, "scope, data, variables, functions", is_whole=False)


def _build(node: Node, frame: Frame, parameters: str, *, is_whole: bool) -> Built:
    writer = Writer(build_inner)
    try:
        code = writer.whole(node, frame) if is_whole else writer.expression(node, frame)
        return writer.unit.build(parameters, code, NAMES)
    except (RecursionError, MemoryError, SyntaxError):
        reason = "it recurses too deeply"
    raise Failure(reason)


class Writer:
    """Writes the code of one Python function.

    Args:
        build_inner: See there. It is passed on to the code of `->`.
    """

    def __init__(self, build_inner: Callable[[Node, frozenset[str]], Built]) -> None:
        self.unit = Unit()
        self.build_inner = build_inner
        self._nested = 0

    def whole(self, node: Node, frame: Frame) -> str:
        """Code for a whole expression. Its value is made plain data next, so no one sees if it is mutable."""
        steps: list[Binary] = []
        start = node
        while isinstance(start, Binary) and start.operator == "." and isinstance(start.right, Constant):
            steps.append(start)
            start = start.left
        if not isinstance(start, Call):
            return self.expression(node, frame)
        code = self._call(start, frame, keeps_loose=True)
        for step in reversed(steps):
            code = operations.dot(self, code, step.right, frame, step.position)
        return code

    def expression(self, node: Node, frame: Frame) -> str:
        """Code for the value of a node."""
        if self._nested < _NESTED:
            self._nested += 1
            code = self._write(node, frame)
            self._nested -= 1
            return code
        name = self.unit.name()
        with self._inner_body(nested=1) as (outer, body):
            code = self._write(node, frame)
        outer.define(f"def {name}()", body, code)
        return f"{name}()"

    def _write(self, node: Node, frame: Frame) -> str:
        match node:
            case Constant():
                return self.unit.constant(node.value)
            case Variable():
                return self._variable(node, frame)
            case Group():
                return self._write(node.inner, frame)
            case Call():
                return self._call(node, frame)
            case Binary():
                return operations.binary(self, node, frame)
            case Unary():
                return operations.unary(self, node, frame)
            case Index():
                return operations.index(self, node, frame)
            case Items():
                return operations.items(self, node, frame)
            case Rules():
                return operations.rules(self, node, frame)

    def _variable(self, node: Variable, frame: Frame) -> str:
        own = frame.function("#get_context_data")
        if own is not None:
            name = "$" if node.name == "1" else f"${node.name}"
            return self.call_own(
                own, "#get_context_data", [Constant(name, node.position)], frame, node.position
            )
        return frame.variable(node.name)

    def note(self, position: int, value: str = "") -> str:
        """What to put before code that may fail on the value in the Python variable `value`."""
        return self.unit.note(position, value)

    def fail(self, failure: Failure, position: int) -> str:
        """Code that fails when it is reached."""
        return f"({self.note(position)}fail({self.unit.constant(failure)}))"

    def function(self, parameters: str, node: Node, frame: Frame) -> str:
        """Code for a Python function that gives the value of a node."""
        with self._inner_body(nested=self._nested + 1) as (outer, body):
            code = self._write(node, frame)
        code = f"{self.unit.step()}({code})" if parameters else code
        if not body.lines:
            return f"(lambda {parameters}: {code})"
        name = self.unit.name()
        outer.define(f"def {name}({parameters})", body, code)
        return name

    def define(self, name: str, parameters: str, node: Node, frame: Frame) -> None:
        """Define a Python function that gives the value of a node, under a name that it sees itself."""
        with self._inner_body(nested=1) as (outer, body):
            code = self._write(node, frame)
        outer.define(f"def {name}({parameters})", body, f"{self.unit.step()}({code})")

    def function_for(self, node: Node, frame: Frame, arguments: int) -> str:
        """Code for a lambda that is called with `arguments` values, or any number of them."""
        if arguments == VARYING:
            values = self.unit.name()
            return self.function(f"*{values}", node, Numbered(frame, values))
        names = [self.unit.name() for _ in range(arguments)]
        inner = Names(frame, {str(number): name for number, name in enumerate(names, 1)}) if names else frame
        return self.function(", ".join(names), node, inner)

    @contextmanager
    def _inner_body(self, *, nested: int) -> Iterator[tuple[Body, Body]]:
        """The body of the function under construction, and a new one that takes its place meanwhile."""
        outer, around = self.unit.body, self._nested
        self.unit.body, self._nested = Body(), nested
        try:
            yield outer, self.unit.body
        finally:
            self.unit.body, self._nested = outer, around

    def _call(self, node: Call, frame: Frame, *, keeps_loose: bool = False) -> str:
        own = frame.function(node.name.rstrip("_"))
        if own is not None:
            return self.call_own(own, node.name, node.arguments, frame, node.position)
        form = forms.FUNCTIONS.get(node.name.rstrip("_"))
        if form is not None:
            return form(self, node.arguments, frame, node.position)
        return self.call(node.name, node.arguments, frame, node.position, keeps_loose=keeps_loose)

    def method(self, receiver: str, node: Call, frame: Frame) -> str:
        """Code for `receiver.name(…)`."""
        if node.name.rstrip("_") == "unpack":
            return forms.unpack(self, receiver, node.arguments, frame, node.position)
        arguments = (Given(receiver), *node.arguments)
        return self.call(node.name, arguments, frame, node.position, is_method=True)

    def call_own(
        self, function: str, name: str, arguments: Sequence[Slot], frame: Frame, position: int
    ) -> str:
        """Code for a call of a function of the author."""
        try:
            check_shadowing(name, arguments)
            codes = forms.argument_codes(self, arguments, frame)
        except Failure as failure:
            return self.fail(failure, position)
        return f"({self.note(position)}{function}({', '.join(codes)}))"

    def call(
        self,
        name: str,
        arguments: Sequence[Slot],
        frame: Frame,
        position: int,
        *,
        is_method: bool = False,
        keeps_loose: bool = False,
    ) -> str:
        """Code for a call of a function of the library."""
        try:
            resolution = resolve(name, arguments, is_method=is_method)
        except Failure as failure:
            receivers = [slot.code for slot in arguments if isinstance(slot, Given)]
            return f"({', '.join([*receivers, self.fail(failure, position)])})"
        note = self.note(position)
        if len(resolution.candidates) == 1 and self._in_order(resolution):
            code = self._call_only(resolution, frame, note)
        else:
            code = self._call_chosen(resolution, frame, note)
        if resolution.candidates[0].overload.loose and not keeps_loose:
            code = f"loosen({code})"
        return f"({note}{code})"

    def _in_order(self, resolution: Resolution) -> bool:
        """Whether the only candidate takes its arguments in the order in which they are written."""
        taken: list[int] = []
        for source in resolution.candidates[0].sources:
            taken.extend(source if isinstance(source, tuple) else () if source is None else (source,))
        return taken == sorted(taken)

    def _call_only(self, resolution: Resolution, frame: Frame, note: str) -> str:
        """Code for a call that can mean one overload only: each argument is checked where it stands."""
        candidate = resolution.candidates[0]
        codes = []
        for index, slot in enumerate(resolution.slots):
            code = self._slot(resolution, index, frame)
            if not isinstance(slot, (Empty, Pair, Constant)) and index not in resolution.lazy:
                code = self._checked(resolution, candidate.parameter_of(index), code, note)
            codes.append(code)
        hidden = [
            self._hidden(parameter, frame)
            for parameter in candidate.overload.parameters
            if parameter.is_hidden
        ]
        constant = self.unit.constant
        return call_code(candidate, constant(candidate.overload.function), hidden, codes, constant)

    def _checked(self, resolution: Resolution, parameter: Parameter, code: str, note: str) -> str:
        if parameter.mask == ANYTHING:
            return code
        value = self.unit.name()
        wrong = self.unit.constant(
            lambda found: wrong_argument(resolution.name, resolution.is_method, parameter, found)
        )
        return f"({value} if KINDS[type({value} := {code})] & {parameter.mask} else {note}{wrong}({value}))"

    def _call_chosen(self, resolution: Resolution, frame: Frame, note: str) -> str:
        """Code for a call whose overload is chosen by the types of its arguments."""
        codes = [self._slot(resolution, index, frame) for index in range(len(resolution.slots))]
        checked = _deciding(resolution)
        site = site_of(resolution, checked)
        values = {index: self.unit.name() for index in checked}
        types = [f"type({values[index]} := {codes[index]})" for index in checked]
        key = types[0] if len(types) == 1 else f"({', '.join(types)})"
        known, choose = self.unit.constant(site.table.get), self.unit.constant(site.choose)
        codes = [values.get(index, code) for index, code in enumerate(codes)]
        hidden = [self._hidden(parameter, frame) for parameter in hidden_parameters(resolution)]
        chosen = f"{known}({key}) or {note}{choose}({', '.join(values.values())})"
        return f"({chosen})({', '.join([*hidden, *codes])})"

    def _slot(self, resolution: Resolution, index: int, frame: Frame) -> str:
        """Code for one argument of a call."""
        slot = resolution.slots[index]
        if index in resolution.lazy:
            return self._lazy(resolution, index, frame)
        return self.argument(slot, frame)

    def argument(self, slot: Slot, frame: Frame) -> str:
        """Code for the value of an argument."""
        if isinstance(slot, Given):
            return slot.code
        if isinstance(slot, Empty):
            return "MISSING"
        if isinstance(slot, Pair):
            return f"Rule({self.expression(slot.source, frame)}, {self.expression(slot.destination, frame)})"
        return self.expression(slot, frame)

    def _lazy(self, resolution: Resolution, index: int, frame: Frame) -> str:
        """Code for an argument that is not evaluated: callables in its place."""
        slot, parameter = resolution.slots[index], resolution.candidates[0].parameter_of(index)
        if parameter.use == LAZY_RULES:
            assert isinstance(slot, Pair)
            sides = (self.function("", side, frame) for side in (slot.source, slot.destination))
            return f"Rule({', '.join(sides)})"
        assert not isinstance(slot, (Given, Pair, Empty))
        return self.function_for(slot, frame, parameter.arguments)

    def _hidden(self, parameter: Parameter, frame: Frame) -> str:
        """Code for an argument that no caller gives."""
        if parameter.use == ASKS_SCOPE:
            return "scope"
        return frame.function(parameter.name) or self.unit.constant(delegate(*named(parameter)))


def _deciding(resolution: Resolution) -> list[int]:
    """The slots whose types decide, and all before them: arguments are evaluated from left to right."""
    last = max(
        (
            index
            for index, slot in enumerate(resolution.slots)
            if index not in resolution.lazy
            and not isinstance(slot, (Empty, Constant))
            and any(candidate.parameter_of(index).mask != ANYTHING for candidate in resolution.candidates)
        ),
        default=-1,
    )
    return [
        index
        for index in range(last + 1)
        if index not in resolution.lazy and not isinstance(resolution.slots[index], (Empty, Constant))
    ]
