"""A value of a definition with its expressions, compiled once and evaluated many times.

Compiling only looks where expressions stand. An expression is parsed when it is first evaluated or
checked, and the parsed form is kept by its text; the language libraries are imported no sooner.
"""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from maestrale.errors import Error
from maestrale.expressions import budget, limits
from maestrale.expressions.asking import Asking, ScopeFailed
from maestrale.expressions.paths import NO_PATH, Path, jinja_path, yaql_path
from maestrale.expressions.problems import evaluation_error
from maestrale.expressions.reasons import reason_for
from maestrale.expressions.results import native, plain
from maestrale.expressions.scope import Json, Scope
from maestrale.expressions.texts import has_jinja, has_yaql, whole_jinja, yaql_inner, yaql_matches

if TYPE_CHECKING:
    from types import ModuleType

_PLAIN = frozenset({str, int, float, bool, type(None), dict, list})


class _Part(Protocol):
    """What an evaluation walks: a literal, a text with expressions, or a collection of parts."""

    def evaluate(self, scope: Scope, *, as_json: bool) -> Any: ...


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
        """The value before it is made plain data: with sets, instants and keys of any kind.

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


class _YaqlExpression:
    """One `<% … %>`, whose value keeps its type."""

    def __init__(self, match: str) -> None:
        self._expression = yaql_inner(match)

    def evaluate(self, scope: Scope, *, as_json: bool) -> Any:
        return _evaluate_yaql(self._expression, scope, _yaql_plain if as_json else native)


class _YaqlText:
    """Text around YAQL expressions: each is replaced by its value, wherever it stands.

    What one value brought in is replaced again if it looks like a later expression; Mistral does so.
    """

    def __init__(self, text: str, matches: list[str]) -> None:
        self._text = text
        self._matches = [(match, yaql_inner(match)) for match in matches]

    def evaluate(self, scope: Scope, *, as_json: bool) -> Any:
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


class _JinjaExpression:
    """One `{{ … }}`, whose value keeps its type."""

    def __init__(self, inner: str) -> None:
        self._inner = inner

    def evaluate(self, scope: Scope, *, as_json: bool) -> Any:
        inner = self._inner

        def compute(asking: Scope) -> Any:
            value = _jinja().evaluate(inner, asking)
            return plain(value) if as_json else value

        return _guarded("Jinja", inner.strip(), scope, jinja_path(inner), compute, _jinja)


class _JinjaText:
    """A template with blocks, or with text around its expressions: always a text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def evaluate(self, scope: Scope, *, as_json: bool) -> Any:
        return _guarded(
            "Jinja",
            self._text,
            scope,
            None,
            lambda asking: plain(_jinja().render(self._text, asking)),
            _jinja,
        )


def _yaql_plain(value: Any) -> Json:
    return plain(value, strict_sets=True)


def _yaql_text(value: Any) -> str:
    text = plain(str(native(value)))
    limits.check_text(len(text))
    return str(text)


def _evaluate_yaql(expression: str, scope: Scope, convert: Callable[[Any], Any]) -> Any:
    def compute(asking: Scope) -> Any:
        return convert(_yaql().evaluate(expression, asking))

    path = yaql_path(expression)
    finish = _yaql_text if convert is _yaql_text else _shared
    return _guarded("YAQL", expression, scope, path, compute, _yaql, finish)


def _shared(value: Any) -> Any:
    """The value of a path: plain data of the scope already, all but the `Layers` that `$` may be."""
    return value if type(value) in _PLAIN else plain(value)


def _guarded(
    language: str,
    expression: str,
    scope: Scope,
    path: Path | None,
    compute: Callable[[Scope], Any],
    library: Callable[[], "ModuleType"],
    finish: Callable[[Any], Any] = _shared,
) -> Any:
    """The value of an expression: by its path if it is one and that works, else by its library."""
    refusal = scope.refusal(expression)
    if refusal is not None:
        raise evaluation_error(language, expression, refusal)
    asking = Asking(scope)
    if path is not None:
        value = _attempt(language, expression, lambda: _walk(path, asking, finish))
        if value is not NO_PATH:
            return value
    library()  # Importing it must not be interrupted.
    return _attempt(language, expression, lambda: compute(asking))


def _walk(path: Path, scope: Scope, finish: Callable[[Any], Any]) -> Any:
    value = path(scope)
    return NO_PATH if value is NO_PATH else finish(value)


def _attempt(language: str, expression: str, compute: Callable[[], Any]) -> Any:
    token = budget.begin(expression)
    try:
        return compute()
    except ScopeFailed as failed:
        if not isinstance(failed.error, Error):
            raise failed.error from None
        reason = failed.error.message
    except Exception as error:
        reason = reason_for(error, expression)
    finally:
        budget.end(token)
    # Raised out here it has no cause and no context: theirs would carry data into a log.
    raise evaluation_error(language, expression, reason)


@cache
def _yaql() -> "ModuleType":
    from maestrale.expressions import yaql_language

    yaql_language.prepare()
    return yaql_language


@cache
def _jinja() -> "ModuleType":
    from maestrale.expressions import jinja_language

    jinja_language.prepare()
    return jinja_language


def find_yaql_fault(expression: str) -> tuple[str, int | None] | None:
    """Why a YAQL expression cannot be read, with the offset of the fault in it; None: it can."""
    if yaql_path(expression) is not None:
        return None
    fault: tuple[str, int | None] | None = _yaql().find_fault(expression)
    return fault


def find_jinja_fault(text: str) -> tuple[str, int | None] | None:
    """Why a text for Jinja cannot be read, with the offset of the fault in it; None: it can."""
    fault: tuple[str, int | None] | None = _jinja().find_fault(text)
    return fault
