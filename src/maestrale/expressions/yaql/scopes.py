"""Variables and functions of an author: where a name is found, when compiling and when running.

Names are resolved when an expression is compiled, in a chain of frames that say which Python code holds
the value. Only the right side of `left -> right` may have to wait for a `Context` made at run time.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from maestrale.expressions.scope import SPECIAL
from maestrale.expressions.yaql import kinds
from maestrale.expressions.yaql.values import loosen


class Frame(Protocol):
    """One scope of an expression, as it is known when compiling."""

    def variable(self, name: str) -> str:
        """Python code for the value of `$name`."""
        ...

    def function(self, name: str) -> str | None:
        """Python code for the function of the author that is called `name`; None: there is none."""
        ...

    def snapshot(self) -> Iterator[str]:
        """The items of a dict display that holds all variables, the outermost first."""
        ...

    def functions(self) -> dict[str, str]:
        """All functions of authors that are visible, with their code."""
        ...


class Root:
    """The outermost scope: the data."""

    def variable(self, name: str) -> str:
        if name == "1":
            return "data"
        return f"special(data, {name!r})" if name in SPECIAL else "None"

    def function(self, name: str) -> str | None:
        return None

    def snapshot(self) -> Iterator[str]:
        return iter(())

    def functions(self) -> dict[str, str]:
        return {}


class _Inner:
    """A scope within another one, which it shows through."""

    def __init__(self, parent: Frame) -> None:
        self.parent = parent

    def variable(self, name: str) -> str:
        return self.parent.variable(name)

    def function(self, name: str) -> str | None:
        return self.parent.function(name)

    def snapshot(self) -> Iterator[str]:
        return self.parent.snapshot()

    def functions(self) -> dict[str, str]:
        return self.parent.functions()


class Names(_Inner):
    """A scope with some variables."""

    def __init__(self, parent: Frame, codes: Mapping[str, str]) -> None:
        super().__init__(parent)
        self._codes = codes

    def variable(self, name: str) -> str:
        return self._codes.get(name) or self.parent.variable(name)

    def snapshot(self) -> Iterator[str]:
        yield from self.parent.snapshot()
        for name, code in self._codes.items():
            yield f"{name!r}: {code}"


class Numbered(_Inner):
    """A scope in which `$1, $2 …` are the items of a sequence of a length not known before."""

    def __init__(self, parent: Frame, code: str) -> None:
        super().__init__(parent)
        self._code = code

    def variable(self, name: str) -> str:
        outer = self.parent.variable(name)
        if not (name.isascii() and name.isdigit()) or name.startswith("0") or len(name) > 6:
            return outer
        return f"({self._code}[{int(name) - 1}] if len({self._code}) >= {name} else {outer})"

    def snapshot(self) -> Iterator[str]:
        yield from self.parent.snapshot()
        yield f"**numbered({self._code})"


class Mapped(_Inner):
    """A scope whose variables are the items of a dict with keys not known before.

    Args:
        has_numbers: Whether `$1, $2 …` may be among them.
    """

    def __init__(self, parent: Frame, code: str, *, has_numbers: bool = True) -> None:
        super().__init__(parent)
        self._code = code
        self._has_numbers = has_numbers

    def variable(self, name: str) -> str:
        if not self._has_numbers and name[:1].isdigit():
            return self.parent.variable(name)
        return f"({self._code}[{name!r}] if {name!r} in {self._code} else {self.parent.variable(name)})"

    def snapshot(self) -> Iterator[str]:
        yield from self.parent.snapshot()
        yield f"**{self._code}"


class Functions(_Inner):
    """A scope with functions of the author."""

    def __init__(self, parent: Frame, codes: Mapping[str, str]) -> None:
        super().__init__(parent)
        self._codes = codes

    def function(self, name: str) -> str | None:
        return self._codes.get(name) or self.parent.function(name)

    def functions(self) -> dict[str, str]:
        return self.parent.functions() | dict(self._codes)


class Context:
    """What `let` and its like give where no `->` follows at once: all that is visible in them."""

    __slots__ = ("functions", "variables")
    yaql_kind = kinds.CONTEXT

    def __init__(self, variables: dict[str, Any], functions: dict[str, Callable[..., Any]]) -> None:
        self.variables = variables
        self.functions = functions


def numbered(values: Any) -> dict[str, Any]:
    """Variables `$1, $2 …` for a sequence of values."""
    return {str(number): value for number, value in enumerate(values, 1)}


def special(data: Any, name: str) -> Any:
    """The value of a variable that is a key of the data, which is mutable; null if there is none."""
    return loosen(data[name]) if isinstance(data, Mapping) and name in data else None
