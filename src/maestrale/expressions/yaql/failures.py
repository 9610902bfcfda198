"""Why an evaluation failed, and where in the expression.

A reason holds no data. What was found is kept beside it, as long as the failure is on its way: `explaining`
makes a short, masked excerpt of it.
"""

from collections.abc import Sequence
from typing import Any, Final

NOTHING: Final[Any] = object()
"""Stands for a value that is not known."""


class Failure(Exception):
    """An expression has no value.

    Args:
        position: Where in the expression; None: a traceback tells.
        found: The value that was in the way.
    """

    def __init__(self, reason: str, position: int | None = None, *, found: Any = NOTHING) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position
        self.found = found


class MissingKey(Failure, KeyError):
    """A mapping does not have a key. The key may be data: `reason` does not tell it."""

    def __init__(self, key: Any, mapping: Any) -> None:
        super().__init__("there is no such key", found=mapping)
        self.key = key

    __str__ = Exception.__str__


class MissingItem(Failure, IndexError):
    """A list has no item of a number."""

    def __init__(self, index: int, items: Sequence[Any]) -> None:
        super().__init__("an index is out of range", found=items)
        self.index = index


class NotReadable(Failure):
    """`value.name` for a value that is no mapping and has no such property."""

    def __init__(self, reason: str, name: str, value: Any) -> None:
        super().__init__(reason, found=value)
        self.name = name


class UnknownFunction(Failure):
    """There is no function of the name that is called."""

    def __init__(self, reason: str, name: str, *, is_method: bool) -> None:
        super().__init__(reason)
        self.name = name
        self.is_method = is_method


class NoOverload(Failure):
    """There are functions of the name that is called, but none takes these arguments.

    Args:
        name: The function's; empty: it may be data.
        values: The arguments that decided, as far as they are known; of a method the receiver first.
        found: The one argument that is in the way, if it is known.
    """

    def __init__(
        self,
        reason: str,
        *,
        name: str = "",
        is_method: bool = False,
        values: Sequence[Any] = (),
        found: Any = NOTHING,
    ) -> None:
        super().__init__(reason, found=found)
        self.name = name
        self.is_method = is_method
        self.values = tuple(values)


class ReadingFailure(Exception):
    """A text is no expression.

    Args:
        position: The offset of what was not expected; None: it ends too early.
        expected: What could stand there, in words.
    """

    def __init__(self, reason: str, position: int | None, expected: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position
        self.expected = expected


class NotAnExpression(Failure):
    """A text that cannot be read is to be evaluated."""

    def __init__(self, failure: ReadingFailure, expression: str) -> None:
        position = len(expression) if failure.position is None else failure.position
        super().__init__(failure.reason, position)
        self.expected = failure.expected
