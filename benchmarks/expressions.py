"""What expressions cost, beside the `yaql` library in the same run.

Both get the same plain data. The library does what Mistral has it do for each evaluation: parse the text,
make a context and convert the data. In brackets: the library with the text parsed beforehand.
"""

import gc
import statistics
import time
from collections.abc import Callable
from typing import Any

import yaql
from msgspec import Struct
from yaql.language import conventions, factory

from benchmarks.loads import peak_mib
from maestrale.expressions import Template, compile_template
from maestrale.lang import parse
from maestrale.testing.scopes import a_scope

SIZES = (3, 100, 1_000)
LEAST_SECONDS = 0.02
ROUNDS = 5

PATHS = ("$.a.b", "$.vms[0].name", "$.get(missing, 5)", "$.a.b + 1", "$.name", "$.a.b > 3 and $.name != x")
"""Expressions that cost the same however much data there is."""

QUERIES = (
    "$.vms.where($.id > 50).select($.id).len()",
    "$.vms.len()",
    "$.vms.name",
    "$.vms.select($.name)",
    "$.vms.select({id => $.id, up => $.up})",
    "$.vms.where($.up)",
    "$.vms.where($.up and $.id mod 2 = 0).name",
    "$.vms.select($.id).sum()",
    "$.vms.orderBy($.name).first().id",
    "$.vms.groupBy($.zone, $.id)",
    "$.vms.toDict($.name, $.id)",
    "$.vms.any($.id = 2)",
    "$.vms.all($.id >= 0)",
    "$.vms.select(concat($.name, '.', $.zone)).join(',')",
    "$.vms.where($.name.startsWith('vm-1')).len()",
    "$.vms.select($.tags.len()).max()",
    "$.vms.selectMany($.tags).distinct()",
    "$.vms.take(2).select($.id + 1)",
    "$.vms.select(switch($.up => on, not $.up => off))",
)


class Figure(Struct, frozen=True):
    """Seconds of one evaluation: ours, and the library's as Mistral uses it and with a parsed text."""

    ours: float
    theirs: float
    theirs_parsed: float


def expression_paths() -> str:
    """Simple expressions: the least and the median of how much faster than the library they are."""
    return _told(_compare(PATHS, 3), budget=100)


def expression_queries() -> str:
    """Queries over lists of 3, 100 and 1,000 machines: how much faster than the library they are."""
    return "".join(f"\n  {size} items: {_told(_compare(QUERIES, size), budget=50)}" for size in SIZES)


def expression_times() -> str:
    """`$.a.b`, and a query over 100 items: seconds of one evaluation."""
    path, query = _seconds(_ours(PATHS[0], 100)), _seconds(_ours(QUERIES[0], 100))
    return f"{path * 1e6:.2f} µs (budget 3), {query * 1e6:.0f} µs (budget 60)"


def expression_table() -> str:
    """Every expression over 100 items: µs here, how much faster than the library, in brackets parsed."""
    lines = []
    for expression in (*PATHS, *QUERIES):
        figure = _figure(expression, 100)
        ratio, parsed = figure.theirs / figure.ours, figure.theirs_parsed / figure.ours
        lines.append(f"{figure.ours * 1e6:9.2f} µs {ratio:6.0f} × ({parsed:.0f})  {expression}")
    return "\n" + "\n".join(lines)


def thousand_definitions() -> str:
    """A thousand definitions of a hundred expressions each: read and checked, then each evaluated once."""
    before, began = peak_mib(), time.perf_counter()
    kept = [parse(_definition(number)) for number in range(1_000)]
    read = time.perf_counter() - began
    assert all(parsed.definitions is not None for parsed in kept)
    memory = peak_mib() - before
    began = time.perf_counter()
    scope = a_scope({"a": {f"k{number}": number for number in range(1_000)}})
    for number in range(1_000):
        for each in range(100):
            compile_template(_expression(number, each)).evaluate(scope)
    evaluated = time.perf_counter() - began
    return f"read in {read:.1f} s, {memory:.0f} MiB; 100,000 expressions evaluated in {evaluated:.1f} s"


def _expression(number: int, each: int) -> str:
    return f"<% $.a.k{number} + {each} > {number} and $.a.get(k{each}, 0) < {number + each} %>"


def _definition(number: int) -> str:
    tasks = "\n".join(
        f"    t{task}:\n      action: std.noop\n      publish:\n"
        + "\n".join(f"        p{each}: {_expression(number, 10 * task + each)!r}" for each in range(10))
        for task in range(10)
    )
    return f"version: '2.0'\nw{number}:\n  tasks:\n{tasks}\n"


# Measuring.


def _compare(expressions: tuple[str, ...], size: int) -> list[Figure]:
    return [_figure(expression, size) for expression in expressions]


def _figure(expression: str, size: int) -> Figure:
    data = _data(size)
    ours, engine = _ours(expression, size), _engine()
    parsed = engine(expression)
    assert ours() == _plain(parsed.evaluate(data=data, context=_library())), expression
    return Figure(
        ours=_seconds(ours),
        theirs=_seconds(lambda: engine(expression).evaluate(data=data, context=_library())),
        theirs_parsed=_seconds(lambda: parsed.evaluate(data=data, context=_library())),
    )


def _told(figures: list[Figure], *, budget: int) -> str:
    ratios = sorted(figure.theirs / figure.ours for figure in figures)
    parsed = sorted(figure.theirs_parsed / figure.ours for figure in figures)
    return (
        f"{ratios[0]:.0f} to {ratios[-1]:.0f} times, median {statistics.median(ratios):.0f} "
        f"(budget {budget}); parsed beforehand {parsed[0]:.0f} to {parsed[-1]:.0f}"
    )


def _ours(expression: str, size: int) -> Callable[[], Any]:
    template: Template = compile_template(f"<% {expression} %>")
    scope = a_scope(_data(size))
    return lambda: template.evaluate(scope)


def _data(size: int) -> dict[str, Any]:
    return {
        "a": {"b": 4},
        "name": "ada",
        "vms": [
            {"id": n, "name": f"vm-{n}", "up": n % 3 > 0, "zone": f"z{n % 5}", "tags": [f"t{n % 7}", "all"]}
            for n in range(size)
        ],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _seconds(call: Callable[[], Any]) -> float:
    """What one call takes: the median of some rounds of many calls each."""
    call()
    began, times = time.perf_counter(), 0
    while time.perf_counter() - began < LEAST_SECONDS / 4:
        call()
        times += 1
    times = max(1, 4 * times)
    rounds = []
    for _ in range(ROUNDS):
        gc.collect()
        began = time.perf_counter()
        for _ in range(times):
            call()
        rounds.append((time.perf_counter() - began) / times)
    return statistics.median(rounds)


def _engine() -> Any:
    return factory.YaqlFactory().create({"yaql.convertInputData": True})


_LIBRARY: list[Any] = []


def _library() -> Any:
    """A context over the functions of the library, made for one evaluation."""
    if not _LIBRARY:
        _LIBRARY.append(yaql.create_context(convention=conventions.CamelCaseConvention(), yaqlized=False))
    return _LIBRARY[0].create_child_context()


ALL: tuple[Callable[[], str], ...] = (
    expression_times,
    expression_paths,
    expression_queries,
    expression_table,
    thousand_definitions,
)
