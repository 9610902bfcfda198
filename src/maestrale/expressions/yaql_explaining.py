"""Why a YAQL expression failed, for the person who wrote it."""

from collections.abc import Mapping
from typing import Any

from maestrale.expressions.excerpts import describe, sounds_secret
from maestrale.expressions.explaining import (
    Explanation,
    closest,
    did_you_mean,
    missing_key,
    null_subject,
    out_of_range,
)
from maestrale.expressions.reasons import is_authors, reason_for
from maestrale.expressions.yaql import kinds
from maestrale.expressions.yaql.declarations import declared, names
from maestrale.expressions.yaql.failures import (
    NOTHING,
    Failure,
    MissingKey,
    NoOverload,
    NotAnExpression,
    NotReadable,
    UnknownFunction,
)
from maestrale.expressions.yaql.generation import Place
from maestrale.expressions.yaql.language import place_of
from maestrale.expressions.yaql.overloads import is_operator
from maestrale.expressions.yaql.places import operands_at, subject_at


def explain(expression: str, error: Exception, data: Any) -> Explanation:
    """Why `expression` failed with `error`. What its place knows is told by the error, not by `data`."""
    place = _place(expression, error)
    subject = None if place.position is None else subject_at(expression, place.position)
    explaining = _Explaining(expression, place, subject, not sounds_secret(expression))
    return explaining.explain(error)


def _place(expression: str, error: Exception) -> Place:
    if isinstance(error, NotAnExpression):
        return Place(error.position)
    try:
        return place_of(expression, error)
    except Failure:  # It has no compiled form that could tell.
        return Place(None)


class _Explaining:
    def __init__(self, expression: str, place: Place, subject: str | None, tells_values: bool) -> None:
        self._expression = expression
        self._place = place
        self._subject = subject
        self._tells_values = tells_values

    def explain(self, error: Exception) -> Explanation:
        found = self._place.found
        match error:
            case KeyError() if isinstance(found, Mapping):
                return self._missing_key(error, found)
            case NotReadable(name=name, found=None):
                return null_subject(
                    name,
                    self._subject,
                    f"`?.{name}` in place of `.{name}` where it may be null",
                    self._place.position,
                )
            case NotReadable():
                return self._told(error.reason, ("a mapping",))
            case NotAnExpression(expected=expected):
                return self._told(error.reason, (expected,) if expected else ())
            case UnknownFunction():
                return self._unknown_function(error)
            case NoOverload():
                return self._no_overload(error)
            case IndexError() if isinstance(found, (list, tuple)):
                return self._told(out_of_range(found))
            case _:
                return self._told(reason_for(error, self._expression))

    def _told(self, reason: str, expected: tuple[str, ...] = ()) -> Explanation:
        found = self._place.found
        told = "" if found is NOTHING else self._describe(found)
        return Explanation(reason=reason, offset=self._place.position, found=told, expected=expected)

    def _describe(self, value: Any) -> str:
        return describe(value, kinds.describe(kinds.kind_of(value)), tells_values=self._tells_values)

    def _missing_key(self, error: KeyError, mapping: Mapping[Any, Any]) -> Explanation:
        key = error.key if isinstance(error, MissingKey) else error.args[0]
        return missing_key(
            key,
            mapping,
            subject=self._subject,
            is_authors=is_authors(key, self._expression),
            offset=self._place.position,
        )

    def _unknown_function(self, error: UnknownFunction) -> Explanation:
        name, is_method = error.name, error.is_method
        other = declared(name, is_method=not is_method)
        if other:
            form = "a function" if is_method else "a method"
            return self._told(f"{error.reason}, but {form}", other)
        close = closest(name, names(is_method=is_method)) or closest(name, names(is_method=not is_method))
        expected = close and (
            declared(close, is_method=is_method) or declared(close, is_method=not is_method)
        )
        return self._told(f"{error.reason}{did_you_mean(close)}", expected or ())

    def _no_overload(self, error: NoOverload) -> Explanation:
        forms = declared(error.name, is_method=error.is_method) if error.name else ()
        if error.is_method and self._subject and (error.found is None or error.values[:1] == (None,)):
            return Explanation(
                reason=f"`{self._subject}` is null, so `{error.name}()` cannot be called on it",
                offset=self._place.position,
                found="null",
                expected=forms,
            )
        told = "" if error.found is NOTHING else self._describe(error.found)
        told = told or ", and ".join(map(self._describe, error.values))
        reason = error.reason + self._null_operand(error)
        return Explanation(reason=reason, offset=self._place.position, found=told, expected=forms)

    def _null_operand(self, error: NoOverload) -> str:
        """The end of a reason that names the operand that is null."""
        if not is_operator(error.name) or None not in error.values or self._place.position is None:
            return ""
        operands = operands_at(self._expression, self._place.position)
        text = operands[error.values.index(None)] if len(operands) == len(error.values) else None
        return f": `{text}` is null" if text else ""
