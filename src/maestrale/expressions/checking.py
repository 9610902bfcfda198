"""Whether the expressions in a text can be read. What they name is not looked at."""

from maestrale.expressions.problems import SyntaxProblem
from maestrale.expressions.template import find_jinja_fault, find_yaql_fault
from maestrale.expressions.texts import has_jinja, has_yaql, jinja_start, yaql_inner, yaql_matches


def check_text(text: str) -> SyntaxProblem | None:
    """The first fault in the expressions of a text, or None if all can be read.

    Unknown functions and filters pass: an evaluation finds them, as in Mistral.
    """
    jinja, yaql = has_jinja(text), has_yaql(text)
    if jinja and yaql:
        return SyntaxProblem(
            code="mixed-languages",
            message="one text cannot hold both YAQL `<% %>` and Jinja `{{ }}`: use one of them",
            expression=text,
            offset=max(jinja_start(text), yaql_matches(text)[0][1]),
        )
    return _check_jinja(text) if jinja else _check_yaql(text)


def _check_jinja(text: str) -> SyntaxProblem | None:
    fault = find_jinja_fault(text)
    if fault is None:
        return None
    message, offset = fault
    return SyntaxProblem(code="jinja-syntax", message=message, expression=text, offset=offset)


def _check_yaql(text: str) -> SyntaxProblem | None:
    for match, start in yaql_matches(text):
        expression = yaql_inner(match)
        fault = find_yaql_fault(expression)
        if fault is not None:
            message, position = fault
            offset = start + match.find(expression) + (len(expression) if position is None else position)
            return SyntaxProblem(code="yaql-syntax", message=message, expression=expression, offset=offset)
    return None
