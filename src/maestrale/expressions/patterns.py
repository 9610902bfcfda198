"""Regular expressions that can be stopped.

Python looks for signals after some thousand steps of a search, and one step of `a*` goes on as long as there
are `a`s. On a long text a few thousand steps are seconds. So a pattern that is to search a long text has its
long repetitions cut into chunks, `(?:a{1000})*a{0,999}`: what it matches stays the same, in the same order.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from re import _compiler, _constants, _parser  # type: ignore[attr-defined]
from typing import Any, TypeAlias

from maestrale.expressions.limits import OverLimit

CHUNK = 1_000
"""Characters that one step of a repetition goes through at most."""

LONG_TEXT = 10_000
"""Shorter texts are searched with the pattern as it is: a step in them is short."""

_Step: TypeAlias = tuple[Any, Any]
_REPEATS = frozenset({_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT})
_SINGLE = frozenset(
    {_constants.ANY, _constants.IN, _constants.LITERAL, _constants.NOT_LITERAL, _constants.CATEGORY}
)


def stoppable(pattern: re.Pattern[str], text: str) -> re.Pattern[str]:
    """A pattern that matches what `pattern` does, and whose search in `text` can be stopped.

    Raises:
        OverLimit: It compares long parts of the text with each other, and `text` is long.
    """
    return pattern if len(text) <= LONG_TEXT else chunked(pattern, CHUNK)


@lru_cache(maxsize=256)
def chunked(pattern: re.Pattern[str], chunk: int) -> re.Pattern[str]:
    """The pattern with its repetitions of one character cut into chunks of that many."""
    tree = _parser.parse(pattern.pattern, pattern.flags)
    if _refers_to_long_group(tree):
        raise OverLimit(
            "a regular expression in which a group of any length is met again, as in `(.*)\\1`, would search"
            f" a text of more than {LONG_TEXT} characters"
        )
    made: re.Pattern[str] = _compiler.compile(_Cutting(tree.state, chunk).cut(tree), pattern.flags)
    return made


def _refers_to_long_group(tree: Any) -> bool:
    widths = tree.state.groupwidths
    return any(
        operator is _constants.GROUPREF and widths[argument][1] > CHUNK
        for operator, argument in _all_steps(tree)
    )


def _all_steps(value: Any) -> Any:
    """Every step of a pattern, those within others too."""
    if isinstance(value, _parser.SubPattern):
        for step in value.data:
            yield step
            yield from _all_steps(step[1])
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from _all_steps(part)


class _Cutting:
    """Builds a pattern again, with its repetitions in chunks.

    Args:
        state: What the parts of one pattern share.
    """

    def __init__(self, state: Any, chunk: int) -> None:
        self._state = state
        self._chunk = chunk

    def cut(self, value: Any) -> Any:
        """A part of a pattern in chunks: steps, their arguments, and all that arguments are made of."""
        if isinstance(value, _parser.SubPattern):
            return self._steps([each for step in value.data for each in self._cut_step(step)])
        if isinstance(value, (tuple, list)):
            return type(value)(self.cut(part) for part in value)
        return value

    def _steps(self, steps: Sequence[_Step]) -> Any:
        return _parser.SubPattern(self._state, list(steps))

    def _cut_step(self, step: _Step) -> list[_Step]:
        operator, argument = step
        if operator not in _REPEATS:
            return [(operator, self.cut(argument))]
        least, most, inner = argument
        if len(inner.data) != 1 or inner.data[0][0] not in _SINGLE or most <= self._chunk:
            return [(operator, (least, most, self.cut(inner)))]
        if operator is _constants.POSSESSIVE_REPEAT:  # It is a greedy one that gives nothing back.
            greedy = self._steps([(_constants.MAX_REPEAT, argument)])
            return [(_constants.ATOMIC_GROUP, self.cut(greedy))]
        most = most if most is _constants.MAXREPEAT else most - least
        return [*self._exactly(least, inner), *self._up_to(operator, most, inner)]

    def _exactly(self, count: int, inner: Any) -> list[_Step]:
        """`count` times."""
        chunks, rest = divmod(count, self._chunk)
        steps = [(_constants.MAX_REPEAT, (chunks, chunks, self._one_chunk(inner)))] if chunks else []
        return [*steps, (_constants.MAX_REPEAT, (rest, rest, inner))] if rest else steps

    def _one_chunk(self, inner: Any) -> Any:
        return self._steps([(_constants.MAX_REPEAT, (self._chunk, self._chunk, inner))])

    def _up_to(self, operator: Any, most: int, inner: Any) -> list[_Step]:
        """As often as there is, up to `most` times. What is as short as can be goes step by step anyway."""
        if operator is _constants.MIN_REPEAT or most <= self._chunk:
            return [(operator, (0, most, inner))]
        if most is _constants.MAXREPEAT:
            return self._chunks(operator, most, self._chunk - 1, inner)
        chunks, rest = divmod(most, self._chunk)
        longest = [*self._exactly(chunks * self._chunk, inner), (operator, (0, rest, inner))]
        shorter = self._chunks(operator, chunks - 1, self._chunk - 1, inner)
        return [(_constants.BRANCH, (None, [self._steps(longest), self._steps(shorter)]))]

    def _chunks(self, operator: Any, most: int, rest: int, inner: Any) -> list[_Step]:
        return [(operator, (0, most, self._one_chunk(inner))), (operator, (0, rest, inner))]
