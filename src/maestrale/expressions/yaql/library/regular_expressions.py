"""Regular expressions, those of Python."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from maestrale.expressions import limits
from maestrale.expressions.patterns import stoppable
from maestrale.expressions.yaql.failures import Failure
from maestrale.expressions.yaql.kinds import PATTERN, kind_of
from maestrale.expressions.yaql.signatures import (
    ANY,
    BOOL,
    INT,
    LAMBDA,
    METHOD,
    REGEX,
    STR,
    VARYING,
    overload,
)
from maestrale.expressions.yaql.values import MutableDict, MutableList, bounded

Pattern = re.Pattern[str]
Selector = Callable[..., Any]


@overload(
    "regex",
    STR("pattern"),
    BOOL("ignoreCase", default=False, nullable=True),
    BOOL("multiLine", default=False, nullable=True),
    BOOL("dotAll", default=False, nullable=True),
)
def regex(
    pattern: str, ignores_case: bool | None, is_multi_line: bool | None, dot_is_all: bool | None
) -> Pattern:
    flags = re.UNICODE
    for is_set, flag in (
        (ignores_case, re.IGNORECASE),
        (is_multi_line, re.MULTILINE),
        (dot_is_all, re.DOTALL),
    ):
        if is_set:
            flags |= flag
    return re.compile(pattern, flags)


@overload("isRegex", ANY("value"))
def is_pattern(value: Any) -> bool:
    return kind_of(value) == PATTERN


@overload("escapeRegex", STR("string"))
def escape(text: str) -> str:
    return re.escape(text)


@overload("matches", REGEX("regexp"), STR("string"), forms=METHOD)
def matches(pattern: Pattern, text: str) -> bool:
    return stoppable(pattern, text).search(text) is not None


@overload("matches", STR("string"), STR("regexp"), forms=METHOD)
def is_matched(text: str, pattern: str) -> bool:
    return matches(re.compile(pattern), text)


_SELECTOR = LAMBDA("selector", VARYING, default=None)


@overload("search", REGEX("regexp"), STR("string"), _SELECTOR, forms=METHOD)
def search(pattern: Pattern, text: str, selector: Selector | None) -> Any:
    match = stoppable(pattern, text).search(text)
    return None if match is None else _selected(match, selector)


@overload("searchAll", REGEX("regexp"), STR("string"), _SELECTOR, forms=METHOD)
def search_all(pattern: Pattern, text: str, selector: Selector | None) -> Iterator[Any]:
    return bounded(_selected(match, selector) for match in stoppable(pattern, text).finditer(text))


def _selected(match: re.Match[str], selector: Selector | None) -> Any:
    return match[0] if selector is None else selector(*_records(match))


def _records(match: re.Match[str]) -> list[MutableDict]:
    """What `$1`, `$2` … are in a selector: the whole match, then its groups."""
    if match.re.groupindex:
        raise Failure("a pattern with a named group cannot have a selector: use `(…)` for `(?P<name>…)`")
    return [
        MutableDict(value=match[group], start=match.start(group), end=match.end(group))
        for group in range(match.re.groups + 1)
    ]


_MAX_SPLIT = INT("maxSplit", default=0)
_COUNT = INT("count", default=0)


@overload("split", REGEX("regexp"), STR("string"), _MAX_SPLIT, forms=METHOD)
def split(pattern: Pattern, text: str, max_split: int) -> MutableList:
    return MutableList(limits.split_pattern(stoppable(pattern, text), text, max_split))


@overload("split", STR("string"), REGEX("regexp"), _MAX_SPLIT, forms=METHOD)
def split_by(text: str, pattern: Pattern, max_split: int) -> MutableList:
    return split(pattern, text, max_split)


@overload("replace", REGEX("regexp"), STR("string"), STR("repl"), _COUNT, forms=METHOD)
def replace(pattern: Pattern, text: str, template: str, count: int) -> str:
    return limits.replace_pattern(stoppable(pattern, text), template, text, count)


@overload("replace", STR("string"), REGEX("regexp"), STR("repl"), _COUNT, forms=METHOD)
def replace_in(text: str, pattern: Pattern, template: str, count: int) -> str:
    return replace(pattern, text, template, count)


@overload("replaceBy", REGEX("regexp"), STR("string"), LAMBDA("repl", VARYING), _COUNT, forms=METHOD)
def replace_by(pattern: Pattern, text: str, make: Selector, count: int) -> str:
    length = len(text)

    def made(match: re.Match[str]) -> str:
        nonlocal length
        new: str | None = make(*_records(match))  # Python takes None for the empty text.
        length += len(new or "")
        limits.check_text(length)
        return new  # type: ignore[return-value]

    return stoppable(pattern, text).sub(made, text, count)


@overload("replaceBy", STR("string"), REGEX("regexp"), LAMBDA("repl", VARYING), _COUNT, forms=METHOD)
def replace_in_by(text: str, pattern: Pattern, make: Selector, count: int) -> str:
    return replace_by(pattern, text, make, count)
