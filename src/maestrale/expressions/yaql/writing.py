"""What writes the code of an expression, as `operations` and `forms` see it."""

from collections.abc import Callable, Sequence
from typing import Protocol

from maestrale.expressions.yaql.failures import Failure
from maestrale.expressions.yaql.generation import Built, Unit
from maestrale.expressions.yaql.overloads import Slot
from maestrale.expressions.yaql.scopes import Frame
from maestrale.expressions.yaql.tree import Call, Node


class Writing(Protocol):
    """See `compiler.Writer`, which is the only one."""

    unit: Unit
    build_inner: Callable[[Node, frozenset[str]], Built]

    def expression(self, node: Node, frame: Frame) -> str: ...

    def argument(self, slot: Slot, frame: Frame) -> str: ...

    def note(self, position: int, value: str = "") -> str: ...

    def fail(self, failure: Failure, position: int) -> str: ...

    def define(self, name: str, parameters: str, node: Node, frame: Frame) -> None: ...

    def method(self, receiver: str, node: Call, frame: Frame) -> str: ...

    def call(
        self, name: str, arguments: Sequence[Slot], frame: Frame, position: int, *, is_method: bool = False
    ) -> str: ...

    def call_own(
        self, function: str, name: str, arguments: Sequence[Slot], frame: Frame, position: int
    ) -> str: ...
