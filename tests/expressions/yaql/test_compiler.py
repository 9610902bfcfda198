"""Compiled expressions: what they give, where they fail, and what they cannot reach."""

from typing import Any

import pytest

from maestrale.expressions import EvaluationError, Layers, compile_template
from maestrale.expressions.results import native
from maestrale.expressions.yaql import language
from maestrale.expressions.yaql.failures import Failure
from maestrale.expressions.yaql.generation import Built
from maestrale.testing.scopes import a_scope

DATA = {"n": 7, "a": {"b": 5}, "l": [3, 1, 2], "vms": [{"id": 1}, {"id": 2}], "s": "x"}


def value_of(expression: str, data: Any = DATA) -> Any:
    return native(language.evaluate(expression, a_scope(data)))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$.a.b", 5),
        ("$.vms.id", [1, 2]),
        ("$.n + 1 * 2 - 3", 6),
        ("$.vms.where($.id > 1).select($.id).len()", 1),
        ("$.l[0] + $.l[-1]", 5),
        ("{a => 1, $.n => [2]}", {"a": 1, 7: [2]}),
        ("null?.x", None),
        ("$.n > 5 and $.s = x or 1 / 0", True),
        ("let(a => 1, b => $.n) -> $a + $b", 8),
        ("let(a => 1) -> let(a => 2, b => $a) -> [$a, $b]", [2, 1]),
        ("let(5, x => $.n) -> [$, $x]", [5, 7]),
        ("with(1, 2) -> $1 + $2", 3),
        ("[1, 2].unpack(a, b) -> $a - $b", -1),
        ("[1, 2].unpack() -> $2 + $1", 3),
        ("['x', 'y'].unpack($.s, y) -> $x + $y", "xy"),
        ("def(f, $ + $.n) -> 1", 1),
        ("def(twice, $ * 2) -> [1, 2].select(twice($))", [2, 4]),
        ("def(f, $x + $2) -> f(0, 1, x => 2)", 3),
        ("def(f, $ <= 0 and done or f($ - 1)) -> f(5)", "done"),
        ("def(my_fn_, 1) -> myFn()", 1),
        ("def(f, $ + 1) -> def(g, f($) * 10) -> def(f, 0) -> g(1)", 20),
        ("let(c => let(z => 9)) -> ($c -> $z + $.n)", 16),
        ("let(c => let(z => 9)) -> ($c -> $z)", 9),
        ("let(c => def(f, $ + 1)) -> ($c -> f(1))", 2),
        ("(let(a => 1) -> let(b => 2)) -> [$a, $b]", [1, 2]),
        ("call(len, [$.l], {})", 3),
        ("call(toList, [], {}, $.l)", [3, 1, 2]),
        ("call(let, [1], {x => 2}) -> [$, $x]", [1, 2]),
        ("call('#operator_+', [1, 2], {})", 3),
        ("def(f, $ + 1) -> call(f, [1], {})", 2),
        ("def('#operator_+', 5) -> [1 + 1, $.l.sum()]", [5, 5]),
        ("let(x => $) -> $.l.select($ + $x.n)", [10, 8, 9]),
        ("$.l.select($2)", [None, None, None]),
        ("with(1, two) -> [0].select($2)", ["two"]),
    ],
)
def test_an_expression_has_its_value(expression: str, value: Any) -> None:
    assert value_of(expression) == value
    assert value_of(expression, Layers({"unused": 0}, DATA)) == value


@pytest.mark.parametrize(
    ("expression", "position", "reason"),
    [
        ("1 + $.a.c", 8, "c"),
        ("$.n.x", 4, "there is no `x` in a value that is no mapping: an integer"),
        ("$.n + $.s", 4, "operator `+` does not work on these values: an integer and text"),
        ("$.l.select($ * $z)", 13, "operator `*` does not work on these values: an integer and null"),
        ("$.l.len() + nope(1)", 12, "there is no function `nope`"),
        ("$.l.nope()", 4, "there is no method `nope`"),
        ("$.n.where(true)", 4, "method `where` does not take these arguments: `collection` has to be a "
         "collection, not an integer"),
        ("$.l[x]", 3, "operator `[]` does not work on these values: a list and text"),
        ("1 -> 2", 2, "operator `->` does not work on these values: an integer"),
        ("$.l.len(a => 1)", 4, "method `len` does not take these arguments"),
        ("let('a' => 1) -> 2", 0, "the name of an argument, before `=>`, has to be a plain word"),
    ],
)  # fmt: skip
def test_a_failure_has_a_place_and_a_reason(expression: str, position: int, reason: str) -> None:
    with pytest.raises((Failure, KeyError)) as caught:
        value_of(expression)

    assert language.place_of(expression, caught.value).position == position
    assert caught.value.args == (reason,)


def test_what_is_not_reached_does_not_fail() -> None:
    assert value_of("true or nope(1)") is True
    assert value_of("null?.nope()") is None
    assert value_of("let(x => $.l.select(nope($))) -> 1") == 1
    assert value_of("def(f, nope()) -> 2") == 2


def test_the_longest_chains_and_the_deepest_nestings_that_are_read_are_evaluated() -> None:
    assert value_of("+".join(["1"] * 149)) == 149
    assert value_of("not " * 148 + "1") is True
    assert value_of("let(a => 1) -> " * 60 + "$a") == 1
    assert value_of("[0].select(" * 30 + "$" + ")" * 30 + ".first()" * 30) == 0
    assert value_of("([" * 40 + "1" + "])[0]" * 40) == 1
    assert value_of("1 = " * 100 + "1") is True


def test_expressions_of_one_shape_share_their_code() -> None:
    one, other = language.compiled("$.shape.one > 1"), language.compiled("$.other.form > 2")

    assert isinstance(one, Built)
    assert one.run.__code__ is other.run.__code__
    assert one.run is not other.run


@pytest.mark.parametrize(
    "expression",
    [
        "$.__class__",
        "$.s.__class__",
        "$.l.append.__self__",
        "$.s.format($)",
        "$.l.__len__()",
        "''.join.__globals__",
        "$scope",
        "$data",
        "c0",
        "v1",
        "$v1",
        "call('__import__', [os], {})",
        "call(eval, ['1'], {})",
        "$['__class__']",
        "type($)",
        "fail(x)",
        "KINDS",
        "let(__builtins__ => 1) -> 2",
    ],
)
def test_python_is_out_of_reach(expression: str) -> None:
    try:
        value = value_of(expression)
    except (Failure, KeyError):
        return
    assert value in (None, "c0", "v1", "KINDS")


def test_data_with_the_names_of_the_generated_code_is_data() -> None:
    names = [
        "scope",
        "data",
        "run",
        "make",
        "c0",
        "v1",
        "KINDS",
        "__builtins__",
        "class",
        "lambda",
        "a'b",
        "#1",
    ]
    data = {name: index for index, name in enumerate(names)}

    assert [value_of(f"$[{name!r}]", data) for name in names] == list(range(len(names)))
    assert value_of("let(class => 1, lambda => 2) -> def(f, $for) -> [$class, $lambda, f(for => 3)]") == [
        1,
        2,
        3,
    ]


def test_a_recursion_without_end_fails() -> None:
    with pytest.raises(RecursionError):
        value_of("def(f, f($)) -> f(1)")


def test_a_path_may_start_at_the_environment_the_execution_and_tasks() -> None:
    scope = a_scope(
        Layers({"a": {"b": 1}}),
        env={"zone": "eu"},
        execution={"id": "e1"},
        tasks=[{"name": "t", "result": [{"x": 1}, {"x": 2}]}, {"name": "now", "result": 7}],
        current_task="now",
        global_variables={"g": {"h": 3}},
    )

    def value_of(expression: str) -> Any:
        return compile_template(f"<% {expression} %>").evaluate(scope)

    assert value_of("$.a.b") == 1
    assert value_of("env().zone") == "eu"
    assert value_of("execution().id") == "e1"
    assert value_of("task(t).result.x") == [1, 2]
    assert value_of("task('t').result") == [{"x": 1}, {"x": 2}]
    assert value_of("task().result") == 7
    assert value_of("task(other)") is None
    assert value_of("global(g).h") == 3
    assert value_of("global(other)") is None
    with pytest.raises(EvaluationError, match="`task\\(other\\)` is null, so it has no `result`"):
        value_of("task(other).result")
