"""What came out of an expression, as the person wants it: values to stdout, faults to stderr."""

import sys
from collections.abc import Iterator
from typing import Literal, TypeAlias

from maestrale.cli.evaluation.questions import Question
from maestrale.cli.terminal import BOLD, DIM, RED, is_terminal, paint, say, write_output
from maestrale.cli.texts import printable, to_json
from maestrale.engine.tryout import Fault, Outcome
from maestrale.expressions import Json, has_expression

Form: TypeAlias = Literal["plain", "json", "yaml"]

WIDEST = 100
"""A value whose JSON is wider stands in several lines."""


class Answers:
    """Writes outcomes one after the other, and knows whether all were values."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._is_first = True
        self.all_have_values = True

    def write(self, question: Question, outcome: Outcome) -> None:
        """Write a value to stdout, or a fault to stderr."""
        if outcome.fault is not None:
            self.all_have_values = False
            say("\n".join(fault_lines(question, outcome.fault)))
            return
        if not has_expression(question.text):
            say("there is no whole expression in it: a workflow takes it for plain text")
        if self._form == "yaml" and not self._is_first:
            write_output("---")
        self._is_first = False
        write_output(value_text(outcome.value, self._form))


def value_text(value: Json, form: Form) -> str:
    """A value in the form that is wanted."""
    if form == "yaml":
        return _yaml(value)
    if form == "json":
        return to_json(value)
    if isinstance(value, str):
        return printable(value) if is_terminal(sys.stdout) else value
    line = to_json(value)
    return line if len(line) <= WIDEST else to_json(value, pretty=True)


def _yaml(value: Json) -> str:
    import yaml

    text = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=WIDEST)
    return text.removesuffix("\n").removesuffix("\n...")


def fault_lines(question: Question, fault: Fault) -> Iterator[str]:
    """A fault in words, with the expression and a caret below the place where that is known."""
    message = printable(fault.message)
    label = paint("error:", RED, BOLD, stream=sys.stderr)
    yield f"{label} {message} [{fault.code}]"
    yield from (f"  {printable(line)}" for line in fault.lines)
    if not fault.lines and (fault.offset is not None or question.bare not in message):
        yield from _place_lines(question, fault.offset)
    if fault.hint:
        yield f"  hint: {printable(fault.hint)}"


def _place_lines(question: Question, offset: int | None) -> Iterator[str]:
    text = printable(question.written.replace("\t", " ").replace("\n", " "))
    position = None if offset is None else min(max(offset - question.shift, 0), len(text))
    start = 0 if position is None else max(0, min(position - WIDEST // 2, len(text) - WIDEST))
    yield paint(f"  {text[start : start + WIDEST]}", DIM, stream=sys.stderr)
    if position is not None:
        yield " " * (2 + position - start) + paint("^", RED, stream=sys.stderr)
