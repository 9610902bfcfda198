"""How the tests of this folder read definitions, and what they compare."""

from textwrap import dedent, indent
from typing import Any

from maestrale.expressions import Template
from maestrale.lang import Clause, DocumentKind, Parsed, TaskDefinition, Workflow, parse


def the_workflow(body: str) -> Workflow:
    """The one workflow with this body; the body must have no errors."""
    parsed = parse_body(body)
    assert parsed.definitions is not None, [str(problem) for problem in parsed.problems]
    return parsed.definitions.workflows["w"]


def the_task(body: str, *, name: str = "t") -> TaskDefinition:
    """The task `t` of a direct workflow with this body and a task `u` beside it."""
    return the_workflow(_around(body)).tasks[name]


def parse_body(body: str) -> Parsed:
    return parse(f"version: '2.0'\nw:\n{indent(dedent(body), '  ')}")


def task_problems(body: str) -> list[tuple[str, int, int]]:
    """The code, line and column of every problem of that task; its body begins at line 1, column 1."""
    problems = parse_body(_around(body)).problems
    return [(problem.code, problem.line - 5, problem.column - 7) for problem in problems]


def codes(text: str | bytes, *, kind: DocumentKind | None = None) -> list[str]:
    return [problem.code for problem in parse(text, kind=kind).problems]


def body_codes(body: str) -> list[str]:
    return [problem.code for problem in parse_body(body).problems]


def task_codes(body: str) -> list[str]:
    return [code for code, _, _ in task_problems(body)]


def _around(body: str) -> str:
    return f"tasks:\n  u: {{}}\n  t:\n{indent(dedent(body), '     ')}"


def plain(value: Any) -> Any:
    """Templates as they were written, in mappings and pairs too."""
    match value:
        case Template():
            return value.source
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case tuple():
            return tuple(plain(item) for item in value)
        case _:
            return value


def ways(clause: Clause) -> list[tuple[str, Any, Any]]:
    """The target, the condition and the message of every transition."""
    return [(way.target, plain(way.condition), plain(way.message)) for way in clause.next]
