"""Workflows on the stage, written shortly."""

from collections.abc import Callable, Mapping
from textwrap import dedent, indent
from typing import Any

from maestrale.core import Limits, Result
from maestrale.expressions import Json
from maestrale.testing.stage import Stage

DONE = Result(value="done")
FAILED = Result(error="it failed")
CANCELLED = Result(cancelled=True)


def tasks(text: str, *, head: str = "", more: str = "", **options: Any) -> Stage:
    """Start a workflow `w` of these tasks.

    Args:
        head: What the workflow has besides its tasks.
        more: Other workflows of the document.
    """
    workflow = f"{dedent(head).strip()}\ntasks:\n{indent(dedent(text), '  ')}".lstrip()
    return document(f"w:\n{indent(workflow, '  ')}\n{dedent(more)}", **options)


def document(
    text: str,
    *others: str,
    workflow: str = "w",
    input: Mapping[str, Json] | None = None,
    params: Mapping[str, Json] | None = None,
    limits: Limits | None = None,
    answer: Callable[[str], Json] = lambda question: None,
) -> Stage:
    """Start a workflow of a document; its version is added."""
    texts = [f"version: '2.0'\n{dedent(each)}" for each in (text, *others)]
    stage = Stage(*texts, limits=limits, answer=answer)
    stage.start(workflow, input, params)
    return stage


def ran(stage: Stage) -> list[tuple[str, str]]:
    """Every task with its state, in the order in which they were made."""
    return [(task.name, str(task.state)) for task in stage.tasks()]


def executions(stage: Stage) -> list[tuple[str, str]]:
    """Every execution with its state, in the order in which they were made."""
    found = sorted(stage.state.executions.values(), key=lambda execution: execution.number)
    return [(execution.workflow, str(execution.state)) for execution in found]
