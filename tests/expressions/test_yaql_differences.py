"""What the compiler makes of an expression is what the yaql library makes of it, value or error."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .yaql_grammar import Grammar
from .yaql_oracle import agree, computed, expected

numbers = st.integers(-3, 12) | st.sampled_from([2.5, None, True])
words = st.sampled_from(["", "a", "b", "a b", "x,y,z", "Abc1", "é", "12", " pad ", "2024-01-05"])
rows = st.fixed_dictionaries(
    {
        "id": st.integers(0, 4),
        "name": words,
        "tags": st.lists(words, max_size=3),
        "sizes": st.lists(numbers, max_size=4),
        "open": st.booleans(),
    }
)
contexts = st.fixed_dictionaries(
    {
        "n": st.integers(-3, 12),
        "f": st.sampled_from([0.5, -2.25, 3.0]),
        "t": words,
        "b": st.booleans(),
        "z": st.none(),
        "ints": st.lists(numbers, max_size=5),
        "texts": st.lists(words, max_size=4),
        "rows": st.lists(rows, max_size=4),
        "row": rows,
        "mixed": st.lists(st.sampled_from([1, "a", None, True, 1.0, [1], {"a": 1}, "b", 2]), max_size=4),
        "nested": st.just([[1, 2], [3, [4]], []]),
        "d": st.fixed_dictionaries({"a": st.integers(0, 3), "b": words, "c": st.lists(numbers, max_size=3)}),
        "deep": st.just({"a": {"b": {"c": {"d": 1}}, "l": [1, 2], "x": 1}}),
    }
)


@st.composite
def expressions(draw: st.DrawFn) -> str:
    depth = draw(st.sampled_from([1, 2, 3]))
    return Grammar(lambda choices: draw(st.sampled_from(choices)), depth).expression()


@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(expressions(), contexts)
def test_an_expression_has_the_value_or_the_error_that_the_library_gives(expression: str, data: Any) -> None:
    ours, theirs = computed(expression, data), expected(expression, data)

    assert agree(ours, theirs), f"{expression}\n  compiled: {ours!r}\n  library: {theirs!r}"


TOKENS = (
    *(
        "1",
        "2",
        "0",
        "'a'",
        "a",
        "true",
        "null",
        "$",
        "$.a",
        "$.l",
        "$.n",
        "f(",
        "len(",
        "let(",
        "list(",
        "[",
    ),
    *(
        "[",
        "{",
        "(",
        ")",
        ")",
        ")",
        "]",
        "]",
        "}",
        ",",
        ",",
        "=>",
        "->",
        ".",
        "?.",
        "len()",
        "a",
        "+",
        "-",
        "*",
    ),
    *("/", "mod", "and", "or", "not", "in", "=", "!=", "<", ">", ">=", "=~", "!~", "select(", "where(", "_x"),
)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(TOKENS), min_size=1, max_size=9), st.sampled_from(["", " "]))
def test_any_row_of_words_and_signs_means_the_same_or_is_wrong_for_both(
    tokens: list[str], space: str
) -> None:
    data = {"a": {"a": 1, "l": [2]}, "l": [{"a": 1}, {"a": 3}], "n": 4}
    expression = space.join(tokens)

    ours, theirs = computed(expression, data), expected(expression, data)

    assert agree(ours, theirs), f"{expression}\n  compiled: {ours!r}\n  library: {theirs!r}"


@pytest.mark.parametrize(
    ("ours", "theirs", "is_agreed"),
    [
        (1, 1, True),
        (1, True, False),
        ((1,), [1], True),
        (float("nan"), float("nan"), True),
        ({1}, {2}, False),
    ],
)
def test_values_agree_only_if_they_are_of_one_type(ours: Any, theirs: Any, is_agreed: bool) -> None:
    assert agree(ours, theirs) is is_agreed
