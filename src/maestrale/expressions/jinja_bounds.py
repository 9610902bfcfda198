"""The filters and methods of Jinja and Python that are not taken as they are.

Each checks the size of what it would make and then does what the original does. See `limits`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from jinja2 import Environment, filters, pass_environment, pass_eval_context
from jinja2.nodes import EvalContext

from maestrale.errors import InvalidInput
from maestrale.expressions import limits
from maestrale.expressions.documents import json_ready
from maestrale.expressions.weights import weighed

_INDENT_LIMIT = 100


def _center(value: str, width: int = 80) -> str:
    limits.check_width(width)
    return filters.do_center(value, width)


def _indent(s: str, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
    limits.check_width(width)
    size = len(width) if isinstance(width, str) else width
    limits.check_text(len(s) + (s.count("\n") + 1) * size)
    return filters.do_indent(s, width, first, blank)


def _format(value: str, *args: Any, **kwargs: Any) -> str:
    if args and kwargs:
        return filters.do_format(value, *args, **kwargs)  # It says why this cannot be.
    return str(limits.format_percent(str(value), kwargs or args))


@pass_eval_context
def _join(context: EvalContext, value: Iterable[Any], d: str = "", attribute: str | int | None = None) -> str:
    if attribute is not None:
        value = map(filters.make_attrgetter(context.environment, attribute), value)
    if not context.autoescape:
        return limits.join(str(d), map(str, value))
    items = list(value)
    limits.check_text(sum(6 * len(str(item)) + 6 * len(str(d)) for item in items))
    return filters.sync_do_join(context, items, d)


@pass_eval_context
def _replace(context: EvalContext, s: str, old: str, new: str, count: int | None = None) -> str:
    limits.check_replace(str(s), str(old), str(new), -1 if count is None else count)
    return filters.do_replace(context, s, old, new, count)


def _round(value: Any, precision: int = 0, method: Any = "common") -> Any:
    if method == "common":
        return limits.round_number(value, precision)
    limits.check_number(4 * abs(precision))  # It computes ten to that power.
    return filters.do_round(value, precision, method)


def _batch(value: Iterable[Any], linecount: int, fill_with: Any = None) -> Iterator[list[Any]]:
    limits.check_items(linecount)
    return filters.do_batch(value, linecount, fill_with)


def _slice(value: Any, slices: int, fill_with: Any = None) -> Iterator[list[Any]]:
    limits.check_items(slices)
    return filters.sync_do_slice(value, slices, fill_with)


@pass_environment
def _sum(environment: Environment, iterable: Iterable[Any], attribute: Any = None, start: Any = 0) -> Any:
    if isinstance(start, str):
        raise InvalidInput("`sum` cannot add text: use `join`")
    if attribute is not None:
        iterable = map(filters.make_attrgetter(environment, attribute), iterable)
    total = start
    for item in iterable:
        total = limits.add(total, item)
    return total


@pass_eval_context
def _tojson(context: EvalContext, value: Any, indent: int | None = None) -> Any:
    if isinstance(indent, int) and indent > _INDENT_LIMIT:
        raise limits.OverLimit(f"it would indent by more than {_INDENT_LIMIT} characters")
    return filters.do_tojson(context, json_ready(value), indent)


@pass_environment
def _wordwrap(
    environment: Environment,
    s: str,
    width: int = 79,
    break_long_words: bool = True,
    wrapstring: str | None = None,
    break_on_hyphens: bool = True,
) -> str:
    if wrapstring is not None:
        limits.check_text(len(s) + (len(s) + 1) * len(wrapstring) // max(width, 1) + len(wrapstring))
    return filters.do_wordwrap(environment, s, width, break_long_words, wrapstring, break_on_hyphens)


@pass_environment
def _unique(environment: Environment, value: Iterable[Any], *args: Any, **kwargs: Any) -> Any:
    return filters.do_unique(environment, weighed(list(value)), *args, **kwargs)


@pass_environment
def _sort(environment: Environment, value: Iterable[Any], *args: Any, **kwargs: Any) -> Any:
    return filters.do_sort(environment, weighed(list(value)), *args, **kwargs)


@pass_environment
def _min(environment: Environment, value: Iterable[Any], *args: Any, **kwargs: Any) -> Any:
    return filters.do_min(environment, weighed(list(value)), *args, **kwargs)


@pass_environment
def _max(environment: Environment, value: Iterable[Any], *args: Any, **kwargs: Any) -> Any:
    return filters.do_max(environment, weighed(list(value)), *args, **kwargs)


@pass_environment
def _groupby(environment: Environment, value: Iterable[Any], *args: Any, **kwargs: Any) -> Any:
    return filters.sync_do_groupby(environment, weighed(list(value)), *args, **kwargs)


def _dictsort(value: Mapping[Any, Any], *args: Any, **kwargs: Any) -> Any:
    return filters.do_dictsort(weighed(value), *args, **kwargs)


BOUNDED_FILTERS: dict[str, Callable[..., Any]] = {
    "batch": _batch,
    "center": _center,
    "dictsort": _dictsort,
    "format": _format,
    "groupby": _groupby,
    "indent": _indent,
    "join": _join,
    "max": _max,
    "min": _min,
    "replace": _replace,
    "round": _round,
    "slice": _slice,
    "sort": _sort,
    "sum": _sum,
    "tojson": _tojson,
    "unique": _unique,
    "wordwrap": _wordwrap,
}


_COMPARING_TESTS = (
    *("==", "eq", "equalto", "!=", "ne", "in"),
    *(">", "gt", "greaterthan", ">=", "ge"),
    *("<", "lt", "lessthan", "<=", "le"),
)


def bounded_tests(tests: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """The tests of Jinja that compare, with both sides weighed before."""

    def weighing(test: Callable[..., Any]) -> Callable[..., Any]:
        return lambda value, *args: test(weighed(value), *map(weighed, args))

    return {name: weighing(tests[name]) for name in _COMPARING_TESTS}


def _first(args: tuple[Any, ...], kwargs: Mapping[str, Any], name: str, default: Any) -> Any:
    return args[0] if args else kwargs.get(name, default)


def _check_width(own: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    limits.check_width(args[0] if args else None)


def _check_tabs(own: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    size = _first(args, kwargs, "tabsize", 8)
    limits.check_width(size)
    limits.check_text(len(own) + own.count("\t" if isinstance(own, str) else b"\t") * int(size))


def _check_replace(own: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    if len(args) > 1:
        limits.check_replace(own, args[0], args[1], kwargs.get("count", args[2] if len(args) > 2 else -1))


def _check_join(own: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """The length of what `own.join(…)` makes. A generator cannot be looked at twice."""
    for values in args:
        if isinstance(values, Iterator):
            raise InvalidInput("`join` as a method takes a list: use the filter `join`, or `|list` before")
        limits.check_text(sum(len(item) + len(own) for item in values if isinstance(item, (str, bytes))))


def _check_translate(own: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    for table in args:
        if isinstance(table, Mapping):
            longest = max((len(item) for item in table.values() if isinstance(item, str)), default=1)
            limits.check_text(len(own) * max(longest, 1))


def _check_split(own: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    limits.check_items(len(own) // 2)


def _check_extend(own: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    for values in args:
        limits.check_items(len(own) + (len(values) if hasattr(values, "__len__") else 0))


_COMPARING_METHODS = frozenset({"index", "count", "remove", "sort"})

_Check = Callable[[Any, tuple[Any, ...], Mapping[str, Any]], None]

_CHECKED_METHODS: dict[str, _Check] = {
    "center": _check_width,
    "ljust": _check_width,
    "rjust": _check_width,
    "zfill": _check_width,
    "to_bytes": _check_width,
    "expandtabs": _check_tabs,
    "replace": _check_replace,
    "join": _check_join,
    "translate": _check_translate,
    "split": _check_split,
    "rsplit": _check_split,
    "splitlines": _check_split,
    "extend": _check_extend,
}


def check_method(own: object, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Refuse a call of a built-in method that would make too much, or compare for too long.

    Raises:
        OverLimit: It is over a limit.
    """
    for value in (*args, *kwargs.values()):
        weighed(value)
    if name in _COMPARING_METHODS:
        weighed(own)
    check = _CHECKED_METHODS.get(name)
    if check is not None and isinstance(own, (str, bytes, int, list)):
        check(own, args, kwargs)
