"""Expressions at random: YAQL's grammar with a type for each value, so that most of them have one.

The patterns are in `yaql_patterns.txt`, under the type of what they give. One stands for one form of a
function or operator. `{int}` in it is an expression of that type, `{int:bool}` a lambda that is called with
an integer, in which `$` is one, and should give a boolean. Now and then an expression of any other type is
put there: what is wrong has to be wrong for both sides. `«` and `»` are braces of YAQL.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

_T = TypeVar("_T")
Pick = Callable[[Sequence[_T]], _T]
"""Chooses one of several."""

_SURPRISES = 16
"""One in so many expressions is of a type that does not belong there."""

_PATHS: dict[str, tuple[str, ...]] = {
    "int": ("$.n", "$.d.a", "$.row.id", "$.ints[0]", "$.ints.first()", "$.z"),
    "float": ("$.f",),
    "text": ("$.t", "$.row.name", "$.texts[-1]", "$.d.b", "$.texts.last()"),
    "bool": ("$.b", "$.row.open"),
    "null": ("$.z", "$nothing", "$.d.get(nothing)"),
    "ints": ("$.ints", "$.row.sizes"),
    "texts": ("$.texts", "$.row.tags"),
    "rows": ("$.rows", "[$.row]"),
    "row": ("$.row", "$.rows[0]"),
    "list": ("$.mixed", "$.nested", "$.ints", "$.rows"),
    "dict": ("$.d", "$.row", "$.deep", "$.deep.a"),
}
"""What leads to a value of a type in the data."""

_LITERALS: dict[str, tuple[str, ...]] = {
    "int": ("0", "1", "2", "-1", "3", "5", "10", "007", "true"),
    "float": ("0.5", "2.0", "-1.5", "10.25"),
    "text": ("a", "'b c'", '"x,y"', "''", "'Äö'", "`\\d+`", "' pad '", "'12'", "abc"),
    "bool": ("true", "false"),
    "null": ("null",),
    "ints": ("[]", "[3, 1, 2]", "[1, 1, 2]", "[0, true]", "[1, null]"),
    "texts": ("[]", "[b, a, c]", "['a b', '']", "[a, a]"),
    "rows": ("[]", "[{id => 2, name => b}, {id => 1, name => b}]"),
    "row": ("{id => 7, name => z, tags => [], sizes => [1], open => false}",),
    "list": (
        "[]",
        "[1, a, null]",
        "[[1, 2], [3]]",
        "[{a => 1}, {a => 2}]",
        "[true, 1, 1.0]",
        "[1, [2, [3, []]]]",
    ),
    "dict": ("{}", "{a => 1, b => 2}", "{a => {b => {c => {d => 1}}}}", "{1 => [1], null => 2, true => 3}"),
    "set": ("set()", "set(1)", "set(1, 2, a)", "set([1], null)"),
    "one": ("set()", "set(1)", "[a, a].toSet()", "set([1])", "{a => 1}.keys()"),
    "iter": ("range(3)", "range(1, 6, 2)", "$.ints.select($)", "$.texts.where(true)", "$.rows.id"),
    "regex": ("regex('a')", "regex(`(\\w)(\\d)?`)", "regex('B', ignoreCase => true)", "regex('')"),
    "instant": ("datetime(2024, 2, 29)", "datetime('2024-02-29T10:00:00+02:00')", "datetime(0)"),
    "span": ("timespan(hours => 1)", "timespan(days => -1, seconds => 5)", "timespan()"),
    "zone": ("timespan(hours => 2)", "timespan()"),
}

_PARENTS: dict[str, tuple[str, ...]] = {
    "num": ("int", "int", "float"),
    "list": ("ints", "texts", "rows"),
    "dict": ("row",),
    "row": ("dict",),
    "coll": ("ints", "texts", "rows", "list", "one", "iter", "view", "ordering", "mutable", "ints"),
    "any": (
        "int",
        "text",
        "bool",
        "null",
        "list",
        "dict",
        "float",
        "set",
        "iter",
        "view",
        "regex",
        "instant",
        "span",
    ),
    "key": ("text", "int", "text", "null", "bool", "list"),
    "item": ("int", "text", "row", "list"),
    "ints": ("ints", "iter"),
}
"""Types that are as good as another one."""

TYPES = (
    "int",
    "text",
    "bool",
    "ints",
    "texts",
    "rows",
    "list",
    "dict",
    "set",
    "ordering",
    "instant",
    "span",
    "float",
)

_ANYWHERE = tuple(type_ for type_ in TYPES if type_ != "set")
"""A set of several items has no order, so it may stand only where that does not matter."""


def _read_patterns() -> dict[str, list[str]]:
    """The patterns by type: a line that is not indented names one, those below are its patterns."""
    found: dict[str, list[str]] = {}
    type_ = ""
    for line in Path(__file__).with_name("yaql_patterns.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith(" "):
            found[type_].append(line.strip())
        else:
            type_ = line
            found[type_] = []
    return found


_PATTERNS = _read_patterns()


class Grammar:
    """Makes expressions.

    Args:
        pick: Makes each choice.
        depth: How deep an expression may be nested.
    """

    def __init__(self, pick: Pick[Any], depth: int) -> None:
        self._pick = pick
        self._depth = depth

    def expression(self, type_: str | None = None) -> str:
        """An expression of a type, or of any."""
        return self._expression(type_ or self._pick(TYPES), self._depth, {})

    def _expression(self, type_: str, depth: int, variables: Mapping[str, str]) -> str:
        if type_ != "set" and self._pick(range(_SURPRISES)) == _SURPRISES - 1:
            type_ = self._pick(_ANYWHERE)
        choices: list[str] = [*_LITERALS.get(type_, ())]
        if not variables:
            choices += _PATHS.get(type_, ()) * 2
        mine = [name for name, one in variables.items() if one == type_]
        choices += mine * 6 or [*variables] * (type_ in ("any", "item", "key"))
        patterns = _PATTERNS.get(type_, ()) if depth else ()
        parents = _PARENTS.get(type_, ())
        ways = [choices] * bool(choices) + [patterns] * (3 * bool(patterns)) + [parents] * bool(parents)
        way = self._pick(ways or [("$", "[]", "1")])
        chosen = str(self._pick(way))
        if way is patterns:
            return self._fill(chosen, depth - 1, variables)
        return self._expression(chosen, depth, variables) if way is parents else chosen

    def _fill(self, pattern: str, depth: int, variables: Mapping[str, str]) -> str:
        parts = []
        for index, part in enumerate(_split(pattern)):
            parts.append(self._hole(part, depth, variables) if index % 2 else part)
        return "".join(parts)

    def _hole(self, hole: str, depth: int, variables: Mapping[str, str]) -> str:
        arguments, _, type_ = hole.rpartition(":")
        if arguments:
            types = arguments.split(",")
            variables = {"$": types[0]} if len(types) == 1 else {"$1": types[0], "$2": types[1]}
        inner = self._expression(type_, depth, variables)
        return f"({inner})" if " " in inner and not arguments else inner


def _split(pattern: str) -> list[str]:
    """The parts of a pattern: text, hole, text, hole, … text."""
    parts: list[str] = []
    for piece in pattern.split("{"):
        parts.extend(piece.split("}", 1) if parts else [piece])
    return [part.replace("«", "{").replace("»", "}") for part in parts]
