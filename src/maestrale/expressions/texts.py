"""Where expressions stand in a text: which language, and from where to where.

Jinja is looked for first, then YAQL. No pattern crosses the end of a line, so an expression over
several lines is plain text; users rely on that. A match is the shortest possible.
"""

import re

_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
_JINJA_VALUE = re.compile(r"\{\{(.*?)\}\}")
_YAQL = re.compile(r"<%.*?%>")
_ONE_EXPRESSION = re.compile(r"(?:<%.*?%>|\{\{.*?\}\})\s*")


def has_jinja(text: str) -> bool:
    """Whether the text is one for Jinja, whatever else it holds."""
    return "{" in text and _JINJA.search(text) is not None


def has_yaql(text: str) -> bool:
    """Whether the text holds something in YAQL's delimiters."""
    return "<%" in text and _YAQL.search(text) is not None


def has_expression(text: str) -> bool:
    """Whether the text holds any expression: without one it stands for itself."""
    return has_jinja(text) or has_yaql(text)


def is_expression(text: str) -> bool:
    """Whether the text may stand where the language asks for an expression rather than a literal.

    It starts at once with `<% … %>` or `{{ … }}` and nothing but whitespace comes after; two
    expressions with text between them pass too.

    Source: Mistral DSL v2, its schema for values such as `wait-before`.
    """
    return _ONE_EXPRESSION.fullmatch(text) is not None


def whole_jinja(text: str) -> str | None:
    """The inner text if the whole text is one `{{ … }}`, else None. Its value keeps its type."""
    match = _JINJA_VALUE.search(text)
    return match[1] if match is not None and match[0] == text else None


def is_blocks_only(text: str) -> bool:
    """Whether a text for Jinja has blocks and no `{{ … }}`: Mistral's evaluator fails it."""
    return _JINJA_VALUE.search(text) is None


def jinja_start(text: str) -> int:
    """The offset of the first Jinja expression or block."""
    match = _JINJA.search(text)
    return match.start() if match is not None else 0


def yaql_matches(text: str) -> list[tuple[str, int]]:
    """The YAQL expressions with their delimiters, in order, each with its offset."""
    return [(match[0], match.start()) for match in _YAQL.finditer(text)]


def yaql_inner(match: str) -> str:
    """The expression in a match of `yaql_matches`."""
    return match.strip("<%>").strip()
