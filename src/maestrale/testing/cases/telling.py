"""Failures and traces as lines of text."""

from collections.abc import Iterator, Sequence

from maestrale.testing.cases.durations import shown as shown_duration
from maestrale.testing.cases.judging import Failure
from maestrale.testing.cases.trace import Line

MOST_CHARACTERS = 2_000
MOST_LINES = 40
"""Of a trace: the first half and the last."""


def failure_lines(file: str, failure: Failure) -> list[str]:
    """A failure: where, what, expected and actual below each other, and what more there is to say."""
    place = f"{file}:{failure.line}:{failure.column}"
    rest = [cut(line) for line in failure.message.splitlines() if line.strip()]
    if not failure.what:
        lines = [f"{place}: {rest[0]}", *(f"  {line}" for line in rest[1:])]
    else:
        lines = [f"{place}: {failure.what} {_fault(failure)}"]
        if failure.expected is not None:
            lines.append(f"  expected: {cut(failure.expected)}")
        if failure.actual is not None:
            lines.append(f"  actual:   {cut(failure.actual)}")
        lines += [f"  {line}" for line in rest]
    return [*lines, f"  hint: {failure.hint}"] if failure.hint else lines


def _fault(failure: Failure) -> str:
    if failure.actual is None:
        return "missing"
    return "not as expected" if failure.expected is not None else "not expected"


def trace_lines(trace: Sequence[Line]) -> Iterator[str]:
    """What happened, a line each: the fake time, who, and what."""
    shown = list(trace)
    left_out = len(shown) - MOST_LINES
    if left_out > 0:
        shown = [*shown[: MOST_LINES // 2], *shown[-MOST_LINES // 2 :]]
    width = max((len(line.who) for line in shown), default=0)
    times = [shown_duration(line.at) for line in shown]
    time_width = max(map(len, times), default=0)
    for number, (time, line) in enumerate(zip(times, shown, strict=True)):
        if left_out > 0 and number == MOST_LINES // 2:
            yield f"… {left_out} more …"
        detail = f"  {cut(' '.join(line.detail.split()), most=200)}" if line.detail else ""
        yield f"{time:>{time_width}}  {line.who:<{width}}  {line.what}{detail}"


def cut(text: str, *, most: int = MOST_CHARACTERS) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"
