"""Regular expressions in chunks match what they match as they were written."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maestrale.expressions import EvaluationError, compile_template
from maestrale.expressions.limits import OverLimit
from maestrale.expressions.patterns import CHUNK, LONG_TEXT, chunked, stoppable
from maestrale.testing.scopes import a_scope

atoms = st.sampled_from(["a", "b", "[ab]", "[^a]", ".", r"\s", r"\w", "^", "$", r"\b", r"(?=a)", r"(?<=a)"])
repeats = st.sampled_from(
    ["", "*", "+", "?", "*?", "+?", "*+", "++", "{2}", "{2,}", "{1,7}", "{4,9}", "{5,}?", "{2,9}?", "{3,8}+"]
)


def combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, repeats).map(lambda pair: f"({pair[0]}){pair[1]}"),
    )


patterns = st.recursive(st.tuples(atoms, repeats).map("".join), combined, max_leaves=5)


@settings(deadline=None, max_examples=300)
@given(patterns, st.text("aab \n", max_size=14), st.sampled_from([0, re.MULTILINE, re.DOTALL, re.IGNORECASE]))
def test_a_pattern_in_chunks_matches_the_same_in_the_same_order(pattern: str, text: str, flags: int) -> None:
    try:
        plain = re.compile(pattern, flags)
    except re.error:
        return

    found = list(chunked(plain, 3).finditer(text))

    assert [(match.span(), match.groups()) for match in found] == [
        (match.span(), match.groups()) for match in plain.finditer(text)
    ]


@pytest.mark.parametrize(
    ("pattern", "text", "span"),
    [
        ("a*b", "a" * 3 * CHUNK + "b", (0, 3 * CHUNK + 1)),
        ("x(a{2000,})", "xx" + "a" * 5 * CHUNK, (1, 5 * CHUNK + 2)),
        ("a{10,2500}", "a" * 5 * CHUNK, (0, 2500)),
        ("(?s:.*)c", "ab\n" * 4 * CHUNK + "c", (0, 12 * CHUNK + 1)),
    ],
)
def test_long_repetitions_match_across_chunks(pattern: str, text: str, span: Any) -> None:
    long = text + "-" * LONG_TEXT
    match = stoppable(re.compile(pattern), long).search(long)

    assert match is not None
    assert match.span() == span


def test_short_texts_are_searched_with_the_pattern_as_it_is() -> None:
    pattern = re.compile("(a*)\\1")

    assert stoppable(pattern, "a" * LONG_TEXT) is pattern


def test_a_long_group_that_is_met_again_is_refused_in_a_long_text() -> None:
    pattern = re.compile("(a*)\\1")

    with pytest.raises(OverLimit, match="a group of any length is met again"):
        stoppable(pattern, "a" * (LONG_TEXT + 1))
    assert stoppable(re.compile("(ab?)\\1"), "a" * 20_000).search("aa") is not None


@pytest.mark.parametrize(
    "expression",
    [
        "$.text =~ '(a*)\\\\1'",
        "$.text.matches('(a*)\\\\1')",
        "regex('(a*)\\\\1').matches($.text)",
        "regex('(a*)\\\\1').search($.text)",
        "regex('(a*)\\\\1').searchAll($.text)",
        "regex('(a*)\\\\1').split($.text)",
        "$.text.replace(regex('(a*)\\\\1'), b)",
        "$.text.replaceBy(regex('(a*)\\\\1'), b)",
        "$.text !~ regex('(a*)\\\\1')",
    ],
)
def test_every_function_that_searches_is_stoppable(expression: str) -> None:
    scope = a_scope({"text": "a" * (LONG_TEXT + 1)})

    with pytest.raises(EvaluationError, match="a group of any length is met again"):
        compile_template(f"<% {expression} %>").evaluate(scope)
