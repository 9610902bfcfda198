"""How work inside a decision fails. None of these leaves `decide`: they become states of rows."""

from collections.abc import Iterable, Mapping

from maestrale.errors import Error
from maestrale.expressions import EvaluationError, Json
from maestrale.lang.model import Parameter


class ForcedFailure(Exception):
    """The task cannot be handled at all: it and its whole execution end in ERROR, past `on-error`.

    Source: Mistral v2, section 2.15, "Force-fail".
    """


class TaskFailure(Exception):
    """The task's work failed before it began; `on-error` and `retry` apply as to any failure."""


class FactNeeded(Exception):
    """The decision needs an answer from outside the tree. Ask, and decide again with the fact."""

    def __init__(self, question: str) -> None:
        super().__init__(question)
        self.question = question


def reason(error: Exception) -> str:
    """What an error says, without its code and hint, for the middle of a sentence."""
    return error.message if isinstance(error, Error) else str(error)


def explained(message: str, error: Exception) -> str:
    """A message that tells of an error, with what people are shown below it."""
    return error.explained(message) if isinstance(error, EvaluationError) else message


def expected_input(noun: str, parameters: Iterable[Parameter]) -> str:
    """What may be given to a workflow or an action, in the words of a hint."""
    words = [p.name if p.required else f"{p.name} (optional)" for p in parameters]
    return f"the {noun} takes: {', '.join(words)}" if words else f"the {noun} takes no input"


def wrong_input(
    name: str, parameters: Iterable[Parameter], given: Mapping[str, Json], *, extra_allowed: bool = False
) -> str | None:
    """What is wrong with an input, in Mistral's words, or None.

    Source: Mistral v2, sections 1.3.1 and 5.1.
    """
    declared = {parameter.name: parameter for parameter in parameters}
    missing = [p.name for p in declared.values() if p.required and p.name not in given]
    unexpected = [] if extra_allowed else [key for key in given if key not in declared]
    if not missing and not unexpected:
        return None
    faults = f", missing={missing}" if missing else ""
    faults += f", unexpected={unexpected}" if unexpected else ""
    return f"Invalid input [name={name}{faults}]"
