"""Which overload a call means, on a library of our own with one function for each rule."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from maestrale.expressions.results import native
from maestrale.expressions.scope import Scope
from maestrale.expressions.yaql import language
from maestrale.expressions.yaql.failures import Failure
from maestrale.expressions.yaql.signatures import (
    ANY,
    BOTH,
    INT,
    INT_ONLY,
    ITER,
    LAMBDA,
    LAZY_RULE,
    METHOD,
    NUM,
    OVERLOADS,
    RULE,
    SCOPE,
    SEQ,
    STR,
    VARYING,
    calling,
    overload,
)
from maestrale.testing.scopes import a_scope

NOTHING = object()


@pytest.fixture(autouse=True)
def library() -> Iterator[None]:
    known = set(OVERLOADS)
    _declare()
    yield
    language.compiled.cache_clear()
    for name in set(OVERLOADS) - known:
        del OVERLOADS[name]


def _declare() -> None:
    def given(*values: Any, **named: Any) -> Any:
        return [*values, *named.items()]

    def told(text: str) -> Callable[..., list[Any]]:
        return lambda *values: [text, *values]

    overload("tOptional", INT("a"), STR("b", default="-"), ANY("c", default=0), forms=BOTH)(given)
    overload("tMany", STR("first"), NUM("rest", many=True), STR("end", default="!", keyword_only=True))(given)
    overload("tNullable", STR("text", nullable=True))(given)
    overload("tNumber", INT_ONLY("n"))(told("integer"))
    overload("tNumber", NUM("n"))(told("number"))
    overload("tNumber", ANY("n"))(told("any"))
    overload("tEither", STR("a"), ANY("b"))(told("left"))
    overload("tEither", ANY("a"), STR("b"))(told("right"))
    overload("tSwapped", STR("a"), SEQ("b"), ANY("c", default=9), forms=METHOD)(told("text"))
    overload("tSwapped", SEQ("a"), STR("b"), forms=METHOD)(told("list"))
    overload("tLazy", LAMBDA("f", 0))(lambda f: f())
    overload("tMixed", ANY("a"))(told("value"))
    overload("tMixed", LAMBDA("a", 0))(told("lambda"))
    overload("tPairs", RULE("rules", many=True), rules=True)(
        lambda *rules: [(rule.source, rule.destination) for rule in rules]
    )
    overload("tFirst", LAZY_RULE("rules", many=True), rules=True)(
        lambda *rules: next(rule.destination() for rule in rules if rule.source())
    )
    overload("tTwo", LAMBDA("f", 2), LAMBDA("g", VARYING), LAMBDA("h", 1, default=None))(
        lambda f, g, h: [f(1, 2), g(), g(3), g(4, 5, 6), h and h(7)]
    )
    overload("tAdd", calling("#operator_+", 2), ITER("items"))(lambda add, items: add(*items))
    overload("tAsk", SCOPE, ANY("x"))(_ask)


def _ask(scope: Scope, x: Any) -> Any:
    return [scope.env(), x]


def outcome(expression: str) -> Any:
    data = {"i": 1, "s": "x", "l": [1, 2], "f": 0.5, "n": None, "t": True}
    try:
        return native(language.evaluate(expression, a_scope(data, env={"zone": "eu"})))
    except Failure as failure:
        return failure.reason


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("tOptional(1)", [1, "-", 0]),
        ("1.tOptional()", [1, "-", 0]),
        ("$.i.tOptional(c => 2)", [1, "-", 2]),
        ("tOptional(1, , 2)", [1, "-", 2]),
        ("tOptional(b => y, a => $.i)", [1, "y", 0]),
        ("tOptional(1, c => 1, c => 2)", [1, "-", 2]),
        ("tOptional(true)", [True, "-", 0]),
        ("tOptional_(1)", [1, "-", 0]),
        ("tMany(a)", ["a", ["end", "!"]]),
        ("tMany(a, 1, $.f, end => '?')", ["a", 1, 0.5, ["end", "?"]]),
        ("tNullable(null)", [None]),
        ("tNullable($.n)", [None]),
        ("[tNumber(1), tNumber($.i), tNumber($.f), tNumber($.t), tNumber(null)]",
         [["integer", 1], ["integer", 1], ["number", 0.5], ["any", True], ["any", None]]),
        ("[tEither(a, 1), tEither(1, $.s)]", [["left", "a", 1], ["right", 1, "x"]]),
        ("[$.s.tSwapped($.l), $.l.tSwapped($.s), $.s.tSwapped(b => [])]",
         [["text", "x", [1, 2], 9], ["list", [1, 2], "x"], ["text", "x", [], 9]]),
        ("tLazy($.i + 1)", 2),
        ("tPairs(a => $.i, $.s => 2)", [["a", 1], ["x", 2]]),
        ("tFirst(false => nope(), $.t => $.s, nope() => 1)", "x"),
        ("tTwo($1 + $2, [$1, $2, $3])",
         [3, [{"i": 1, "s": "x", "l": [1, 2], "f": 0.5, "n": None, "t": True}, None, None], [3, None, None],
          [4, 5, 6], None]),
        ("with(a, b) -> tTwo($, [$1, $2], $2)", [1, ["a", "b"], [3, "b"], [4, 5], "b"]),
        ("tAdd($.l)", 3),
        ("def('#operator_+', $1 * 10) -> tAdd($.l)", 10),
        ("tAsk($.i)", [{"zone": "eu"}, 1]),
        ("call(tAsk, [$.i], {})", [{"zone": "eu"}, 1]),
        ("call(tOptional, [1], {c => 2})", [1, "-", 2]),
        ("call(tOptional, [], {}, $.i)", [1, "-", 0]),
        ("call(tLazy, [5], {})", 5),
    ],
)  # fmt: skip
def test_a_call_gets_the_overload_that_fits(expression: str, value: Any) -> None:
    assert outcome(expression) == value
    assert outcome(expression) == value  # What was chosen is remembered.


UNFIT = "function `{}` does not take these arguments"


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("tOptional()", UNFIT.format("tOptional")),
        ("tOptional(, a)", UNFIT.format("tOptional")),
        ("tOptional(1, b, 2, 3)", UNFIT.format("tOptional")),
        ("tOptional(1, a => 2)", UNFIT.format("tOptional")),
        ("tOptional(1, d => 2)", UNFIT.format("tOptional")),
        ("tOptional(x)", UNFIT.format("tOptional")),
        ("tOptional($.s)", UNFIT.format("tOptional") + ": `a` has to be an integer, not text"),
        ("tOptional(1, $.n)", UNFIT.format("tOptional") + ": `b` has to be text, not null"),
        ("1.tOptional(a => 1)", "method `tOptional` does not take these arguments"),
        ("tOptional(1, $.s => 2)", "the name of an argument, before `=>`, has to be a plain word"),
        ("tEither($.i, $.i)", UNFIT.format("tEither") + ": an integer and an integer"),
        ("tEither($.s, $.s)", "several functions `tEither` could be meant"),
        ("tMixed(1)", "several functions `tMixed` could be meant"),
        ("tPairs(1)", UNFIT.format("tPairs")),
        ("tPairs($.i)", UNFIT.format("tPairs")),
        ("tSwapped($.s, [])", "there is no function `tSwapped`"),
        ("$.i.tLazy()", "there is no method `tLazy`"),
        ("def(tLazy, 5) -> tLazy(1)", "several functions `tLazy` could be meant"),
        ("def(tPairs, 5) -> tPairs(1)", "several functions `tPairs` could be meant"),
        ("call(tOptional, [], {a => x})", "`call` names a function that does not take these arguments"),
        ("call(nope, [], {})", "`call` names a function that there is not, or that could be one of several"),
    ],
)
def test_a_call_that_fits_none_or_several_fails(expression: str, reason: str) -> None:
    assert outcome(expression) == reason


def test_a_function_of_the_author_hides_one_of_the_library_that_evaluates_its_arguments() -> None:
    assert outcome("def(tNumber, [own, $]) -> [tNumber(1), 1.tOptional()]") == [["own", 1], [1, "-", 0]]
