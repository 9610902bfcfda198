"""Paths, which are evaluated without a library, give what the library gives."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maestrale.expressions import EvaluationError, Layers, compile_template, yaql_language
from maestrale.expressions.paths import NO_PATH, jinja_path, yaql_path
from maestrale.expressions.results import plain
from maestrale.testing.scopes import a_scope

names = st.sampled_from(["a", "b", "c", "keys", "get"])
trees = st.recursive(
    st.none() | st.integers() | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "expression",
    [
        "$",
        "$.a",
        "$.a.b_2.ž",
        "env()",
        "env().a",
        "execution().id",
        "task()",
        "task(t)",
        "task('a b').result.x",
        "global(x).y",
    ],
)
def test_an_expression_that_only_goes_down_is_a_path(expression: str) -> None:
    assert yaql_path(expression) is not None


@pytest.mark.parametrize(
    "expression",
    [
        "$.in",
        "$.a.true",
        "$.__env",
        "$x.a",
        "$.a[0]",
        "$.a()",
        "$ .a",
        "$..a",
        "task(null)",
        "task(a, b)",
        "a.b",
        "task($.x)",
        "",
    ],
)
def test_any_other_expression_is_left_to_the_library(expression: str) -> None:
    assert yaql_path(expression) is None


@settings(deadline=None)
@given(trees, st.lists(names, max_size=4))
def test_a_yaql_path_gives_what_the_library_gives(data: Any, steps: list[str]) -> None:
    expression = ".".join(["$", *steps])
    path = yaql_path(expression)
    assert path is not None
    scope = a_scope(data)

    value = path(scope)

    try:
        expected = plain(yaql_language.evaluate(expression, scope))
    except Exception:
        assert value is NO_PATH
    else:
        assert value is NO_PATH or value == expected


@settings(deadline=None)
@given(trees, st.lists(names, min_size=1, max_size=4))
def test_a_jinja_path_gives_what_jinja_gives(data: Any, steps: list[str]) -> None:
    inner = ".".join(["_", *steps])
    scope = a_scope(data)
    path = jinja_path(inner)
    if path is None:
        assert {"keys", "get"} & set(steps)
        return

    value = path(scope)

    try:
        expected = compile_template(f"{{{{ ({inner}) }}}}").evaluate(scope)
    except EvaluationError:
        assert value is NO_PATH
    else:
        assert value is NO_PATH or value == expected


def test_a_path_starts_where_the_scope_says() -> None:
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
    with pytest.raises(EvaluationError, match="there is no `result` in a value that is no mapping"):
        value_of("task(other).result")
