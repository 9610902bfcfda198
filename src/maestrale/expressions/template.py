"""A value of a definition with its expressions, compiled once and evaluated many times.

Compiling only looks where expressions stand. An expression is parsed when it is first evaluated or
checked, and the parsed form is kept by its text; the language libraries are imported no sooner.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from maestrale.errors import Error
from maestrale.expressions import budget, limits
from maestrale.expressions.asking import Asking, ScopeFailed
from maestrale.expressions.explaining import Explanation
from maestrale.expressions.jinja_paths import NO_PATH, jinja_path
from maestrale.expressions.problems import evaluation_error
from maestrale.expressions.results import native, plain
from maestrale.expressions.scope import Json, Scope
from maestrale.expressions.secrecy import evaluate_secretly
from maestrale.expressions.texts import (
    has_jinja,
    has_yaql,
    is_blocks_only,
    whole_jinja,
    yaql_inner,
    yaql_matches,
)
from maestrale.expressions.yaql.failures import ReadingFailure
from maestrale.expressions.yaql.parser import parse

if TYPE_CHECKING:
    from types import ModuleType

_PLAIN = frozenset({str, int, float, bool, type(None), dict, list})


BLOCKS_ONLY = "a text with `{% … %}` has to have a `{{ … }}` in one line, too; `{{ '' }}` will do"
"""Source: Mistral v2, section 4.5. It is kept since recorded cases show it; definitions are warned of it."""


class _Part(Protocol):
    """What an evaluation walks: a literal, a text with expressions, or a collection of parts."""

    def evaluate(self, scope: Scope, *, as_json: bool) -> Any: ...


class _Leaf(ABC):
    """A text with expressions. What depends on a secret of the scope is marked in its value."""

    def evaluate(self, scope: Scope, *, as_json: bool) -> Any:
        secrets = scope.secrets
        if secrets is None:
            return self._value(scope, as_json=as_json)
        return evaluate_secretly(scope, secrets, lambda seen: self._value(seen, as_json=True))

    @abstractmethod
    def _value(self, scope: Scope, *, as_json: bool) -> Any:
        """The value in a scope that shows its secrets without marks."""


class Template:
    """A value as its author wrote it, together with its compiled expressions. See `compile_template`."""

    __slots__ = ("_part", "source")

    def __init__(self, source: Json, part: _Part | None) -> None:
        self.source = source
        self._part = part

    @property
    def is_constant(self) -> bool:
        """Whether there is no expression anywhere in it: its value is `source` itself."""
        return self._part is None

    def evaluate(self, scope: Scope) -> Json:
        """The value in `scope`, as plain data. Data of the scope is shared with the result, not copied.

        Raises:
            EvaluationError: An expression fails, was refused, or has a value that cannot be stored.
            OverBudget: `budget.interrupt` was called meanwhile.
        """
        return self.source if self._part is None else self._part.evaluate(scope, as_json=True)

    def evaluate_native(self, scope: Scope) -> Any:
        """The value before it is made plain data: with sets, instants and keys of any kind. In a scope with
        secrets it is plain data, with its marks.

        Raises:
            EvaluationError: An expression fails or was refused.
            OverBudget: `budget.interrupt` was called meanwhile.
        """
        return self.source if self._part is None else self._part.evaluate(scope, as_json=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Template) and repr(self.source) == repr(other.source)

    def __hash__(self) -> int:
        return hash(repr(self.source))

    def __repr__(self) -> str:
        return f"Template({self.source!r})"


def compile_template(value: Json) -> Template:
    """The template of a value: a text, or any nesting of lists and mappings; keys are never evaluated.

    It never fails: a malformed expression fails when it is evaluated, and `check_text` finds it.
    """
    return Template(value, _compile(value))


def _compile(value: Json) -> _Part | None:
    if isinstance(value, str):
        return _compile_text(value)
    if isinstance(value, dict):
        parts = {key: part for key, item in value.items() if (part := _compile(item)) is not None}
        return _Mapping(value, parts) if parts else None
    if isinstance(value, list):
        numbered = {index: part for index, item in enumerate(value) if (part := _compile(item)) is not None}
        return _List(value, numbered) if numbered else None
    return None


def _compile_text(text: str) -> _Part | None:
    if has_jinja(text):
        inner = whole_jinja(text)
        return _JinjaText(text) if inner is None else _JinjaExpression(inner)
    if not has_yaql(text):
        return None
    matches = [match for match, _ in yaql_matches(text)]
    return _YaqlExpression(matches[0]) if matches[0] == text else _YaqlText(text, matches)


class _Mapping:
    def __init__(self, source: dict[str, Json], parts: dict[str, _Part]) -> None:
        self._source = source
        self._parts = parts

    def evaluate(self, scope: Scope, *, as_json: bool) -> Any:
        value = dict(self._source)
        for key, part in self._parts.items():
            value[key] = part.evaluate(scope, as_json=as_json)
        return value


class _List:
    def __init__(self, source: list[Json], parts: dict[int, _Part]) -> None:
        self._source = source
        self._parts = parts

    def evaluate(self, scope: Scope, *, as_json: bool) -> Any:
        value = list(self._source)
        for index, part in self._parts.items():
            value[index] = part.evaluate(scope, as_json=as_json)
        return value


class _YaqlExpression(_Leaf):
    """One `<% … %>`, whose value keeps its type."""

    def __init__(self, match: str) -> None:
        self._expression = yaql_inner(match)

    def _value(self, scope: Scope, *, as_json: bool) -> Any:
        return _evaluate_yaql(self._expression, scope, _yaql_plain if as_json else native)


class _YaqlText(_Leaf):
    """Text around YAQL expressions: each is replaced by its value, wherever it stands.

    What one value brought in is replaced again if it looks like a later expression; Mistral does so.
    """

    def __init__(self, text: str, matches: list[str]) -> None:
        self._text = text
        self._matches = [(match, yaql_inner(match)) for match in matches]

    def _value(self, scope: Scope, *, as_json: bool) -> Any:
        text = self._text
        for match, expression in self._matches:
            value = _evaluate_yaql(expression, scope, _yaql_text)
            try:
                text = limits.replace(text, match, value)
            except limits.OverLimit as error:
                reason = str(error)
            else:
                continue
            raise evaluation_error("YAQL", expression, reason)
        return text


class _JinjaExpression(_Leaf):
    """One `{{ … }}`, whose value keeps its type."""

    def __init__(self, inner: str) -> None:
        self._inner = inner

    def _value(self, scope: Scope, *, as_json: bool) -> Any:
        inner = self._inner
        path = jinja_path(inner)
        if path is not None:
            value = _guarded("Jinja", inner.strip(), scope, lambda _, asking: path(asking), _shared)
            if value is not NO_PATH:
                return value
        jinja = _jinja()
        return _guarded(
            "Jinja",
            inner.strip(),
            scope,
            lambda _, asking: jinja.evaluate(inner, asking),
            plain if as_json else _unchanged,
        )


class _JinjaText(_Leaf):
    """A template with blocks, or with text around its expressions: always a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._is_blocks_only = is_blocks_only(text)

    def _value(self, scope: Scope, *, as_json: bool) -> Any:
        if self._is_blocks_only:
            raise evaluation_error("Jinja", self._text, BLOCKS_ONLY)
        jinja = _jinja()
        return _guarded("Jinja", self._text, scope, jinja.render, plain)


def _shared(value: Any) -> Any:
    """The value of a path: plain data of the scope already, all but the `Layers` that `_` may be."""
    return value if type(value) in _PLAIN or value is NO_PATH else plain(value)


def _unchanged(value: Any) -> Any:
    return value


_PLAIN_AT_A_LOOK = frozenset({type(None), bool, dict, list})
"""What is exactly a `dict` or a `list` is data of the scope."""

_SMALL = 1 << 64


def _yaql_plain(value: Any) -> Json:
    kind = type(value)
    if kind in _PLAIN_AT_A_LOOK or (kind is str and value.isascii()) or (kind is int and abs(value) < _SMALL):
        return value
    return plain(value, strict_sets=True, shares_data=True)


def _yaql_text(value: Any) -> str:
    text = plain(str(native(value)))
    limits.check_text(len(text))
    return str(text)


def _evaluate_yaql(expression: str, scope: Scope, convert: Callable[[Any], Any]) -> Any:
    return _guarded("YAQL", expression, scope, _yaql().evaluate, convert)


def _guarded(
    language: str,
    expression: str,
    scope: Scope,
    evaluate: Callable[[str, Scope], Any],
    convert: Callable[[Any], Any],
) -> Any:
    """The value of an expression in `scope`, converted, unless the scope refuses it.

    `evaluate` gives it, lazy where it is. The library that it needs has to be there already: an import
    must not be interrupted.
    """
    refusal = scope.refusal(expression)
    if refusal is not None:
        raise evaluation_error(language, expression, refusal)
    token = budget.begin(expression)
    try:
        return convert(evaluate(expression, Asking(scope)))
    except ScopeFailed as failed:
        if not isinstance(failed.error, Error):
            raise failed.error from None
        explanation = Explanation(reason=failed.error.message)
    except Exception as error:
        explanation = _explain(language, expression, error, scope)
    finally:
        budget.end(token)
    # Raised out here it has no cause and no context: theirs would carry data into a log.
    raise evaluation_error(
        language,
        expression,
        explanation.reason,
        offset=explanation.offset,
        lines=explanation.lines(expression),
    )


def _explain(language: str, expression: str, error: Exception, scope: Scope) -> Explanation:
    if language == "YAQL":
        from maestrale.expressions.yaql_explaining import explain
    else:
        from maestrale.expressions.jinja_explaining import explain
    return explain(expression, error, scope.data)


@cache
def _yaql() -> "ModuleType":
    from maestrale.expressions.yaql import language
    from maestrale.expressions.yaql_installed import register_installed_functions

    register_installed_functions()
    return language


@cache
def _jinja() -> "ModuleType":
    from maestrale.expressions import jinja_language

    jinja_language.prepare()
    return jinja_language


def find_yaql_fault(expression: str) -> tuple[str, int | None] | None:
    """Why a YAQL expression cannot be read, with the offset of the fault in it; None: it can."""
    try:
        parse(expression)
    except ReadingFailure as failure:
        expected = f"; expected: {failure.expected}" if failure.expected else ""
        return failure.reason + expected, failure.position
    return None


def find_jinja_fault(text: str) -> tuple[str, int | None] | None:
    """Why a text for Jinja cannot be read, with the offset of the fault in it; None: it can."""
    fault: tuple[str, int | None] | None = _jinja().find_fault(text)
    return fault
