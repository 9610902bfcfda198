"""Why a Jinja expression failed, for the person who wrote it, as far as Jinja tells.

How places are found is told in `jinja_places`.
"""

import re
from collections.abc import Mapping
from typing import Any

from jinja2 import TemplateAssertionError, TemplateSyntaxError
from jinja2.utils import missing

from maestrale.expressions import jinja_language
from maestrale.expressions.excerpts import describe, sounds_secret
from maestrale.expressions.explaining import (
    Explanation,
    closest,
    did_you_mean,
    missing_key,
    null_subject,
    out_of_range,
)
from maestrale.expressions.jinja_places import find_place, mention
from maestrale.expressions.jinja_sandbox import IsNotDefined
from maestrale.expressions.reasons import is_authors, reason_for
from maestrale.expressions.yaql import kinds

_UNKNOWN = re.compile(r"No (filter|test) named '(.+)'")


def explain(expression: str, error: Exception, data: Any) -> Explanation:
    """Why `expression` failed with `error`.

    Args:
        data: What `_` is there.
    """
    match error:
        case IsNotDefined(owner=owner, name=name) if owner is missing:
            return _unknown_variable(expression, name, data)
        case IsNotDefined(owner=None, name=str(name)) if is_authors(name, expression):
            offset = mention(expression, name)
            step = f"`| default(…)` after `.{name}`, or `{{% if %}}` around it, where it may be null"
            return null_subject(name, _subject(expression, offset), step, offset)
        case IsNotDefined(owner=Mapping() as owner, name=name):
            offset = mention(expression, name) if is_authors(name, expression) else None
            return missing_key(
                name,
                owner,
                subject=_subject(expression, offset),
                is_authors=is_authors(name, expression),
                offset=offset,
            )
        case IsNotDefined(owner=owner, name=name):
            return _unknown_attribute(expression, name, owner)
        case TemplateAssertionError():
            return _unknown_name(expression, error)
        case TemplateSyntaxError():
            offset = find_place(expression, str(error.message), error.lineno)
            return Explanation(reason=reason_for(error, expression), offset=offset)
        case _:
            return Explanation(reason=reason_for(error, expression))


def _subject(expression: str, offset: int | None) -> str | None:
    """The path before the step whose name stands at `offset`."""
    before = re.search(r"[\w.]+(?:\[\w+\])*(?=\.$)", expression[:offset]) if offset else None
    return before[0] if before else None


def _unknown_variable(expression: str, name: Any, data: Any) -> Explanation:
    if not is_authors(name, expression):
        return Explanation(reason="a value is undefined")
    is_key = isinstance(data, Mapping) and name in data
    close = f"_.{name}" if is_key else closest(name, jinja_language.function_names()[0])
    reason = f"`{name}` is undefined{did_you_mean(close)}"
    expected = (f"`_.{name}`: the variables of the workflow are keys of `_`",) if is_key else ()
    return Explanation(reason=reason, offset=mention(expression, name), expected=expected)


def _unknown_attribute(expression: str, name: Any, owner: Any) -> Explanation:
    """Neither an attribute nor an item of a value that is no mapping."""
    kind = kinds.describe(kinds.kind_of(owner))
    tells_values = not sounds_secret(expression)
    if isinstance(name, int) and isinstance(owner, (list, tuple)):
        return Explanation(reason=out_of_range(owner), found=describe(owner, kind, tells_values=tells_values))
    what = f"no `{name}`" if is_authors(str(name), expression) else "nothing of this name or number"
    return Explanation(
        reason=f"there is {what} in {kind}",
        offset=mention(expression, name) if is_authors(name, expression) else None,
        found=describe(owner, kind, tells_values=tells_values),
    )


def _unknown_name(expression: str, error: TemplateAssertionError) -> Explanation:
    reason = str(error.message)
    unknown = _UNKNOWN.match(reason)
    if unknown is None or not is_authors(unknown[2], expression):
        return Explanation(reason=reason_for(error, expression))
    known = jinja_language.function_names()[1] if unknown[1] == "filter" else jinja_language.test_names()
    close = closest(unknown[2], known)
    return Explanation(
        reason=f"there is no {unknown[1]} `{unknown[2]}`{did_you_mean(close)}",
        offset=mention(expression, unknown[2]),
    )
