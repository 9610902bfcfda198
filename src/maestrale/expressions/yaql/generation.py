"""Python source for an expression, and the function it becomes.

The source of an expression depends on its shape only: values such as names of keys are passed in, so
`$.a.b` and `$.x.y` share one compiled code. A comment `#7` at the end of a line says that what starts on
the next line stands for the seventh noted place of the expression; so a traceback tells where an
expression failed, and an evaluation that works pays nothing for it.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from types import CodeType, TracebackType
from typing import Any, NamedTuple

from maestrale.expressions.yaql.failures import NOTHING

FILE = "<yaql>"
"""The name of the file that compiled expressions seem to stand in."""

_CODES = 2048
_NOTE = re.compile(r"#(\d+)$")
_LITERAL = (type(None), bool)


class Place(NamedTuple):
    """Where an expression failed, and the value that was in the way there, if it is known."""

    position: int | None
    found: Any = NOTHING


class Body:
    """One Python function under construction: the functions defined in it, then what it returns."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        self.lines: list[str] = []

    def define(self, head: str, inner: "Body", code: str) -> None:
        """Define a function in this one."""
        self.lines.append(f"{head}:")
        self.lines.extend(f" {line}" for line in inner.lines)
        self.lines.append(f" return ({code})")


class Unit:
    """All that one Python function for an expression is made of."""

    def __init__(self) -> None:
        self._constants: list[Any] = []
        self._names = 0
        self._counts = False
        self._places: list[tuple[int, str]] = []
        self.body = Body()

    def name(self) -> str:
        """A name that is used nowhere else."""
        self._names += 1
        return f"v{self._names}"

    def constant(self, value: Any) -> str:
        """Code for a value that is known now."""
        if isinstance(value, _LITERAL):
            return repr(value)
        self._constants.append(value)
        return f"c{len(self._constants) - 1}"

    def step(self) -> str:
        """What to put before code that is evaluated any number of times, so that this is counted."""
        self._counts = True
        return "tick() and "

    def note(self, position: int, value: str = "") -> str:
        """What to put before code that may fail, so that a traceback leads to `position`.

        Args:
            value: The Python variable that holds what is in the way if it fails.
        """
        self._places.append((position, value))
        return f"#{len(self._places) - 1}\n"

    def build(self, parameters: str, code: str, names: dict[str, Any]) -> "Built":
        """The function that returns the value of `code`. The code may use `names`."""
        outer = Body()
        if self._counts:
            self.body.lines.insert(0, "tick = ticking()")
        outer.define(f"def run({parameters})", self.body, code)
        lines = [f" {line}" for line in outer.lines]
        constants = ", ".join(f"c{index}" for index in range(len(self._constants)))
        source = "\n".join([f"def make({constants}):", *lines, " return run"])
        compiled, notes = _compile(source)
        made: dict[str, Any] = {}
        exec(compiled, names, made)  # Of the expression it holds names of variables at most.
        return Built(made["make"](*self._constants), self._places, notes)


class Built:
    """A function made of an expression, with what leads from its lines to places in the expression."""

    __slots__ = ("_notes", "_places", "run")

    def __init__(self, run: Callable[..., Any], places: list[tuple[int, str]], notes: dict[int, int]) -> None:
        self.run = run
        self._places = places
        self._notes = notes

    def place_of(self, traceback: TracebackType | None) -> Place:
        """What failed, from the innermost part of the expression in a traceback."""
        place = Place(None)
        while traceback is not None:
            if traceback.tb_frame.f_code.co_filename == FILE:
                note = self._notes.get(traceback.tb_lineno)
                if note is not None:
                    position, name = self._places[note]
                    place = Place(position, traceback.tb_frame.f_locals.get(name, NOTHING))
            traceback = traceback.tb_next
        return place


@lru_cache(maxsize=_CODES)
def _compile(source: str) -> tuple[CodeType, dict[int, int]]:
    notes = {}
    for number, line in enumerate(source.split("\n"), 2):
        note = _NOTE.search(line)
        if note is not None:
            notes[number] = int(note[1])
    return compile(source, FILE, "exec", dont_inherit=True, optimize=0), notes
