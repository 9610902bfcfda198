"""An expression as its parser read it.

Every node has the offset in the expression of what a reader would point at: the name that is called,
the sign of an operator, the start of everything else.
"""

from typing import Any, TypeAlias

from msgspec import Struct


class Constant(Struct, frozen=True):
    """A literal. A keyword is a bare word: its own text, and a name where names are wanted."""

    value: Any
    position: int
    is_keyword: bool = False


class Variable(Struct, frozen=True):
    """`$name`; plain `$` is `$1`."""

    name: str
    position: int


class Group(Struct, frozen=True):
    """`(inner)`, which is no method call even where `inner` is a call."""

    inner: "Node"
    position: int


class Call(Struct, frozen=True):
    """`name(arguments)`."""

    name: str
    arguments: tuple["Argument", ...]
    position: int


class Unary(Struct, frozen=True):
    """`operator operand`."""

    operator: str
    operand: "Node"
    position: int


class Binary(Struct, frozen=True):
    """`left operator right`."""

    operator: str
    left: "Node"
    right: "Node"
    position: int


class Index(Struct, frozen=True):
    """`value[arguments]`."""

    value: "Node"
    arguments: tuple["Argument", ...]
    position: int


class Items(Struct, frozen=True):
    """`[arguments]`."""

    arguments: tuple["Argument", ...]
    position: int


class Rules(Struct, frozen=True):
    """`{arguments}`."""

    arguments: tuple["Argument", ...]
    position: int


class Pair(Struct, frozen=True):
    """`source => destination`, among arguments only."""

    source: "Node"
    destination: "Node"
    position: int


class Empty(Struct, frozen=True):
    """The empty place between two commas of arguments."""

    position: int


Node: TypeAlias = Constant | Variable | Group | Call | Unary | Binary | Index | Items | Rules
Argument: TypeAlias = Node | Pair | Empty
