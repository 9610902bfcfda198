"""The grammar is the yaql library's, for what can be read and for what cannot."""

from itertools import product
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from maestrale.expressions.yaql.failures import ReadingFailure
from maestrale.expressions.yaql.parser import DEPTH_LIMIT, parse
from maestrale.expressions.yaql.tree import Binary, Call, Constant, Group, Index, Unary, Variable

from .trees import library_tree, our_tree


def outcome(read: Any, text: str) -> Any:
    try:
        return read(text)
    except Exception:
        return "cannot be read"


_WORDS = """$ $a $1 1 1.5 007 1x 2. a _b __c ž true null 'x' "y" `z` f( not( a( ( ) [ ] { } , => . ?. + - * /
mod in not and or = != < > <= >= =~ !~ -> ' # ! \\"""
words = st.sampled_from([*_WORDS.split(), " "])

operators = st.sampled_from(
    [".", "?.", "+", "-", "*", "/", " mod ", " in ", " and ", " or ", "=", "!=", "<", ">=", "=~", "!~", "->"]
)
values = st.recursive(
    st.sampled_from(["$", "$a", "1", "2.5", "a", "'x'", "true", "f()"]),
    lambda inner: st.one_of(
        st.tuples(inner, operators, inner).map("".join),
        st.tuples(st.sampled_from(["-", "+", "not "]), inner).map("".join),
        inner.map("({})".format),
        st.tuples(inner, inner).map(lambda pair: f"{pair[0]}[{pair[1]}]"),
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(inner, max_size=3).map(lambda items: f"f({', '.join(items)})"),
        st.tuples(inner, inner).map(lambda pair: f"{{{pair[0]} => {pair[1]}}}"),
    ),
    max_leaves=10,
)


@settings(deadline=None)
@given(st.lists(words, max_size=8).map("".join))
def test_any_words_are_read_as_the_library_reads_them(text: str) -> None:
    assert outcome(our_tree, text) == outcome(library_tree, text)


@settings(deadline=None)
@given(values)
@example("1 + not 2 = 3")
@example("-$.a[0].b")
@example("a + b =~ c.d?.e[1](2)")
@example("1 < 2 < 3 -> 4 -> 5")
def test_operators_bind_as_they_do_in_the_library(text: str) -> None:
    assert outcome(our_tree, text) == outcome(library_tree, text)


@pytest.mark.parametrize("length", range(7))
def test_arguments_may_be_left_out_where_the_library_allows_it(length: int) -> None:
    for parts in product(["a", ",", " a => 1 "], repeat=length):
        text = f"f({''.join(parts)})"
        assert outcome(our_tree, text) == outcome(library_tree, text), text


@pytest.mark.parametrize(
    "text",
    [
        r"'\\ \' \" \a\b\f\n\r\t\v \d \0 \101 \x41 \u0158 \U0001f600 \N{BULLET}'",
        r"`\` \\ \n`",
        r'"\"" ',
        r"'\xZZ'",
        r"'\u12'",
        r"'\N{NO SUCH NAME}'",
        "'a\nb'",
        "'a\\\nb'",
        "'open",
        "\"mixed'",
    ],
)
def test_escapes_are_decoded_as_in_the_library(text: str) -> None:
    assert outcome(our_tree, text) == outcome(library_tree, text)


def test_nodes_know_where_they_stand() -> None:
    tree = parse("$.a[0] + -f(x) * (1)")

    dot = Binary(".", Variable("1", 0), Constant("a", 2, True), 1)
    call = Unary("-", Call("f", (Constant("x", 12, True),), 10), 9)
    product = Binary("*", call, Group(Constant(1, 18), 17), 15)
    assert tree == Binary("+", Index(dot, (Constant(0, 4),), 3), product, 7)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("$.a + * 2", 6),
        ("a b", 2),
        ("f(1,)", 4),
        ("f(,a => 1)", 5),
        ("1 ; 2", 2),
        ("x 'open", 2),
        ("1 +", None),
        ("", None),
        ("{a: 1}", 2),
        ("(1", None),
        ("'\\xZZ'", 0),
        ("9" * 5000, 0),
        ("a => b", 2),
    ],
)
def test_a_fault_is_where_the_first_wrong_word_is(text: str, position: int | None) -> None:
    with pytest.raises(ReadingFailure) as caught:
        parse(text)

    assert caught.value.position == position


@pytest.mark.parametrize("start", ["(", "-", "[", "{a => ", "f(", "1 + ", "$.a -> ", "$["])
def test_nesting_has_a_limit_that_says_so(start: str) -> None:
    with pytest.raises(
        ReadingFailure, match=f"it recurses too deeply: values are nested more than {DEPTH_LIMIT}"
    ):
        parse(start * (DEPTH_LIMIT + 1))
