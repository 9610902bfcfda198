"""How the tests of this folder lint definitions, and what they compare."""

from pathlib import Path
from textwrap import dedent, indent

from maestrale.actions import Registry
from maestrale.lang import Problem, parse
from maestrale.linter import Known, lint

PROJECT = Path(__file__).parents[2]
REGISTRY = Registry()
KNOWN = Known(catalogue=REGISTRY, names=REGISTRY.names)


def findings(text: str, known: Known = KNOWN) -> list[Problem]:
    """What the linter finds in a valid text, besides the warnings that reading it gives."""
    parsed = parse(text, file="greet.yaml")
    assert parsed.definitions is not None, [str(problem) for problem in parsed.problems]
    return [problem for problem in lint(parsed, known) if problem not in parsed.problems]


def workflow(body: str) -> str:
    """A document with one workflow, `w`, with this body."""
    return f"version: '2.0'\nw:\n{indent(dedent(body), '  ')}"


def found(body: str) -> list[str]:
    """The findings in a workflow with this body, as `line:column code`; both count from its beginning."""
    return [f"{each.line - 2}:{each.column - 2} {each.code}" for each in findings(workflow(body))]


def told(body: str) -> list[tuple[str, str | None]]:
    """The messages and hints of the findings in a workflow with this body."""
    return [(each.message, each.hint) for each in findings(workflow(body))]
